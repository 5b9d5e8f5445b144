"""Findings: those of one plan in times of its fold, a page of those of a thousand plans, those of the program at a cut
over a thousand plans, and a midnight over ten thousand.

The midnight is the first after which some verdict may be another one. Nine plans in ten are copies whose verdicts hold
longer.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import perf_counter, process_time
from typing import Any

import psycopg

from adapters.bootstrap.http_service import tune_garbage_collection
from adapters.bootstrap.store import findings_across_plans, the_program, utc_now
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.store import Store
from application.aggregates.ports import CommandContext
from application.findings.across import FindingsQuery
from application.findings.judging import findings_view
from application.findings.program import program_findings
from application.findings.standings import examined_at
from application.views.cuts import cut_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import plan_id_of
from domain.program.charter import PROGRAM_ID, OpenProgram
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
    seconds, megabytes = of_the_program(store)
    with psycopg.connect(store.where.service) as connection:
        connection.execute(COPY, (TOLD // PLANS,))
        moment.at = connection.execute(FIRST).fetchall()[0][0]
        touched = connection.execute(DUE, (moment.at,)).fetchall()[0][0]
    return {
        "findings_in_folds": in_folds(),
        "plans": PLANS,
        "judged_a_second": round(PLANS / judging),
        "page_milliseconds": round(page * 1e3, 1),
        "program_at_a_cut_seconds": round(seconds, 2),
        "program_at_a_cut_megabytes": round(megabytes, 1),
        "plans_at_midnight": TOLD,
        "touched_at_midnight": touched,
        "midnight_seconds": round(timed(table.catch_up), 2),
    }


def of_the_program(store: Store) -> tuple[float, float]:
    """Return how long the findings of the program at an instant take, for which every plan is folded, and how many
    megabytes Python holds meanwhile at most."""
    practice = the_program(store)
    context = CommandContext("bench", "api", "request", "conversation")
    practice.handle(PROGRAM_ID, [OpenProgram(name="Strategic accounts", currency="EUR")], context)
    known = practice.read(PROGRAM_ID)
    now = utc_now()
    cut = cut_at(now.isoformat(), known, now)

    def found() -> str:
        return program_findings(examined_at(known, cut, tuple, store.events.histories)).model_dump_json()

    seconds = timed(found)
    tracemalloc.start()
    found()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return seconds, most / 1e6


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
