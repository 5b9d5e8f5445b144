"""The figures of all plans by month: read from the table for months that are over, computed for others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Literal
from pydantic import TypeAdapter

from adapters.events.stored_format import FORGETTING, decode
from adapters.observability.outages import Outages
from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.followers import Follower
from adapters.postgres.month_ends_table import NAME, MonthEndsTable
from adapters.postgres.portfolio import batched, visible_to
from adapters.postgres.projections import (
    Now,
    Progress,
    ProjectionState,
    RebuildUnderWay,
    catch_up,
    connected,
    rebuild,
    rebuild_if_outdated,
    state_of,
)
from application.aggregates.access import Caller
from application.measures.measure import ALL, Adding, MeasureName
from application.measures.measured import measured_months
from application.measures.month_end import COLUMNS, SHAPE, GroupBy, Summed, month_end, summed
from application.measures.registry import MEASURES
from application.reports.months import LATEST_ZONE, Month
from application.reports.plan_month import KeptMonth
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded
from domain.things import day_of

MONTHS_AT_A_TIME = 6
"""Months that one statement adds up. For ten thousand plans this takes a second or two."""

SECONDS_AT_REST = 0.25
"""Seconds between two steps of the follower; the table may lag this far behind the log."""
LIVE = "(SELECT generation FROM plantrail.projections WHERE name = '{}' AND live)"
OF_MONTHS = f"FROM plantrail.month_ends WHERE generation = {LIVE.format(NAME)} AND month = ANY(%(months)s)"
HEAD = "month, in_group, name, currency, policy_version"
ADDED: Mapping[Adding, str] = {
    "sum": "count(*), ARRAY[sum((value->>0)::numeric)]",
    "ratio": "count(*), ARRAY[sum((value->>0)::numeric), sum((value->>1)::numeric)]",
    "median": "count(DISTINCT plan_id), array_agg(number::numeric)",
}
"""For each way of adding: the SQL that returns the number of plans and the sums of the parts of their figures."""
NUMBERS = ", jsonb_array_elements_text(value) AS number"
WAITING = (
    f"SELECT EXISTS (SELECT FROM plantrail.month_end_plans WHERE generation = {LIVE.format(NAME)} AND next_month <= %s)"
)
NEXT_EVENT = (
    "SELECT originator_id, originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT 1"
)
# The topics are literals in the statement, because the partial index on these events is used only then.
LAST_FORGOTTEN = SQL(
    "SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events WHERE topic IN ({})"
).format(SQL(", ").join(map(Literal, sorted(FORGETTING))))

_kept = TypeAdapter(KeptMonth).validate_json


class PostgresMonthEnds:
    """The months of plans (`application.measures.ports.MonthEnds` and `application.reports.ports.KeptMonths`)."""

    def __init__(self, datastore: Datastore, events: PostgresEventStore) -> None:
        self._datastore = datastore
        self._events = events

    # Measures

    def sums(
        self,
        months: Sequence[Month],
        measures: Sequence[MeasureName],
        by: GroupBy,
        now: datetime,
        caller: Caller | None = None,
        currency: str | None = None,
    ) -> Iterator[Summed]:
        with self._datastore.connection() as connection:
            kept = [month for month in months if _is_kept(connection, month, now)]
        for some in batched(kept, MONTHS_AT_A_TIME):
            yield from self._from_table(some, measures, by, caller, currency)
        others = [month for month in months if month not in kept]
        if others:
            yield from self._computed(others, measures, by, now, caller, currency)

    def _from_table(
        self,
        months: Sequence[Month],
        measures: Sequence[MeasureName],
        by: GroupBy,
        caller: Caller | None,
        currency: str | None,
    ) -> Iterator[Summed]:
        group, name = COLUMNS[by] or "NULL::text", "account_name" if by == "plan" else "NULL::text"
        head = f"month, {group} AS in_group, {name} AS name, currency, policy_version"
        of_plans = f"{OF_MONTHS}{_visible(caller)}{' AND currency = %(currency)s' if currency else ''}"
        values = {"months": [month.first for month in months], "currency": currency, **_values(caller)}
        with self._datastore.connection() as connection:
            for row in connection.execute(f"SELECT DISTINCT {head} {of_plans}".encode(), values).fetchall():
                yield Summed._make((*row, False, 0, None, ALL, ()))
            for measure in measures:
                adding = MEASURES[measure].adding
                figures = f"(SELECT {head}, plan_id, figures->'{measure}' AS figures {of_plans}) AS of_plans"
                each = "jsonb_each(figures)" + (NUMBERS if adding == "median" else "")
                statement = f"SELECT {HEAD}, key, {ADDED[adding]} FROM {figures}, {each} GROUP BY {HEAD}, key"
                for *of, key, plans, parts in connection.execute(statement.encode(), values).fetchall():
                    yield Summed._make((*of, False, plans, measure, key, tuple(parts)))

    def _computed(
        self,
        months: Sequence[Month],
        measures: Sequence[MeasureName],
        by: GroupBy,
        now: datetime,
        caller: Caller | None,
        currency: str | None,
    ) -> Iterator[Summed]:
        program = self.program()
        for known in self._events.histories(with_words=False):
            if caller is None or caller.sees(known, now):
                for at in measured_months(known, months, now, program):
                    if currency in (None, at.at.card.currency):
                        yield from summed(month_end(at, measures), by)

    def program(self) -> Sequence[Recorded]:
        return self._events.read(PROGRAM_ID)

    # The month report

    def state(self, month: Month, now: datetime, caller: Caller | None = None) -> str | None:
        with self._datastore.connection() as connection:
            if not _is_kept(connection, month, now):
                return None
            at = state_of(connection, NAME)
            (forgotten,) = connection.execute(LAST_FORGOTTEN).fetchone() or (0,)
        plans = b"".join(plan_id.bytes for (plan_id,) in self._rows("plan_id", month, caller))
        return sha256(b"%d %d %d " % (at.shape, at.generation, forgotten) + plans).hexdigest()[:32]

    def kept(self, month: Month, caller: Caller | None = None) -> Iterator[tuple[UUID, KeptMonth]]:
        for plan_id, report in self._rows("plan_id, report::text", month, caller):
            yield plan_id, _kept(report)

    def _rows(self, columns: str, month: Month, caller: Caller | None) -> Sequence[tuple[Any, ...]]:
        """Return columns of the rows of a month, in the order of plan ids."""
        values = {"months": [month.first], **_values(caller)}
        statement = f"SELECT {columns} {OF_MONTHS}{_visible(caller)} ORDER BY plan_id"
        with self._datastore.connection() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    # The table

    def catch_up(self, now: Now) -> ProjectionState:
        """Update the table now, for a process without a follower. Raises `StoreUnavailable`."""
        with unavailable(), connected(self._datastore) as connection:
            *_, at = catch_up(connection, MonthEndsTable(), now)
            if at.shape < SHAPE:
                with suppress(RebuildUnderWay):
                    rebuild_if_outdated(self._datastore, MonthEndsTable(), now)
                *_, at = catch_up(connection, MonthEndsTable(), now)
            return at

    def follower(self, now: Now, outages: Outages | None = None) -> Follower:
        """Return a follower that keeps the table up to date. The caller starts and stops it."""
        return Follower(self._datastore, MonthEndsTable(), now, outages, SECONDS_AT_REST)

    def rebuild(self, now: Now, progress: Progress = lambda _done, _total: None) -> None:
        """Rebuild the table while the old one serves (`adapters.postgres.projections.rebuild`)."""
        rebuild(self._datastore, MonthEndsTable(), now, progress)


def _is_kept(connection: Connection[Any], month: Month, now: datetime) -> bool:
    """Return whether a month is over in every time zone, and is in the table for every plan that existed in it."""
    if not month.is_over(now):
        return False
    at = state_of(connection, NAME)
    if at.shape != SHAPE:
        return False
    if connection.execute(WAITING, (month.first,), prepare=True).fetchone() != (False,):
        return False
    if at.position == at.head:
        return True
    # Events that are not folded yet may belong to a plan that the table does not contain.
    plan_id, version, position, topic, state = connection.execute(NEXT_EVENT, (at.position,), binary=True).fetchall()[0]
    recorded_at = decode(plan_id, version, position, topic, state, {}).meta.recorded_at
    return day_of(recorded_at, LATEST_ZONE) > month.last


def _visible(caller: Caller | None) -> str:
    """Return the SQL condition for plans that the caller may see now, according to the portfolio."""
    [*conditions] = visible_to(caller)
    if not conditions:
        return ""
    of_portfolio = " AND ".join([f"generation = {LIVE.format('portfolio')}", *conditions])
    return f" AND plan_id IN (SELECT plan_id FROM plantrail.portfolio WHERE {of_portfolio})"


def _values(caller: Caller | None) -> dict[str, Any]:
    return {"actor": caller.actor, "plans": list(caller.plans or ())} if caller else {}
