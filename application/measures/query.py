"""Queries of measures: which measures, for which months, and how plans are grouped."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from application.measures.measure import MEASURE_NAMES, MeasureName
from application.measures.month_end import GroupBy
from application.reports.months import LATEST_ZONE, Month, month_named, months_between
from application.views.cuts import CutRefused
from domain.language import Currency
from domain.things import day_of

MOST_MONTHS = 60
MONTHS_OF_A_TREND = 12


class MonthsRefused(CutRefused):
    """The requested months do not form a range."""

    type = "months-out-of-order"


class MeasuresQuery(BaseModel):
    """What is asked of measures."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    measure: list[MeasureName] = Field(
        min_length=1, max_length=len(MEASURE_NAMES), description="Which measure; repeat it for more."
    )
    from_: str | None = Field(
        None,
        alias="from",
        max_length=20,
        examples=["2026-01"],
        description=f"The first month; if not given, a year up to the last. At most {MOST_MONTHS} months.",
    )
    to: str | None = Field(
        None,
        max_length=20,
        examples=["2026-11"],
        description="The last month; if not given, the last that is over everywhere. The month under way is judged as"
        " of now.",
    )
    by: GroupBy = Field("total", description="How plans are grouped, as they were at each month's end.")
    currency: Currency | None = Field(None, description="Only plans in this currency.")


def months_asked(query: MeasuresQuery, now: datetime) -> list[Month]:
    """Return the months of a query. Raises `MonthUnknown`, `MonthInTheFuture`, `MonthsRefused`."""
    last = month_named(query.to, now) if query.to else Month.of(day_of(now, LATEST_ZONE)).before(1)
    first = month_named(query.from_, now) if query.from_ else last.before(MONTHS_OF_A_TREND - 1)
    if last.first < first.first:
        raise MonthsRefused(f"{first} is after {last}: say an earlier first month, or a later last one.")
    latest = first.before(1 - MOST_MONTHS)
    if last.first > latest.first:
        raise MonthsRefused(
            f"From {first} to {last} are more than {MOST_MONTHS} months: say {latest} or an earlier one."
        )
    return months_between(first, last)
