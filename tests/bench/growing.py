"""How much longer the same work takes in a log of a million events than in one of ten thousand.

The log grows by copies of its plans, made inside PostgreSQL. Nothing measured here should take longer in a larger log,
because each time only one plan, one page or one append is asked for.
"""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any

import psycopg

from adapters.bootstrap.store import account_plans
from adapters.postgres.store import Store
from application.aggregates.ports import Commit, ToRecord
from application.feed.ports import EventFilter
from domain.account_plan.entries import NoteWritten
from domain.account_plan.plan import plan_id_of
from tests.bench.feed import CONTEXT, PAGE
from tests.bench.history import BEGAN
from tests.bench.rebuilding import fill

PLANS, EVENTS = 50, 200
COPIES = 99
"""Further plans like each of them: a million events in all."""
RUNS = 40

GROW = (
    "INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)"
    " SELECT md5(originator_id::text || copy)::uuid, originator_version, topic, state"
    " FROM generate_series(1, %s) AS copy, plantrail.stored_events ORDER BY copy, notification_id"
)


def measure(store: Store) -> dict[str, Any]:
    fill(store, PLANS, EVENTS)
    few = taken(store)
    with psycopg.connect(store.where.service) as connection:
        connection.execute(GROW, (COPIES,))
    with psycopg.connect(store.where.owner, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE plantrail.stored_events")
    many = taken(store)
    return {
        "events": [PLANS * EVENTS, PLANS * EVENTS * (COPIES + 1)],
        "milliseconds": {name: [round(few[name], 3), round(many[name], 3)] for name in few},
        "times": {name: round(many[name] / few[name], 2) for name in few},
    }


def taken(store: Store) -> Mapping[str, float]:
    """Return the median duration of each kind of work, in milliseconds."""
    works = work_of(store)
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for run in range(RUNS):
        for name, work in works.items():
            began = perf_counter()
            work(run)
            seconds[name].append(perf_counter() - began)
    return {name: median(each) * 1000 for name, each in seconds.items()}


def work_of(store: Store) -> Mapping[str, Callable[[int], object]]:
    """Return what is measured: functions that take the number of the run."""
    plans = [plan_id_of(f"portfolio-{plan}") for plan in range(PLANS)]
    end = store.feed.page(0, most=1).end
    noted = plan_id_of(f"noted-at-{end}")

    def append(run: int) -> None:
        event = ToRecord(NoteWritten(id=f"n{run}", section="plan", text="seen"), BEGAN, f"command-{end}-{run}")
        store.events.append(Commit(noted, run, [event], CONTEXT))

    def page_of_a_plan(run: int) -> None:
        store.feed.page(end // 2, EventFilter(plans=frozenset({str(plans[run])})), PAGE)

    return {
        "append": append,
        "read a plan anew": lambda run: account_plans(store).read(plans[run]),
        "first page of the feed": lambda _: store.feed.page(0, most=PAGE),
        "last page of the feed": lambda _: store.feed.page(end - PAGE, most=PAGE),
        "page of the feed of a plan": page_of_a_plan,
    }
