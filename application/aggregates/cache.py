"""A cache of aggregates in this process: their decoded events and folded state, so that only new events are read."""

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
    """An aggregate with the events it is folded from, as of a version."""

    type: AggregateType[A]
    id: UUID
    records: tuple[Recorded, ...]
    state: A
    erasures: int = 0
    """How many people were forgotten. What past views show depends on it."""

    @classmethod
    def of(cls, type: AggregateType[A], id: UUID, records: Sequence[Recorded] = ()) -> "LoadedAggregate[A]":
        """Fold these records. Without any, the result is an aggregate without history."""
        return cls(type, id, (), type.empty).with_news(records)

    @property
    def version(self) -> int:
        return len(self.records)

    @property
    def position(self) -> int:
        return self.records[-1].position if self.records else 0

    @cached_property
    def struck(self) -> Mapping[int, str]:
        """The versions of struck entries, with the ids of the events that struck them."""
        return struck_by(self.records)

    def struck_until(self, version: int) -> Mapping[int, str]:
        """Those that were struck up to a version."""
        return self.struck if version == self.version else struck_by(self.records[:version])

    @cached_property
    def first_named(self) -> Mapping[tuple[str, str], Recorded]:
        """By noun and id, the first event of a thing whose id must never be used again: see `Event.spends_its_id`."""
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
    """Return the stakeholders that these events forget. Records that were decoded before may still hold their text."""
    return [who for record in records if (who := record.event.forgets()) is not None]


class AggregateCache(Generic[A]):
    """The most recently used aggregates, bounded by the number of their events. It is never a source of truth: see
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
        """Keep an aggregate, unless a newer version of it is kept already."""
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

    def drop_all(self) -> None:
        with self._lock:
            self._loaded.clear()
            self._events = 0
