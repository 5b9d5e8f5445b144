"""Topic: risks, which may cost us the account or a part of it, and their mitigation."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import BaseModel, computed_field

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Amount,
    Command,
    Decision,
    Event,
    Grade,
    Many,
    PastDay,
    Person,
    PersonId,
    Prose,
    Slug,
    Statement,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

RiskKind = Literal[
    "renewal_exposure",
    "champion_departure",
    "executive_turnover",
    "budget_freeze",
    "low_adoption",
    "product_fit",
    "contract_dependency",
    "competitive_threat",
    "incumbent_lock_in",
    "platform_consolidation",
    "revenue_concentration",
    "incident",
    "other",
]
RiskOutcome = Literal["averted", "accepted", "materialised"]


class RiskTerms(Terms):
    id: str
    kind: RiskKind
    statement: Prose
    likelihood: int
    impact: int
    owner: Person
    arr_exposed: Decimal | None = None


class Severity(Terms):
    """What may be assessed differently as time goes by."""

    likelihood: int | None = None
    impact: int | None = None
    arr_exposed: Decimal | None = None


# Events


class RiskEvent(Event):
    """About one risk."""

    noun: ClassVar[str] = "risk"
    home: ClassVar[Section] = "risks"


class RiskRaised(RiskEvent, RiskTerms):
    """Something may go wrong."""


class RiskReassessed(RiskEvent, Severity):
    """A risk is more or less likely or grave than it was, or more or less revenue depends on it."""

    id: str
    former: Severity


class RiskRestated(RiskEvent):
    """A risk was put in other words."""

    id: str
    statement: Prose


class RiskReassigned(RiskEvent):
    """Somebody else of ours answers for a risk."""

    id: str
    owner: Person
    former: Person


class MitigationPlanned(RiskEvent):
    """What is to be done about a risk."""

    id: str
    statement: Prose


class RiskClosed(RiskEvent):
    """A risk is over, one way or another."""

    id: str
    outcome: RiskOutcome
    closed_on: date


class RiskReopened(RiskEvent):
    """A risk that was closed is there again."""

    id: str


RiskEvents = RiskRaised | RiskReassessed | RiskRestated | RiskReassigned | MitigationPlanned | RiskClosed | RiskReopened


# Commands


class RiskCommand(Command):
    noun: ClassVar[str] = "risk"
    home: ClassVar[Section] = "risks"


class RaiseRisk(RiskCommand):
    """`likelihood` and `impact` go from 1, low, to 5, high; their product is the exposure."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: RiskKind
    statement: Text
    likelihood: Grade
    impact: Grade
    owner: PersonId
    arr_exposed: Amount | None = None


class ReassessRisk(RiskCommand):
    """It is likelier or less likely, or would cost more or less, than was thought."""

    id: Slug
    likelihood: Unless[Grade] = None
    impact: Unless[Grade] = None
    arr_exposed: Amount | None = None


class RestateRisk(RiskCommand):
    """Say in other words what may happen. It is the same risk as before."""

    id: Slug
    statement: Text


class ReassignRisk(RiskCommand):
    """Give a risk to somebody else of ours to look after."""

    id: Slug
    owner: PersonId


class PlanMitigation(RiskCommand):
    """What is to be done about it, beside what was planned before.

    Dated and owned steps are actions and plays, which may name the risk.
    """

    id: Slug
    statement: Statement


class CloseRisk(RiskCommand):
    """Say how a risk ended: it was averted, it came true, or it is accepted."""

    id: Slug
    outcome: RiskOutcome
    closed_on: PastDay


class ReopenRisk(RiskCommand):
    """Look after a risk again that was closed."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


class Mitigations(BaseModel):
    """All mitigations of a risk as events store them."""

    mitigations: Many[Statement] = ()


RiskCommands = RaiseRisk | ReassessRisk | RestateRisk | ReassignRisk | PlanMitigation | CloseRisk | ReopenRisk


# State and rules

SEVERE = 15
"""The smallest exposure of a severe risk."""

ENDINGS: Mapping[RiskOutcome, str] = {
    "averted": "was averted",
    "accepted": "was accepted",
    "materialised": "has materialised",
}
"""The ending that each closure means, for a sentence."""


class Risk(RiskTerms, Thing):
    noun: ClassVar[str] = "risk"
    home: ClassVar[Section] = "risks"

    mitigations: tuple[Prose, ...] = ()
    outcome: RiskOutcome | None = None
    """How it was closed; None while it is open."""
    closed_on: date | None = None

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.outcome] if self.outcome else None

    @computed_field
    @property
    def exposure(self) -> int:
        return self.likelihood * self.impact

    @property
    def is_severe(self) -> bool:
        return self.exposure >= SEVERE


def decide(plan: AccountPlan, command: RiskCommands, _today: date) -> Decision[RiskEvents]:
    if isinstance(command, RaiseRisk):
        return Decision((RiskRaised(**said(command)),))

    risk = plan.the(Risk, command.id)
    new = changed(command, risk)
    event: RiskEvents | None
    match command:
        case ReassessRisk(id=id):
            former = Severity(**{name: getattr(risk, name) for name in new})
            event = RiskReassessed(id=id, **new, former=former) if new else None
        case RestateRisk(id=id):
            event = RiskRestated(id=id, **new) if new else None
        case ReassignRisk(id=id):
            event = RiskReassigned(id=id, **new, former=risk.owner) if new else None
        case PlanMitigation(statement=statement):
            if statement in risk.mitigations:
                return Decision()
            return Decision((MitigationPlanned(**said(command)),))
        case CloseRisk():
            event = RiskClosed(**said(command))
        case ReopenRisk(id=id):
            event = RiskReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: RiskEvents) -> None:
    match event:
        case RiskRaised():
            draft.create(Risk, event)
        case RiskReassessed() | RiskRestated() | RiskReassigned() | RiskClosed():
            draft.change(Risk, event)
        case MitigationPlanned(id=id, statement=statement):
            draft.set(Risk, id, mitigations=(*draft.the(Risk, id).mitigations, statement))
        case RiskReopened():
            draft.change(Risk, event, outcome=None, closed_on=None)
        case _:
            assert_never(event)


TOPIC = Topic(
    RiskCommands,
    RiskEvents,
    (Risk,),
    decide,
    apply,
    mistakes=(Mistakes(Risk, RaiseRisk, later={CloseRisk: ("outcome", "closed_on"), Mitigations: ("mitigations",)}),),
)
