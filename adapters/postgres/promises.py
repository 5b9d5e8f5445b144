"""The table of the open promises of all plans, which follows the log, and the queries of it.

An event only marks its plan. The promises of a marked plan are listed again from its current state, once for any number
of events. The table holds what finds a promise and none of its text; that is read from the plans that a page shows.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from adapters.events.stored_format import EVENTS_BY_TOPIC
from adapters.observability.outages import Outages
from adapters.postgres.account_aliases import with_named
from adapters.postgres.datastore import Datastore
from adapters.postgres.followers import Follower
from adapters.postgres.marked_plans import MarkedPlansTable, ReadPlans, clear_batch
from adapters.postgres.portfolio import by_plan, visible_to
from adapters.postgres.projections import (
    Logged,
    Now,
)
from application.aggregates.access import Caller
from application.portfolio.promises import (
    Noun,
    PlanPromise,
    PromisePosition,
    PromiseRow,
    PromisesOfAPlan,
    PromisesPage,
    PromisesQuery,
    cursor_of,
    position_of,
    rows_of,
)
from application.views.plan_names import plans_named
from domain.account_plan.plan import Plan
from domain.account_plan.promises import PROMISES
from domain.language import same_person

NAME = "promises"
SHAPE = 1
"""The number of the table's shape. Raise it when a row is made in another way."""
SHARE_OF_TIME = 0.05
"""The follower's share of the time while others record. Nobody waits for this table."""
PLANS_AT_A_TIME = 20
"""Plans listed in one transaction at most, so that the follower can stop within a second."""

IDLE = {topic for topic, event in EVENTS_BY_TOPIC.items() if event.noun not in {Plan.noun, *PROMISES}}
"""The topics of events that change neither a promise nor the plan's time zone."""

MARK = (
    "INSERT INTO plantrail.plans_to_list (generation, plan_id, position)"
    " SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[])"
    " ON CONFLICT (generation, plan_id) DO UPDATE SET position = excluded.position"
)
MARKED = "SELECT plan_id FROM plantrail.plans_to_list WHERE generation = %s LIMIT %s"
LISTED = "DELETE FROM plantrail.plans_to_list WHERE generation = %s AND plan_id = ANY(%s)"
# Few promises of a plan differ from before, and only those are written.
LIST = (
    "WITH listed AS ("
    "  SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[],"
    "   %s::timestamptz[]) AS listed (plan_id, noun, id, kind, owner, side, due_on, overdue_at)"
    "), gone AS ("
    "  DELETE FROM plantrail.promises AS p WHERE generation = %s AND plan_id = ANY(%s)"
    "   AND NOT EXISTS (SELECT FROM listed AS l WHERE l.plan_id = p.plan_id AND l.noun = p.noun AND l.id = p.id)"
    ") INSERT INTO plantrail.promises AS p"
    "   (generation, plan_id, noun, id, kind, owner, side, due_on, overdue_at) SELECT %s, * FROM listed"
    "  ON CONFLICT (generation, plan_id, noun, id) DO UPDATE"
    "   SET (kind, owner, side, due_on, overdue_at)"
    "    = (excluded.kind, excluded.owner, excluded.side, excluded.due_on, excluded.overdue_at)"
    "   WHERE (p.kind, p.owner, p.side, p.due_on, p.overdue_at) IS DISTINCT FROM"
    "    (excluded.kind, excluded.owner, excluded.side, excluded.due_on, excluded.overdue_at)"
)
COLUMNS = len(PromiseRow._fields) + 1
STILL_MARKED = "SELECT EXISTS (SELECT FROM plantrail.plans_to_list WHERE generation = %s AND position <= %s)"


class PromisesTable:
    """The table as a projection of the log (`adapters.postgres.projections.Projection`)."""

    name = NAME
    shape = SHAPE

    def __init__(self, read: ReadPlans) -> None:
        self._read = read

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], _now: datetime
    ) -> None:
        for events in batches:
            marked = by_plan(event for event in events if event[3] not in IDLE)
            last = [of_plan[-1][0] for of_plan in marked.values()]
            if marked:
                connection.execute(MARK, (generation, list(marked), last), prepare=True)

    def is_due(self, connection: Connection[Any], generation: int, _now: datetime) -> bool:
        return connection.execute(MARKED, (generation, 1), prepare=True).fetchone() is not None

    def age(self, connection: Connection[Any], generation: int, _now: datetime) -> None:
        marked = connection.execute(MARKED, (generation, PLANS_AT_A_TIME), prepare=True).fetchall()
        plans = [plan_id for (plan_id,) in marked]
        rows = [
            (plan_id, *row)
            for plan_id, known in zip(plans, self._read(plans), strict=True)
            for row in rows_of(known.state)
        ]
        columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in range(COLUMNS))
        connection.execute(LIST, (*columns, generation, plans, generation), prepare=True)
        connection.execute(LISTED, (generation, plans), prepare=True)

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        return clear_batch(connection, generation, (NAME, "plans_to_list"))


