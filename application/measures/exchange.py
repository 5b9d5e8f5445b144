"""The exchange rates in force at the end of a month. Rates that are recorded later never change the figures of a
month.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pydantic import BaseModel, Field

from application.reports.months import Month
from application.views.rates_in_force import rates_in_force
from domain.program.charter import CharterRevised, ProgramOpened
from domain.record import Recorded
from domain.time_zones import time_zone


class MonthRates(BaseModel):
    """The rates for converting amounts of a month."""

    month: str
    currency: str = Field(description="The program's currency at the month's end.")
    as_of_on: date | None = Field(None, description="The day from which the rates are in force; null: none were set.")
    rates: dict[str, Decimal] = Field({}, description="What one unit of each other currency is worth in it.")
    missing: list[str] = Field([], description="Currencies of plans for which there is no rate: nothing is converted.")

    def of(self, currency: str) -> Decimal | None:
        """Return the value of one unit of a currency; None if there is no rate."""
        return Decimal(1) if currency == self.currency else self.rates.get(currency)


def rates_at(program: Sequence[Recorded], month: Month, now: datetime) -> MonthRates | None:
    """Return the rates that were recorded when the month ended in the program's time zone; None if the program did not
    exist."""
    found = rates_in_force(program, min(_end(program, month), now), month.last)
    if found is None:
        return None
    return MonthRates(
        month=str(month), currency=found.currency, as_of_on=found.as_of_on, rates=dict(found.rates), missing=[]
    )


def _end(program: Sequence[Recorded], month: Month) -> datetime:
    """Return the last instant of a month in the time zone that the program had by then."""
    next_day, end = month.last + timedelta(days=1), datetime.max.replace(tzinfo=UTC)
    for record in program:
        if record.meta.recorded_at > end:
            break
        event = record.event
        if isinstance(event, ProgramOpened | CharterRevised) and event.timezone:
            midnight = datetime.combine(next_day, time(), time_zone(event.timezone))
            end = midnight.astimezone(UTC) - timedelta(microseconds=1)
    return end
