"""A page of the feed whose events all have sealed words, for a subscriber who reads them and for one who does not."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from adapters.bootstrap.store import account_plans
from adapters.events.cloud_events import CloudEvents
from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.bench.feed import PAGE
from tests.bench.history import BEGAN, CONTEXT, command, opening

PLANS, PEOPLE = 25, 49
RUNS = 20


def measure(store: Store) -> dict[str, Any]:
    plans = account_plans(store)
    for plan in range(PLANS):
        people = [person(number) for number in range(PEOPLE)]
        plans.handle(plan_id_of(f"sealed-{plan}"), [opening(f"sealed-{plan}"), *people], CONTEXT, at=BEGAN)
    written = CloudEvents(store.feed.log_id(), "http://127.0.0.1").structured

    def without() -> None:
        for row in store.feed.page(0, most=PAGE).rows:
            written(row)

    def with_words() -> None:
        rows = store.feed.page(0, most=PAGE).rows
        keys = store.keys.of_events(rows)
        for row in rows:
            written(row, keys.get(str(row.originator_id), {}))

    bare, opened = milliseconds(without), milliseconds(with_words)
    return {"without_words": round(bare, 1), "with_words": round(opened, 1), "times": round(opened / bare, 2)}


def person(number: int) -> Any:
    said = {"name": f"Person {number}", "phone": "+49 30 123456", "location": "Berlin"}
    return command("add-stakeholder", id=f"s{number}", title="Head of purchasing", level="executive", **said)


def milliseconds(work: Callable[[], None]) -> float:
    """Return the median duration of some runs, in milliseconds."""
    seconds = []
    for _ in range(RUNS):
        began = perf_counter()
        work()
        seconds.append(perf_counter() - began)
    return median(seconds) * 1000
