"""The record of plan events, kept in eventsourcing's table in PostgreSQL."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from uuid import UUID

from psycopg.rows import TupleRow
from pydantic_core import from_json

from adapters.postgres.datastore import Datastore
from adapters.postgres.group_commit import Append, GroupCommit
from adapters.postgres.person_keys import PostgresPersonKeys
from adapters.stored_format import OPEN_END, decode, encode, meta_of, people_spoken_of
from application.ports import Answer, Commit
from domain.record import Recorded

READ = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version"
)
ANSWERED = (
    "SELECT a.scope, a.body, a.plan_id, a.answer, coalesce(("
    "  SELECT notification_id FROM plantrail.stored_events"
    "  WHERE originator_id = a.plan_id AND originator_version = (a.answer->>'version')::bigint), 0)"
    " FROM plantrail.answers a WHERE a.scope = %s AND a.answered_at > now() - interval '24 hours'"
)


class PostgresEventStore:
    """See `application.ports.EventStore`."""

    def __init__(self, datastore: Datastore, keys: PostgresPersonKeys) -> None:
        self._datastore = datastore
        self._keys = keys
        self._committer = GroupCommit(datastore.conninfo)
        self._known_keys = KnownKeys(keys)

    def read(self, plan_id: UUID, after: int = 0) -> Sequence[Recorded]:
        with self._datastore.connection() as connection:
            rows = connection.execute(READ, (plan_id, after), prepare=True, binary=True).fetchall()
        keys = self._keys_for(plan_id, rows)
        return [decode(plan_id, version, position, topic, state, keys) for version, position, topic, state in rows]

    def _keys_for(self, plan_id: UUID, rows: Sequence[TupleRow]) -> dict[str, bytes]:
        sealed = [(topic, state) for _, _, topic, state in rows if not state.endswith(OPEN_END)]
        if not sealed:
            return {}
        forgotten = {from_json(row[3])["data"]["id"] for row in rows if row[2] == "StakeholderForgotten"}
        for who in forgotten:
            self._known_keys.drop(plan_id, who)
        people = {who for _, state in sealed for part in from_json(state)["sealed"] for who in part["about"]}
        known = self._known_keys.of(plan_id, people - forgotten)
        return {who: key for who, key in known.items() if who not in forgotten}

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        people = {who for each in commit.events for who in people_spoken_of(each)}
        keys = self._known_keys.made_for(commit.plan_id, people) if people else {}
        topics = [type(each.event).__name__ for each in commit.events]
        states = [
            encode(
                commit.plan_id,
                version,
                each.event,
                meta_of(each.at, commit.circumstances, each.command_id, each.reason),
                each.about,
                each.former_about,
                keys,
            )
            for version, each in enumerate(commit.events, commit.expected + 1)
        ]
        command_id = commit.events[0].command_id if commit.events else ""
        wish = Append(commit.plan_id, commit.expected, command_id, topics, states, commit.answer)
        appended = self._committer.append(wish)
        if not appended.recorded:
            return None
        first = appended.head_position - len(states) + 1
        return [
            decode(commit.plan_id, commit.expected + 1 + place, first + place, topic, state, keys)
            for place, (topic, state) in enumerate(zip(topics, states, strict=True))
        ]

    def answered(self, scope: bytes) -> Answer | None:
        with self._datastore.connection() as connection:
            row = connection.execute(ANSWERED, (scope,), prepare=True).fetchone()
        if row is None:
            return None
        scope, body, plan_id, content, position = row
        return Answer(scope, body, plan_id, content | {"position": position})

    def forget(self, plan_id: UUID, stakeholder: str) -> None:
        self._keys.destroy(plan_id, stakeholder)
        self._known_keys.drop(plan_id, stakeholder)

    def close(self) -> None:
        self._committer.close()


class KnownKeys:
    """The person keys of the plans used last."""

    MOST_PLANS = 500

    def __init__(self, keys: PostgresPersonKeys) -> None:
        self._keys = keys
        self._plans: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()
        self._lock = Lock()

    def of(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys there are for these people; a key that is not there is looked for again next time."""
        known = self._plans.get(plan_id, {})
        return known if known.keys() >= people else self._keep(plan_id, self._keys.of(plan_id))

    def made_for(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys of these people, each made where there is none."""
        known = self._plans.get(plan_id, {})
        missing = people - known.keys()
        return self._keep(plan_id, self._keys.ensure(plan_id, missing)) if missing else known

    def drop(self, plan_id: UUID, stakeholder: str) -> None:
        with self._lock:
            known = self._plans.get(plan_id, {})
            self._plans[plan_id] = {who: key for who, key in known.items() if who != stakeholder}

    def _keep(self, plan_id: UUID, keys: dict[str, bytes]) -> dict[str, bytes]:
        with self._lock:
            self._plans[plan_id] = keys
            self._plans.move_to_end(plan_id)
            while len(self._plans) > self.MOST_PLANS:
                self._plans.popitem(last=False)
        return keys
