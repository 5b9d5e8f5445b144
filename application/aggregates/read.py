"""Reads aggregates in their current state: what is cached is brought up to date before it is used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from application.aggregates.cache import AggregateCache
from application.aggregates.loaded import LazyRecords, LoadedAggregate, forgotten_in, unread
from application.aggregates.ports import EventStore
from domain.aggregates import A, AggregateType
from domain.record import Recorded

T = TypeVar("T")


class AggregateReader(Generic[A]):
    """Reads aggregates of one type. Every view starts with `read`."""

    def __init__(
        self,
        type: AggregateType[A],
        store: EventStore,
        now: Callable[[], datetime],
        cache: AggregateCache[A] | None = None,
    ) -> None:
        self._type = type
        self._store = store
        self._now = now
        self._cache = cache or AggregateCache(type)

    def read(self, id: UUID) -> LoadedAggregate[A]:
        """Return the current aggregate. The cached state is brought up to date first.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        known = self.refreshed(self.remembered(self.meant(id)))
        if not known.records:
            raise self._type.not_open
        return known

    def read_each(self, ids: Sequence[UUID]) -> Iterator[LoadedAggregate[A]]:
        """Yield aggregates in their current state, in this order. New events of those that are cached are read in one
        query.

        Raises the type's `not_open`, `StoreUnavailable`.
        """
        known = {id: cached for id in ids if (cached := self._cache.get(id))}
        news = self._store.read_new_events({id: each.version for id, each in known.items()})
        for id in ids:
            yield self._with(known[id], news.get(id, ())) if id in known else self.read(id)

    def meant(self, id: UUID) -> UUID:
        """Return the id of the aggregate that an id refers to: usually the same id. Raises `StoreUnavailable`."""
        return id if self._cache.version(id) else self.named_by(id) or id

    def named_by(self, id: UUID) -> UUID | None:
        """Return the id of the aggregate for which another id, such as an alias, stands; None if there is none. Neither
        is read. Raises `StoreUnavailable`."""
        return self._store.named_by(id)

    def remembered(self, id: UUID) -> LoadedAggregate[A]:
        """Return the cached aggregate, which may be out of date, or one without history if none is cached."""
        return self._cache.get(id) or LoadedAggregate.of(self._type, id)

    def folded(self, id: UUID, may_read: bool = True) -> LoadedAggregate[A]:
        """Return the cached aggregate for deciding commands, perhaps without its events in memory. They are read when
        one is used; without `may_read`, `RecordsUnread` is raised instead."""
        known = self._cache.folded(id)
        if known is None:
            return LoadedAggregate.of(self._type, id)
        if isinstance(known.records, LazyRecords):
            read = partial(self._store.read, id) if may_read else unread
            return replace(known, records=known.records.read_by(read))
        return known

    def drop(self, id: UUID) -> None:
        """Drop an aggregate from the cache."""
        self._cache.drop(id)

    def drop_all(self) -> None:
        """Drop every aggregate from the cache, because the log that they were read from was replaced."""
        self._cache.drop_all()

    def refreshed(self, known: LoadedAggregate[A]) -> LoadedAggregate[A]:
        """Return the aggregate with everything recorded since. The result has no history if the id is that of an
        aggregate of another type."""
        return self._with(known, self._store.read(known.id, after=known.version))

    def _with(self, known: LoadedAggregate[A], news: Sequence[Recorded]) -> LoadedAggregate[A]:
        """Return the aggregate with the next recorded events."""
        if not news or type(news[0].event).__name__ not in self._type.events:
            return known
        if known.records and forgotten_in(news):
            self._cache.drop(known.id)
            return self.refreshed(LoadedAggregate.of(self._type, known.id))
        known = known.with_news(news)
        self._cache.put(known)
        return known

    async def refreshed_async(self, known: LoadedAggregate[A]) -> LoadedAggregate[A] | None:
        """Return what `refreshed` returns, without a thread; None if a thread is needed. Raises `StoreUnavailable`."""
        news = await self._store.read_async(known.id, known.version) if known.version else None
        if news:
            known = known.with_news(news)
            self._cache.put(known)
        return None if news is None else known

    def now(self) -> datetime:
        return self._now()

    def today(self, known: LoadedAggregate[A]) -> date:
        """Return the current day in the aggregate's time zone."""
        return self._type.today(known.state, self._now())


def first_there(type: AggregateType[Any], ids: Iterable[UUID], use: Callable[[UUID], T]) -> T:
    """Return `use(id)` for the first of these ids whose aggregate exists. Raises the type's `not_open`."""
    for id in ids:
        try:
            return use(id)
        except type.not_open:
            continue
    raise type.not_open
