"""The exchange rates in force at the end of a month. Rates that are recorded later never change the figures of a
month.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pydantic import BaseModel, Field

from application.reports.months import Month
from domain.program.charter import CharterRevised, ExchangeRatesSet, ProgramOpened
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
    exist.

    Rates that were set before the program's currency changed refer to another currency and do not count.
    """
    charter: dict[str, str] = {}
    rates: dict[date, dict[str, Decimal]] = {}
    for record in program:
        if charter and record.meta.recorded_at > min(_end(month, charter["timezone"]), now):
            break
        match record.event:
            case ProgramOpened() | CharterRevised() as event:
                if event.currency not in (None, charter.get("currency")):
                    rates = {}
                said = {"currency": event.currency, "timezone": event.timezone}
                charter |= {name: value for name, value in said.items() if value}
            case ExchangeRatesSet(as_of_on=as_of_on, rates=each):
                rates[as_of_on] = each
    if not program or program[0].meta.recorded_at > min(_end(month, charter["timezone"]), now):
        return None
    in_force = max((day for day in rates if day <= month.last), default=None)
    return MonthRates(
        month=str(month),
        currency=charter["currency"],
        as_of_on=in_force,
        rates=rates[in_force] if in_force else {},
        missing=[],
    )


def _end(month: Month, timezone: str) -> datetime:
    """Return the last instant of a month."""
    midnight = datetime.combine(month.last + timedelta(days=1), time(), time_zone(timezone))
    return midnight.astimezone(UTC) - timedelta(microseconds=1)
