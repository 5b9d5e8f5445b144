"""The portfolio: the table of the rows of `application.portfolio.row`, updated from the log, and its queries."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import ValidationError
from pydantic_core import to_json

from adapters.events.partial_read import read_partial_event
from adapters.events.stored_format import EVENTS_BY_TOPIC, decode_all, topic_of, topics_of_aggregate
from adapters.observability.outages import Outages
from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.followers import Follower
from adapters.postgres.loop_queries import read
from adapters.postgres.portfolio_lines import SHOWN, WRITTEN_AS, PortfolioLines
from adapters.postgres.portfolio_rows import read_row, to_store
from adapters.postgres.projections import (
    Logged,
    Now,
    Progress,
    ProjectionState,
    RebuildUnderWay,
    catch_up,
    connected,
    reached,
    rebuild,
    rebuild_if_outdated,
    state_of,
)
from application.aggregates.access import Caller
from application.portfolio.ports import TableState
from application.portfolio.projector import CannotBeFolded, NeedsWholeHistory, PartialEvent, PortfolioProjector
from application.portfolio.query import (
    CursorPosition,
    PortfolioPage,
    PortfolioQuery,
    SortKey,
    WrittenPage,
    cursor_of,
    key_of,
    name_key,
    place_of,
)
from application.portfolio.row import SHAPE, PortfolioItem, PortfolioRow, search_text, shown
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import TIER_RANKS
from domain.program.charter import PROGRAM_ID
from domain.program.policy import PolicyAdopted
from domain.record import Recorded

NAME = "portfolio"
SECONDS_AT_REST = 0.02
"""Seconds between two steps of the follower; the table may lag this far behind the log."""
SHARE_OF_TIME = 0.25
"""The follower's share of the time while others record. It is large because callers wait to see what they recorded."""
ROWS_AT_A_TIME = 1_000
MOST_REMEMBERED = 1_000

STATE = (
    "SELECT (SELECT id FROM plantrail.log), generation, written FROM plantrail.projections"
    " WHERE name = 'portfolio' AND live"
)
LIVE = "SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live"
WRITTEN = ("generation", *SHOWN, "people", "name_key", "search_text", "tier_rank", "changes_at", "line")

LINES = "SELECT plan_id, line::text FROM plantrail.portfolio WHERE generation = %s AND plan_id = ANY(%s)"
HISTORY = (
    "SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version <= %s ORDER BY originator_version"
)
# What changes with nearly every event stands beside the wide row too, for the order that it is listed in.
SAVE = (
    "WITH saved AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::plantrail.portfolio, %s)), counted AS ("
    "  INSERT INTO plantrail.portfolio_open_promises AS p (of_generation, of_plan, of_archived, how_many)"
    "   SELECT generation, plan_id, archived, open_promises FROM saved"
    "  ON CONFLICT (of_generation, of_plan) DO UPDATE"
    "   SET (of_archived, how_many) = (excluded.of_archived, excluded.how_many)"
    "   WHERE (p.of_archived, p.how_many) <> (excluded.of_archived, excluded.how_many)"
    f") INSERT INTO plantrail.portfolio ({', '.join(WRITTEN)}) SELECT {', '.join(WRITTEN)} FROM saved"
    f" ON CONFLICT (generation, plan_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in WRITTEN)}"
)
DUE = (
    "SELECT line::text FROM plantrail.portfolio WHERE generation = %s AND changes_at <= %s ORDER BY changes_at LIMIT %s"
)
ELSEWHERE = (
    "SELECT FROM plantrail.portfolio p WHERE plan_id = %(plan_id)s AND NOT people @> ARRAY[%(person)s::text]"
    f" AND generation = ({LIVE})"
    " AND version = (SELECT max(originator_version) FROM plantrail.stored_events e WHERE e.originator_id = p.plan_id)"
)
NEW_NUMBERS = topic_of(PolicyAdopted.__name__)
MARK_ALL = "UPDATE plantrail.portfolio SET changes_at = '-infinity' WHERE generation = %s"
ADOPTED = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND topic = %s AND originator_version > %s ORDER BY originator_version"
)
CLEAR = (
    "DELETE FROM plantrail.portfolio WHERE generation = %(generation)s AND plan_id IN"
    " (SELECT plan_id FROM plantrail.portfolio WHERE generation = %(generation)s LIMIT %(most)s)"
)

T = TypeVar("T")


# The table


OF_OTHERS = EVENTS_BY_TOPIC.keys() - topics_of_aggregate(ACCOUNT_PLAN)
"""The topics of events of other aggregates than plans."""


