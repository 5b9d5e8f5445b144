"""Findings: those of one plan in times of its fold, a page of those of a thousand plans, and a midnight over ten
thousand.

The midnight is the first after which some verdict may be another one. Nine plans in ten are copies whose verdicts hold
longer.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import perf_counter, process_time
from typing import Any

import psycopg

from adapters.bootstrap.http_service import tune_garbage_collection
from adapters.bootstrap.store import findings_across_plans, utc_now
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.store import Store
from application.findings.across import FindingsQuery
from application.findings.judging import findings_view
from application.views.cuts import cut_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import plan_id_of
from tests.bench import rebuilding
from tests.bench.history import rows

EVENTS_OF_ONE = 1_000
PLANS = 1_000
EVENTS = 20
RUNS = 20
TOLD = 10_000
COPY = (
    "INSERT INTO plantrail.judged_plans"
    " SELECT generation, gen_random_uuid(), judged, judged_on, timezone, changes_at + interval '2 days', signs, words"
    " FROM plantrail.judged_plans, generate_series(2, %s)"
)
FIRST = "SELECT min(changes_at) FROM plantrail.judged_plans"
DUE = "SELECT count(*) FROM plantrail.judged_plans WHERE changes_at <= %s"


def measure(store: Store) -> dict[str, Any]:
    tune_garbage_collection()
    rebuilding.fill(store, PLANS, EVENTS)
    moment = Moment(utc_now())
    table = findings_across_plans(store, moment)
    store.portfolio.catch_up(moment)
    judging = timed(table.catch_up)
    with psycopg.connect(store.where.owner, autocommit=True) as owner:
        owner.execute("ANALYZE plantrail.findings, plantrail.judged_plans, plantrail.portfolio")  # as autovacuum does
    page = best(lambda: table.query(FindingsQuery(limit=50)).model_dump_json())
    with psycopg.connect(store.where.service) as connection:
        connection.execute(COPY, (TOLD // PLANS,))
        moment.at = connection.execute(FIRST).fetchall()[0][0]
        touched = connection.execute(DUE, (moment.at,)).fetchall()[0][0]
    return {
        "findings_in_folds": in_folds(),
        "plans": PLANS,
        "judged_a_second": round(PLANS / judging),
        "page_milliseconds": round(page * 1e3, 1),
        "plans_at_midnight": TOLD,
        "touched_at_midnight": touched,
        "midnight_seconds": round(timed(table.catch_up), 2),
    }


class Moment:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def in_folds() -> float:
    """Return how long it takes to judge a plan that was just folded, as a multiple of the time to fold it."""
    plan_id = plan_id_of("bench")
    known = LoadedPlan.of(ACCOUNT_PLAN, plan_id, PlanMapper().recorded(plan_id, rows("bench", EVENTS_OF_ONE)))
    events = [record.event for record in known.records]
    cut = cut_at("now", known, known.records[-1].meta.recorded_at)

    def fold() -> LoadedPlan:
        return replace(known, state=ACCOUNT_PLAN.fold(events))

    folding = best(fold, process_time)
    return round((best(lambda: findings_view(fold(), cut), process_time) - folding) / folding, 2)


def best(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    return min(timed(work, clock) for _ in range(RUNS))


def timed(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    began = clock()
    work()
    return clock() - began
