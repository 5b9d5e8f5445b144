"""Followers: each keeps a projection up to date, in a thread of its own."""

from threading import Event, Thread
from time import monotonic
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.observability.outages import Outages, Work
from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.projections import (
    STEP,
    Now,
    Projection,
    RebuildUnderWay,
    Standing,
    catch_up,
    connected,
    into_shape,
    standing,
)

POLL = 0.5
"""Seconds between two looks at the log without a notification."""
RETRY = 0.5
"""Seconds after which failed work is tried again."""
MOST_SECONDS_AT_REST = 1.0
"""Seconds between two steps, at most."""


class Status(NamedTuple):
    """The status of a follower. While there is an error the projection stands still, and the work is tried again and
    again."""

    position: int = 0
    head: int = 0
    error: str | None = None


class Follower:
    """Keeps a projection up to date, in a thread of its own. Notifications only make it look sooner."""

    def __init__(
        self,
        datastore: Datastore,
        projection: Projection,
        now: Now,
        outages: Outages | None = None,
        seconds_at_rest: float = 0.0,
        share_of_time: float = 0.1,
    ) -> None:
        """A follower that rests before it looks folds more at a time, which costs less; it is as much later. While
        others record, it works for this share of the time at most, unless it is far behind."""
        self._datastore = datastore
        self._seconds_at_rest = seconds_at_rest
        self._rests_for = 1 / share_of_time - 1
        self._head = 0
        """The end of the log when it was last looked at."""
        self._projection = projection
        self._now = now
        self._fares = Work(
            outages,
            "projection stands still",
            "projection goes on",
            "lists made from it show nothing newer, and /readyz answers 503: nothing is skipped",
            projection=projection.name,
        )
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name=f"{projection.name} follower", daemon=True)
        self.status = Status()

    def start(self) -> None:
        self._thread.start()

    def stop_soon(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """Stop within a second. A batch under way is completed, or left undone as a whole."""
        self._stopping.set()
        self._thread.join(timeout=1)

    def why_behind(self) -> str | None:
        """Return what keeps the projection from following the log, or None."""
        error = self.status.error
        return (
            f"The {self._projection.name} stands still at position {self.status.position}: {error}" if error else None
        )

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                with unavailable():
                    self._follow_on_one_connection()
            except Exception as error:  # noqa: BLE001 - it is told and tried again: nothing is skipped
                self._fares.failed(error)
                self.status = self.status._replace(error=self._fares.cause)
                self._stopping.wait(RETRY)

    def _follow_on_one_connection(self) -> None:
        with connected(self._datastore) as connection:
            while not self._stopping.is_set():
                begun = monotonic()
                for at in catch_up(connection, self._projection, self._now):
                    self._fares.done()
                    self.status = Status(at.position, at.head)
                    if self._stopping.wait(self._pause(at, monotonic() - begun)):
                        return
                    begun = monotonic()
                if at.shape < self._projection.shape and self._rebuilt():
                    continue
                if self._heard(connection):
                    self._stopping.wait(self._seconds_at_rest)

    def _heard(self, connection: Connection[Any]) -> bool:
        """Wait for news. Returns whether there are some.

        It listens only here: who records has to wake everybody who listens.
        """
        connection.execute("LISTEN plantrail")
        try:
            at = standing(connection, self._projection.name)  # what came before is not notified
            return at.position < at.head or bool(list(connection.notifies(timeout=POLL, stop_after=1)))
        finally:
            connection.execute("UNLISTEN plantrail")
            list(connection.notifies(timeout=0))

    def _pause(self, at: Standing, worked: float) -> float:
        """Return for how many seconds to rest after a step, so that a flood of commands is not slowed down by those who
        follow it. Who is far behind does not rest, and where nobody records, half of the time is free."""
        others_record, self._head = at.head > self._head, at.head
        if at.head - at.position >= STEP:
            return 0
        return min(worked * (self._rests_for if others_record else 1), MOST_SECONDS_AT_REST)

    def _rebuilt(self) -> bool:
        """Whether the table was rebuilt; False where somebody else is at it, or we were told to stop."""

        def go_on(_done: int, _total: int) -> None:
            if self._stopping.is_set():
                raise Stopped

        try:
            into_shape(self._datastore, self._projection, self._now, go_on)
        except (RebuildUnderWay, Stopped):
            return False
        return True


class Stopped(Exception):
    """Whoever followed was told to stop while they rebuilt the table; the next to follow begins anew."""
