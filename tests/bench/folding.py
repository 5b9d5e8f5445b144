"""A plan as of a cut: decoding and folding a thousand events, and the same for plans with many sealed words."""

from collections.abc import Callable
from time import perf_counter, sleep
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.events.stored_format import DATA, OPEN_END, WHOLE_EVENTS
from adapters.postgres.mapper import PlanMapper
from domain.account_plan import fold
from domain.account_plan.plan import plan_id_of
from tests.bench.history import Row, rows

EVENTS = 1_000
RUNS, PAUSE = 150, 0.05
"""So many and so far apart that the machine may have a quick moment in between: the best is taken."""


def measure() -> dict[str, Any]:
    plan_id, stored = plan_id_of("bench"), rows("bench", EVENTS)
    tune_garbage_collection()
    decoding, folding = best_of(plan_id, stored)
    parsing, validating = limits(stored)
    return {
        "events": EVENTS,
        "bytes_an_event": round(sum(len(state) for *_, state in stored) / EVENTS),
        "decode_microseconds_an_event": round(decoding * 1e6 / EVENTS, 2),
        "parse_microseconds_an_event": round(parsing * 1e6 / EVENTS, 2),
        "validate_microseconds_an_event": round(validating * 1e6 / EVENTS, 2),
        "fold_microseconds_an_event": round(folding * 1e6 / EVENTS, 2),
        "events_per_second": round(EVENTS / (decoding + folding)),
    }


def best_of(plan_id: UUID, stored: list[Row]) -> tuple[float, float]:
    decoding = folding = float("inf")
    for _ in range(RUNS):
        seconds, records = timed(lambda: PlanMapper().recorded(plan_id, stored))
        decoding = min(decoding, seconds)
        events = [record.event for record in records]
        seconds, _ = timed(lambda events=events: fold(events))  # type: ignore[misc]
        folding = min(folding, seconds)
        sleep(PAUSE)
    return decoding, folding


def limits(stored: list[Row]) -> tuple[float, float]:
    """Return what reading the payloads takes that decoding cannot do without: as JSON alone, and as events."""
    payloads = [(topic, state[state.index(DATA) + len(DATA) : -len(OPEN_END)]) for *_, topic, state in stored]
    read = {topic: WHOLE_EVENTS[topic].__pydantic_validator__.validate_json for topic, _ in payloads}
    parsing = validating = float("inf")
    for _ in range(RUNS):
        parsing = min(parsing, timed(lambda: [from_json(payload) for _, payload in payloads])[0])
        validating = min(validating, timed(lambda: [read[topic](payload) for topic, payload in payloads])[0])
        sleep(PAUSE)
    return parsing, validating


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = perf_counter()
    made = work()
    return perf_counter() - began, made
