from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.program import PROGRAM
from domain.program.charter import (
    BeginPhase,
    CharterRevised,
    CharterTermsBefore,
    CompletePhase,
    ExchangeRates,
    ExchangeRatesSet,
    NameProgramOwner,
    OpenProgram,
    PhaseBegun,
    PhaseCompleted,
    Program,
    ProgramOwnerNamed,
    ReviseCharter,
    SetExchangeRates,
    the_program,
)
from tests.given import PROGRAM_OPENED, given_no_program, given_program

RATES = {"as_of_on": date(2026, 1, 1), "rates": {"SEK": Decimal("0.09"), "GBP": Decimal("1.15")}}
RATES_SET = ExchangeRatesSet(**RATES)
PILOT = PhaseBegun(phase="pilot", accounts=("acme",))


def test_a_program_is_opened_on_the_day_it_is_where_it_lives():
    opening = OpenProgram(name="Strategic accounts", currency="EUR", timezone="Europe/Berlin", reason=None)
    given_no_program().when(opening).then(PROGRAM_OPENED)


def test_an_installation_has_one_program():
    given_program().when(OpenProgram(name="Another", currency="EUR", reason=None)).then_refused("program-already-open")


def test_nothing_can_be_said_of_a_program_that_is_not_open():
    given_no_program().when(NameProgramOwner(owner="vera", reason=None)).then_refused("unknown-program")


def test_a_revised_charter_says_what_it_said_before():
    revised = CharterRevised(currency="USD", former=CharterTermsBefore(currency="EUR"))
    given_program().when(ReviseCharter(currency="USD", reason="Listed in New York")).then(revised)
    assert the_program(PROGRAM.fold((PROGRAM_OPENED, revised))).currency == "USD"


def test_that_another_currency_makes_the_rates_so_far_worthless_is_told():
    rates = ExchangeRatesSet(as_of_on=date(2026, 1, 5), rates={"GBP": Decimal("1.15")})
    revised = CharterRevised(currency="USD", former=CharterTermsBefore(currency="EUR"))
    move = ReviseCharter(currency="USD", reason="Listed in New York")
    given_program(rates).when(move).then(revised, warnings=("rates-of-former-currency",))
    renamed = CharterRevised(name="Key accounts", former=CharterTermsBefore(name="Strategic accounts"))
    given_program(rates).when(ReviseCharter(name="Key accounts", reason="Clearer")).then(renamed)


def test_the_same_numbers_are_other_rates_when_the_currency_is_another_one():
    rates = {"as_of_on": date(2026, 1, 5), "rates": {"GBP": Decimal("1.15")}}
    set_before = ExchangeRatesSet(**rates)
    revised = CharterRevised(currency="USD", former=CharterTermsBefore(currency="EUR"))
    again = SetExchangeRates(**rates, reason=None)
    given_program(set_before).when(again).then_nothing_happens()
    given_program(set_before, revised).when(again).then(set_before)
    far_off = SetExchangeRates(as_of_on=date(2026, 1, 5), rates={"GBP": Decimal("0.1")}, reason=None)
    given_program(ExchangeRatesSet(**rates | {"as_of_on": date(2026, 1, 1)}), revised).when(far_off).then(
        ExchangeRatesSet(as_of_on=date(2026, 1, 5), rates={"GBP": Decimal("0.1")})
    )
    renamed = CharterRevised(name="Key accounts", former=CharterTermsBefore(name="Strategic accounts"))
    assert [*PROGRAM.fold((PROGRAM_OPENED, set_before, renamed)).all(ExchangeRates)] == ["2026-01-05"]


def test_a_charter_that_says_so_already_is_not_revised():
    given_program().when(ReviseCharter(currency="EUR", reason="Again")).then_nothing_happens()


@pytest.mark.parametrize("wrong", [{"currency": None}, {"fiscal_year_starts": 13}, {"fiscal_year_starts": 0}, {}])
def test_a_charter_is_not_emptied_and_revised_with_a_reason(wrong):
    with pytest.raises(ValidationError):
        ReviseCharter(**wrong if wrong else {"currency": "USD"}, **({"reason": "x"} if wrong else {}))


def test_the_owner_of_the_program_is_named_and_the_former_one_said():
    named = ProgramOwnerNamed(owner="vera")
    given_program().when(NameProgramOwner(owner="vera", reason=None)).then(named)
    given_program(named).when(NameProgramOwner(owner="vera", reason=None)).then_nothing_happens()
    given_program(named).when(NameProgramOwner(owner="dag", reason=None)).then(
        ProgramOwnerNamed(owner="dag", former="vera")
    )


def test_exchange_rates_hold_from_a_day_on():
    given_program().when(SetExchangeRates(**RATES, reason=None)).then(RATES_SET)
    given_program(RATES_SET).when(SetExchangeRates(**RATES, reason=None)).then_nothing_happens()
    later = RATES | {"as_of_on": date(2026, 1, 5)}
    both = PROGRAM.fold((PROGRAM_OPENED, RATES_SET, ExchangeRatesSet(**later)))
    assert [rates.as_of_on for rates in both.all(ExchangeRates).values()] == [date(2026, 1, 1), date(2026, 1, 5)]


