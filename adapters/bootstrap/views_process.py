"""The process beside `plantrail serve` that answers slow requests: views of plans with many events, and reports of
months. It serves the same application on a socket that only processes of this user can reach.

It returns memory to the system by ending: when it has grown and no request is in progress, another process replaces it.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import structlog
import uvicorn
from starlette.types import ASGIApp
from structlog.typing import EventDict

from adapters.bootstrap.child_process import END, ChildProcess, Started, Task, latest, reporting, tell
from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.bootstrap.memory import megabytes
from adapters.http.forwarding import Forwarder
from adapters.observability import log_format as logs

STEPS_BEHIND = 5
"""How much lower its priority is than that of the service (`nice`), so that the service goes first where processors are
short."""
MOST_MEGABYTES_GROWN, MOST_AT_WORK_GROWN = 150, 400
"""Growth in megabytes after which the process is replaced: while it is idle, and while it works, when starting another
takes processor time from the work."""
BEGIN = "begin"

Application = Callable[[], AbstractContextManager[ASGIApp]]
"""Makes the application in a context in which everything it needs is open."""


class Report(NamedTuple):
    """Whether the process accepts requests, and whether it has grown so much that another should take its place."""

    serves: bool
    worn: bool


class ViewsProcess(ChildProcess[Report]):
    """The process as the service sees it."""

    def __init__(self, application: Application) -> None:
        self._home = Path(mkdtemp(prefix="plantrail-"))
        path = str(self._home / "views")
        meanwhile = "views of large plans and reports of months are made by the service itself"
        self._begun = False
        super().__init__(Task("views", "answers what takes long", meanwhile, work, (application, path)))
        self.forwarder = Forwarder(path, self.is_there)

    def begin(self) -> None:
        """Let it prepare to serve. Nobody needs it before the service itself serves."""
        self._begun = True
        tell(self._line, BEGIN)

    def is_worn(self, report: Report) -> bool:
        return report.worn

    def is_ready(self, report: Report) -> bool:
        return report.serves

    def _started(self) -> Started:
        process, line = super()._started()
        if self._begun:
            tell(line, BEGIN)
        return process, line

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self._home, ignore_errors=True)

    def is_there(self) -> bool:
        return self.why_not_there() is None and self.last is not None and self.last.serves


def work(line: Connection, application: Application, path: str) -> None:
    """Wait for `begin`, then serve until the service has gone, or a successor has taken over and nothing is under
    way."""
    os.nice(STEPS_BEHIND)
    service = parent_process()
    assert service is not None, "it is started by the service"
    if line not in wait([line, service.sentinel]):
        return
    line.recv()
    logs.begin_with(what_the_service_tells)
    own = f"{path}.{os.getpid()}"
    with application() as app:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                uds=own,
                ws="none",
                timeout_graceful_shutdown=4,
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        tune_garbage_collection()
        at_first, serves, leaves = megabytes(), False, False

        def report() -> Report:
            nonlocal serves, leaves
            if server.started and not serves:
                os.rename(own, path)  # from here on all that is new comes here, and nothing to the one before
                serves = True
            leaves = leaves or latest(line) == END
            idle = not server.server_state.tasks
            server.should_exit = server.should_exit or (leaves and idle)
            grown = megabytes() - at_first
            return Report(serves, grown > (MOST_MEGABYTES_GROWN if idle else MOST_AT_WORK_GROWN))

        def end() -> None:
            server.should_exit = True

        with reporting(line, report, end):
            server.run()


def what_the_service_tells(logger: Any, level: str, entry: EventDict) -> EventDict:
    """Drop log lines about requests and about serving, because the service logs its own."""
    if level == "info" and str(getattr(logger, "name", "")).startswith(("uvicorn", "plantrail.http")):
        raise structlog.DropEvent
    return entry
