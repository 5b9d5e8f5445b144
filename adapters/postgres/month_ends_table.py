"""The table of month ends: the figures of each plan for each month, stored once the month is over.

The log only says which plans there are; months end by the clock. When a month has ended, its plan is read once and
every ended month of it is measured. No text about people is read for that, so forgetting a person changes no figure and
the table holds nothing about people.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from pydantic_core import to_json

from adapters.events.stored_format import decode, decode_all
from adapters.postgres.portfolio import by_plan
from adapters.postgres.projections import Logged
from application.measures.measure import MEASURE_NAMES
from application.measures.measured import Measured, measured_months
from application.measures.month_end import SHAPE, month_end
from application.reports.months import Month, months_between
from application.views.cuts import timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import PlanOpened
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded
from domain.things import day_of

NAME = "month_ends"
SETTLED = timedelta(minutes=5)
"""Time after the end of a month at which it is stored. Events stamped in its last moments are on the log by then."""
STEP_SECONDS = 0.5
"""Seconds for which one transaction takes on further plans, so that the follower can stop within a second."""
PLANS_AT_A_TIME = 200
ROWS_AT_A_TIME = 1_000

ZONES = "SELECT plan_id, timezone FROM plantrail.month_end_plans WHERE generation = %s AND plan_id = ANY(%s)"
# If an event is recorded late, in a month that is already stored, the month is stored again.
REGISTER = (
    "INSERT INTO plantrail.month_end_plans AS known (generation, plan_id, timezone, next_month, closes_at)"
    " SELECT generation, plan_id, timezone, next_month, closes_at"
    " FROM jsonb_populate_recordset(NULL::plantrail.month_end_plans, %s)"
    " ON CONFLICT (generation, plan_id) DO UPDATE SET next_month = excluded.next_month, closes_at = excluded.closes_at"
    " WHERE excluded.next_month < known.next_month"
)
DUE = (
    "SELECT plan_id, next_month FROM plantrail.month_end_plans WHERE generation = %s AND closes_at <= %s"
    " ORDER BY closes_at, plan_id LIMIT %s"
)
HISTORY = (
    "SELECT originator_version, notification_id, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s ORDER BY originator_version"
)
WRITTEN = (
    *("generation", "month", "plan_id", "account_id", "account_name", "owner", "tier", "segment", "territory"),
    *("currency", "policy_version", "figures", "report"),
)
KEEP = (
    f"INSERT INTO plantrail.month_ends ({', '.join(WRITTEN)})"
    f" SELECT {', '.join(WRITTEN)} FROM jsonb_populate_recordset(NULL::plantrail.month_ends, %s)"
    " ON CONFLICT (generation, month, plan_id) DO UPDATE"
    f" SET {', '.join(f'{name} = excluded.{name}' for name in WRITTEN[3:])}"
)
MOVE = (
    "UPDATE plantrail.month_end_plans SET timezone = %s, next_month = %s, closes_at = %s"
    " WHERE generation = %s AND plan_id = %s"
)
CLEAR = (
    "DELETE FROM plantrail.{table} WHERE generation = %(generation)s AND ctid IN"
    " (SELECT ctid FROM plantrail.{table} WHERE generation = %(generation)s LIMIT %(most)s)"
)


class MonthEndsTable:
    """The table as a projection of the log (`adapters.postgres.projections.Projection`)."""

    name = NAME
    shape = SHAPE

    def fold(
        self, connection: Connection[Any], generation: int, batches: Iterable[Sequence[Logged]], _now: datetime
    ) -> None:
        for events in batches:
            news = {plan_id: _first(plan_id, of_plan) for plan_id, of_plan in by_plan(events).items()}
            zones = dict(connection.execute(ZONES, (generation, list(news)), prepare=True).fetchall())
            rows = [self._registered(generation, plan_id, first, zones) for plan_id, first in news.items()]
            connection.execute(REGISTER, (to_json(rows).decode(),), prepare=True)

    def _registered(
        self, generation: int, plan_id: UUID, first: Recorded, zones: Mapping[UUID, str]
    ) -> Mapping[str, Any]:
        """Return the row that registers a plan, due when the month of its first new event has ended."""
        zone = first.event.timezone if isinstance(first.event, PlanOpened) else zones[plan_id]
        month = Month.of(day_of(first.meta.recorded_at, zone))
        return {
            "generation": generation,
            "plan_id": plan_id,
            "timezone": zone,
            "next_month": month.first,
            "closes_at": closes_at(month, zone),
        }

    def is_due(self, connection: Connection[Any], generation: int, now: datetime) -> bool:
        return connection.execute(DUE, (generation, now, 1), prepare=True).fetchone() is not None

    def age(self, connection: Connection[Any], generation: int, now: datetime) -> None:
        due = connection.execute(DUE, (generation, now, PLANS_AT_A_TIME), prepare=True).fetchall()
        program = decode_all(PROGRAM_ID, _history(connection, PROGRAM_ID), {})
        until = monotonic() + STEP_SECONDS
        for plan_id, next_month in due:
            self._keep(connection, generation, plan_id, next_month, now, program)
            if monotonic() > until:
                break

    def _keep(
        self,
        connection: Connection[Any],
        generation: int,
        plan_id: UUID,
        next_month: date,
        now: datetime,
        program: Sequence[Recorded],
    ) -> None:
        """Store the figures of every ended month of a plan, beginning with `next_month`."""
        records = decode_all(plan_id, _history(connection, plan_id), {})
        known = LoadedPlan.of(ACCOUNT_PLAN, plan_id, records)
        zone = timezone_of(known)
        under_way = Month.of(day_of(now - SETTLED, zone))
        months = months_between(Month.of(next_month), under_way.before(1))
        rows = [_row(generation, at) for at in measured_months(known, months, now, program)]
        connection.execute(KEEP, (to_json(rows, by_alias=False).decode(),), prepare=True)
        connection.execute(MOVE, (zone, under_way.first, closes_at(under_way, zone), generation, plan_id), prepare=True)

    def clear(self, connection: Connection[Any], generation: int) -> bool:
        values = {"generation": generation, "most": ROWS_AT_A_TIME}
        deleted = [
            connection.execute(CLEAR.format(table=table).encode(), values).rowcount
            for table in ("month_ends", "month_end_plans")
        ]
        return any(deleted)


def closes_at(month: Month, zone: str) -> datetime:
    """Return the time at which a month of a plan in this time zone is stored."""
    return datetime.combine(month.last + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC) + SETTLED


def _first(plan_id: UUID, events: Sequence[Logged]) -> Recorded:
    position, _, version, topic, state = events[0]
    return decode(plan_id, version, position, topic, state, {})


def _history(connection: Connection[Any], id: UUID) -> Sequence[tuple[Any, ...]]:
    return connection.execute(HISTORY, (id,), prepare=True, binary=True).fetchall()


def _row(generation: int, at: Measured) -> Mapping[str, Any]:
    end = month_end(at, MEASURE_NAMES)
    figures = {
        name: {key: list(map(str, parts)) for key, parts in found.items()} for name, found in end.figures.items()
    }
    return {
        **{name: getattr(end, name) for name in WRITTEN if name not in ("generation", "figures", "report")},
        "generation": generation,
        "figures": figures,
        "report": at.reported.kept(),
    }
