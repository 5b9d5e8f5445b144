"""Prometheus metrics for the operator: those of the service, and those of what goes on beside it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector


class Metrics:
    """The metrics of the service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "plantrail_requests_total", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "plantrail_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.connections = Gauge(
            "plantrail_connections", "Connections of callers that are open.", registry=self.registry
        )
        self.commands = Counter(
            "plantrail_commands_total", "Commands by outcome.", ("command", "outcome"), registry=self.registry
        )
        self.events = Counter("plantrail_events_total", "Events recorded.", registry=self.registry)
        self.clock_ahead = Gauge(
            "plantrail_clock_ahead_seconds",
            "How far this process's clock is ahead of the database's, as of the last look at readiness.",
            registry=self.registry,
        )
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. `route` is the pattern of its path."""
        found = self._answered.get((method, route, status))
        if found is None:
            found = self.requests.labels(method, route, status), self.seconds.labels(method, route)
            self._answered[method, route, status] = found
        found[0].inc()
        found[1].observe(seconds)


class BackgroundMetrics:
    """The metrics of what goes on beside the service."""

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
