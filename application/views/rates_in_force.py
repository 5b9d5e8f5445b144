"""The exchange rates that amounts are converted at.  Rates set later never change what was converted before."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from domain.program.charter import CharterRevised, ExchangeRatesSet, ProgramOpened
from domain.record import Recorded


class RatesInForce(NamedTuple):
    """What one unit of other currencies is worth in the program's."""

    currency: str
    as_of_on: date | None
    """The day from which they are in force; None where none were set."""
    rates: Mapping[str, Decimal]


def rates_in_force(program: Sequence[Recorded], at: datetime, day: date) -> RatesInForce | None:
    """Return the last rates that were set by an instant for this day or an earlier one; None before the program was
    opened.

    They are set as a whole: a currency that is left out has no rate any more.  Rates that were set before the program's
    currency changed are about another one and do not count.
    """
    currency: str | None = None
    rates: dict[date, Mapping[str, Decimal]] = {}
    for record in program:
        if record.meta.recorded_at > at:
            break
        match record.event:
            case ProgramOpened(currency=said) | CharterRevised(currency=said) if said and said != currency:
                currency, rates = said, {}
            case ExchangeRatesSet(as_of_on=as_of_on, rates=each) if as_of_on <= day:
                rates[as_of_on] = each
    if currency is None:
        return None
    last_on = max(rates, default=None)
    return RatesInForce(currency, last_on, rates[last_on] if last_on else {})
