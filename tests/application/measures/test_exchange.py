"""Amounts of a month are converted at the rates that were on record when it ended where the program is."""

from decimal import Decimal

from application.measures.exchange import MonthRates, rates_at
from application.reports.months import month_named
from domain.program import PROGRAM
from tests.histories import History, instant

LATER = "2026-12-31"


def practice() -> History:
    """In Berlin, where March ended at 22:00 UTC."""
    history = History(type=PROGRAM)
    history.on("2026-01-02", "open-program", name="Strategic", currency="EUR", timezone="Europe/Berlin")
    history.on("2026-03-31T21:59:59.999999+00:00", "set-exchange-rates", as_of_on="2026-03-31", rates={"USD": "0.9"})
    history.on("2026-03-31T22:00:00+00:00", "set-exchange-rates", as_of_on="2026-03-31", rates={"USD": "0.8"})
    return history


def rates(history: History, month: str, now: str = LATER) -> MonthRates | None:
    at = instant(now)
    return rates_at(history.known.records, month_named(month, at), at)


def test_what_is_recorded_after_the_last_instant_of_a_month_changes_the_next_one_only():
    march, april = rates(practice(), "2026-03"), rates(practice(), "2026-04")
    assert march is not None
    assert april is not None
    assert (march.of("USD"), april.of("USD")) == (Decimal("0.9"), Decimal("0.8"))
    assert (march.month, march.currency, str(march.as_of_on)) == ("2026-03", "EUR", "2026-03-31")
    assert (march.of("EUR"), march.of("CHF")) == (1, None)


def test_of_a_month_under_way_the_rates_are_those_of_now():
    before = rates(practice(), "2026-03", "2026-03-31T21:59:59+00:00")
    assert before is not None
    assert (before.rates, before.as_of_on) == ({}, None)
    on_time = rates(practice(), "2026-03", "2026-03-31T21:59:59.999999+00:00")
    assert on_time is not None
    assert on_time.of("USD") == Decimal("0.9")


def test_before_there_was_a_program_there_is_no_currency_to_convert_into():
    assert rates(practice(), "2025-12") is None
    assert rates(practice(), "2026-01", "2026-01-02T08:59:59+00:00") is None
    opened = rates(practice(), "2026-01", "2026-01-02T09:00:00+00:00")
    assert opened is not None
    assert opened.currency == "EUR"
    assert rates(History(type=PROGRAM), "2026-03") is None
