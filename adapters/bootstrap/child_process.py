"""A process beside `plantrail serve`. It ends with the service, however that ends.

It reports twice a second. If it fails, it is started again, after a pause that doubles each time; if it has ended
without an error, it is started again at once. One that is worn goes on until its successor is ready.
"""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from time import monotonic
from typing import Any, Generic, NamedTuple, Self, TypeVar

import structlog

from adapters.bootstrap.store import ending_in_order
from adapters.observability import log_format as logs
from application.aggregates.ports import StoreUnavailable

SECONDS_BETWEEN_REPORTS = 0.5
SECONDS_UNTIL_MISSED = 10.0
"""Seconds without a report after which the process counts as stuck."""
SECONDS_TO_START = 60.0
SECONDS_TO_END = 7.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
"""The shortest and longest pause in seconds before it is started again; each pause is twice the previous one."""

logger = structlog.get_logger("plantrail.beside")

R = TypeVar("R")
Started = tuple[BaseProcess, Connection]
GONE = object()
END = "end"
"""What a process is told when its successor has taken over: to end when it has nothing left to do."""


class Task(NamedTuple):
    """The work of a process beside the service."""

    name: str
    """The name in log lines."""
    does: str
    """What it does, as a continuation of “the process that”."""
    meanwhile: str
    """What happens with that work while there is no such process, as a clause."""
    run: Callable[..., None]
    """Does the work. Its first argument is the connection for reports, then come `arguments`. It ends when the service
    does (`reporting`)."""
    arguments: tuple[Any, ...]


class ChildProcess(Generic[R]):
    """The process as the service sees it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._ending = Event()
        self.last: R | None = None
        """The last report; None if there is none yet."""
        self._due_at = monotonic() + SECONDS_TO_START
        self._why_ended: str | None = None
        self._process, self._line = self._started()
        self._successor: Started | None = None
        self._successor_from = 0.0
        """The time from which the next successor may be started."""
        self._leaving: list[Started] = []
        self._thread = Thread(target=self._attend, name=task.name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self.end_soon()
        for process in self._all():
            process.join(SECONDS_TO_END)
            if process.is_alive():
                process.kill()
                process.join()

    def end_soon(self) -> None:
        """Ask the process to complete its work in progress and end. Does not wait for that."""
        self._ending.set()
        for process in self._all():
            process.terminate()

    def _all(self) -> list[BaseProcess]:
        others = [self._successor] if self._successor else []
        return [self._process, *(process for process, _ in (*others, *self._leaving))]

    def is_worn(self, _report: R) -> bool:
        """Return whether another process should take the place of the one that reports so."""
        return False

    def is_ready(self, _report: R) -> bool:
        """Return whether a process that reports so can take the place of another."""
        return True

    def why_not_there(self) -> str | None:
        """Return why it does nothing at the moment, as a sentence; None if it works."""
        if self._why_ended or monotonic() < self._due_at:
            return self._why_ended
        return f"The process that {self._task.does} says nothing: it is stuck."

    def _started(self) -> Started:
        # A fork has everything loaded already, but only a process with a single thread can be forked.
        copied = threading.active_count() == 1 and hasattr(os, "fork")
        context: ForkContext | SpawnContext = get_context("fork") if copied else get_context("spawn")
        gc.freeze()
        ours, theirs = context.Pipe()
        given = (theirs, logs.chosen(), self._task.run, *self._task.arguments)
        process = context.Process(target=run, args=given, name=f"plantrail {self._task.name}")
        process.start()
        theirs.close()
        return process, ours

    def _attend(self) -> None:
        """Receive its reports, and start it again when it ends."""
        pause = FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            try:
                if self._line.poll(SECONDS_BETWEEN_REPORTS):
                    self.last, self._why_ended = self._line.recv(), None
                    self._due_at, pause = monotonic() + SECONDS_UNTIL_MISSED, FIRST_PAUSE_SECONDS
                    self._look_after_the_others(self.last)
            except (EOFError, OSError):
                self._process.join()
                if self._ending.is_set():
                    return
                self.last = None
                if self._process.exitcode != 0 and not self._successor:
                    self._tell_ended(pause)
                    if self._ending.wait(pause):
                        return
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                self._due_at = monotonic() + SECONDS_TO_START
                (self._process, self._line), self._successor = self._successor or self._started(), None

    def _look_after_the_others(self, last: R) -> None:
        """Start a successor where one is wanted, and let it take over once it is ready."""
        self._leaving = [each for each in self._leaving if not is_gone(each)]
        if self._successor is None:
            if self.is_worn(last) and monotonic() >= self._successor_from:
                self._successor_from = monotonic() + LONGEST_PAUSE_SECONDS
                self._successor = self._started()
            return
        process, line = self._successor
        report = latest(line)
        if report is GONE:
            process.join()
            code = process.exitcode
            logger.error(
                f"{self._task.name} process ended", error=f"exit code {code}", follows="the one before goes on"
            )
            self._successor = None
        elif report is not None and self.is_ready(report):
            tell(self._line, END)
            self._leaving.append((self._process, self._line))
            self._process, self._line, self._successor, self.last = process, line, None, report

    def _tell_ended(self, pause: float) -> None:
        code, task = f"exit code {self._process.exitcode}", self._task
        self._why_ended = f"The process that {task.does} has ended ({code}) and is started again."
        follows = f"it is started again in {pause:.0f} s; until then {task.meanwhile}"
        logger.error(f"{task.name} process ended", error=code, follows=follows)


def latest(line: Connection) -> Any:
    """Return the latest report that has arrived on a line; None for none, `GONE` where nobody is there any more."""
    report = None
    try:
        while line.poll():
            report = line.recv()
    except (EOFError, OSError):
        return GONE
    return report


def is_gone(started: Started) -> bool:
    process, line = started
    if latest(line) is not GONE:
        return False
    process.join()
    return True


def tell(line: Connection, word: str) -> None:
    with suppress(OSError):  # A process that has ended meanwhile is looked after by who reads its reports.
        line.send(word)


def run(line: Connection, logging: logs.Chosen | None, work: Callable[..., None], *arguments: Any) -> None:
    """Do the work until the process is asked to end or the service has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the service ends this one.
    if logging:
        logs.set_up(*logging)
    with ending_in_order():
        try:
            work(line, *arguments)
        except StoreUnavailable as error:
            logger.error("a process beside the service gives up", error=str(error))
            raise SystemExit(1) from None


@contextmanager
def reporting(line: Connection, report: Callable[[], object], when_gone: Callable[[], None]) -> Iterator[None]:
    """Report for the length of the context, and call `when_gone` when the service has gone."""
    ended = Event()

    def tell() -> None:
        while not ended.wait(0) and not service_gone():
            try:
                line.send(report())
            except OSError:
                break
        if not ended.is_set():
            when_gone()

    thread = Thread(target=tell, name="reports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def service_gone() -> bool:
    """Wait until the next report is due. Returns whether the service has gone meanwhile."""
    service = parent_process()
    assert service is not None, "it is started by the service"
    return bool(wait([service.sentinel], SECONDS_BETWEEN_REPORTS))
