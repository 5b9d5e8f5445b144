"""Prometheus metrics for the operator: those of the service, and those of the background work."""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

BOUNDS = Histogram.DEFAULT_BUCKETS


class Requests(Collector):
    """Counts answered requests and their durations.

    One event loop counts every request, so no lock is needed; counters of the Prometheus library take ten times as
    long.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        """By method and route: how many requests took up to each bound, and the sum of durations."""

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answer. `route` is the pattern of its path. The duration is unknown for requests that were refused
        unread."""
        key = (method, route, status)
        self._counted[key] = self._counted.get(key, 0) + 1
        if seconds is None:
            return
        found = self._seconds.get(key[:2])
        if found is None:
            found = self._seconds[key[:2]] = ([0] * len(BOUNDS), [0.0])
        found[0][bisect_left(BOUNDS, seconds)] += 1
        found[1][0] += seconds

    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily("plantrail_requests", "Requests answered.", labels=("method", "route", "status"))
        for (method, route, status), number in list(self._counted.items()):
            counted.add_metric((method, route, str(status)), number)
        yield counted
        took = HistogramMetricFamily("plantrail_request_seconds", "Time to answer.", labels=("method", "route"))
        for labels, (by_bound, total) in list(self._seconds.items()):
            so_far, buckets = 0, list[tuple[str, float]]()
            for bound, number in zip(BOUNDS, by_bound, strict=True):
                so_far += number
                buckets.append((str(bound).replace("inf", "+Inf"), so_far))
            took.add_metric(labels, buckets, total[0])
        yield took


class Commands(Collector):
    """Counts commands and their events, also on one event loop."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], int] = {}
        self._events = 0

    def answered(self, name: str, outcome: str, events: int = 0) -> None:
        """Count a command and its events."""
        key = (name, outcome)
        self._counted[key] = self._counted.get(key, 0) + 1
        self._events += events

    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily("plantrail_commands", "Commands by outcome.", labels=("command", "outcome"))
        for labels, number in list(self._counted.items()):
            counted.add_metric(labels, number)
        yield counted
        yield CounterMetricFamily("plantrail_events", "Events recorded.", value=self._events)


class Metrics:
    """The metrics of the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Requests()
        self.registry.register(self.requests)
        self.connections = Gauge(
            "plantrail_connections", "Connections of callers that are open.", registry=self.registry
        )
        self.commands = Commands()
        self.registry.register(self.commands)
        self.clock_ahead = Gauge(
            "plantrail_clock_ahead_seconds",
            "How far this process's clock is ahead of the database's, as of the last look at readiness.",
            registry=self.registry,
        )


class BackgroundMetrics:
    """The metrics of the background work."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "plantrail_webhook_attempts_total", "Webhook attempts by outcome.", ("outcome",), registry=self.registry
        )
        self.delivery_seconds = Histogram(
            "plantrail_webhook_attempt_seconds", "Time until an endpoint answered.", registry=self.registry
        )
        self.lanes = Gauge(
            "plantrail_webhook_lanes_waiting", "Plans with events that wait for an endpoint.", registry=self.registry
        )
        self.lag = Gauge(
            "plantrail_webhook_lag_seconds",
            "How long the plan that waits longest has not been brought up to date.",
            registry=self.registry,
        )

        self.unsealed = Gauge(
            "plantrail_unsealed_seconds",
            "Since all that was recorded was last brought under a checkpoint.",
            registry=self.registry,
        )
        self.not_sealed = Counter(
            "plantrail_checkpoint_failures_total", "Times no checkpoint could be made.", registry=self.registry
        )
        self.not_witnessed = Counter(
            "plantrail_witness_failures_total", "Times a witness could not be told.", registry=self.registry
        )

    def delivered(self, outcome: str, milliseconds: int) -> None:
        self.deliveries.labels(outcome).inc()
        self.delivery_seconds.observe(milliseconds / 1000)

    def waiting(self, lanes: int, seconds: float) -> None:
        self.lanes.set(lanes)
        self.lag.set(seconds)
