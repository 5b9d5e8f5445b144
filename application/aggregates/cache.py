"""A cache of aggregates in this process, so that only new events are read. It is bounded in bytes."""

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

from application.aggregates.loaded import LazyRecords, LoadedAggregate
from application.aggregates.snapshots import MOST_EVENTS, Snapshot
from domain.aggregates import A, AggregateType
from domain.record import Recorded

V = TypeVar("V")

MOST_BYTES_WHOLE = 32 * 2**20
"""The most bytes, by estimate, of aggregates that are kept with all their events: about 20,000 versions."""

MOST_BYTES_FOLDED = 24 * 2**20
"""The most bytes of aggregates that are kept with their state and their last events: about 60,000 versions."""

MOST_BYTES_OF_SNAPSHOTS = 24 * 2**20
"""The most bytes of snapshots: about 120,000 versions, or three times as many if their texts repeat."""

BYTES_OF_EVENT = 1_400
"""Bytes that an event takes in memory in addition to its stored form, its part of the state included. Measured: 1,170
to 1,430."""

BYTES_OF_STATE = 400
"""Bytes that each version adds to a state. Measured: 260 to 390."""


class LeastRecentlyUsed(Generic[V]):
    """A cache that keeps the most recently used values, up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept = OrderedDict[UUID, tuple[V, int]]()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, id: UUID) -> V | None:
        if id not in self._kept:
            return None
        self._kept.move_to_end(id)
        return self._kept[id][0]

    def size(self, id: UUID) -> int:
        return self._kept[id][1]

    def put(self, id: UUID, value: V, size: int) -> None:
        self.pop(id)
        self._kept[id] = value, size
        self.bytes += size

    def pop(self, id: UUID) -> V | None:
        value, size = self._kept.pop(id, (None, 0))
        self.bytes -= size
        return value

    def shed(self) -> Iterator[V]:
        """Remove the least recently used values until the others fit, and yield them. The last used value is always
        kept."""
        while self.bytes > self._most_bytes and len(self._kept) > 1:
            _, (value, size) = self._kept.popitem(last=False)
            self.bytes -= size
            yield value

    def clear(self) -> None:
        self._kept.clear()
        self.bytes = 0


class AggregateCache(Generic[A]):
    """A cache in three stages: the most recently used aggregates with all events, earlier ones with their state and
    last events, and the earliest ones as snapshots.

    It is never a source of truth: readers bring what it returns up to date (`application.aggregates.read`).
    """

    def __init__(
        self,
        type: AggregateType[A],
        whole: int = MOST_BYTES_WHOLE,
        folded: int = MOST_BYTES_FOLDED,
        snapshots: int = MOST_BYTES_OF_SNAPSHOTS,
    ) -> None:
        self._type = type
        self._whole = LeastRecentlyUsed[LoadedAggregate[A]](whole)
        self._folded = LeastRecentlyUsed[LoadedAggregate[A]](folded)
        self._snapshots = LeastRecentlyUsed[Snapshot](snapshots)
        """Snapshots are kept even while a newer state of the aggregate is in another stage: a new snapshot can continue
        them."""
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """The bytes of all stages, by estimate."""
        return self._whole.bytes + self._folded.bytes + self._snapshots.bytes

    def version(self, id: UUID) -> int:
        """Return the version of the aggregate that `folded` would return; 0 if it is not cached."""
        with self._lock:
            kept = self._whole.get(id) or self._folded.get(id) or self._snapshots.get(id)
            return kept.version if kept else 0

    def get(self, id: UUID) -> LoadedAggregate[A] | None:
        """Return an aggregate with all its events in memory; None if it is not cached in this form."""
        with self._lock:
            return self._whole.get(id)

    def folded(self, id: UUID) -> LoadedAggregate[A] | None:
        """Return an aggregate whose state is in memory, perhaps with only its last events; None if it is not cached."""
        with self._lock:
            known = self._whole.get(id) or self._folded.get(id)
            snapshot = None if known else self._snapshots.get(id)
        if snapshot is not None:
            known = snapshot.loaded(self._type)
            self.put(known)
        return known

    def put(self, known: LoadedAggregate[A]) -> None:
        """Cache an aggregate, unless a version as new is cached with as many of its events."""
        id, is_whole = known.id, not isinstance(known.records, LazyRecords)
        with self._lock:
            before, state = self._whole.get(id), self._folded.get(id)
            kept = before or state
            if kept and (kept.version, kept is before) >= (known.version, is_whole):
                return
            if is_whole:
                old = (self._whole.size(id), before.version) if before else (0, 0)
                self._whole.put(id, known, old[0] + sum(map(bytes_of, known.records[old[1] :])))
                self._folded.pop(id)
            else:
                self._folded.put(id, known, bytes_of_state(known))
                self._whole.pop(id)
            self._shed()

    def _shed(self) -> None:
        for known in self._whole.shed():
            shorter = known.without_records()
            self._folded.put(known.id, shorter, bytes_of_state(shorter))
        for known in self._folded.shed():
            if known.version <= MOST_EVENTS:
                snapshot = Snapshot.of(known, self._snapshots.get(known.id))
                self._snapshots.put(known.id, snapshot, snapshot.size)
        for _ in self._snapshots.shed():
            pass

    def drop(self, id: UUID) -> None:
        with self._lock:
            for kept in self._kept:
                kept.pop(id)

    def drop_all(self) -> None:
        with self._lock:
            for kept in self._kept:
                kept.clear()

    @property
    def _kept(self) -> tuple[LeastRecentlyUsed[Any], ...]:
        return self._whole, self._folded, self._snapshots


def bytes_of(record: Recorded) -> int:
    return BYTES_OF_EVENT + len(record.stored)


def bytes_of_state(known: LoadedAggregate[Any]) -> int:
    """Return the bytes, by estimate, of an aggregate that has only its last events in memory."""
    at_hand = known.version - known.first_at_hand
    return BYTES_OF_STATE * known.version + sum(map(bytes_of, known.records[-at_hand:]))
