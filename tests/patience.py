"""How long something may take, on a machine that others use as well."""

import os
from pathlib import Path


def soon(seconds: float) -> float:
    """So many seconds where there is a core for whoever wants one, and as many times more as there are others who wait
    for it, at the moment or over the last minute; ten times at most."""
    lately, _, _, now, _ = Path("/proc/loadavg").read_text().split()
    wanting = max(float(lately), float(now.partition("/")[0]))
    return seconds * min(max(1.0, wanting / (os.cpu_count() or 1)), 10.0)
