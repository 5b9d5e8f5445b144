"""The application recorder of eventsourcing: every event is recorded and read through it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    StoredEvent,
    Tracking,
)
from psycopg import Connection, Rollback
from psycopg.rows import TupleRow

from adapters.observability.outages import Outages
from adapters.postgres.append import Append, Appended, append
from adapters.postgres.datastore import UNUSABLE, Datastore
from adapters.postgres.errors import persistence_error
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.group_commit import GroupCommit
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.stored_events import COLUMNS, as_uuid, notifications
from adapters.postgres.subscription import PlanSubscription
from application.aggregates.ports import Answer
from application.feed.cursors import MOST_POSITION

ROWS = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version"
)
# The id is selected as bytes, which cost less to read and to compare than UUIDs.
OF_AGGREGATE = "uuid_send(originator_id), originator_version, notification_id, topic, state"
OF_EACH = (
    f"SELECT {OF_AGGREGATE} FROM unnest(%s::uuid[], %s::bigint[]) AS known (id, version)"
    " JOIN plantrail.stored_events ON originator_id = known.id AND originator_version > known.version"
    " ORDER BY originator_id, originator_version"
)
WHOLE = f"SELECT {OF_AGGREGATE} FROM plantrail.stored_events WHERE originator_id = %s ORDER BY originator_version"
NEXT_AGGREGATES = (
    f"SELECT {OF_AGGREGATE} FROM plantrail.stored_events WHERE originator_id > %s"
    " ORDER BY originator_id, originator_version LIMIT %s"
)
EVENTS_AT_A_TIME = 5_000
"""Events that one query reads when all aggregates are read."""
BETWEEN = (
    f"SELECT {COLUMNS} FROM plantrail.stored_events WHERE originator_id = %s"
    " AND originator_version > %s AND originator_version <= %s ORDER BY originator_version {} LIMIT %s"
)
FORWARDS, BACKWARDS = BETWEEN.format("ASC"), BETWEEN.format("DESC")
NOTIFICATIONS = (
    f"SELECT {COLUMNS} FROM plantrail.stored_events WHERE notification_id >= %s AND notification_id <= %s"
    " AND (%s::text[] IS NULL OR topic = ANY (%s)) ORDER BY notification_id LIMIT %s"
)
LAST_POSITION = "SELECT max(notification_id) FROM plantrail.stored_events"


class PlanRecorder(ApplicationRecorder):
    """Records and reads the events of every aggregate. Its errors are those of eventsourcing. It fails within seconds,
    because it does not repeat a failed append ten times as the library's own recorder does."""

    def __init__(
        self,
        datastore: Datastore,
        committer: GroupCommit,
        feed: PostgresFeed,
        watch: PostgresLogWatch,
        outages: Outages | None = None,
    ) -> None:
        self._datastore = datastore
        self._committer = committer
        self._feed = feed
        self._watch = watch
        self._outages = outages

    # Recording

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        expected: int | None = None,
        answer: Answer | None = None,
        tracking: Tracking | None = None,
        **_: Any,
    ) -> list[int]:
        """Record all of the events or none, and return their positions on the log.

        The versions of an aggregate begin at 1 and have no gap. The aggregate must be at the version before its first
        new event; `expected` gives that version where there are no events. An `answer` to an Idempotency-Key is
        recorded in the same transaction, also without events. Raises `IntegrityError` if an aggregate is at another
        version or the key was answered before, `OperationalError` if nothing was recorded, and its subclass
        `OutcomeUnknown` if it is unknown whether the events were recorded.
        """
        if tracking is not None:
            raise NotSupportedError("The log records no tracking: record it with a tracking recorder.")
        if not stored_events and answer is None:
            return []
        if len(stored_events) > 1 and len({event.originator_id for event in stored_events}) > 1:
            return self._inserted_together(stored_events, expected, answer)
        wanted = append_of(stored_events, expected, answer)
        try:
            appended = self._committer.append(wanted)
        except psycopg.Error as error:
            raise persistence_error(error) from error
        return positions_of(wanted, appended)

    async def insert_events_async(
        self, stored_events: Sequence[StoredEvent], *, expected: int, answer: Answer | None
    ) -> list[int]:
        """Record events of one aggregate as `insert_events` does, without holding a thread meanwhile."""
        wanted = append_of(stored_events, expected, answer)
        try:
            appended = await self._committer.append_async(wanted)
        except psycopg.Error as error:
            raise persistence_error(error) from error
        return positions_of(wanted, appended)

    def _inserted_together(
        self, stored_events: Sequence[StoredEvent], expected: int | None, answer: Answer | None
    ) -> list[int]:
        if expected is not None or answer is not None:
            raise NotSupportedError("An expected version and an answer are those of one aggregate.")
        streams: dict[UUID | str, list[StoredEvent]] = {}
        for event in stored_events:
            streams.setdefault(event.originator_id, []).append(event)
        wanted = [append_of(events) for events in streams.values()]
        appended = self.insert_together(wanted)
        if appended is None:
            raise IntegrityError("One of the aggregates is not at the version before its first event.")
        positions = dict[tuple[UUID | str, int], int]()
        for events, each, outcome in zip(streams.values(), wanted, appended, strict=True):
            for event, position in zip(events, positions_of(each, outcome), strict=True):
                positions[event.originator_id, event.originator_version] = position
        return [positions[event.originator_id, event.originator_version] for event in stored_events]

    def insert_together(
        self, appends: Sequence[Append], check: Callable[[Connection[TupleRow]], None] = lambda _: None
    ) -> list[Appended] | None:
        """Record the events of several aggregates or commands, in order, all or none. Returns None if one of the
        aggregates has a newer version.

        `check` is called under the append lock. It may read the log, and refuses by raising an error.
        """
        with self._connection() as connection, connection.transaction() as transaction:
            connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
            check(connection)
            outcomes: list[Appended] = []
            for batch in batches(appends):
                outcomes += append(connection, batch)
                if not all(appended.recorded for appended in outcomes):
                    raise Rollback(transaction)
            return outcomes
        return None

    # Reading

    def rows(self, aggregate_id: UUID, after: int = 0) -> Sequence[TupleRow]:
        """Return the version, position, topic and state of every event of an aggregate after a version, in order."""
        with self._connection() as connection:
            return connection.execute(ROWS, (aggregate_id, after), prepare=True, binary=True).fetchall()

    def rows_of_each(self, versions: Mapping[UUID, int]) -> Iterator[tuple[UUID, Sequence[TupleRow]]]:
        """Yield aggregates with their `rows`, each after a version of its own. Aggregates without such rows are left
        out."""
        if not versions:
            return
        with self._connection() as connection:
            asked = (list(versions), list(versions.values()))
            rows = connection.execute(OF_EACH, asked, prepare=True, binary=True).fetchall()
        for aggregate_id, its_rows in groupby(rows, key=itemgetter(0)):
            yield UUID(bytes=aggregate_id), [row[1:] for row in its_rows]

    def rows_of_many(self, after_id: UUID) -> Iterator[tuple[UUID, Sequence[TupleRow]]]:
        """Yield the `rows` of every aggregate after an id, in the order of their ids, each in its state when its turn
        comes.

        Few rows are in memory at a time, and no connection is held between two aggregates.
        """
        while rows := self._next_aggregates(after_id):
            for aggregate_id, its_rows in groupby(rows, key=itemgetter(0)):
                after_id = UUID(bytes=aggregate_id)
                yield after_id, [row[1:] for row in its_rows]

    def _next_aggregates(self, last: UUID) -> Sequence[TupleRow]:
        """Return the events of the next aggregates: at least one, and each complete."""
        with self._connection() as connection:
            asked = (last, EVENTS_AT_A_TIME)
            rows = connection.execute(NEXT_AGGREGATES, asked, prepare=True, binary=True).fetchall()
            if len(rows) < EVENTS_AT_A_TIME:
                return rows
            first, cut_off = rows[0][0], rows[-1][0]
            if first != cut_off:
                return [row for row in rows if row[0] != cut_off]
            return connection.execute(WHOLE, (UUID(bytes=first),), prepare=True, binary=True).fetchall()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """Return notifications, which unlike stored events know their positions."""
        bounds = (originator_id, 0 if gt is None else gt, MOST_POSITION if lte is None else lte, limit)
        with self._connection() as connection:
            cursor = connection.execute(BACKWARDS if desc else FORWARDS, bounds, prepare=True, binary=True)
            return notifications(cursor.fetchall())

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = (start or 0) + (0 if inclusive_of_start else 1)
        wanted = list(topics) or None
        bounds = (first, MOST_POSITION if stop is None else stop, wanted, wanted, limit)
        with self._connection() as connection:
            return notifications(connection.execute(NOTIFICATIONS, bounds, prepare=True, binary=True).fetchall())

    def max_notification_id(self) -> int | None:
        with self._connection() as connection:
            row = connection.execute(LAST_POSITION, prepare=True).fetchone()
        return row[0] if row else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PlanSubscription:
        """Its `__next__` raises `LogReplaced` if position `gt` belongs to another log."""
        return PlanSubscription(self, self._feed, self._watch, self._outages, gt, topics)

    @contextmanager
    def _connection(self) -> Iterator[Connection[TupleRow]]:
        with self._datastore.connection() as connection:
            try:
                yield connection
            except UNUSABLE:
                raise  # the datastore converts these
            except psycopg.Error as error:
                raise persistence_error(error) from error