class PortfolioTable:
    """The table as a projection of the log (`adapters.postgres.projections.Projection`)."""

    name = NAME
    shape = SHAPE

    def __init__(self) -> None:
        self._remembered: OrderedDict[UUID, PortfolioProjector] = OrderedDict()
        self._adopted: list[Recorded] = []
        self._connection: Connection[Any] | None = None
        """The connection on which they were read."""

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], now: datetime
    ) -> None:
        self._begin_on(connection)
        changed: dict[UUID, PortfolioProjector] = {}
        for events in batches:
            news = by_plan(events)
            before = self._before(connection, generation, news, changed)
            for plan_id, of_plan in news.items():
                changed[plan_id] = self._continued(connection, before[plan_id], plan_id, of_plan)
            if any(topic == NEW_NUMBERS for _, _, _, topic, _ in events):
                connection.execute(MARK_ALL, (generation,))
        for some in batched(changed.values(), ROWS_AT_A_TIME):
            self._save(connection, generation, [folding.row() for folding in some], now)
        self._remember(changed)

    def is_due(self, connection: Connection[Any], generation: int, now: datetime) -> bool:
        return connection.execute(DUE, (generation, now, 1), prepare=True).fetchone() is not None

    def age(self, connection: Connection[Any], generation: int, now: datetime) -> None:
        self._begin_on(connection)
        rows = connection.execute(DUE, (generation, now, ROWS_AT_A_TIME), prepare=True).fetchall()
        self._save(connection, generation, [read_row(line) for (line,) in rows], now)

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        return connection.execute(CLEAR, {"generation": generation, "most": ROWS_AT_A_TIME}).rowcount > 0

    def _begin_on(self, connection: Connection[Any]) -> None:
        """Forget what was remembered if this is another connection: it may have been lost with the server before."""
        if connection is not self._connection:
            self._connection = connection
            self._remembered.clear()
            self._adopted.clear()

    def _before(
        self,
        connection: Connection[Any],
        generation: int,
        news: Mapping[UUID, Sequence[Logged]],
        changed: Mapping[UUID, PortfolioProjector],
    ) -> dict[UUID, PortfolioProjector]:
        """Return the state to which each plan's new events are applied.

        A cached state with the version before the new events equals the row, because both follow from the same events.
        """
        at_hand = {plan_id: changed.get(plan_id) or self._remembered.pop(plan_id, None) for plan_id in news}
        before = {
            plan_id: folding
            for plan_id, folding in at_hand.items()
            if folding and folding.version == news[plan_id][0][2] - 1
        }
        others = [plan_id for plan_id in news if plan_id not in before]
        rows = connection.execute(LINES, (generation, others), prepare=True).fetchall() if others else ()
        lines = {plan_id: read_row(line) for plan_id, line in rows}
        return before | {plan_id: PortfolioProjector(lines.get(plan_id)) for plan_id in others}

    def _continued(
        self, connection: Connection[Any], folding: PortfolioProjector, plan_id: UUID, events: Sequence[Logged]
    ) -> PortfolioProjector:
        try:
            folding.add(self._partial_events(plan_id, events))
        except NeedsWholeHistory:
            _, _, last, _, _ = events[-1]
            folding = PortfolioProjector()
            folding.add(self._partial_events(plan_id, connection.execute(HISTORY, (plan_id, last), binary=True)))
        return folding

    def _partial_events(self, plan_id: UUID, events: Iterable[Logged]) -> list[PartialEvent]:
        seen: list[PartialEvent] = []
        position, topic, see = 0, "", seen.append
        try:
            for position, _, version, topic, state in events:
                see(read_partial_event(plan_id, version, position, topic, state))
        except ValidationError as error:
            raise CannotBeFolded(topic, position) from error
        return seen

    def _save(self, connection: Connection[Any], generation: int, lines: Iterable[PortfolioRow], now: datetime) -> None:
        rows, policies = [], self._policies(connection)
        for line in lines:
            item, changes_at, people, text = shown(line, now, policies)
            keys = {"people": people, "name_key": name_key(item.account_name), "tier_rank": TIER_RANKS[item.tier]}
            stored = {"search_text": text, "changes_at": changes_at, "line": to_store(line)}
            rows.append({"generation": generation, **item.__dict__, **keys, **stored})
        connection.execute(SAVE, (to_json(rows).decode(),), prepare=True)

    def _policies(self, connection: Connection[Any]) -> Sequence[Recorded]:
        """Return the policies that were adopted. Policies that were read before are not read again."""
        known = self._adopted[-1].version if self._adopted else 0
        rows = connection.execute(ADOPTED, (PROGRAM_ID, NEW_NUMBERS, known), prepare=True, binary=True).fetchall()
        self._adopted += decode_all(PROGRAM_ID, rows, {})
        return self._adopted

    def _remember(self, foldings: Mapping[UUID, PortfolioProjector]) -> None:
        self._remembered.update(foldings)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def by_plan(events: Iterable[Logged]) -> dict[UUID, list[Logged]]:
    """Group the events by plan. Events of unknown aggregates are kept, because nothing may be skipped."""
    plans = defaultdict(list)
    for event in events:
        if event[3] not in OF_OTHERS:
            plans[event[1]].append(event)
    return {UUID(bytes=plan): of_plan for plan, of_plan in plans.items()}


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, most)):
        yield some


