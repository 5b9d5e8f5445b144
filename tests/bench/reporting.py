"""Said versus did of a month across a hundred plans of three hundred events: read, decoded, judged and written."""

from time import perf_counter
from typing import Any

from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.bootstrap.store import utc_now
from adapters.postgres.store import Store
from adapters.rendering.streamed import written
from application.reports.month_report import MonthReportBuilder
from application.reports.months import month_named
from tests.bench import rebuilding

PLANS = 100
EVENTS = 300
MONTH = "2025-02"
RUNS = 3


def measure(store: Store) -> dict[str, Any]:
    tune_garbage_collection()  # as the service does
    rebuilding.fill(store, PLANS, EVENTS)
    now = utc_now()
    best, told = float("inf"), 0
    for _ in range(RUNS):
        began = perf_counter()
        making = MonthReportBuilder(month_named(MONTH, now), now)
        told = sum(map(len, written(making, map(making.add, store.events.histories()), store.events.history)))
        best = min(best, perf_counter() - began)
    return {"plans": PLANS, "events": PLANS * EVENTS, "bytes": told, "seconds": round(best, 2)}
