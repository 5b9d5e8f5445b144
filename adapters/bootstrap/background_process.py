"""The process beside `plantrail serve`, so that what goes on beside the service costs nobody's request any time.

It ends with the service, however that ends. If it ends by itself it is started again, with a longer pause each time.
"""

import gc
import os
import signal
import threading
from collections.abc import Iterable, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple, Self

import structlog
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.bootstrap.background import at_work
from adapters.bootstrap.garbage import spare_the_collector
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import ending_in_order, open_store
from adapters.observability import log_format as logs
from adapters.observability.metrics import BackgroundMetrics
from application.aggregates.ports import StoreUnavailable

SECONDS_BETWEEN_REPORTS = 0.5
SECONDS_UNTIL_MISSED = 10.0
"""Seconds without a report after which the process counts as stuck."""
SECONDS_TO_START = 60.0
SECONDS_TO_END = 7.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
"""Seconds between two starts; each pause is twice the one before."""

logger = structlog.get_logger("plantrail.background")


class Report(NamedTuple):
    """How the work fares: what is the matter in sentences, and the metrics."""

    why_behind: str | None = None
    why_unsealed: str | None = None
    metrics: Sequence[Metric] = ()


class BackgroundProcess(Collector):
    """The process as the service sees it. Its metrics are those that it reported last."""

    def __init__(self, settings: Settings, with_webhooks: bool) -> None:
        self._settings = settings
        self._with_webhooks = with_webhooks
        self._ending = Event()
        self._last = Report()
        self._due_at = monotonic() + SECONDS_TO_START
        self._why_ended: str | None = None
        self._process, self._line = self._started()
        self._thread = Thread(target=self._attend, name="background", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_soon()
        self._thread.join()
        self._process.join(SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def end_soon(self) -> None:
        """Have it finish what is under way, without waiting for that."""
        self._ending.set()
        self._process.terminate()

    def why_behind(self) -> str | None:
        """Return what keeps tables from following the log, or None."""
        return self._why_ended or self._why_silent() or self._last.why_behind

    def why_unsealed(self) -> str | None:
        """Return why nothing new is brought under a checkpoint, or None."""
        return self._last.why_unsealed

    def collect(self) -> Iterable[Metric]:
        return self._last.metrics

    def _why_silent(self) -> str | None:
        return None if monotonic() < self._due_at else "The process that follows the log says nothing: it is stuck."

    def _started(self) -> tuple[BaseProcess, Connection]:
        # A copy of this process has everything loaded already, but only one with a single thread can be copied.
        copied = threading.active_count() == 1 and hasattr(os, "fork")
        context: ForkContext | SpawnContext = get_context("fork") if copied else get_context("spawn")
        gc.freeze()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=run, args=(self._settings, self._with_webhooks, theirs, logs.chosen()), name="plantrail background"
        )
        process.start()
        theirs.close()
        return process, ours

    def _attend(self) -> None:
        """Hear its reports, and start it again if it ends."""
        pause = FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            try:
                if self._line.poll(SECONDS_BETWEEN_REPORTS):
                    self._last, self._why_ended = self._line.recv(), None
                    self._due_at, pause = monotonic() + SECONDS_UNTIL_MISSED, FIRST_PAUSE_SECONDS
            except (EOFError, OSError):
                self._process.join()
                if self._ending.is_set():
                    return
                self._tell_ended(pause)
                if self._ending.wait(pause):
                    return
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                self._due_at = monotonic() + SECONDS_TO_START
                self._process, self._line = self._started()

    def _tell_ended(self, pause: float) -> None:
        code = f"exit code {self._process.exitcode}"
        self._why_ended = f"The process that follows the log has ended ({code}) and is started again."
        follows = f"it is started again in {pause:.0f} s; until then tables, checkpoints and webhooks wait"
        logger.error("background process ended", error=code, follows=follows)


def run(settings: Settings, with_webhooks: bool, line: Connection, logging: logs.Chosen | None) -> None:
    """Do the work and report on it, until told to end or until the service has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the service that Ctrl-C ends, and it ends this
    if logging:
        logs.set_up(*logging)
    service, metrics = parent_process(), BackgroundMetrics()
    assert service is not None, "it is started by the service"
    with ending_in_order():
        try:
            with open_store(settings) as store, at_work(store, settings, metrics, with_webhooks) as going_on:
                spare_the_collector()
                while not wait([service.sentinel], SECONDS_BETWEEN_REPORTS):
                    found = list(metrics.registry.collect())
                    line.send(Report(going_on.why_behind(), going_on.why_unsealed(), found))
        except StoreUnavailable as error:
            logger.error("background process gives up", error=str(error))
            raise SystemExit(1) from None
