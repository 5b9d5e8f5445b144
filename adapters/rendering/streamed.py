"""The month report as JSON, written while it is computed."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json

from application.reports.month_report import MonthInTheMaking
from application.views.loaded_plan import LoadedPlan


def written(making: MonthInTheMaking, histories: Iterator[LoadedPlan]) -> Iterator[bytes]:
    """Yield the JSON of `MonthReport`, plan by plan. The first part is yielded with the first plan."""
    begun = opened(making.heading) + b',"plans":['
    for known in histories:
        plan = making.add(known)
        if plan:
            yield begun + to_json(plan, by_alias=True)
            begun = b","
    yield (begun if begun != b"," else b"") + b"]," + to_json(making.summary(), by_alias=True)[1:]


def opened(heading: Any) -> bytes:
    """Return the JSON of an object without its closing brace."""
    return to_json(heading)[:-1]
