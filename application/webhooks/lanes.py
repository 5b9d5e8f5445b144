"""Lanes: for each endpoint, the plans whose events are to be sent to it, each held by one worker at a time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from application.webhooks.attempts import Outcome
from application.webhooks.formats import Format

E_co = TypeVar("E_co", covariant=True)
"""An event as it stands on the log."""

MayReceive = Callable[[str, Collection[UUID], bool], bool]
"""Returns whether the owner of an endpoint may receive events of these plans (empty: of all), with text about people or
without. Raises `StoreUnavailable` where that is not known."""


@dataclass(frozen=True)
class DigestDue:
    """A digest that is due, in the place of an event: the number of its day makes up for a version."""

    originator_id: UUID
    originator_version: int
    since: datetime
    """When the first digest that has not arrived was due."""


@dataclass
class Lane:
    """The events of one plan on their way to one endpoint, or its digest, held by one worker."""

    held_until: float
    """By the holder's monotonic clock. Nothing that may last longer must be begun."""
    secrets: list[bytes]
    endpoint_id: UUID
    plan_id: UUID
    lease: UUID
    delivered: int
    """The version of the last event that arrived."""
    through: int
    """The version of the last event to send."""
    attempts: int
    """The number of consecutive failed attempts."""
    url: str
    topics: list[str]
    owner: str
    plans: list[UUID]
    """The plans whose events the endpoint is sent; empty for all."""
    personal_data: bool
    format: Format
    digest: str | None
    """When digests are due that are sent instead of events; None for events."""
    timezone: str | None
    person: str | None
    """Whom a digest concerns; None for the plans."""

    @property
    def done(self) -> bool:
        return self.delivered >= self.through

    @property
    def takes_from_the_store(self) -> bool:
        """Whether more than the stored event is needed to write what is sent."""
        return self.personal_data or self.format != "cloudevents" or self.digest is not None


class Lanes(Protocol[E_co]):
    """The lanes of a store, as workers use them. Every method raises `StoreUnavailable`."""

    def look_through(self, now: datetime) -> bool:
        """Search the next part of the log for events that endpoints want. Returns False if none is behind."""

    def begin_digests(self, now: datetime) -> None:
        """Put digests that are due in lanes of their endpoints. One that has not arrived gives way to the next."""

    def claim(self, now: datetime, most: int, busy: Mapping[UUID, int]) -> list[Lane]:
        """Claim at most `most` lanes that are due, without taking too many of one endpoint. `busy` says how many lanes
        of each endpoint this worker holds already."""

    def next_events(self, lane: Lane) -> Sequence[E_co | DigestDue]:
        """Return the next events to send, in order of version, or the digest."""

    def arrived(self, lane: Lane, version: int, event_id: str, outcome: Outcome, now: datetime) -> bool:
        """Record that an event arrived, and extend the lease of the lane.

        Returns False if the worker must not go on: another one has the lane, it was replayed from elsewhere, or the
        endpoint asked for a pause.
        """

    def passed_over(self, lane: Lane, version: int) -> bool:
        """Record that there was nothing to send, and extend the lease of the lane. Returns False as `arrived` does."""

    def failed(
        self,
        lane: Lane,
        event_id: str,
        outcome: Outcome,
        now: datetime,
        due_at: datetime | None,
        held_until: datetime | None,
    ) -> None:
        """Record that an event did not arrive, and release the lane until `due_at`; None parks it.

        `held_until` is the time until which the endpoint asked not to be called.
        """

    def let_go(self, lane: Lane) -> None:
        """Release the lane at once. If nothing waits in it, it is removed."""

    def sweep(self, now: datetime) -> list[UUID]:
        """Disable the endpoints at which nothing has arrived for days. Returns their ids."""

    def pause_those_that_may_not(self, receive: MayReceive, now: datetime) -> list[UUID]:
        """Pause the endpoints whose owners may no longer receive what is sent. Returns their ids."""

    def waiting(self) -> tuple[int, datetime | None]:
        """Return how many lanes are behind, and since when the one that waits longest has been."""
