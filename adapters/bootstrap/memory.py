"""The memory that a process has used."""

import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

PEAK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def megabytes() -> float:
    """Return the largest amount of memory that this process has used.

    Linux is asked for the peak of the program: the one that `getrusage` tells began as that of the service, if the
    service has started this process.
    """
    with suppress(OSError):
        if peak := PEAK.search(Path("/proc/self/status").read_text("ascii")):
            return int(peak[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 / (1024 if sys.platform == "darwin" else 1)