# Queries

COLUMNS: Mapping[SortKey, str] = {
    "account_name": "name_key",
    "arr": "arr",
    "renews_on": "renews_on",
    "open_promises": "how_many",
    "overdue": "overdue",
    "last_review_on": "last_review_on",
    "tier": "tier_rank",
}
"""The column that each sort key sorts by."""
MAY_BE_EMPTY = {"arr", "renews_on", "last_review_on"}


class Ordered(NamedTuple):
    """What a list is read from, and the columns of which its index is made, beside the one that it is sorted by."""

    tables: str = "plantrail.portfolio"
    generation: str = "generation"
    plan: str = "plan_id"
    archived: str = "archived"


ORDERED = Ordered()
ORDERED_BY_PROMISES = Ordered(
    "plantrail.portfolio_open_promises JOIN plantrail.portfolio ON (generation, plan_id) = (of_generation, of_plan)",
    "of_generation",
    "of_plan",
    "of_archived",
)


def statement(
    query: PortfolioQuery, after: CursorPosition | None, caller: Caller | None, columns: Sequence[str] = SHOWN
) -> str:
    """Return the SQL statement of a query. It selects one row more than requested, which shows whether there is another
    page.

    Rows with an empty value are selected separately, after the others: to continue after a row by the index, the row
    needs a value.
    """
    name = key_of(query.sort)
    key, way, beyond = COLUMNS[name], *(("DESC", "<") if query.sort.startswith("-") else ("ASC", ">"))
    tables, generation, plan, archived = ORDERED_BY_PROMISES if name == "open_promises" else ORDERED
    with_value, without = [f"{key} IS NOT NULL"], [f"{key} IS NULL"]
    if after and after.value is not None:
        with_value.append(f"({key}, {plan}) {beyond} (%(value)s, %(plan_id)s)")
    elif after:
        without.append(f"{plan} {beyond} %(plan_id)s")
    parts = [with_value] if after is None or after.value is not None else []
    parts += [without] if name in MAY_BE_EMPTY else []
    ordered = [
        f"(SELECT {', '.join(columns)}, {key} AS sorted_by FROM {tables}"
        f" WHERE {generation} = ({LIVE}) AND {archived} = %(archived)s"
        f" AND {' AND '.join((*wanted(query), *visible_to(caller), *part))}"
        f" ORDER BY {key} {way}, {plan} {way} LIMIT %(most)s)"
        for part in parts
    ]
    return (
        f"SELECT * FROM ({' UNION ALL '.join(ordered)}) AS page"
        f" ORDER BY sorted_by IS NULL, sorted_by {way}, plan_id {way} LIMIT %(most)s"
    )


def wanted(query: PortfolioQuery) -> Iterator[str]:
    if query.tier:
        yield "tier_rank = ANY(%(tiers)s)"
    if query.owner:
        yield "owner = %(owner)s"
    if query.person:
        yield "people @> ARRAY[%(person)s::text]"
    if query.stale is not None:
        yield "stale_sections <> '{}'" if query.stale else "stale_sections = '{}'"
    if query.overdue is not None:
        yield "overdue > 0" if query.overdue else "overdue = 0"
    if query.renews_before:
        yield "renews_on < %(renews_before)s"
    if query.q:
        yield "search_text LIKE %(words)s" if search_text(query.q) else "starts_with(name_key, %(q)s)"


def visible_to(caller: Caller | None) -> Iterator[str]:
    """Yield the SQL conditions that limit a query to plans that the caller may see, like `Caller.sees` for one plan."""
    if caller and caller.plans is not None:
        at_work = "people @> ARRAY[%(actor)s::text] OR " if caller.works_on_plans else ""
        yield f"({at_work}plan_id = ANY(%(plans)s::uuid[]))"


