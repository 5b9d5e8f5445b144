"""Recorded events, with who caused them and when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.language import Event


class Meta(Protocol):
    """The metadata of an event that every view may use. The rest is in the stored event."""

    @property
    def recorded_at(self) -> datetime:
        """Server clock, UTC, never the caller's; never earlier than the aggregate's previous event's."""

    @property
    def actor(self) -> str: ...

    @property
    def on_behalf_of(self) -> str | None: ...

    @property
    def reason(self) -> str | None:
        """Why; `[forgotten]` where it spoke of somebody who was forgotten."""


class Saying(BaseModel):
    """Metadata that has been decoded."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recorded_at: datetime
    actor: str
    on_behalf_of: str | None = None
    reason: str | None = None


class SealedPart(NamedTuple):
    """Fields of an event that are sealed for a set of people, and whether we can read them."""

    about: tuple[str, ...]
    fields: tuple[str, ...]
    open: bool


class Recorded(NamedTuple):
    """An event on the record. Projections take these; rules never see them."""

    aggregate_id: UUID
    version: int
    position: int
    """The position on the log of all aggregates. It increases in commit order and may have gaps."""
    meta: Meta
    event: Event
    stored: bytes = b""
    """The stored state, byte for byte."""
    sealed: tuple[SealedPart, ...] = ()

    @property
    def id(self) -> str:
        return f"{as_text(self.aggregate_id)}:{self.version}"

    @property
    def originator_id(self) -> UUID:
        """The id of the aggregate it is an event of, as eventsourcing calls it."""
        return self.aggregate_id

    @property
    def originator_version(self) -> int:
        """The aggregate's version with this event, as eventsourcing calls it."""
        return self.version


@lru_cache(maxsize=1024)
def as_text(id: UUID) -> str:
    """The id as text, which is the same for all events of an aggregate."""
    return str(id)


def struck_by(records: Sequence[Recorded]) -> dict[int, str]:
    """Return the versions of entries that were struck, and of all events about things that were withdrawn. Each comes
    with the id of the event that struck or withdrew it."""
    struck = {version: record.id for record in records if (version := record.event.strikes()) is not None}
    withdrawals = [record for record in records if record.event.withdraws]
    told = told_of_each(records) if withdrawals else {}
    for withdrawal in withdrawals:
        for record in told_of(told, withdrawal):
            if withdrawal.event.takes_back(record.event):
                struck[record.version] = withdrawal.id
    return struck


ToldOfThings = Mapping[tuple[str, str], Sequence[Recorded]]
"""The events about each thing, by its noun and id, in their order."""


def told_of_each(records: Iterable[Recorded]) -> ToldOfThings:
    told: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    for record in records:
        told[record.event.noun, record.event.subject()].append(record)
    return told


def told_of(told: ToldOfThings, record: Recorded) -> Iterator[Recorded]:
    """Yield the earlier events about the thing of an event."""
    about = told.get((record.event.noun, record.event.subject()), ())
    return takewhile(lambda each: each.version < record.version, about)


LATE_DAYS = 2
"""What is recorded more than this many days after the day it was true was recorded late."""


def is_late(true_on: date, recorded_on: date) -> bool:
    return (recorded_on - true_on).days > LATE_DAYS
