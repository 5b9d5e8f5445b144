"""Topic: the vision, where the account is to be in some years, and the priorities of each quarter."""

from datetime import date
from typing import Annotated, Any, ClassVar, assert_never

from pydantic import Field, StringConstraints

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import Command, Decision, Event, Many, Prose, Statement, Terms, Text, said
from domain.things import Draft, Thing

MOST_PRIORITIES = 3


class VisionTerms(Terms):
    horizon_on: date
    statement: Prose
    investments: tuple[Prose, ...] = ()


class PrioritiesTerms(Terms):
    quarter: str
    statements: tuple[Prose, ...]


# Events


class VisionStated(Event, VisionTerms):
    """Where we and the account want to be in a few years."""

    noun: ClassVar[str] = "vision"
    home: ClassVar[Section] = "vision"


class PrioritiesSet(Event, PrioritiesTerms):
    """What matters most in a quarter, the whole list."""

    noun: ClassVar[str] = "priorities"
    home: ClassVar[Section] = "goals"

    def subject(self) -> str:
        return self.quarter


VisionEvents = VisionStated | PrioritiesSet


# Commands

Quarter = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-Q[1-4]$")]
"""A quarter, such as 2026-Q2."""


class StateVision(Command):
    """Say it whole: it takes the place of the vision before.  `horizon_on` is the day it looks ahead to."""

    noun: ClassVar[str] = "vision"
    home: ClassVar[Section] = "vision"
    needs: ClassVar[Any] = "nothing"

    horizon_on: Day
    statement: Text
    investments: Many[Text] = ()


class SetPriorities(Command):
    """Up to three for a quarter, first things first: they take the place of those said for it before.  None is a list
    without any."""

    noun: ClassVar[str] = "priorities"
    home: ClassVar[Section] = "goals"
    needs: ClassVar[Any] = "nothing"

    quarter: Quarter
    statements: Annotated[tuple[Statement, ...], Field(max_length=MOST_PRIORITIES)]

    def subject(self) -> str | None:
        return self.quarter


VisionCommands = StateVision | SetPriorities


# State and rules


class Vision(VisionTerms, Thing):
    noun: ClassVar[str] = "vision"
    home: ClassVar[Section] = "vision"


class Priorities(PrioritiesTerms, Thing):
    """Of one quarter."""

    noun: ClassVar[str] = "priorities"
    home: ClassVar[Section] = "goals"


def decide(plan: AccountPlan, command: VisionCommands, _today: date) -> Decision[VisionEvents]:
    event: VisionEvents
    match command:
        case StateVision():
            event = VisionStated(**said(command))
        case SetPriorities():
            event = PrioritiesSet(**said(command))
        case _:
            assert_never(command)
    thing = plan.named(event.noun, event.subject())
    if thing is None:
        is_so = isinstance(event, PrioritiesSet) and not event.statements
    else:
        is_so = all(getattr(thing, name) == value for name, value in event)
    return Decision(() if is_so else (event,))


def apply(draft: Draft, event: VisionEvents) -> None:
    match event:
        case VisionStated():
            draft.create(Vision, event)
        case PrioritiesSet(quarter=quarter):
            draft.create(Priorities, event, id=quarter)
        case _:
            assert_never(event)


TOPIC = Topic(
    VisionCommands,
    VisionEvents,
    (Vision, Priorities),
    decide,
    apply,
    mistakes=(
        Mistakes(Vision, StateVision, identity=()),
        Mistakes(Priorities, SetPriorities, identity=("quarter",), subject=SetPriorities.subject),
    ),
)