# Asking


def statement(query: PromisesQuery, after: PromisePosition | None, caller: Caller | None) -> str:
    """Return the SQL statement of a query. It selects one row more than requested, which shows whether there is another
    page. The portfolio says who may see a plan."""
    place = ["(due_on, plan_id, noun, id) > (%(day)s, %(plan_id)s, %(noun)s, %(id)s)"]
    return (
        "SELECT due_on, plan_id, noun, id FROM plantrail.promises"
        " JOIN (SELECT plan_id, people FROM plantrail.portfolio"
        "  WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
        " ) AS p USING (plan_id)"
        " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'promises' AND live) AND "
        + " AND ".join((*wanted(query), *visible_to(caller), *(place if after else ()), "true"))
        + " ORDER BY due_on, plan_id, noun, id LIMIT %(most)s"
    )


def wanted(query: PromisesQuery) -> Iterator[str]:
    if query.owner:
        yield "owner = %(owner)s"
    if query.plan:
        yield "plan_id = ANY(%(named)s::uuid[])"
    if query.state != "open":
        yield "overdue_at <= %(now)s" if query.state == "overdue" else "overdue_at > %(now)s"
    if query.due_before:
        yield "due_on < %(due_before)s"
    if query.kind:
        yield "noun = %(kind)s" if query.kind in PROMISES else "kind = %(kind)s"
    if query.side:
        yield "side = %(side)s"


def values(query: PromisesQuery, after: PromisePosition | None, caller: Caller | None, now: datetime) -> dict[str, Any]:
    return {
        "owner": query.owner and same_person(query.owner),
        "named": list(plans_named(query.plan)) if query.plan else [],
        "due_before": query.due_before,
        "kind": query.kind,
        "side": query.side,
        "now": now,
        "most": query.limit + 1,
        **({"actor": caller.actor, "plans": list(caller.plans or ())} if caller else {}),
        **dict(zip(("day", "plan_id", "noun", "id"), after or (None,) * 4, strict=True)),
    }


class PostgresPromises(MarkedPlansTable):
    """The promises of all plans (`application.portfolio.promises.AllPromises`)."""

    def __init__(self, datastore: Datastore, read: ReadPlans, now: Now) -> None:
        super().__init__(datastore, PromisesTable(read), STILL_MARKED, now)
        self._read = read

    def query(self, query: PromisesQuery, caller: Caller | None = None) -> PromisesPage:
        after, now = position_of(query.cursor) if query.cursor else None, self._now()
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            wanted = values(query, after, caller, now)
            wanted["named"] = with_named(connection, wanted["named"])
            rows = cursor.execute(statement(query, after, caller), wanted).fetchall()
        places = [PromisePosition(**row) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        items = list(self._shown(places, now))
        return PromisesPage.model_construct(items=items, next=cursor_of(places[-1]) if more else None)

    def _shown(self, places: Sequence[PromisePosition], now: datetime) -> Iterator[PlanPromise]:
        """Yield the promises with their text. Each plan is read once, and not kept. A promise that no longer exists is
        left out."""
        asked: dict[UUID, dict[tuple[Noun, str], int]] = {}
        for place, each in enumerate(places):
            asked.setdefault(each.plan_id, {})[each.noun, each.id] = place
        shown: list[PlanPromise | None] = [None] * len(places)
        for of_plan, known in zip(asked.values(), self._read(list(asked)), strict=True):
            promises = PromisesOfAPlan(known, now, of_plan.keys())
            for key, place in of_plan.items():
                shown[place] = promises.shown(*key)
        return (each for each in shown if each)

    def follower(self, outages: Outages | None = None) -> Follower:
        """Return a follower that keeps the table up to date. The caller starts and stops it."""
        return Follower(self._datastore, self._table, self._now, outages, share_of_time=SHARE_OF_TIME)
