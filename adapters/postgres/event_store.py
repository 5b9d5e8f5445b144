"""The event store port, implemented by the application of eventsourcing."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from uuid import UUID

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from eventsourcing.persistence import IntegrityError
from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.events.stored_format import (
    FORGETTING,
    MetaToRecord,
    decode_all,
    is_open,
    speaks_of_people,
    topics_of_aggregate,
)
from adapters.postgres.account_aliases import NotVacant, check_vacant, plan_named_by
from adapters.postgres.application import AccountPlanApplication
from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.people import PostgresPeople
from adapters.postgres.recorder import append_of
from application.aggregates.ports import Answer, Commit
from application.aggregates.traces import Traces
from application.scenarios.simulation import SOURCE, RealEventsHeld
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import PlanNotOpen
from domain.record import Recorded

ANSWERED = (
    "SELECT a.scope, a.body, a.plan_id, a.answer, coalesce(("
    "  SELECT notification_id FROM plantrail.stored_events"
    "  WHERE originator_id = a.plan_id AND originator_version = (a.answer->>'version')::bigint), 0)"
    " FROM plantrail.answers a WHERE a.scope = %s AND a.answered_at > now() - interval '24 hours'"
)
MOST_NEWS = 50
"""The largest number of new events that are decoded on the event loop."""
NEWS = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %(id)s AND originator_version > %(after)s"
    f" ORDER BY originator_version LIMIT {MOST_NEWS + 1}"
)
PURGE = (
    "DELETE FROM plantrail.answers WHERE scope IN ("
    " SELECT scope FROM plantrail.answers WHERE answered_at <= now() - interval '24 hours'"
    " ORDER BY answered_at LIMIT %s)"
)
MOST_PURGED = 1_000
SEALING_AT_ONCE = 32
"""Threads for commits that contain text about people, whose keys may have to be read from the database."""
OF_PLANS = topics_of_aggregate(ACCOUNT_PLAN)
HOLDS_REAL_EVENTS = (
    "SELECT EXISTS (SELECT FROM plantrail.stored_events"
    " WHERE convert_from(state, 'UTF8')::json #>> '{meta,source}' IS DISTINCT FROM %s)"
)


class PostgresEventStore:
    """The event store (`application.aggregates.ports.EventStore` and `application.reports.ports.Histories`)."""

    def __init__(self, application: AccountPlanApplication, datastore: Datastore, erasures: PostgresErasures) -> None:
        self._people = PostgresPeople(datastore)
        self._events = application.events
        self._recorder = application.recorder
        self._mapper = application.mapper
        self._datastore = datastore
        self._erasures = erasures
        self._threads = CapacityLimiter(SEALING_AT_ONCE)

    def read(self, plan_id: UUID, after: int = 0) -> Sequence[Recorded]:
        return self._events.read(plan_id, after)

    def read_new_events(self, versions: Mapping[UUID, int]) -> Mapping[UUID, Sequence[Recorded]]:
        return {id: self._mapper.recorded(id, rows) for id, rows in self._recorder.rows_of_each(versions)}

    async def read_async(self, plan_id: UUID, after: int) -> Sequence[Recorded] | None:
        """See `application.aggregates.ports.EventStore`."""
        with unavailable():
            found = await self._datastore.in_loop.run(NEWS, {"id": plan_id, "after": after})
        texts = [[found.get_value(row, column) or b"" for column in range(4)] for row in range(found.ntuples)]
        rows = [
            (int(version), int(position), topic.decode(), bytes.fromhex(state[2:].decode()))
            for version, position, topic, state in texts
        ]
        if len(rows) > MOST_NEWS or any(topic in FORGETTING or not is_open(state) for _, _, topic, state in rows):
            return None
        return self._mapper.recorded(plan_id, rows)

    def history(self, plan_id: UUID) -> LoadedPlan:
        """Return the current state of a plan. Raises `StoreUnavailable`."""
        return LoadedPlan.of(ACCOUNT_PLAN, plan_id, self.read(plan_id))

    def histories(self, after_plan: UUID | None = None, with_words: bool = True) -> Iterator[LoadedPlan]:
        """Yield every plan with an id after this one, in the order of ids, each in its state when its turn comes.

        Few plans are in memory at a time, and no connection is held between them. Without words, sealed text reads as
        if everybody were forgotten. Raises `StoreUnavailable`.
        """
        for plan_id, rows in self._recorder.rows_of_many(after_plan or UUID(int=0)):
            if rows[0][2] in OF_PLANS:
                records = self._mapper.recorded(plan_id, rows) if with_words else decode_all(plan_id, rows, {})
                yield LoadedPlan.of(ACCOUNT_PLAN, plan_id, records)

    def without_words(self, plan_id: UUID) -> LoadedPlan:
        """Return the current state of a plan, also by an alias of its id, as if everybody were forgotten. Raises
        `PlanNotOpen`, `StoreUnavailable`."""
        for known in self.histories(UUID(int=plan_id.int - 1), with_words=False):
            if known.id == plan_id:
                return known
            break
        other = self.named_by(plan_id)
        if other is None:
            raise PlanNotOpen
        return self.without_words(other)

    def last_position(self) -> int:
        """Return the position of the last event on the log. As long as it is the same, so is everything on the log."""
        return self._recorder.max_notification_id() or 0

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        if commit.beside or commit.vacant:
            return self._append_with_others(commit)
        try:
            recorded = self._events.record(to_be_recorded(commit), expected=commit.expected, answer=commit.answer)
        except IntegrityError:
            return None
        self._people.note((commit.context.actor, commit.context.on_behalf_of))
        return recorded

    async def append_async(self, commit: Commit) -> Sequence[Recorded] | None:
        if any(speaks_of_people(each.event, each) for each in commit.events):
            return await run_sync(self.append, commit, limiter=self._threads)
        try:
            return await self._events.record_async(
                to_be_recorded(commit), expected=commit.expected, answer=commit.answer
            )
        except IntegrityError:
            return None

    def _append_with_others(self, commit: Commit) -> Sequence[Recorded] | None:
        try:
            if not self._insert([commit, *commit.beside], lambda connection: check_vacant(connection, commit.vacant)):
                return None
        except NotVacant:
            return None
        self._people.note((commit.context.actor, commit.context.on_behalf_of))
        return self.read(commit.aggregate_id, commit.expected)[: len(commit.events)]

    def named_by(self, id: UUID) -> UUID | None:
        with self._datastore.connection() as connection:
            return plan_named_by(connection, id)

    def holds_real_events(self) -> bool:
        with self._datastore.connection() as connection:
            return _holds_real_events(connection)

    def append_together(self, commits: Sequence[Commit]) -> bool:
        """See `application.scenarios.simulation.SimulationStore`."""
        recorded = self._insert(commits, _refuse_beside_real_events)
        if recorded:
            self._erasures.sweep()
            self._people.note({who for each in commits for who in (each.context.actor, each.context.on_behalf_of)})
        return recorded

    def _insert(self, commits: Sequence[Commit], check: Callable[[Connection[TupleRow]], None]) -> bool:
        """Record commits of several aggregates, all or none. Returns False if one of the aggregates has a newer
        version."""
        wanted = [
            append_of(list(map(self._mapper.to_stored_event, to_be_recorded(commit))), commit.expected, commit.answer)
            for commit in commits
        ]
        return self._recorder.insert_together(wanted, check) is not None

    def answered(self, scope: bytes) -> Answer | None:
        with self._datastore.connection() as connection:
            row = connection.execute(ANSWERED, (scope,), prepare=True).fetchone()
        if row is None:
            return None
        scope, body, plan_id, content, position = row
        return Answer(scope, body, plan_id, content | {"position": position})

    def purge(self) -> int:
        """Delete kept answers that are too old, a limited number per call, so that nobody has to wait. Returns the
        number."""
        with self._datastore.connection() as connection:
            return connection.execute(PURGE, (MOST_PURGED,)).rowcount

    def knows(self, ids: Collection[str]) -> bool:
        return self._people.knows(ids)

    def meet(self, ids: Collection[str]) -> None:
        self._people.meet(ids)

    def remembers(self, ids: Collection[str]) -> bool:
        return self._people.remembers(ids)

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        return self._people.strangers(ids)

    def forget(self, forgotten: Recorded, traces: Traces) -> None:
        self._erasures.complete(forgotten.aggregate_id, forgotten.version, forgotten.stored, traces)


def to_be_recorded(commit: Commit) -> list[Recorded]:
    """Return the events of a commit with their versions. Their positions on the log are not known yet."""
    return [
        Recorded(commit.aggregate_id, version, 0, MetaToRecord.of(each, commit.context), each.event)
        for version, each in enumerate(commit.events, commit.expected + 1)
    ]


def _holds_real_events(connection: Connection[TupleRow]) -> bool:
    row = connection.execute(HOLDS_REAL_EVENTS, (SOURCE,)).fetchone()
    return row == (True,)


def _refuse_beside_real_events(connection: Connection[TupleRow]) -> None:
    if _holds_real_events(connection):
        raise RealEventsHeld(RealEventsHeld.__doc__)
