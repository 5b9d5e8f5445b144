"""Lanes: for each endpoint, the plans whose events are on their way to it, held by one worker at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from application.webhooks.attempts import Outcome

E_co = TypeVar("E_co", covariant=True)
"""An event as it stands on the log."""


@dataclass
class Lane:
    """Events of one plan on their way to one endpoint, held by whoever has it."""

    held_until: float
    """By the monotonic clock of whoever holds it; nothing is to be begun that may last longer."""
    secrets: list[bytes]
    endpoint_id: UUID
    plan_id: UUID
    lease: UUID
    delivered: int
    """The version of the last event that arrived."""
    through: int
    """The version of the last event that is to arrive."""
    attempts: int
    """That failed in a row."""
    url: str
    topics: list[str]
    personal_data: bool

    @property
    def done(self) -> bool:
        return self.delivered >= self.through


class Lanes(Protocol[E_co]):
    """The lanes of a store, as a worker serves them.  Every method raises `StoreUnavailable`."""

    def look_through(self, now: datetime) -> bool:
        """Find what endpoints want in the next part of the log; False where none is behind."""

    def claim(self, now: datetime, most: int, busy: Mapping[UUID, int]) -> list[Lane]:
        """Lanes that are due, at most so many, and of no endpoint too many; `busy` says how many of each endpoint are
        held here already."""

    def next_events(self, lane: Lane) -> Sequence[E_co]:
        """What is to be sent next, in order of version."""

    def arrived(self, lane: Lane, version: int, event_id: str, outcome: Outcome, now: datetime) -> bool:
        """Record that an event arrived, and hold the lane for longer.

        False where it is not to be gone on with: another worker has it, it was replayed from elsewhere, or the endpoint
        is to be left alone.
        """

    def failed(
        self,
        lane: Lane,
        event_id: str,
        outcome: Outcome,
        now: datetime,
        due_at: datetime | None,
        held_until: datetime | None,
    ) -> None:
        """Record that an event did not arrive, and let the lane go until it is due; without a time it is parked.

        `held_until` is until when the endpoint asks to be left alone.
        """

    def let_go(self, lane: Lane) -> None:
        """Others may have it at once; if nothing waits in it any more it is gone."""

    def sweep(self, now: datetime) -> list[UUID]:
        """What time alone brings about: the endpoints that were disabled, since nothing arrived for days."""

    def pause_without_key(self, now: datetime) -> list[UUID]:
        """The endpoints that were paused, since their owners have no key any more that is good for what is sent."""

    def waiting(self) -> tuple[int, datetime | None]:
        """How many lanes are still to be brought up to date, and since when the oldest has not been."""
