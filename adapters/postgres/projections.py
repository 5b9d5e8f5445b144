"""Projections: tables made from the log.

They follow the log in batches, each in one transaction with the position that it brings the table to. They are rebuilt
beside themselves while they serve.

Reading the log by position skips nothing: all writers take the append lock before they draw a position and hold it
until they have committed. So whoever sees an event sees every event before it, and a gap is a position that nobody
used.
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
"""Events folded in one transaction, at most.  What it costs to write grows with the plans and not with the events, so
that large steps are fast ones; but who follows must be able to stop within a second, and who rebuilds may have to do
a step of some seconds anew."""

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
    """A table that can be made from the log alone. Its rows carry the generation they belong to."""

    name: str
    shape: int
    """The number of its definition.  Raised, it has every store rebuild the table: see `into_shape`."""

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], now: datetime
    ) -> None:
        """Apply the next events to the rows, inside the transaction that moves the position.

        They come in the order of the log; in a rebuild, up to where the log ended then, aggregate by aggregate.
        """

    def is_due(self, connection: Connection[Any], generation: int, now: datetime) -> bool:
        """Return whether there are rows that are out of date although nothing happened."""

    def age(self, connection: Connection[Any], generation: int, now: datetime) -> None:
        """Update some of the rows that are out of date."""

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        """Delete some rows of a generation. Returns False if there were none."""


class Standing(NamedTuple):
    """Where a projection is: its generation, the position it has come to, that of the last event on the log, and the
    shape it was made in."""

    generation: int
    position: int
    head: int
    shape: int


def standing(connection: Connection[Any], name: str) -> Standing:
    """Return the state of the generation that serves."""
    (row,) = connection.execute(STANDING, (name,), prepare=True).fetchall()
    return Standing(*row)


# Following the log


@contextmanager
def locked(
    connection: Connection[Any], projection: Projection, generation: int | None = None
) -> Iterator[tuple[int, int] | None]:
    """A transaction in which nobody else moves the position: however many follow, each event is folded once.

    Without a generation the one that serves; None where another took its place while we waited, or one of another
    shape serves.
    """
    live = (LOCK_LIVE, (projection.name, projection.shape))
    statement, values = live if generation is None else (LOCK, (projection.name, generation))
    with connection.transaction():
        found = connection.execute(statement, values, prepare=True).fetchone()
        # In a statement of its own, for one that has waited for the lock sees what was true before.
        yield (found[0], come_to(connection, projection.name, found[0])) if found else None
        if found:
            connection.execute(WRITTEN, (projection.name, found[0]), prepare=True)


def come_to(connection: Connection[Any], name: str, generation: int) -> int:
    """The position a generation of a table has come to."""
    return tracked(connection, tracked_as(name, generation)) or 0


def tracked_as(name: str, generation: int) -> str:
    """The projection that a generation of a table is to the library."""
    return f"{name}.{generation}"


def advance(
    connection: Connection[Any], projection: Projection, now: datetime, generation: int | None, most: int
) -> int | None:
    """Fold the next events.  Returns the position of the last one, None when there was none."""
    with locked(connection, projection, generation) as found:
        if found is None:
            return None
        generation, position = found
        reached = position

        def batches() -> Iterator[Sequence[Logged]]:
            nonlocal reached
            for batch in ahead(connection, position, most):
                reached = batch[-1][0]
                yield batch

        projection.fold(connection, generation, batches(), now)
        if reached == position:
            return None
        track(connection, tracked_as(projection.name, generation), Tracking(LOG, reached))
    return reached


def ahead(connection: Connection[Any], position: int, most: int) -> Iterator[Sequence[Logged]]:
    """Yield the next events after a position, at most `most`, in batches."""
    cursor: Cursor[Any] = connection.cursor(binary=True)
    while most > 0:
        batch = cursor.execute(NEXT, (position, min(most, BATCH)), prepare=True).fetchall()
        if not batch:
            return
        yield batch
        position, most = batch[-1][0], most - len(batch)


def catch_up(connection: Connection[Any], projection: Projection, now: Now) -> Iterator[Standing]:
    """Fold what has happened and what time alone has changed, until there is nothing left to do; says where it stands
    after each step.  A table of another shape is left as it is.

    Raises `ClockAhead` where there is something to do."""
    while True:
        at = standing(connection, projection.name)
        if at.shape != projection.shape:
            if adopted(connection, projection):
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


def adopted(connection: Connection[Any], projection: Projection) -> bool:
    """Whether a table of an older shape, into which nothing was folded yet, is of this shape from here on."""
    return connection.execute(ADOPT, {"shape": projection.shape, "name": projection.name}).rowcount > 0


@contextmanager
def connected(datastore: Datastore) -> Iterator[Connection[Any]]:
    with datastore.connect() as connection:
        # What a crash loses is folded again, so commits need not wait for the disk.
        connection.execute("SET synchronous_commit = off")
        yield connection


# Reading your own writes


def reached(at: Standing, position: int) -> bool:
    """Return whether a projection has folded the event at a position. Raises `BeyondTheLog`."""
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
    """Build the table anew from the first event while the existing one keeps serving, then replace it.

    `progress` is called with the position reached and the one to reach. If a rebuild is interrupted, the old table
    keeps serving, and the next rebuild cleans up. Raises `RebuildUnderWay`, `StoreUnavailable`, and what `fold` raises.
    """
    with unavailable(), connected(datastore) as connection:
        only_here(connection, projection)
        make_anew(connection, projection, now, progress)


def into_shape(
    datastore: Datastore, projection: Projection, now: Now, progress: Progress = lambda _done, _total: None
) -> None:
    """Rebuild a table that was made in an older shape than this process makes it in; it serves as it is meanwhile.

    A table of a newer shape is left to the processes that make it so.  Raises `RebuildUnderWay`, `StoreUnavailable`,
    and what `fold` and `progress` raise.
    """
    with unavailable(), connected(datastore) as connection:
        only_here(connection, projection)
        was = standing(connection, projection.name).shape
        if was < projection.shape:
            shapes = {"projection": projection.name, "shape": projection.shape, "was": was}
            logger.info("projection is rebuilt", **shapes)
            make_anew(connection, projection, now, progress)
            logger.info("projection was rebuilt", **shapes)


def make_anew(connection: Connection[Any], projection: Projection, now: Now, progress: Progress) -> None:
    """`rebuild`, by who has made sure that nobody else does.  Raises `ClockAhead`."""
    clock.check(connection)
    clear_others(connection, projection)
    live = standing(connection, projection.name)
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
    clear_others(connection, projection)


def fold_by_aggregate(
    connection: Connection[Any], projection: Projection, now: Now, generation: int, head: int, progress: Progress
) -> None:
    """Fold everything up to the head of the log, one aggregate after the other: each row is then written once, however
    the events of thousands of aggregates alternate on the log.

    Nobody else folds into a generation that does not serve yet, so its position is told at the end.
    """
    place, done = (UUID(int=0), 0), 0
    while batch := connection.cursor(binary=True).execute(NEXT_BY_AGGREGATE, (*place, head, REBUILD_STEP)).fetchall():
        place, done = fold_whole(connection, projection, now(), generation, batch), done + len(batch)
        progress(min(done, head), head)
    with locked(connection, projection, generation):
        track(connection, tracked_as(projection.name, generation), Tracking(LOG, head))


def fold_whole(
    connection: Connection[Any], projection: Projection, now: datetime, generation: int, batch: Sequence[Logged]
) -> tuple[UUID, int]:
    """Fold these events, and return the aggregate and the version of the last."""
    with locked(connection, projection, generation):
        projection.fold(connection, generation, [batch], now)
    _, aggregate_id, version, _, _ = batch[-1]
    return UUID(bytes=aggregate_id), version


def only_here(connection: Connection[Any], projection: Projection) -> None:
    """Allow only one rebuild. The lock is held for as long as the connection lives."""
    found = connection.execute(
        "SELECT pg_try_advisory_lock(hashtext('plantrail rebuild'), hashtext(%s))", (projection.name,)
    ).fetchone()
    if found != (True,):
        raise RebuildUnderWay(RebuildUnderWay.__doc__)


def go_live(connection: Connection[Any], projection: Projection, now: Now, generation: int) -> None:
    """Those who follow wait for a moment, so that the new table has come at least as far as they had brought the
    old."""
    with connection.transaction():
        found = connection.execute(LOCK_ANY, (projection.name,)).fetchone()
        reached = come_to(connection, projection.name, found[0]) if found else 0
        while (advance(connection, projection, now(), generation, REBUILD_STEP) or reached) < reached:
            pass
        for live in (False, True):
            connection.execute(
                "UPDATE plantrail.projections SET live = %s WHERE name = %s AND (generation = %s) = %s",
                (live, projection.name, generation, live),
            )


def clear_others(connection: Connection[Any], projection: Projection) -> None:
    """Delete the rows of other generations: of the previous table, or of an interrupted rebuild."""
    others = connection.execute(
        "SELECT generation FROM plantrail.projections WHERE name = %s AND NOT live", (projection.name,)
    ).fetchall()
    for (generation,) in others:
        while projection.clear(connection, generation):
            pass
        whose = {"name": projection.name, "generation": generation, "tracked": tracked_as(projection.name, generation)}
        connection.execute(FORGET, whose)
