"""The exchange rates in force at the end of a month. Rates that are recorded later never change the figures of a
month.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from application.reports.months import Month
from application.views.days_of_program import end_of
from application.views.rates_in_force import rates_in_force
from domain.record import Recorded


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
    found = rates_in_force(program, min(end_of(program, month.last), now), month.last)
    if found is None:
        return None
    return MonthRates(
        month=str(month), currency=found.currency, as_of_on=found.as_of_on, rates=dict(found.rates), missing=[]
    )
