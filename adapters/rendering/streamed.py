"""The month report as JSON, written while it is computed."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import to_json

from application.reports.month_report import MonthReportBuilder, Read
from application.reports.plan_month import PlanMonth


def written(making: MonthReportBuilder, plans: Iterable[PlanMonth | None], read: Read) -> Iterator[bytes]:
    """Yield the JSON of `MonthReport`, plan by plan as they are added. The first part comes with the first plan.

    `read` reads the plans from which the report quotes text, if their months were stored.
    """
    begun = opened(making.heading) + b',"plans":['
    for plan in plans:
        if plan:
            yield begun + to_json(plan, by_alias=True)
            begun = b","
    yield (begun if begun != b"," else b"") + b"]," + to_json(making.summary(read), by_alias=True)[1:]


def opened(heading: Any) -> bytes:
    """Return the JSON of an object without its closing brace."""
    return to_json(heading)[:-1]
