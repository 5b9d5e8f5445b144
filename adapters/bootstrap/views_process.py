"""The process beside `plantrail serve` that answers slow requests: views of plans with many events, and reports of
months. It serves the same application on a socket that only processes of this user can reach.

It returns memory to the system by ending: when it has grown and no request is in progress, another process replaces it.
"""

import os
import resource
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import structlog
import uvicorn
from starlette.types import ASGIApp
from structlog.typing import EventDict

from adapters.bootstrap.garbage import spare_the_collector
from adapters.bootstrap.process_beside import ProcessBeside, Task, reporting
from adapters.http.elsewhere import Elsewhere
from adapters.observability import log_format as logs

STEPS_BEHIND = 5
"""How much lower its priority is than that of the service (`nice`), so that the service goes first where processors are
short."""
MOST_MEGABYTES_GROWN = 150
"""Growth in megabytes after which the process is replaced."""

Application = Callable[[], AbstractContextManager[ASGIApp]]
"""Makes the application in a context in which everything it needs is open."""


class Report(NamedTuple):
    """Whether the process accepts requests."""

    serves: bool


class ViewsProcess(ProcessBeside[Report]):
    """The process as the service sees it."""

    def __init__(self, application: Application) -> None:
        self._home = Path(mkdtemp(prefix="plantrail-"))
        path = str(self._home / "views")
        meanwhile = "views of large plans and reports of months are made by the service itself"
        self._begun = False
        super().__init__(Task("views", "answers what takes long", meanwhile, work, (application, path)))
        self.elsewhere = Elsewhere(path, self.is_there)

    def begin(self) -> None:
        """Let it prepare to serve. Nobody needs it before the service itself serves."""
        self._begun = True
        tell_to_begin(self._line)

    def _started(self) -> tuple[BaseProcess, Connection]:
        process, line = super()._started()
        if self._begun:
            tell_to_begin(line)
        return process, line

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self._home, ignore_errors=True)

    def is_there(self) -> bool:
        return self.why_not_there() is None and self.last is not None and self.last.serves


def tell_to_begin(line: Connection) -> None:
    with suppress(OSError):  # A process that has ended meanwhile is started again and told then.
        line.send("begin")


def work(line: Connection, application: Application, path: str) -> None:
    """Wait for `begin`, then serve until the service has gone or the process has grown too large."""
    os.nice(STEPS_BEHIND)
    service = parent_process()
    assert service is not None, "it is started by the service"
    if line not in wait([line, service.sentinel]):
        return
    logs.begin_with(what_the_service_tells)
    Path(path).unlink(missing_ok=True)
    with application() as app:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                uds=path,
                ws="none",
                timeout_graceful_shutdown=4,
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        spare_the_collector()
        most = megabytes() + MOST_MEGABYTES_GROWN

        def report() -> Report:
            grown = megabytes() > most
            if grown and not server.server_state.tasks:
                server.should_exit = True
            return Report(server.started and not grown)

        def end() -> None:
            server.should_exit = True

        with reporting(line, report, end):
            server.run()


def what_the_service_tells(logger: Any, level: str, entry: EventDict) -> EventDict:
    """Drop log lines about requests and about serving, because the service logs its own."""
    if level == "info" and str(getattr(logger, "name", "")).startswith(("uvicorn", "plantrail.http")):
        raise structlog.DropEvent
    return entry


def megabytes() -> float:
    """Return the largest amount of memory that this process has used."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 / (1024 if sys.platform == "darwin" else 1)
