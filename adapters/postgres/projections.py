"""Projections: tables that are computed from the log.

A projection follows the log in batches. Each batch is one transaction, which also moves the position of the table.
Rebuilding creates another generation of the table while the current one serves.

Reading the log by position skips nothing: all writers take the append lock before they draw a position and hold it
until they have committed. So a reader who sees an event also sees every event before it, and a gap is a position that
nobody used.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import structlog
from eventsourcing.persistence import Tracking
from psycopg import Connection, Cursor

from adapters.postgres import clock
from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.tracking import LOG, track, tracked
from application.aggregates.ports import BeyondTheLog

BATCH = 5_000
"""The number of events that are read at a time."""
STEP = 5_000
REBUILD_STEP = 50_000
"""Events folded in one transaction at most. Writing costs more with the number of plans and not of events, so large
steps are faster. But a follower must be able to stop within a second, and a rebuild may have to repeat a step."""

LOCK_LIVE = "SELECT generation FROM plantrail.projections WHERE name = %s AND live AND shape = %s FOR UPDATE"
LOCK_ANY = "SELECT generation FROM plantrail.projections WHERE name = %s AND live FOR UPDATE"
LOCK = "SELECT generation FROM plantrail.projections WHERE name = %s AND generation = %s FOR UPDATE"
ADOPT = (
    "UPDATE plantrail.projections SET shape = %(shape)s WHERE name = %(name)s AND live AND shape < %(shape)s"
    " AND NOT EXISTS (SELECT FROM plantrail.notification_tracking"
    f"  WHERE projection = format('%%s.%%s', name, generation) AND application_name = '{LOG}')"
)
WRITTEN = "UPDATE plantrail.projections SET written = written + 1 WHERE name = %s AND generation = %s"
NEXT_BY_AGGREGATE = (
    "SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM plantrail.stored_events"
    " WHERE (originator_id, originator_version) > (%s, %s) AND notification_id <= %s"
    " ORDER BY originator_id, originator_version LIMIT %s"
)
NEXT = (
    "SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM plantrail.stored_events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
STANDING = (
    "SELECT generation, coalesce(notification_id, 0),"
    " (SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events), shape"
    " FROM plantrail.projections LEFT JOIN plantrail.notification_tracking"
    f"  ON projection = format('%%s.%%s', name, generation) AND application_name = '{LOG}'"
    " WHERE name = %s AND live"
)
FORGET = (
    "WITH tracking AS (DELETE FROM plantrail.notification_tracking WHERE projection = %(tracked)s)"
    " DELETE FROM plantrail.projections WHERE name = %(name)s AND generation = %(generation)s"
)

logger = structlog.get_logger("plantrail.projections")

Now = Callable[[], datetime]


Logged = tuple[int, bytes, int, str, bytes]
"""An event on the log: position, plan id as bytes, version, topic, state. It is a plain tuple, because creating a
hundred thousand objects would take most of the time."""


class Projection(Protocol):
    """A table that can be computed from the log alone. Its rows carry the generation to which they belong."""

    name: str
    shape: int
    """The number of the table's definition. A store whose table has a lower one rebuilds it
    (`rebuild_if_outdated`)."""

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], now: datetime
    ) -> None:
        """Apply the next events to the rows, inside the transaction that moves the position.

        They come in the order of the log. In a rebuild, events up to the current end of the log come aggregate by
        aggregate.
        """

    def is_due(self, connection: Connection[Any], generation: int, now: datetime) -> bool:
        """Return whether there are rows that are out of date although nothing was recorded."""

    def age(self, connection: Connection[Any], generation: int, now: datetime) -> None:
        """Update some of the rows that are out of date."""

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        """Delete some rows of a generation. Returns False if there were none."""


class ProjectionState(NamedTuple):
    """The state of a projection: its generation, its position, the position of the last event on the log, and its
    shape."""

    generation: int
    position: int
    head: int
    shape: int


def state_of(connection: Connection[Any], name: str) -> ProjectionState:
    """Return the state of the live generation."""
    (row,) = connection.execute(STANDING, (name,), prepare=True).fetchall()
    return ProjectionState(*row)


# Following the log


@contextmanager
def locked(
    connection: Connection[Any], projection: Projection, generation: int | None = None
) -> Iterator[tuple[int, int] | None]:
    """Open a transaction in which nobody else moves the position, so that each event is folded once by however many
    followers.

    Yields the generation and its position. Without `generation` it is the live one. Yields None if another generation
    went live while we waited for the lock, or if the live one has another shape.
    """
    live = (LOCK_LIVE, (projection.name, projection.shape))
    statement, values = live if generation is None else (LOCK, (projection.name, generation))
    with connection.transaction():
        found = connection.execute(statement, values, prepare=True).fetchone()
        # This is a separate statement, because the one that waited for the lock sees the state from before.
        yield (found[0], position_reached(connection, projection.name, found[0])) if found else None
        if found:
            connection.execute(WRITTEN, (projection.name, found[0]), prepare=True)


def position_reached(connection: Connection[Any], name: str, generation: int) -> int:
    """Return the position of a generation of a table."""
    return tracked(connection, tracking_name(name, generation)) or 0


def tracking_name(name: str, generation: int) -> str:
    """Return the name under which eventsourcing tracks a generation of a table."""
    return f"{name}.{generation}"


def advance(
    connection: Connection[Any], projection: Projection, now: datetime, generation: int | None, most: int
) -> int | None:
    """Fold the next events. Returns the position of the last one; None if there were none."""
    with locked(connection, projection, generation) as found:
        if found is None:
            return None
        generation, position = found
        reached = position

        def batches() -> Iterator[Sequence[Logged]]:
            nonlocal reached
            for batch in events_after(connection, position, most):
                reached = batch[-1][0]
                yield batch

        projection.fold(connection, generation, batches(), now)
        if reached == position:
            return None
        track(connection, tracking_name(projection.name, generation), Tracking(LOG, reached))
    return reached


def events_after(connection: Connection[Any], position: int, most: int) -> Iterator[Sequence[Logged]]:
    """Yield up to `most` of the next events after a position, in batches."""
    cursor: Cursor[Any] = connection.cursor(binary=True)
    while most > 0:
        batch = cursor.execute(NEXT, (position, min(most, BATCH)), prepare=True).fetchall()
        if not batch:
            return
        yield batch
        position, most = batch[-1][0], most - len(batch)


def catch_up(connection: Connection[Any], projection: Projection, now: Now) -> Iterator[ProjectionState]:
    """Fold new events and update rows that are out of date, until nothing is left to do. Yields the state after each
    step. A table of another shape is left as it is.

    Raises `ClockAhead` if there is something to do.
    """
    while True:
        at = state_of(connection, projection.name)
        if at.shape != projection.shape:
            if adopt_shape(connection, projection):
                continue
            yield at
            return
        if at.position < at.head:
            clock.check(connection)
            advance(connection, projection, now(), None, STEP)
        elif projection.is_due(connection, at.generation, now()):
            clock.check(connection)
            with locked(connection, projection) as found:
                if found:
                    projection.age(connection, found[0], now())
        else:
            yield at
            return
        yield at


def adopt_shape(connection: Connection[Any], projection: Projection) -> bool:
    """Give the current shape to a table of an older shape into which nothing was folded yet. Returns whether there was
    one."""
    return connection.execute(ADOPT, {"shape": projection.shape, "name": projection.name}).rowcount > 0


@contextmanager
def connected(datastore: Datastore) -> Iterator[Connection[Any]]:
    with datastore.connect() as connection:
        # What a crash loses is folded again, so commits need not wait for the disk.
        connection.execute("SET synchronous_commit = off")
        yield connection


# Reading your own writes


def reached(at: ProjectionState, position: int) -> bool:
    """Return whether a projection includes the event at a position. Raises `BeyondTheLog`."""
    if position > at.head:
        raise BeyondTheLog(at.head)
    return at.position >= position


# Rebuilding


class RebuildUnderWay(Exception):
    """This table is being rebuilt already; wait until that is done."""


Progress = Callable[[int, int], None]


def rebuild(
    datastore: Datastore, projection: Projection, now: Now, progress: Progress = lambda _done, _total: None
) -> None:
    """Rebuild the table from the first event while the existing one keeps serving, then replace it.

    `progress` is called with the position reached and the position to reach. If a rebuild is interrupted, the old table
    keeps serving, and the next rebuild cleans up. Raises `RebuildUnderWay`, `StoreUnavailable`, and what `fold` raises.
    """
    with unavailable(), connected(datastore) as connection:
        lock_rebuild(connection, projection)
        rebuild_locked(connection, projection, now, progress)


def rebuild_if_outdated(
    datastore: Datastore, projection: Projection, now: Now, progress: Progress = lambda _done, _total: None
) -> None:
    """Rebuild a table whose shape is older than this process expects. The old table serves meanwhile.

    A table of a newer shape is left to the processes that expect it. Raises `RebuildUnderWay`, `StoreUnavailable`, and
    what `fold` and `progress` raise.
    """
    with unavailable(), connected(datastore) as connection:
        lock_rebuild(connection, projection)
        was = state_of(connection, projection.name).shape
        if was < projection.shape:
            shapes = {"projection": projection.name, "shape": projection.shape, "was": was}
            logger.info("projection is rebuilt", **shapes)
            rebuild_locked(connection, projection, now, progress)
            logger.info("projection was rebuilt", **shapes)


def rebuild_locked(connection: Connection[Any], projection: Projection, now: Now, progress: Progress) -> None:
    """Rebuild the table. The caller holds the lock of `lock_rebuild`. Raises `ClockAhead`."""
    clock.check(connection)
    clear_other_generations(connection, projection)
    live = state_of(connection, projection.name)
    generation = live.generation + 1
    connection.execute(
        "INSERT INTO plantrail.projections (name, generation, shape) VALUES (%s, %s, %s)",
        (projection.name, generation, projection.shape),
    )
    fold_by_aggregate(connection, projection, now, generation, live.head, progress)
    while position := advance(connection, projection, now(), generation, REBUILD_STEP):
        progress(position, max(position, live.head))
    while projection.is_due(connection, generation, now()):
        with locked(connection, projection, generation):
            projection.age(connection, generation, now())
        progress(live.head, live.head)
    go_live(connection, projection, now, generation)
    clear_other_generations(connection, projection)


def fold_by_aggregate(
    connection: Connection[Any], projection: Projection, now: Now, generation: int, head: int, progress: Progress
) -> None:
    """Fold everything up to the end of the log, one aggregate after the other, so that each row is written once.

    Nobody else folds into a generation that is not live, so its position is set once at the end.
    """
    place, done = (UUID(int=0), 0), 0
    while batch := connection.cursor(binary=True).execute(NEXT_BY_AGGREGATE, (*place, head, REBUILD_STEP)).fetchall():
        place, done = fold_batch(connection, projection, now(), generation, batch), done + len(batch)
        progress(min(done, head), head)
    with locked(connection, projection, generation):
        track(connection, tracking_name(projection.name, generation), Tracking(LOG, head))


def fold_batch(
    connection: Connection[Any], projection: Projection, now: datetime, generation: int, batch: Sequence[Logged]
) -> tuple[UUID, int]:
    """Fold a batch of events. Returns the aggregate and the version of the last event."""
    with locked(connection, projection, generation):
        projection.fold(connection, generation, [batch], now)
    _, aggregate_id, version, _, _ = batch[-1]
    return UUID(bytes=aggregate_id), version


def lock_rebuild(connection: Connection[Any], projection: Projection) -> None:
    """Take the lock of rebuilds, which is held as long as the connection lives. Raises `RebuildUnderWay`."""
    found = connection.execute(
        "SELECT pg_try_advisory_lock(hashtext('plantrail rebuild'), hashtext(%s))", (projection.name,)
    ).fetchone()
    if found != (True,):
        raise RebuildUnderWay(RebuildUnderWay.__doc__)


def go_live(connection: Connection[Any], projection: Projection, now: Now, generation: int) -> None:
    """Make a generation the live one. Followers wait meanwhile, and the new table first catches up with the old one."""
    with connection.transaction():
        found = connection.execute(LOCK_ANY, (projection.name,)).fetchone()
        reached = position_reached(connection, projection.name, found[0]) if found else 0
        while (advance(connection, projection, now(), generation, REBUILD_STEP) or reached) < reached:
            pass
        for live in (False, True):
            connection.execute(
                "UPDATE plantrail.projections SET live = %s WHERE name = %s AND (generation = %s) = %s",
                (live, projection.name, generation, live),
            )


def clear_other_generations(connection: Connection[Any], projection: Projection) -> None:
    """Delete the rows of other generations: those of the previous table, or of an interrupted rebuild."""
    others = connection.execute(
        "SELECT generation FROM plantrail.projections WHERE name = %s AND NOT live", (projection.name,)
    ).fetchall()
    for (generation,) in others:
        while projection.clear(connection, generation):
            pass
        whose = {
            "name": projection.name,
            "generation": generation,
            "tracked": tracking_name(projection.name, generation),
        }
        connection.execute(FORGET, whose)
