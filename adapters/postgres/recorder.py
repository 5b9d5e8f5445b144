"""The log as the library's application recorder: every event is recorded and read here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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

from adapters.postgres.datastore import Datastore
from adapters.postgres.errors import persistence_error
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.group_commit import Append, Appended, GroupCommit, append
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.stored_events import COLUMNS, notifications
from adapters.postgres.subscription import PlanSubscription
from application.aggregates.ports import Answer
from application.feed.cursors import MOST_POSITION

ROWS = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version"
)
WHOLE = f"SELECT {COLUMNS} FROM plantrail.stored_events WHERE originator_id = %s ORDER BY originator_version"
NEXT_AGGREGATES = (
    f"SELECT {COLUMNS} FROM plantrail.stored_events WHERE originator_id > %s"
    " ORDER BY originator_id, originator_version LIMIT %s"
)
EVENTS_AT_A_TIME = 5_000
"""Of the aggregates that are read one after the other."""
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
    """The log of every aggregate.  Whatever is asked of it raises the library's errors, after seconds and not minutes."""

    def __init__(
        self, datastore: Datastore, committer: GroupCommit, feed: PostgresFeed, watch: PostgresLogWatch
    ) -> None:
        self._datastore = datastore
        self._committer = committer
        self._feed = feed
        self._watch = watch

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
        """Record all of the events or none, and say their positions on the log.

        The versions of an aggregate begin at 1 and none is left out: it must be at the version before the first event,
        or at `expected`.  An `answer` to an Idempotency-Key is recorded along, also where nothing happened.
        Raises `IntegrityError` where the aggregate is at another version or the key was answered, `OperationalError`
        where nothing is known to be recorded, and of those `OutcomeUnknown` where it may have been.
        """
        if tracking is not None:
            raise NotSupportedError("This log records no tracking; it belongs into the database of the projection.")
        if not stored_events and answer is None:
            return []
        if len({event.originator_id for event in stored_events}) > 1:
            return self._inserted_together(stored_events, expected, answer)
        wanted = append_of(stored_events, expected, answer)
        try:
            appended = self._committer.append(wanted)
        except psycopg.Error as error:
            raise persistence_error(error) from error
        if not appended.recorded:
            raise IntegrityError(f"{wanted.plan_id} is not at version {wanted.expected}, or this was answered before.")
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
        """Record what belongs to several aggregates or to several commands, in this order, all or nothing; None where one
        of them has moved on.  Under the lock of all writers, `check` may look at the log and refuse by an error.
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

    def rows(self, plan_id: UUID, after: int = 0) -> Sequence[TupleRow]:
        """Of one aggregate: version, position, topic and state of every event after a version, in order."""
        with self._connection() as connection:
            return connection.execute(ROWS, (plan_id, after), prepare=True, binary=True).fetchall()

    def rows_of_many(self, after_plan: UUID) -> Iterator[tuple[UUID, Sequence[TupleRow]]]:
        """The `rows` of every aggregate after one, in the order of their ids, each as it stands when its turn comes.

        However many they are, few are in memory, and no connection is kept between them.
        """
        while rows := self._next_aggregates(after_plan):
            for plan_id, its_rows in groupby(rows, key=itemgetter(1)):
                after_plan = plan_id
                yield plan_id, [(version, position, topic, state) for position, _, version, topic, state in its_rows]

    def _next_aggregates(self, last: UUID) -> Sequence[TupleRow]:
        """The events of the aggregates that follow: of whole ones, of one at least."""
        with self._connection() as connection:
            asked = (last, EVENTS_AT_A_TIME)
            rows = connection.execute(NEXT_AGGREGATES, asked, prepare=True, binary=True).fetchall()
            if len(rows) < EVENTS_AT_A_TIME:
                return rows
            first, cut_off = rows[0][1], rows[-1][1]
            if first != cut_off:
                return [row for row in rows if row[1] != cut_off]
            return connection.execute(WHOLE, (first,), prepare=True, binary=True).fetchall()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """As notifications, for an event of ours knows its position on the log."""
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
        """Its `__next__` raises `LogReplaced` where position `gt` is of another log."""
        return PlanSubscription(self, self._feed, self._watch, gt, topics)

    @contextmanager
    def _connection(self) -> Iterator[Connection[TupleRow]]:
        with self._datastore.connection() as connection:
            try:
                yield connection
            except (psycopg.OperationalError, psycopg.InterfaceError):
                raise  # which the datastore tells apart
            except psycopg.Error as error:
                raise persistence_error(error) from error


def append_of(
    stored_events: Sequence[StoredEvent], expected: int | None = None, answer: Answer | None = None
) -> Append:
    """Events of one aggregate as the committer takes them.  Raises `IntegrityError` where a version is left out or comes
    twice, which a reader could not tell from an event that is missing."""
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
    return Append(UUID(str(first.originator_id)), expected, stored_events, answer)


def positions_of(wanted: Append, appended: Appended) -> list[int]:
    """Under the lock nobody else draws a position: those of one append follow one another."""
    last = appended.last_position
    return list(range(last - len(wanted.stored_events) + 1, last + 1))


def batches(appends: Iterable[Append]) -> Iterator[list[Append]]:
    """In their order, each aggregate once in a batch."""
    batch: list[Append] = []
    for each in appends:
        if any(each.plan_id == other.plan_id for other in batch):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch
