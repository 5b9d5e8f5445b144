"""Aggregates this process has read: decoded events and what they fold to, so that only news is read again."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Generic
from uuid import UUID

from domain.aggregates import A, AggregateType
from domain.record import Recorded, struck_by


@dataclass(frozen=True)
class LoadedAggregate(Generic[A]):
    """An aggregate and the events it is made of, as of a version."""

    type: AggregateType[A]
    id: UUID
    records: tuple[Recorded, ...]
    state: A
    erasures: int = 0
    """How many people were forgotten: what past views show depends on it."""

    @classmethod
    def of(cls, type: AggregateType[A], id: UUID, records: Sequence[Recorded] = ()) -> "LoadedAggregate[A]":
        """Without records: one of which nothing is on record."""
        return cls(type, id, (), type.empty).with_news(records)

    @property
    def version(self) -> int:
        return len(self.records)

    @property
    def position(self) -> int:
        return self.records[-1].position if self.records else 0

    @cached_property
    def struck(self) -> Mapping[int, str]:
        """The versions of the entries that were struck, and the ids of the events that struck them."""
        return struck_by(self.records)

    @cached_property
    def first_named(self) -> Mapping[tuple[str, str], Recorded]:
        """By noun and id, the event that first gave an id which names it for ever: see `Event.spends_its_id`."""
        first: dict[tuple[str, str], Recorded] = {}
        for record in self.records:
            if record.event.spends_its_id:
                first.setdefault((record.event.noun, record.event.subject()), record)
        return first

    def with_news(self, news: Sequence[Recorded]) -> "LoadedAggregate[A]":
        records = (*self.records, *news)
        events = [record.event for record in news]
        if self.type.strikes(events):
            state = self.type.fold(record.event for record in records)
        else:
            state = self.type.fold(events, self.state)
        return replace(self, records=records, state=state, erasures=self.erasures + len(forgotten_in(news)))


def forgotten_in(records: Iterable[Recorded]) -> list[str]:
    """The stakeholders that these events forget: what was read before may hold words not to be shown any more."""
    return [who for record in records if (who := record.event.forgets()) is not None]


class AggregateCache(Generic[A]):
    """The aggregates used last, bounded by the number of their events.  Never a source of truth: see
    `application.aggregates.read`."""

    def __init__(self, most_events: int = 20_000) -> None:
        self._most_events = most_events
        self._loaded: OrderedDict[UUID, LoadedAggregate[A]] = OrderedDict()
        self._events = 0
        self._lock = Lock()

    def get(self, id: UUID) -> LoadedAggregate[A] | None:
        with self._lock:
            if id in self._loaded:
                self._loaded.move_to_end(id)
            return self._loaded.get(id)

    def put(self, known: LoadedAggregate[A]) -> None:
        """Keep it, unless something newer is known."""
        with self._lock:
            before = self._loaded.get(known.id)
            if before and before.version >= known.version:
                return
            self._events += known.version - (before.version if before else 0)
            self._loaded[known.id] = known
            self._loaded.move_to_end(known.id)
            while self._events > self._most_events and len(self._loaded) > 1:
                _, dropped = self._loaded.popitem(last=False)
                self._events -= dropped.version

    def drop(self, id: UUID) -> None:
        with self._lock:
            dropped = self._loaded.pop(id, None)
            self._events -= dropped.version if dropped else 0
