"""The process beside `plantrail serve` in which everything goes on that nobody waits for, so that it costs nobody's
request any time."""

from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.bootstrap.background import at_work
from adapters.bootstrap.garbage import spare_the_collector
from adapters.bootstrap.process_beside import ProcessBeside, Task, service_gone
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store
from adapters.observability.metrics import BackgroundMetrics


class Report(NamedTuple):
    """How the work fares: what is the matter in sentences, and the metrics."""

    why_behind: str | None = None
    why_unsealed: str | None = None
    metrics: Sequence[Metric] = ()


class BackgroundProcess(ProcessBeside[Report], Collector):
    """The process as the service sees it. Its metrics are those that it reported last."""

    def __init__(self, settings: Settings, with_webhooks: bool) -> None:
        meanwhile = "tables, checkpoints and webhooks wait"
        super().__init__(Task("background", "follows the log", meanwhile, work, (settings, with_webhooks)))

    def why_behind(self) -> str | None:
        """Return what keeps tables from following the log, or None."""
        return self.why_not_there() or (self.last.why_behind if self.last else None)

    def why_unsealed(self) -> str | None:
        """Return why nothing new is brought under a checkpoint, or None."""
        return self.last.why_unsealed if self.last else None

    def collect(self) -> Iterable[Metric]:
        return self.last.metrics if self.last else ()


def work(line: Connection, settings: Settings, with_webhooks: bool) -> None:
    """Do the work and report on it."""
    metrics = BackgroundMetrics()
    with open_store(settings) as store, at_work(store, settings, metrics, with_webhooks) as going_on:
        spare_the_collector()
        while not service_gone():
            found = list(metrics.registry.collect())
            line.send(Report(going_on.why_behind(), going_on.why_unsealed(), found))
