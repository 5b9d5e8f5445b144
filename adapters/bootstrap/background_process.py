"""The process beside `plantrail serve` that does the background work, so that no request is slowed down by it.

It returns memory to the system by ending: when it has grown, another process replaces it. For a moment both do the
work, as any number of processes may.
"""

from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.bootstrap.background import at_work
from adapters.bootstrap.child_process import END, ChildProcess, Task, latest, service_gone
from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.bootstrap.memory import megabytes
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store
from adapters.observability.metrics import BackgroundMetrics

MOST_MEGABYTES_GROWN = 90
"""Growth in megabytes after which the process is replaced. Its plans alone may take 24; the rest is what Python keeps
after it has read thousands of others."""


class Report(NamedTuple):
    """The state of the background work: what is wrong with it, as sentences, and its metrics."""

    why_behind: str | None = None
    why_unsealed: str | None = None
    metrics: Sequence[Metric] = ()
    worn: bool = False
    """Whether it has grown so much that another process should take its place."""


class BackgroundProcess(ChildProcess[Report], Collector):
    """The background process as the service sees it. Its metrics are those of its last report."""

    def __init__(
        self, settings: Settings, with_webhooks: bool, most_megabytes_grown: float = MOST_MEGABYTES_GROWN
    ) -> None:
        meanwhile = "tables, checkpoints and webhooks wait"
        super().__init__(
            Task("background", "follows the log", meanwhile, work, (settings, with_webhooks, most_megabytes_grown))
        )

    def is_worn(self, report: Report) -> bool:
        return report.worn

    def why_behind(self) -> str | None:
        """Return why tables do not follow the log, as a sentence; None if they do."""
        return self.why_not_there() or (self.last.why_behind if self.last else None)

    def why_unsealed(self) -> str | None:
        """Return why new events are not covered by a checkpoint, as a sentence; None if they are."""
        return self.last.why_unsealed if self.last else None

    def collect(self) -> Iterable[Metric]:
        return self.last.metrics if self.last else ()


def work(line: Connection, settings: Settings, with_webhooks: bool, most_megabytes_grown: float) -> None:
    """Do the background work and report on it, until the service has gone or a successor has taken over."""
    metrics = BackgroundMetrics()
    with open_store(settings) as store, at_work(store, settings, metrics, with_webhooks) as going_on:
        tune_garbage_collection()
        at_first = megabytes()
        while not service_gone() and latest(line) != END:
            found, worn = list(metrics.registry.collect()), megabytes() - at_first > most_megabytes_grown
            line.send(Report(going_on.why_behind(), going_on.why_unsealed(), found, worn))
