"""The record of plan events, kept in eventsourcing's table in PostgreSQL."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from secrets import token_bytes
from threading import Lock
from uuid import UUID

from psycopg import Connection, Rollback
from psycopg.rows import TupleRow
from pydantic_core import from_json

from adapters.events.stored_format import (
    FORGETTING,
    OPEN_END,
    Keys,
    as_written,
    decode_all,
    encode,
    meta_of,
    people_spoken_of,
    topic_of,
    topics_of_aggregate,
)
from adapters.postgres.datastore import Datastore
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.group_commit import Append, GroupCommit, append
from adapters.postgres.person_keys import PostgresPersonKeys
from application.aggregates.ports import Answer, Commit
from application.scenarios.simulation import SOURCE, RealEventsHeld
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.record import Recorded

READ = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version"
)
NEXT_PLANS = (
    "SELECT originator_id, originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id > %s ORDER BY originator_id, originator_version LIMIT %s"
)
EVENTS_AT_A_TIME = 5_000
LAST_POSITION = "SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events"
ANSWERED = (
    "SELECT a.scope, a.body, a.plan_id, a.answer, coalesce(("
    "  SELECT notification_id FROM plantrail.stored_events"
    "  WHERE originator_id = a.plan_id AND originator_version = (a.answer->>'version')::bigint), 0)"
    " FROM plantrail.answers a WHERE a.scope = %s AND a.answered_at > now() - interval '24 hours'"
)
PURGE = (
    "DELETE FROM plantrail.answers WHERE scope IN ("
    " SELECT scope FROM plantrail.answers WHERE answered_at <= now() - interval '24 hours'"
    " ORDER BY answered_at LIMIT %s)"
)
MOST_PURGED = 1_000
OF_PLANS = topics_of_aggregate(ACCOUNT_PLAN)
HOLDS_REAL_EVENTS = (
    "SELECT EXISTS (SELECT FROM plantrail.stored_events"
    " WHERE convert_from(state, 'UTF8')::json #>> '{meta,source}' IS DISTINCT FROM %s)"
)


class PostgresEventStore:
    """See `application.aggregates.ports.EventStore` and `application.reports.ports.Histories`."""

    def __init__(self, datastore: Datastore, keys: PostgresPersonKeys, erasures: PostgresErasures) -> None:
        self._datastore = datastore
        self._keys = keys
        self._erasures = erasures
        self._committer = GroupCommit(datastore.connect)
        self._known_keys = PersonKeyCache(keys)
        erasures.when_forgotten(self._known_keys.drop)

    def read(self, plan_id: UUID, after: int = 0) -> Sequence[Recorded]:
        with self._datastore.connection() as connection:
            rows = connection.execute(READ, (plan_id, after), prepare=True, binary=True).fetchall()
        return self._decoded(plan_id, rows)

    def _decoded(self, plan_id: UUID, rows: Sequence[TupleRow]) -> Sequence[Recorded]:
        return decode_all(plan_id, rows, self._keys_for(plan_id, rows))

    def histories(self, after_plan: UUID | None = None) -> Iterator[LoadedPlan]:
        """Every plan there is after one, in the order of their ids, each as it stands when its turn comes.

        However many they are, few are in memory, and no connection is kept between them.  Raises `StoreUnavailable`.
        """
        last = after_plan or UUID(int=0)
        while rows := self._next_plans(last):
            for last, with_id in groupby(rows, key=itemgetter(0)):
                its_rows = [row[1:] for row in with_id]
                if its_rows[0][2] in OF_PLANS:
                    yield LoadedPlan.of(ACCOUNT_PLAN, last, self._decoded(last, its_rows))

    def _next_plans(self, last: UUID) -> Sequence[TupleRow]:
        """The events of the plans that follow: of whole plans, of one at least."""
        with self._datastore.connection() as connection:
            rows = connection.execute(NEXT_PLANS, (last, EVENTS_AT_A_TIME), prepare=True, binary=True).fetchall()
            if len(rows) < EVENTS_AT_A_TIME:
                return rows
            first, cut_off = rows[0][0], rows[-1][0]
            if first != cut_off:
                return [row for row in rows if row[0] != cut_off]
            whole = connection.execute(READ, (first, 0), prepare=True, binary=True).fetchall()
            return [(first, *row) for row in whole]

    def last_position(self) -> int:
        """Where the log ends: as long as it is the same, so is everything there is."""
        with self._datastore.connection() as connection:
            row = connection.execute(LAST_POSITION, prepare=True).fetchone()
        return row[0] if row else 0

    def _keys_for(self, plan_id: UUID, rows: Sequence[TupleRow]) -> dict[str, bytes]:
        """The keys of the people these events speak of; a key that outlived the forgetting of its person goes now."""
        forgotten = {from_json(row[3])["data"]["id"] for row in rows if row[2] in FORGETTING}
        sealed = [from_json(state)["sealed"] for _, _, _, state in rows if not state.endswith(OPEN_END)]
        people = {who for parts in sealed for part in parts for who in part["about"]}
        known = self._known_keys.of(plan_id, people) if people else {}
        for who in forgotten & known.keys():
            self._keys.destroy(plan_id, who)
            self._known_keys.drop(plan_id)
        return {who: key for who, key in known.items() if who not in forgotten}

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        wish, keys = self._written(commit)
        appended = self._committer.append(wish)
        if not appended.recorded:
            return None
        first = appended.last_position - len(wish.states) + 1
        return [
            as_written(each.event, commit.aggregate_id, commit.expected + 1 + place, first + place, topic, state, keys)
            for place, (each, topic, state) in enumerate(zip(commit.events, wish.topics, wish.states, strict=True))
        ]

    def holds_real_events(self) -> bool:
        with self._datastore.connection() as connection:
            return holds_real_events(connection)

    def append_together(self, commits: Sequence[Commit]) -> bool:
        """See `application.scenarios.simulation.SimulationStore`."""
        wishes, recorded = [self._written(commit)[0] for commit in commits], False
        with self._datastore.connection() as connection, connection.transaction() as transaction:
            connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
            if holds_real_events(connection):
                raise RealEventsHeld(RealEventsHeld.__doc__)
            for batch in batches(wishes):
                if not all(appended.recorded for appended in append(connection, batch)):
                    raise Rollback(transaction)
            recorded = True
        if recorded:
            self._erasures.sweep()
        return recorded

    def _written(self, commit: Commit) -> tuple[Append, Keys]:
        """What a commit is in the log, and the keys that open it."""
        people = {who for each in commit.events for who in people_spoken_of(each)}
        keys = self._known_keys.made_for(commit.aggregate_id, people) if people else {}
        # Somebody forgotten has no key: what is said of them still is sealed with one that nobody keeps.
        sealing = keys | {who: token_bytes(32) for who in people - keys.keys()} if people else keys
        topics = [topic_of(type(each.event).__name__) for each in commit.events]
        states = [
            encode(
                commit.aggregate_id,
                version,
                each.event,
                meta_of(each.at, commit.context, each.command_id, each.reason),
                each.about,
                each.former_about,
                sealing,
            )
            for version, each in enumerate(commit.events, commit.expected + 1)
        ]
        command_id = commit.events[0].command_id if commit.events else ""
        return Append(commit.aggregate_id, commit.expected, command_id, topics, states, commit.answer), keys

    def answered(self, scope: bytes) -> Answer | None:
        with self._datastore.connection() as connection:
            row = connection.execute(ANSWERED, (scope,), prepare=True).fetchone()
        if row is None:
            return None
        scope, body, plan_id, content, position = row
        return Answer(scope, body, plan_id, content | {"position": position})

    def purge(self) -> int:
        """Delete answers that are too old to be given again, so many at most that nobody waits for it; says how
        many."""
        with self._datastore.connection() as connection:
            return connection.execute(PURGE, (MOST_PURGED,)).rowcount

    def forget(self, forgotten: Recorded) -> None:
        self._erasures.complete(forgotten.aggregate_id, forgotten.version, forgotten.stored)

    def close(self) -> None:
        self._committer.close()


def holds_real_events(connection: Connection[TupleRow]) -> bool:
    row = connection.execute(HOLDS_REAL_EVENTS, (SOURCE,)).fetchone()
    return row == (True,)


def batches(appends: Iterable[Append]) -> Iterator[list[Append]]:
    """In their order, each plan once in a batch."""
    batch: list[Append] = []
    for each in appends:
        if any(each.plan_id == other.plan_id for other in batch):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch


class PersonKeyCache:
    """The person keys of the plans used last."""

    MOST_PLANS = 500

    def __init__(self, keys: PostgresPersonKeys) -> None:
        self._keys = keys
        self._plans: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()
        self._dropped = 0
        self._lock = Lock()

    def of(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys there are for these people; a key that is not there is looked for again next time."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        return known if known.keys() >= people else self._keep(plan_id, self._keys.of(plan_id), dropped)

    def made_for(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys of these people, each made where there is none; but nobody forgotten gets one again."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        missing = people - known.keys()
        return self._keep(plan_id, self._keys.ensure(plan_id, missing), dropped) if missing else known

    def drop(self, plan_id: UUID) -> None:
        with self._lock:
            self._plans.pop(plan_id, None)
            self._dropped += 1

    def _keep(self, plan_id: UUID, keys: dict[str, bytes], dropped: int) -> dict[str, bytes]:
        """Unless some were dropped since they were asked for: these may be among them."""
        with self._lock:
            if dropped == self._dropped:
                self._plans[plan_id] = keys
                self._plans.move_to_end(plan_id)
            while len(self._plans) > self.MOST_PLANS:
                self._plans.popitem(last=False)
        return keys
