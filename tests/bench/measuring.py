"""Month ends: how many are kept in a second, and how long a month of ten thousand plans takes to tell.

The table is filled up to ten thousand plans with copies of those that were kept.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg

from adapters.postgres.store import Store
from adapters.rendering.streamed import written
from application.measures.measure import MeasureName
from application.measures.month_end import GroupBy
from application.measures.query import MeasuresQuery
from application.measures.series import measures_view
from application.reports.month_report import MonthReportBuilder
from application.reports.months import Month, month_named
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import plan_id_of
from tests.bench import rebuilding

PLANS = 50
EVENTS = 100
TOLD = 10_000
MONTH = "2025-02"
NOW = datetime(2025, 3, 2, tzinfo=UTC)
RUNS = 3

COPY = (
    "INSERT INTO plantrail.month_ends SELECT generation, month, gen_random_uuid(), account_id || copy, account_name,"
    " owner, tier, segment, territory, currency, policy_version, figures, report"
    " FROM plantrail.month_ends, generate_series(2, %s) AS copy"
)


def measure(store: Store) -> dict[str, Any]:
    rebuilding.fill(store, PLANS, EVENTS)
    began = perf_counter()
    store.month_ends.catch_up(lambda: NOW)
    keeping = perf_counter() - began
    with psycopg.connect(store.where.service) as connection:
        months = connection.execute("SELECT count(*) FROM plantrail.month_ends").fetchall()[0][0]
        connection.execute(COPY, (TOLD // PLANS,))
    month = month_named(MONTH, NOW)
    return {
        "plans": TOLD,
        "kept_a_second": round(months / keeping),
        "one_measure_seconds": _best(lambda: _view(store, ["arr_won"], "owner")),
        "three_measures_seconds": _best(lambda: _view(store, ["arr_won", "coverage", "findings"], "tier")),
        "one_measure_by_plan_seconds": _best(lambda: _view(store, ["arr_won"], "plan")),
        "report_seconds": _best(lambda: _report(store, month)),
        "state_seconds": _best(lambda: store.month_ends.state(month, NOW)),
    }


def _view(store: Store, measures: Sequence[MeasureName], by: GroupBy) -> str:
    query = MeasuresQuery.model_validate({"measure": measures, "from": MONTH, "to": MONTH, "by": by})
    return measures_view(query, store.month_ends, NOW).model_dump_json()


def _report(store: Store, month: Month) -> None:
    making, real = MonthReportBuilder(month, NOW), plan_id_of("portfolio-0")
    plans = (making.add_kept(*kept) for kept in store.month_ends.kept(month))

    def read(plan_id: UUID) -> LoadedPlan:
        known = store.events.history(plan_id)
        return known if known.records else store.events.history(real)  # copies have no history of their own

    for _ in written(making, plans, read):
        pass


def _best(ask: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        began = perf_counter()
        ask()
        best = min(best, perf_counter() - began)
    return round(best, 3)
