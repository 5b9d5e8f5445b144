"""Aggregates together with their events. Where only the state is needed, the events may stay unread."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, overload
from uuid import UUID

from domain.aggregates import A, AggregateType
from domain.record import Recorded, struck_by


class RecordsUnread(Exception):
    """The events are not in memory, and reading them takes a thread."""


def unread() -> Sequence[Recorded]:
    raise RecordsUnread


MOST_AT_HAND = 16
"""The most events that stay in memory while the others are unread."""


class LazyRecords(Sequence[Recorded]):
    """The events of an aggregate with only the last ones in memory. The others are read when one of them is first
    used."""

    def __init__(self, length: int, last: Sequence[Recorded], read: Callable[[], Sequence[Recorded]] = unread) -> None:
        """`last` contains at least one event. `read` returns all events, or raises `RecordsUnread`."""
        self._length = length
        self.last = last
        self._read = read

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> Recorded: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Recorded]: ...

    def __getitem__(self, place: int | slice) -> Recorded | Sequence[Recorded]:
        first = place.start if isinstance(place, slice) else place
        begins = self._length - len(self.last)
        if first is not None and (first + self._length if first < 0 else first) >= begins:
            whole = range(self._length)[place]
            if isinstance(whole, range):
                return [self.last[each - begins] for each in whole]
            return self.last[whole - begins]
        return self.whole[place]

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self.whole)

    @cached_property
    def whole(self) -> Sequence[Recorded]:
        return (*self._read()[: self._length - len(self.last)], *self.last)

    def with_news(self, news: Sequence[Recorded]) -> "LazyRecords":
        last = (*self.last, *news)[-max(MOST_AT_HAND, len(news)) :]
        return LazyRecords(self._length + len(news), last, self._read)

    def read_by(self, read: Callable[[], Sequence[Recorded]]) -> "LazyRecords":
        return LazyRecords(self._length, self.last, read)


@dataclass(frozen=True)
class LoadedAggregate(Generic[A]):
    """An aggregate with the events it is folded from, as of a version."""

    type: AggregateType[A]
    id: UUID
    records: Sequence[Recorded]
    state: A
    erasures: int = 0
    """How many people were forgotten. What past views show depends on it."""

    @classmethod
    def of(cls, type: AggregateType[A], id: UUID, records: Sequence[Recorded] = ()) -> "LoadedAggregate[A]":
        """Return the aggregate that follows from these records; without records, one without history."""
        known = cls(type, id, (), type.empty)
        return known.with_news(records) if records else known

    @property
    def version(self) -> int:
        return len(self.records)

    @property
    def first_at_hand(self) -> int:
        """The version after which all events are in memory; 0 if all are."""
        return self.version - len(self.records.last) if isinstance(self.records, LazyRecords) else 0

    def without_records(self) -> "LoadedAggregate[A]":
        """Return the same aggregate with only its last event in memory."""
        return replace(self, records=LazyRecords(self.version, (self.records[-1],)))

    @property
    def position(self) -> int:
        return self.records[-1].position if self.records else 0

    @cached_property
    def struck(self) -> Mapping[int, str]:
        """The versions of struck entries, with the ids of the events that struck them."""
        return struck_by(self.records)

    def struck_until(self, version: int) -> Mapping[int, str]:
        """Return the entries that were struck up to a version."""
        return self.struck if version == self.version else struck_by(self.records[:version])

    @cached_property
    def first_named(self) -> Mapping[tuple[str, str], Recorded]:
        """The first event of each thing whose id must never be used again (`Event.spends_its_id`), by noun and id."""
        first: dict[tuple[str, str], Recorded] = {}
        for record in self.records:
            if record.event.spends_its_id:
                first.setdefault((record.event.noun, record.event.subject()), record)
        return first

    def with_news(self, news: Sequence[Recorded], state: A | None = None) -> "LoadedAggregate[A]":
        """Return the aggregate with the next recorded events. `state` is the resulting state, if it is known
        already.
        """
        records = self.records.with_news(news) if isinstance(self.records, LazyRecords) else (*self.records, *news)
        if state is None:
            events = [record.event for record in news]
            if self.type.strikes(events):
                state = self.type.fold(record.event for record in records)
            else:
                state = self.type.fold(events, self.state)
        return LoadedAggregate(self.type, self.id, records, state, self.erasures + len(forgotten_in(news)))


def forgotten_in(records: Iterable[Recorded]) -> list[str]:
    """Return the stakeholders that these events forget. Records that were decoded before may still hold their text."""
    return [who for record in records if (who := record.event.forgets()) is not None]