def test_the_programs_own_currency_has_no_rate():
    own = SetExchangeRates(as_of_on=date(2026, 1, 1), rates={"EUR": Decimal(1)}, reason=None)
    given_program().when(own).then_refused("rate-of-own-currency", "/rates/EUR")


@pytest.mark.parametrize("rates", [{}, {"SEK": 0}, {"SEK": "-1"}, {"kr": "0.09"}, {"SEK": "NaN"}])
def test_a_rate_is_more_than_nothing(rates):
    with pytest.raises(ValidationError):
        SetExchangeRates(as_of_on=date(2026, 1, 1), rates=rates)


def test_rates_of_a_day_to_come_cannot_be_known():
    ahead = SetExchangeRates(as_of_on=date(2026, 1, 6), rates={"SEK": Decimal("0.09")}, reason=None)
    given_program().when(ahead).then_refused("day-in-the-future", "/as_of_on")


def test_each_phase_is_begun_and_completed_once():
    stood_up = PhaseBegun(phase="stand_up")
    begin = BeginPhase(phase="pilot", accounts=("acme",), reason=None)
    given_program(stood_up).when(begin).then(PILOT)
    given_program(PILOT).when(BeginPhase(phase="pilot", reason=None)).then_refused("phase-already-begun", "/phase")
    given_program(PILOT).when(CompletePhase(phase="pilot", reason="held")).then(PhaseCompleted(phase="pilot"))
    done = given_program(PILOT, PhaseCompleted(phase="pilot"))
    done.when(CompletePhase(phase="pilot", reason="again")).then_refused("phase-already-completed")
    given_program().when(CompletePhase(phase="pilot", reason="held")).then_refused("phase-not-begun", "/phase")


def test_a_phase_that_is_begun_before_those_before_it_is_told():
    begin = BeginPhase(phase="roll_out", reason=None)
    before = [PhaseBegun(phase=phase) for phase in ("stand_up", "pilot", "instrument")]
    given_program(*before).when(begin).then(PhaseBegun(phase="roll_out"))
    given_program(*before[:2]).when(begin).then(PhaseBegun(phase="roll_out"), warnings=("phases-skipped",))


@pytest.mark.parametrize(
    ("rate", "told"), [("1.15", ()), ("0.576", ()), ("0.575", ("rate-far-off",)), ("2.3", ("rate-far-off",))]
)
def test_a_rate_that_is_twice_or_half_of_the_last_one_is_told(rate, told):
    last = ExchangeRatesSet(as_of_on=date(2026, 1, 1), rates={"GBP": Decimal("1.15")})
    other = ExchangeRatesSet(as_of_on=date(2025, 12, 1), rates={"GBP": Decimal(100), "USD": Decimal(1)})
    rates = {"GBP": Decimal(rate), "USD": Decimal(90)}
    said = ExchangeRatesSet(as_of_on=date(2026, 1, 5), rates=rates)
    command = SetExchangeRates(as_of_on=date(2026, 1, 5), rates=rates, reason=None)
    given_program(other, last).when(command).then(said, warnings=told)


def test_the_card_of_the_program_says_who_it_is_and_is_never_archived():
    card = the_program(PROGRAM.fold((PROGRAM_OPENED, ProgramOwnerNamed(owner="vera"))))
    assert isinstance(card, Program)
    assert (card.name, card.owner, card.archived) == ("Strategic accounts", "vera", False)


def test_a_phase_that_was_begun_or_completed_by_mistake_is_mended():
    def saying(command, **body):
        return PROGRAM.commands[command].model_validate({"phase": "pilot", "reason": "Mistyped", **body})

    other = PROGRAM.events["PhaseCorrected"].model_validate(
        {"phase": "pilot", "accounts": ("beta",), "former": {"accounts": ("acme",)}}
    )
    given_program(PILOT).when(saying("correct-phase", accounts=("beta",))).then(other)
    done = PhaseCompleted(phase="pilot")
    not_over = PROGRAM.events["PhaseCorrected"].model_validate(
        {"phase": "pilot", "completed": False, "former": {"completed": True}}
    )
    given_program(PILOT, done).when(saying("correct-phase", completed=False)).then(not_over)
    given_program(PILOT, done, not_over).when(CompletePhase(phase="pilot", reason="held")).then(done)
    gone = PROGRAM.events["PhaseWithdrawn"](phase="pilot")
    given_program(PILOT).when(saying("withdraw-phase")).then(gone)
    again = given_program(PILOT, gone).when(BeginPhase(phase="pilot", reason=None))
    again.then(PhaseBegun(phase="pilot"), warnings=("phases-skipped",))


def test_nobody_is_at_work_on_a_program_as_they_are_on_a_plan():
    assert not PROGRAM.is_at_work_on(PROGRAM.empty, "eve", date(2026, 1, 5))
