"""Lanes: for each endpoint, the plans whose events are to be sent to it. One worker at a time holds a lane."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from application.webhooks.attempts import Outcome
from application.webhooks.formats import Format

E_co = TypeVar("E_co", covariant=True)
"""An event in its stored form."""

MayReceive = Callable[[str, Collection[UUID], bool], bool]
"""Returns whether the owner of an endpoint may receive events of these plans (none: of all plans), with or without text
about people. Raises `StoreUnavailable` if that cannot be found out."""


@dataclass(frozen=True)
class DigestDue:
    """A digest that is due, in place of an event. The number of its day serves as its version."""

    originator_id: UUID
    originator_version: int
    since: datetime
    """When the first digest was due that has not arrived yet."""


@dataclass
class Lane:
    """The events of one plan for one endpoint, or its digest. One worker holds it."""

    held_until: float
    """The end of the lease, by the holder's monotonic clock. Nothing that may last longer may begin."""
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
    """The plans whose events the endpoint receives; empty for all."""
    personal_data: bool
    format: Format
    digest: str | None
    """The schedule of digests that are sent instead of events; None for events."""
    timezone: str | None
    person: str | None
    """The person whom a digest concerns; None for whole plans."""

    @property
    def done(self) -> bool:
        return self.delivered >= self.through

    @property
    def takes_from_the_store(self) -> bool:
        """Whether more than the stored event is needed to write the message."""
        return self.personal_data or self.format != "cloudevents" or self.digest is not None


class Lanes(Protocol[E_co]):
    """The lanes of a store, as workers use them. Every method raises `StoreUnavailable`."""

    def look_through(self, now: datetime) -> bool:
        """Search the next part of the log for events that endpoints want. Returns False if no endpoint is behind."""

    def begin_digests(self, now: datetime) -> None:
        """Queue the digests that are due. A digest that has not arrived is replaced by the next one."""

    def claim(self, now: datetime, most: int, busy: Mapping[UUID, int]) -> list[Lane]:
        """Claim up to `most` lanes that are due, without taking too many of one endpoint. `busy` contains the number of
        lanes that this worker already holds, by endpoint."""

    def next_events(self, lane: Lane) -> Sequence[E_co | DigestDue]:
        """Return the next events to send, in order of version, or the digest."""

    def arrived(self, lane: Lane, version: int, event_id: str, outcome: Outcome, now: datetime) -> bool:
        """Record that an event arrived, and extend the lease of the lane.

        Returns False if the worker must stop: another worker has the lane, it was replayed from another position, or
        the endpoint asked for a pause.
        """

    def passed_over(self, lane: Lane, version: int) -> bool:
        """Record that there was nothing to send, and extend the lease of the lane. Returns False in the cases of
        `arrived`."""

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

        `held_until` is the time before which the endpoint does not want to be called.
        """

    def let_go(self, lane: Lane) -> None:
        """Release the lane at once. An empty lane is removed."""

    def sweep(self, now: datetime) -> list[UUID]:
        """Disable the endpoints at which nothing has arrived for days. Returns their ids."""

    def pause_those_that_may_not(self, receive: MayReceive, now: datetime) -> list[UUID]:
        """Pause the endpoints whose owners may no longer receive their events. Returns their ids."""

    def waiting(self) -> tuple[int, datetime | None]:
        """Return how many lanes are behind, and since when the oldest of them is."""
