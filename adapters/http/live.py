"""The end of the log, for all subscribers who have reached it: each event is read and encoded once for all of them.

Subscribers who lag behind read for themselves, a few at a time. Those who wait hold no database connection and no
thread.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice, repeat
from time import monotonic
from typing import NamedTuple, Protocol

import structlog
from anyio import CapacityLimiter, to_thread
from eventsourcing.persistence import Notification

from adapters.http.limits import TooManyRequests
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import Cursor, CursorGone
from application.feed.ports import ALL, EventFilter, LogWatch

MOST_READ = 1_000
"""The number of events that are read from the end of the log at a time."""
MOST_KEPT, MOST_BYTES_KEPT = 1_000, 4 * 1024 * 1024
"""How many of the latest events are kept for subscribers who are slightly behind, and how many bytes."""
SECONDS_KEPT = 5.0
"""Seconds for which an event is kept at most, because text about a forgotten person must not stay in memory."""
READING_AT_ONCE = 2
"""How many subscribers may read for themselves at once. They use threads that commands need too."""
MOST_OF_ONE = 256
"""Streams and long polls of one caller that may wait at once."""
RETRY = 0.5

logger = structlog.get_logger("plantrail.feed")


class TooManyWaiting(TooManyRequests):
    """You have as many streams and long polls open as one caller may have; end one, or follow the feed once for all."""


class Part(NamedTuple):
    """A part of the log: events in order, each with its CloudEvent as JSON, the position after which to continue, and
    the end of the log."""

    rows: Sequence[Notification]
    documents: Sequence[bytes]
    next: int
    end: int

    @property
    def is_last(self) -> bool:
        return self.next >= self.end


class Read(Protocol):
    def __call__(self, after: Cursor | int, wanted: EventFilter, most: int) -> Part:
        """Read a part of the log. Raises `CursorGone`, `StoreUnavailable`."""


class Live:
    """Serves the end of the log to the subscribers of one event loop."""

    def __init__(self, read: Read, watch: LogWatch) -> None:
        self._read = read
        self._watch = watch
        self._limiter = CapacityLimiter(READING_AT_ONCE)
        self._own_limiter = CapacityLimiter(1)
        self._subscribers: Counter[str] = Counter()
        self._following: asyncio.Task[None] | None = None
        self._begin = self._position = 0
        self._events: deque[tuple[float, Notification, bytes]] = deque()
        """The kept events, each with the time until which it is kept."""
        self._bytes = 0
        self._moved: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        """Whether the service is shutting down, so that nobody should wait any longer."""
        return self._watch.closed

    @contextmanager
    def subscribed(self, who: str) -> Iterator[None]:
        """Count a subscriber for the length of the context. The log is followed while there are any.

        Raises `TooManyWaiting`.
        """
        if self._subscribers[who] >= MOST_OF_ONE:
            raise TooManyWaiting(SECONDS_KEPT)
        self._subscribers[who] += 1
        try:
            yield
        finally:
            self._subscribers -= Counter({who: 1})
            if not self._subscribers and self._following:
                self._following.cancel()
                self._following = None
                self._forget_before(self._position)

    async def part(self, after: Cursor | int, wanted: EventFilter, most: int) -> Part:
        """Return the next events, from memory where they are kept, else by a read for this subscriber. Raises
        `CursorGone`, `StoreUnavailable`."""
        if isinstance(after, int) and self._following and self._begin <= after <= self._position:
            return self._kept(after, wanted, most)
        return await to_thread.run_sync(self._read, after, wanted, most, limiter=self._limiter)

    async def moved(self, after: int, timeout: float) -> bool:
        """Wait until there are events after `position`, which is the end of the log as the subscriber knows it. Returns
        whether there are."""
        if self._following is None:
            self._follow_from(after)
        if self._position <= after and not self.over:
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await asyncio.shield(self._moved)
        return self._position > after

    def _kept(self, after: int, wanted: EventFilter, most: int) -> Part:
        found: deque[tuple[Notification, bytes]] = deque()
        for _, row, document in reversed(self._events):
            if row.id <= after:
                break
            if wanted.includes(row.topic, str(row.originator_id)):
                found.appendleft((row, document))
        events = list(islice(found, most))
        next = events[-1][0].id if events else self._position
        return Part([row for row, _ in events], [document for _, document in events], next, self._position)

    def _follow_from(self, position: int) -> None:
        self._forget_before(position)
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: int) -> None:
            loop.call_soon_threadsafe(news.set)

        with self._watch.telling(tell):
            while not self.over:
                news.clear()
                if self._position < self._watch.position:
                    await self._read_on()
                else:
                    await self._wait_for(news)
        self._wake()

    async def _wait_for(self, news: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._events[0][0] - monotonic() if self._events else None):
                await news.wait()
        self._drop_old()

    async def _read_on(self) -> None:
        try:
            self._keep(await to_thread.run_sync(self._read, self._position, ALL, MOST_READ, limiter=self._own_limiter))
            self._wake()
        except CursorGone:
            # Another log has replaced this one. The subscriber's next request reports that.
            self._forget_before(self._watch.position)
            self._wake()
        except StoreUnavailable:
            await asyncio.sleep(RETRY)
        except Exception:
            logger.exception("the feed stands still", position=self._position)
            await asyncio.sleep(RETRY)

    def _keep(self, part: Part) -> None:
        until = monotonic() + SECONDS_KEPT
        # Of the stored event, only what decides who receives it is kept.
        rows = [replace(row, state=b"") for row in part.rows]
        self._events.extend(zip(repeat(until), rows, part.documents))
        self._bytes += sum(map(len, part.documents))
        self._position = part.next
        while len(self._events) > MOST_KEPT or self._bytes > MOST_BYTES_KEPT:
            self._drop_first()

    def _drop_old(self) -> None:
        while self._events and self._events[0][0] <= monotonic():
            self._drop_first()

    def _drop_first(self) -> None:
        _, row, document = self._events.popleft()
        self._bytes -= len(document)
        self._begin = row.id

    def _forget_before(self, position: int) -> None:
        self._events.clear()
        self._bytes = 0
        self._begin = self._position = position

    def _wake(self) -> None:
        if self._moved:
            self._moved.set_result(None)
            self._moved = None
