"""The portfolio made anew from a hundred thousand events of five hundred plans."""

from time import perf_counter
from typing import Any

import psycopg

from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.bootstrap.store import utc_now
from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.bench.history import rows

PLANS = 500
EVENTS = 200
RUNS = 2


def fill(store: Store, plans: int = PLANS, events: int = EVENTS) -> None:
    """Record events of several plans in turn, as in a company whose plans grow at the same time."""
    stories = [(plan_id_of(f"portfolio-{plan}"), rows(f"portfolio-{plan}", events)) for plan in range(plans)]
    copy = (
        "COPY plantrail.stored_events (originator_id, originator_version, topic, state) FROM STDIN WITH (FORMAT BINARY)"
    )
    with psycopg.connect(store.where.service) as connection, connection.cursor() as cursor, cursor.copy(copy) as into:
        into.set_types(["uuid", "int8", "text", "bytea"])
        for place in range(events):
            for plan_id, story in stories:
                version, _, topic, state = story[place]
                into.write_row((plan_id, version, topic, state))


def measure(store: Store) -> dict[str, Any]:
    fill(store)
    tune_garbage_collection()
    best = float("inf")
    for _ in range(RUNS):
        began = perf_counter()
        store.portfolio.rebuild(utc_now)
        best = min(best, perf_counter() - began)
    events = store.portfolio.position()
    return {"events": events, "seconds": round(best, 2), "events_per_second": round(events / best)}
