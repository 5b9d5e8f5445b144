"""Notifies everybody in this process who waits for new events on the log.

It uses one thread and one connection, and polls every half second. A notification only makes it look sooner.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Condition, Event, Thread
from typing import Any

from psycopg import Connection

from adapters.observability.outages import Outages, Work
from adapters.postgres.datastore import Datastore, unavailable

POLL = 0.5
"""Seconds between two looks at the log without a notification."""
RETRY = 0.5
"""Seconds after which a store that is away is tried again."""

END = "SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events"

Tell = Callable[[int], None]


class PostgresLogWatch:
    """The watch (`application.feed.ports.LogWatch`). It starts when somebody waits for the first time."""

    def __init__(self, datastore: Datastore, outages: Outages | None = None) -> None:
        self._datastore = datastore
        self._fares = Work(
            outages,
            "the log cannot be watched",
            "the log is watched again",
            "whoever waits for news on the log is told none",
        )
        self._moved = Condition()
        self._position = 0
        self._told: set[Tell] = set()
        self._stopping = Event()
        self._thread: Thread | None = None
        self._waked, self._wake = socket.socketpair()
        self.seconds_at_rest = 0.0
        """The shortest time between two looks in seconds, for callers who are not in a hurry."""

    @property
    def position(self) -> int:
        return self._position

    @property
    def closed(self) -> bool:
        return self._stopping.is_set()

    def wait(self, after: int, timeout: float) -> int:
        """Wait until the log goes beyond a position, for `timeout` seconds, or until the watch ends. Returns the last
        position."""
        self._begin()
        with self._moved:
            self._moved.wait_for(lambda: self._position > after or self._stopping.is_set(), timeout)
            return self._position

    @contextmanager
    def telling(self, tell: Tell) -> Iterator[None]:
        with self._moved:
            self._told.add(tell)
        self._begin()
        try:
            yield
        finally:
            with self._moved:
                self._told.discard(tell)

    async def moved(self, after: int, timeout: float) -> int:
        """Do the same as `wait`, in the event loop."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def tell(position: int) -> None:
            if position > after or self._stopping.is_set():
                loop.call_soon_threadsafe(news.set)

        with self.telling(tell):
            if self._position <= after and not self._stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), timeout)
            return self._position

    def close(self) -> None:
        """End the watch and wake everybody who waits. A second call does nothing."""
        with self._moved:
            if self.closed:
                return
            self._stopping.set()
            self._spread()
        self._wake.send(b"!")
        if self._thread:
            self._thread.join(timeout=2)
        self._wake.close()
        self._waked.close()

    def _begin(self) -> None:
        with self._moved:
            if self._thread is None and not self._stopping.is_set():
                self._thread = Thread(target=self._watch, name="log watch", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                with unavailable(), self._datastore.connect() as connection:
                    connection.execute("LISTEN plantrail")
                    self._fares.done()
                    self._watch_on(connection)
            except Exception as error:  # noqa: BLE001 - whatever the error is, it is logged and the work is tried again.
                self._fares.failed(error)
                self._stopping.wait(RETRY)

    def _watch_on(self, connection: Connection[Any]) -> None:
        with DefaultSelector() as selector:
            selector.register(self._waked, EVENT_READ)
            selector.register(connection.fileno(), EVENT_READ)
            while not self._stopping.is_set():
                found = connection.execute(END, prepare=True).fetchone()
                self._found(found[0] if found else 0)
                # The socket no longer signals a notification that arrived during the query.
                if not list(connection.notifies(timeout=0)):
                    selector.select(POLL)
                self._stopping.wait(self.seconds_at_rest)

    def _found(self, position: int) -> None:
        """Note the end of the log. If another log has replaced it, the end may be earlier; that wakes those who wait
        too."""
        with self._moved:
            if position != self._position:
                self._position = position
                self._spread()

    def _spread(self) -> None:
        self._moved.notify_all()
        for tell in self._told:
            tell(self._position)