def append_of(
    stored_events: Sequence[StoredEvent], expected: int | None = None, answer: Answer | None = None
) -> Append:
    """Return events of one aggregate in the form that the committer takes. Raises `IntegrityError` if their versions
    have a gap, because readers would take the gap for a lost event."""
    if not stored_events:
        assert answer is not None, "there is nothing to record"
        return Append(answer.aggregate_id, expected or 0, (), answer)
    first = stored_events[0]
    expected = first.originator_version - 1 if expected is None else expected
    for version, event in enumerate(stored_events, expected + 1):
        if event.originator_version != version:
            raise IntegrityError(
                f"Version {version} of {first.originator_id} must come next, not {event.originator_version}."
            )
    return Append(as_uuid(first.originator_id), expected, stored_events, answer)


def positions_of(wanted: Append, appended: Appended) -> list[int]:
    """Return the positions of the events of an append. They are consecutive, because nobody else draws positions while
    the append lock is held. Raises `IntegrityError` if the append was not recorded."""
    if not appended.recorded:
        raise IntegrityError(f"{wanted.aggregate_id} is not at version {wanted.expected}, or this was answered before.")
    last = appended.last_position
    return list(range(last - len(wanted.stored_events) + 1, last + 1))


def batches(appends: Iterable[Append]) -> Iterator[list[Append]]:
    """Split appends into batches in which each aggregate occurs once, and keep their order."""
    batch: list[Append] = []
    for each in appends:
        if any(each.aggregate_id == other.aggregate_id for other in batch):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch
