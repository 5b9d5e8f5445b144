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
    ProjectionState,
    RebuildUnderWay,
    catch_up,
    connected,
    rebuild_if_outdated,
    state_of,
)

POLL = 0.5
"""Seconds between two looks at the log without a notification."""
RETRY = 0.5
"""Seconds after which failed work is tried again."""
MOST_SECONDS_AT_REST = 1.0
"""The longest time between two steps, in seconds."""


class Status(NamedTuple):
    """The status of a follower. While `error` is set, the projection stands still and the work is tried again and
    again."""

    position: int = 0
    head: int = 0
    error: str | None = None


class Follower:
    """Keeps a projection up to date in its own thread. It polls the log; notifications only make it look sooner."""

    def __init__(
        self,
        datastore: Datastore,
        projection: Projection,
        now: Now,
        outages: Outages | None = None,
        seconds_at_rest: float = 0.0,
        share_of_time: float = 0.1,
    ) -> None:
        """Prepare the follower.

        `seconds_at_rest` is a pause before each look at the log: longer pauses fold more events at a time, which is
        cheaper, and make the table lag further behind. While others record, the follower works for `share_of_time` of
        the time at most, unless it is far behind.
        """
        self._datastore = datastore
        self._seconds_at_rest = seconds_at_rest
        self._rests_for = 1 / share_of_time - 1
        self._head = 0
        """The end of the log when it was last looked at."""
        self._projection = projection
        self._now = now
        self._work = Work(
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
        """Stop within a second. A batch in progress is completed or rolled back."""
        self._stopping.set()
        self._thread.join(timeout=1)

    def why_behind(self) -> str | None:
        """Return the reason why the projection does not follow the log, as a sentence; None if it does."""
        error = self.status.error
        where = f"The table “{self._projection.name}” stands still at position {self.status.position}"
        return f"{where}: {error}." if error else None

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                with unavailable():
                    self._follow_on_one_connection()
            except Exception as error:  # noqa: BLE001 - the error is logged and the work is tried again, so nothing is skipped.
                self._work.failed(error)
                self.status = self.status._replace(error=self._work.cause)
                self._stopping.wait(RETRY)

    def _follow_on_one_connection(self) -> None:
        with connected(self._datastore) as connection:
            while not self._stopping.is_set():
                begun = monotonic()
                for at in catch_up(connection, self._projection, self._now):
                    self._work.done()
                    self.status = Status(at.position, at.head)
                    if self._stopping.wait(self._pause(at, monotonic() - begun)):
                        return
                    begun = monotonic()
                if at.shape < self._projection.shape and self._rebuild():
                    continue
                if self._wait_for_events(connection):
                    self._stopping.wait(self._seconds_at_rest)

    def _wait_for_events(self, connection: Connection[Any]) -> bool:
        """Wait for new events. Returns whether there are any.

        It listens for notifications only here, because every commit has to wake all listeners.
        """
        connection.execute("LISTEN plantrail")
        try:
            at = state_of(connection, self._projection.name)  # Events from before LISTEN are not notified.
            return at.position < at.head or bool(list(connection.notifies(timeout=POLL, stop_after=1)))
        finally:
            connection.execute("UNLISTEN plantrail")
            list(connection.notifies(timeout=0))

    def _pause(self, at: ProjectionState, worked: float) -> float:
        """Return for how many seconds to pause after a step that took `worked` seconds, so that followers do not slow
        down a flood of commands.

        There is no pause while the projection is far behind. While nobody records, the pause is as long as the work.
        """
        others_record, self._head = at.head > self._head, at.head
        if at.head - at.position >= STEP:
            return 0
        return min(worked * (self._rests_for if others_record else 1), MOST_SECONDS_AT_REST)

    def _rebuild(self) -> bool:
        """Rebuild the table. Returns False if another process is rebuilding it, or if this follower was told to
        stop.
        """

        def go_on(_done: int, _total: int) -> None:
            if self._stopping.is_set():
                raise Stopped

        try:
            rebuild_if_outdated(self._datastore, self._projection, self._now, go_on)
        except (RebuildUnderWay, Stopped):
            return False
        return True


class Stopped(Exception):
    """The follower was told to stop while it rebuilt the table. The next follower begins the rebuild anew."""
