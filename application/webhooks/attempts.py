"""The outcome of one delivery attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ATTEMPT_TIMEOUT_SECONDS = 15.0
"""Seconds for an attempt as a whole: name resolution, connection, TLS, request and status."""

Failure = Literal["timed-out", "address-refused", "tls-failed", "unreachable", "disconnected"]

REASONS: Mapping[Failure, str] = {
    "timed-out": f"it did not answer within {ATTEMPT_TIMEOUT_SECONDS:.0f} seconds",
    "address-refused": "its name leads into a network that is not public",
    "tls-failed": "its certificate does not prove its name",
    "unreachable": "no connection came about",
    "disconnected": "the connection broke before there was an answer",
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of an attempt: an HTTP status, or the reason why there is none."""

    milliseconds: int
    status: int | None = None
    error: Failure | None = None
    retry_after: str | None = None

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint asked to receive no more events."""
        return self.status == 410

    @property
    def held(self) -> str | None:
        """The `Retry-After` of the answer, if the status allows one."""
        return self.retry_after if self.status in (429, 503) else None

    @property
    def kind(self) -> str:
        """The outcome as one word, for metrics."""
        return self.error or ("arrived" if self.arrived else "refused")

    @property
    def told(self) -> str:
        return f"it answered {self.status}" if self.status else REASONS[self.error or "disconnected"]
