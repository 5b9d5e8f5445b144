"""A report that is written while it is made."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json

from application.reports.month_report import MonthInTheMaking
from application.views.loaded_plan import LoadedPlan


def written(making: MonthInTheMaking, histories: Iterator[LoadedPlan]) -> Iterator[bytes]:
    """`MonthReport` as JSON, plan by plan.  The first part waits for the first plan."""
    begun = opened(making.heading) + b',"plans":['
    for known in histories:
        plan = making.add(known)
        if plan:
            yield begun + to_json(plan, by_alias=True)
            begun = b","
    yield (begun if begun != b"," else b"") + b"]," + to_json(making.summary(), by_alias=True)[1:]


def opened(heading: Any) -> bytes:
    """An object that goes on."""
    return to_json(heading)[:-1]
