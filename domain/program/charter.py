"""Topic: the charter of the program: its owners, its reporting currency and its phases."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, assert_never
from uuid import uuid5

from pydantic import BaseModel, Field

from domain.account_plan.plan import NAMESPACE, ZoneName
from domain.aggregates import Opening, Topic
from domain.corrections import Mistakes
from domain.language import (
    AccountId,
    Caution,
    Currency,
    Decision,
    Event,
    Many,
    Name,
    PastDay,
    Person,
    PersonId,
    PositiveAmount,
    Refusal,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.program.language import OnProgram, ProgramSection, ProgramState
from domain.things import Draft, Thing, day_of

Phase = Literal["stand_up", "pilot", "instrument", "roll_out", "cross_functional", "rhythm"]
PHASES: tuple[Phase, ...] = ("stand_up", "pilot", "instrument", "roll_out", "cross_functional", "rhythm")
"""The phases of introducing the practice, in their order."""

MonthOfYear = Annotated[int, Field(ge=1, le=12)]


class CharterTerms(Terms):
    name: str
    currency: str
    timezone: str
    fiscal_year_starts: int
    """The first month of the fiscal year, 1 to 12."""


# Events


class CharterEvent(Event):
    """About the program as a whole."""

    noun: ClassVar[str] = "program"
    home: ClassVar[ProgramSection] = "charter"


class ProgramOpened(CharterEvent, CharterTerms):
    """The company plans its strategic accounts as one program from here on."""

    opened_on: date


class CharterTermsBefore(Terms):
    """What the charter said before, of the fields that were revised."""

    name: str | None = None
    currency: str | None = None
    timezone: str | None = None
    fiscal_year_starts: int | None = None


class CharterRevised(CharterEvent):
    """The charter says something else, in the fields that are said."""

    name: str | None = None
    currency: str | None = None
    timezone: str | None = None
    fiscal_year_starts: int | None = None
    former: CharterTermsBefore


class ProgramOwnerNamed(CharterEvent):
    """Somebody of ours answers for the program."""

    owner: Person
    former: Person | None = None


class ExchangeRatesSet(CharterEvent):
    """From a day on, amounts in other currencies are converted at these rates in reports."""

    noun: ClassVar[str] = "exchange-rates"

    as_of_on: date
    rates: dict[str, Decimal]

    def subject(self) -> str:
        return self.as_of_on.isoformat()


class PhaseBegun(CharterEvent):
    """A phase of introducing the practice began, with these accounts where it is limited to some."""

    noun: ClassVar[str] = "phase"

    phase: Phase
    accounts: tuple[str, ...] = ()

    def subject(self) -> str:
        return self.phase


class PhaseCompleted(CharterEvent):
    """A phase of introducing the practice is over."""

    noun: ClassVar[str] = "phase"

    phase: Phase

    def subject(self) -> str:
        return self.phase


CharterEvents = ProgramOpened | CharterRevised | ProgramOwnerNamed | ExchangeRatesSet | PhaseBegun | PhaseCompleted


# Commands


class CharterCommand(OnProgram):
    noun: ClassVar[str] = "program"
    home: ClassVar[ProgramSection] = "charter"
    needs: ClassVar[Any] = "nothing"


class OpenProgram(CharterCommand):
    """Begin the company's program of strategic accounts; an installation has one."""

    name: Name
    currency: Currency
    timezone: ZoneName = "UTC"
    fiscal_year_starts: MonthOfYear = 1


class ReviseCharter(CharterCommand):
    """Change what the charter says; fields that are left out stay as they are."""

    reason: Text
    name: Unless[Name] = None
    currency: Unless[Currency] = None
    timezone: Unless[ZoneName] = None
    fiscal_year_starts: Unless[MonthOfYear] = None


class NameProgramOwner(CharterCommand):
    """Say who answers for the program."""

    owner: PersonId


class SetExchangeRates(CharterCommand):
    """Say what one unit of each other currency is worth in the currency of the program, from a day on."""

    noun: ClassVar[str] = "exchange-rates"

    as_of_on: PastDay
    rates: Annotated[dict[Currency, PositiveAmount], Field(min_length=1)]

    def subject(self) -> str | None:
        return self.as_of_on.isoformat()


class BeginPhase(CharterCommand):
    """Begin a phase of introducing the practice, for some accounts or for all."""

    noun: ClassVar[str] = "phase"

    phase: Phase
    accounts: Many[AccountId] = ()

    def subject(self) -> str | None:
        return self.phase


class CompletePhase(CharterCommand):
    """End a phase.  Where its exit criteria do not hold, say why it is ended all the same."""

    noun: ClassVar[str] = "phase"

    phase: Phase

    def subject(self) -> str | None:
        return self.phase


class PhaseCompletion(BaseModel):
    """The end of a phase as events store it."""

    completed: bool = False


CharterCommands = OpenProgram | ReviseCharter | NameProgramOwner | SetExchangeRates | BeginPhase | CompletePhase


# Refusals


class ProgramNotOpen(Refusal):
    """No program was opened yet: plans live under the default policy until one is."""

    @property
    def type(self) -> str:
        return "unknown-program"


class ProgramAlreadyOpen(Refusal):
    """The program is open already: an installation has one."""


class ProgramIsClosed(Refusal):
    """The program takes no commands any more."""


class RateOfOwnCurrency(Refusal):
    """One {currency} is one {currency}: leave the currency of the program out of its exchange rates."""


class PhaseAlreadyBegun(Refusal):
    """The phase {phase} was begun before; each phase is begun once."""


class PhaseNotBegun(Refusal):
    """The phase {phase} has not begun, so it cannot be completed."""


class ReasonMissingForPhase(Refusal):
    """The phase {phase} does not meet its exit criteria: {missing}.  Say why it is completed all the same."""


class PhaseAlreadyCompleted(Refusal):
    """The phase {phase} is completed already."""


# State and rules

PROGRAM_ID = uuid5(NAMESPACE, "the program")
"""The id of the only program of an installation. It is made of a text with a blank, which no account id has."""


class Program(CharterTerms, Thing):
    """The program's own card."""

    noun: ClassVar[str] = "program"
    home: ClassVar[ProgramSection] = "charter"

    opened_on: date
    owner: Person | None = None
    archived: ClassVar[bool] = False
    """A program is never archived: it lasts as long as the installation."""


class ExchangeRates(Thing):
    """The rates that are in force from a day on."""

    noun: ClassVar[str] = "exchange-rates"
    home: ClassVar[ProgramSection] = "charter"

    as_of_on: date
    rates: dict[str, Decimal]


class ProgramPhase(Thing):
    """A phase that was begun."""

    noun: ClassVar[str] = "phase"
    home: ClassVar[ProgramSection] = "charter"

    phase: Phase
    accounts: tuple[str, ...] = ()
    completed: bool = False


def the_program(state: ProgramState) -> Program:
    """Return the card of the program. Raises `ProgramNotOpen`."""
    program = state.find(Program, "program")
    if program is None:
        raise ProgramNotOpen
    return program


def open_program(command: OpenProgram, at: datetime) -> Decision[CharterEvents]:
    zone = command.timezone
    terms = said(command) | {"timezone": zone, "fiscal_year_starts": command.fiscal_year_starts}
    return Decision((ProgramOpened(**terms, opened_on=day_of(at, zone)),))


def decide(state: ProgramState, command: CharterCommands, _today: date) -> Decision[CharterEvents]:
    program = the_program(state)
    new = changed(command, program)
    event: CharterEvents | None
    cautions: tuple[Caution, ...] = ()
    match command:
        case OpenProgram():
            raise ProgramAlreadyOpen
        case ReviseCharter():
            if "currency" in new and state.all(ExchangeRates):
                detail = f"The exchange rates so far are about {program.currency} and count no more: set them anew."
                cautions = (Caution("rates-of-former-currency", "/currency", detail),)
            former = CharterTermsBefore(**{name: getattr(program, name) for name in new})
            event = CharterRevised(**new, former=former) if new else None
        case NameProgramOwner(owner=owner):
            was = {"former": program.owner} if program.owner else {}
            event = ProgramOwnerNamed(owner=owner, **was) if new else None
        case SetExchangeRates(as_of_on=as_of_on, rates=rates):
            if program.currency in rates:
                raise RateOfOwnCurrency(f"/rates/{program.currency}", currency=program.currency)
            set_already = state.find(ExchangeRates, as_of_on.isoformat())
            event = ExchangeRatesSet(as_of_on=as_of_on, rates=rates)
            if set_already and set_already.rates == rates:
                event = None
            else:
                cautions = tuple(rates_far_off(state, command))
        case BeginPhase(phase=phase):
            if state.find(ProgramPhase, phase):
                raise PhaseAlreadyBegun("/phase", phase=phase)
            event = PhaseBegun(**said(command))
            cautions = tuple(phases_skipped(state, phase))
        case CompletePhase(phase=phase):
            begun = state.find(ProgramPhase, phase)
            if begun is None:
                raise PhaseNotBegun("/phase", phase=phase)
            if begun.completed:
                raise PhaseAlreadyCompleted("/phase", phase=phase)
            event = PhaseCompleted(phase=phase)
        case _:
            assert_never(command)
    return Decision((event,) if event else (), cautions)


FAR_OFF = 2
"""A rate that is this many times the last one, or the last one this many times the rate, was probably mistyped."""


def rates_far_off(state: ProgramState, command: SetExchangeRates) -> Iterator[Caution]:
    """Yield a caution for each rate that is far from the last one before its day."""
    before = [each for each in state.all(ExchangeRates).values() if each.as_of_on < command.as_of_on]
    last = max(before, key=lambda each: each.as_of_on, default=None)
    for currency, rate in command.rates.items() if last else ():
        was = last.rates.get(currency) if last else None
        if last and was and not was / FAR_OFF < rate < was * FAR_OFF:
            detail = f"One {currency} was {was:f} on {last.as_of_on} and is {rate:f} now: is it the right way round?"
            yield Caution("rate-far-off", f"/rates/{currency}", detail)


def phases_skipped(state: ProgramState, phase: Phase) -> Iterator[Caution]:
    """Yield a caution if phases that come before this one have not begun."""
    skipped = [each.replace("_", " ") for each in PHASES[: PHASES.index(phase)] if not state.find(ProgramPhase, each)]
    if skipped:
        detail = f"Of the phases before this one, {', '.join(skipped)} did not begin: is it the right one?"
        yield Caution("phases-skipped", "/phase", detail)


def apply(draft: Draft, event: CharterEvents) -> None:
    match event:
        case ProgramOpened():
            draft.create(Program, event)
        case CharterRevised(currency=currency):
            draft.change(Program, event)
            # They are about another currency.
            for id in [*draft.all(ExchangeRates)] if currency else ():
                draft.remove(ExchangeRates, id)
        case ProgramOwnerNamed():
            draft.change(Program, event)
        case ExchangeRatesSet():
            draft.create(ExchangeRates, event, id=event.subject())
        case PhaseBegun(phase=phase):
            draft.create(ProgramPhase, event, id=phase)
        case PhaseCompleted(phase=phase):
            draft.set(ProgramPhase, phase, completed=True)
        case _:
            assert_never(event)


TOPIC = Topic(
    CharterCommands,
    CharterEvents,
    (Program, ExchangeRates, ProgramPhase),
    decide,
    apply,
    mistakes=(
        Mistakes(
            ProgramPhase,
            BeginPhase,
            identity=("phase",),
            subject=BeginPhase.subject,
            later={PhaseCompletion: ("completed",)},
        ),
    ),
)
OPENING = Opening(OpenProgram, open_program, lambda _: PROGRAM_ID, lambda _: ProgramAlreadyOpen())