def scope_of(caller: Caller | None) -> dict[str, Any]:
    """Return the parameters of `visible_to`."""
    return {"actor": caller.actor, "plans": list(caller.plans or ())} if caller else {}


def values(query: PortfolioQuery, after: CursorPosition | None, caller: Caller | None) -> dict[str, Any]:
    place = after._asdict() if after else {}
    tiers = [TIER_RANKS[tier] for tier in query.tier]
    q = query.q or ""
    sought = {"q": name_key(q), "words": f"%{search_text(q)}%"}
    return query.__dict__ | place | scope_of(caller) | sought | {"tiers": tiers, "most": query.limit + 1}


class PostgresPortfolio:
    """The portfolio (`application.portfolio.ports.Portfolio`)."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._lines = PortfolioLines(datastore)

    async def written(self, query: PortfolioQuery, caller: Caller | None = None) -> WrittenPage:
        """Return a page as the JSON that is sent (`application.portfolio.ports.Portfolio`)."""
        after = place_of(query.cursor, query.sort) if query.cursor else None
        asked = statement(query, after, caller, (WRITTEN_AS, "plan_id")), values(query, after, caller)
        with unavailable():
            found = await self._datastore.in_loop.run(*asked)
        more, rows = found.ntuples > query.limit, range(min(found.ntuples, query.limit))
        lines = await self._lines.of([found.get_value(row, 0) or b"" for row in rows])
        place = CursorPosition(read(found, rows[-1], 2), read(found, rows[-1], 1)) if more else None
        next = cursor_of(place, query.sort) if place else None
        return WrittenPage(b'{"items":[%b],"next":%b}' % (b",".join(lines), to_json(next)), next)

    async def state(self) -> TableState:
        """Return the state of the table (`application.portfolio.ports.Portfolio`)."""
        with unavailable():
            found = await self._datastore.in_loop.run(STATE, {})
        return TableState(self._datastore.timeline.named(read(found, 0, 0)), read(found, 0, 1), read(found, 0, 2))

    def query(self, query: PortfolioQuery, caller: Caller | None = None) -> PortfolioPage:
        after = place_of(query.cursor, query.sort) if query.cursor else None
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            rows = cursor.execute(
                statement(query, after, caller), values(query, after, caller), prepare=True
            ).fetchall()
        places = [CursorPosition(row.pop("sorted_by"), row["plan_id"]) for row in rows[: query.limit]]
        items = [PortfolioItem(**row) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return PortfolioPage(items=items, next=cursor_of(places[-1], query.sort) if more else None)

    def people(self, most: int, caller: Caller | None = None) -> list[str]:
        where = " AND ".join((f"generation = ({LIVE})", *visible_to(caller)))
        asked = (
            f"SELECT DISTINCT unnest(people) AS person FROM plantrail.portfolio WHERE {where} ORDER BY 1 LIMIT %(most)s"
        )
        with self._datastore.connection() as connection:
            return [person for (person,) in connection.execute(asked, {**scope_of(caller), "most": most})]

    def position(self) -> int:
        """Return the position up to which the table includes the log. Raises `StoreUnavailable`."""
        with self._datastore.connection() as connection:
            return state_of(connection, NAME).position

    def knows_not_on_team(self, person: str, plan_id: UUID) -> bool:
        with self._datastore.connection() as connection:
            asked = {"person": person, "plan_id": plan_id}
            return connection.execute(ELSEWHERE, asked, prepare=True).fetchone() is not None

    def includes(self, position: int) -> bool:
        with self._datastore.connection() as connection:
            return reached(state_of(connection, NAME), position)

    def catch_up(self, now: Now) -> ProjectionState:
        """Update the table now, for a process without a follower. Raises `StoreUnavailable`."""
        with unavailable(), connected(self._datastore) as connection:
            *_, at = catch_up(connection, PortfolioTable(), now)
            if at.shape < SHAPE:
                with suppress(RebuildUnderWay):
                    rebuild_if_outdated(self._datastore, PortfolioTable(), now)
                *_, at = catch_up(connection, PortfolioTable(), now)
            return at

    def follower(self, now: Now, outages: Outages | None = None) -> Follower:
        """Return a follower that keeps the table up to date. The caller starts and stops it."""
        return Follower(self._datastore, PortfolioTable(), now, outages, SECONDS_AT_REST, SHARE_OF_TIME)

    def rebuild(self, now: Now, progress: Progress = lambda _done, _total: None) -> None:
        """Rebuild the table while the old one serves (`adapters.postgres.projections.rebuild`)."""
        rebuild(self._datastore, PortfolioTable(), now, progress)
