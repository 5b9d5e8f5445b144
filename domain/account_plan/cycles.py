"""Topic: planning cycles, the periods that a plan is made for."""

from datetime import date
from typing import Any, ClassVar, Literal

from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import PlanCommand, PlanEvent
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import Decision, Refusal, Slug, Terms, said
from domain.things import Draft, Thing

CycleKind = Literal["annual", "quarter", "ninety_days"]


class CycleTerms(Terms):
    id: str
    kind: CycleKind
    starts_on: date
    ends_on: date


# Events


class CycleBegun(PlanEvent, CycleTerms):
    """A planning period begins, with a first and a last day."""

    noun: ClassVar[str] = "cycle"


# Commands


class BeginCycle(PlanCommand):
    """Begin a planning cycle, such as a quarter, in which promises are made and kept."""

    noun: ClassVar[str] = "cycle"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: CycleKind
    starts_on: Day
    ends_on: Day


# Refusals


class CycleEndsBeforeItStarts(Refusal):
    """A cycle cannot end on {ends_on}, before it starts on {starts_on}."""


# State and rules


class Cycle(CycleTerms, Thing):
    noun: ClassVar[str] = "cycle"
    home: ClassVar[Section] = "plan"


def decide(_account_plan: AccountPlan, command: BeginCycle, _today: date) -> Decision[CycleBegun]:
    check_cycle(command.starts_on, command.ends_on)
    return Decision((CycleBegun(**said(command)),))


def check_cycle(starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise CycleEndsBeforeItStarts("/ends_on", starts_on=starts_on, ends_on=ends_on)


def apply(draft: Draft, event: CycleBegun) -> None:
    draft.create(Cycle, event)


TOPIC = Topic(
    BeginCycle,
    CycleBegun,
    (Cycle,),
    decide,
    apply,
    mistakes=(
        Mistakes(Cycle, BeginCycle, check=lambda _plan, _before, after: check_cycle(after.starts_on, after.ends_on)),
    ),
)
