"""Topic: opportunities, the deals a plan is to lead to."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import Field

from domain.account_plan.language import AccountPlan, CompetitorId, GoalId, HypothesisId, OfferingId, Section, UnitId
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import (
    Amount,
    Command,
    Decision,
    DueDay,
    Event,
    Name,
    OptionalName,
    PastDay,
    Person,
    PersonId,
    Prose,
    Share,
    Slug,
    StakeholderId,
    Statement,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

OpportunityKind = Literal["product_gap", "adjacent", "renewal_upgrade", "partnership"]
OpportunitySource = Literal["plan", "referral", "customer_marketing", "expansion_logo", "marketing", "inbound"]
OpportunityState = Literal["open", "won", "lost"]


class OpportunityLinks(Terms):
    """What the opportunity comes from."""

    unit: UnitId | None = None
    offering: OfferingId | None = None
    goal: GoalId | None = None
    hypothesis: HypothesisId | None = None


class OpportunityTerms(Terms):
    id: str
    name: Prose
    amount: Decimal
    stage: str
    close_on: date
    source: OpportunitySource
    crm_id: str | None = None
    probability: Decimal | None = None
    kind: OpportunityKind | None = None


class Forecast(Terms):
    """What may be forecast differently as time goes by."""

    amount: Decimal | None = None
    close_on: date | None = None
    probability: Decimal | None = None


class NextBestAction(Terms):
    statement: Prose
    owner: Person
    due_on: date


# Events


class OpportunityEvent(Event):
    """About one opportunity."""

    noun: ClassVar[str] = "opportunity"
    home: ClassVar[Section] = "opportunities"


class OpportunityOpened(OpportunityEvent, OpportunityLinks, OpportunityTerms):
    """There is something the account may buy."""


class OpportunityAdvanced(OpportunityEvent):
    """An opportunity moved to another stage."""

    id: str
    stage: str
    former: str


class OpportunityReforecast(OpportunityEvent, Forecast):
    """An opportunity is expected to bring another amount, on another day, or with another probability."""

    id: str
    former: Forecast


class NextBestActionSet(OpportunityEvent, NextBestAction):
    """What is to be done next for an opportunity, by whom and by when."""

    id: str


class OpportunityRelinked(OpportunityEvent, OpportunityLinks):
    """What an opportunity is linked to, all of it: it has no links beside."""

    id: str


class OpportunityWon(OpportunityEvent):
    """The account bought."""

    id: str
    won_on: date
    amount: Decimal
    discount: Decimal | None = None


class OpportunityLost(OpportunityEvent):
    """The account did not buy, or bought from somebody else."""

    id: str
    lost_on: date
    competitor: CompetitorId | None = None


class OpportunityReopened(OpportunityEvent):
    """An opportunity that was won or lost is open again."""

    id: str


OpportunityEvents = (
    OpportunityOpened
    | OpportunityAdvanced
    | OpportunityReforecast
    | NextBestActionSet
    | OpportunityRelinked
    | OpportunityWon
    | OpportunityLost
    | OpportunityReopened
)


# Commands


class OpportunityCommand(Command):
    noun: ClassVar[str] = "opportunity"
    home: ClassVar[Section] = "opportunities"


class LinkingOpportunity(Command):
    """What an opportunity may be linked to."""

    unit: UnitId | None = None
    offering: OfferingId | None = None
    goal: GoalId | None = None
    hypothesis: HypothesisId | None = None


class OpenOpportunity(OpportunityCommand, LinkingOpportunity):
    """`stage` is a word of your own pipeline; a link given here counts as planned, one added later as claimed."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    name: Name
    amount: Amount
    stage: Name
    close_on: Day
    source: OpportunitySource
    crm_id: OptionalName = None
    probability: Share | None = None
    kind: OpportunityKind | None = None


class AdvanceOpportunity(OpportunityCommand):
    """It is now at another stage of the pipeline, be it further on or further back."""

    id: Slug
    stage: Name


class ReforecastOpportunity(OpportunityCommand):
    """Expect another amount, another day or another probability.  The first forecast stays on record."""

    id: Slug
    amount: Unless[Amount] = None
    close_on: Unless[Day] = None
    probability: Share | None = None


class SetNextBestAction(OpportunityCommand):
    """What brings it forward next: by whom and by when.  It takes the place of the one before."""

    id: Slug
    statement: Statement
    owner: PersonId
    due_on: DueDay


class RelinkOpportunity(OpportunityCommand, LinkingOpportunity):
    """All its links, whole: a link left out is gone.  A link added here counts as claimed, not planned."""

    id: Slug


class WinOpportunity(OpportunityCommand):
    """`amount` is what was signed, whatever was forecast."""

    id: Slug
    won_on: PastDay
    amount: Amount
    discount: Share | None = None


class LoseOpportunity(OpportunityCommand):
    """`competitor` is who won it in our place, if anybody did."""

    id: Slug
    lost_on: PastDay
    competitor: CompetitorId | None = None
    reason: Text


class ReopenOpportunity(OpportunityCommand):
    """It is open again, and so is the forecast from before the closing."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


OpportunityCommands = (
    OpenOpportunity
    | AdvanceOpportunity
    | ReforecastOpportunity
    | SetNextBestAction
    | RelinkOpportunity
    | WinOpportunity
    | LoseOpportunity
    | ReopenOpportunity
)


# State and rules

ENDINGS: Mapping[OpportunityState, str | None] = {"open": None, "won": "was won", "lost": "was lost"}
"""The ending that each state means, for a sentence; None while it is open."""


class Opportunity(OpportunityLinks, OpportunityTerms, Thing):
    noun: ClassVar[str] = "opportunity"
    home: ClassVar[Section] = "opportunities"

    state: OpportunityState = "open"
    engaged: tuple[StakeholderId, ...] = ()
    """Everybody who takes part, whether or not they are still with the account: see `threads.engaged_there`."""
    next_best_action: NextBestAction | None = None
    won_on: date | None = None
    discount: Decimal | None = None
    lost_on: date | None = None
    competitor: CompetitorId | None = None
    forecast_amount: Decimal | None = Field(None, exclude=True)
    """The forecast from before the closing, to which a reopening returns; what was signed stands in `amount`."""

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


def decide(plan: AccountPlan, command: OpportunityCommands, _today: date) -> Decision[OpportunityEvents]:
    if isinstance(command, OpenOpportunity):
        return Decision((OpportunityOpened(**said(command)),))

    opportunity = plan.the(Opportunity, command.id)
    new = changed(command, opportunity)
    event: OpportunityEvents | None
    match command:
        case AdvanceOpportunity(id=id):
            event = OpportunityAdvanced(id=id, **new, former=opportunity.stage) if new else None
        case ReforecastOpportunity(id=id):
            former = Forecast(**{name: getattr(opportunity, name) for name in new})
            event = OpportunityReforecast(id=id, **new, former=former) if new else None
        case SetNextBestAction():
            return set_next_best_action(opportunity, command)
        case RelinkOpportunity(id=id):
            links = links_of(command)
            event = OpportunityRelinked(id=id, **links) if links != links_of(opportunity) else None
        case WinOpportunity():
            event = OpportunityWon(**said(command))
        case LoseOpportunity():
            event = OpportunityLost(**said(command))
        case ReopenOpportunity(id=id):
            event = OpportunityReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def set_next_best_action(opportunity: Opportunity, command: SetNextBestAction) -> Decision[OpportunityEvents]:
    event = NextBestActionSet(**said(command))
    if next_best_action_of(event) == opportunity.next_best_action:
        return Decision()
    return Decision((event,))


def next_best_action_of(event: NextBestActionSet) -> NextBestAction:
    return NextBestAction(statement=event.statement, owner=event.owner, due_on=event.due_on)


def links_of(linked: LinkingOpportunity | Opportunity) -> dict[str, Any]:
    return {name: getattr(linked, name) for name in OpportunityLinks.model_fields}


def apply(draft: Draft, event: OpportunityEvents) -> None:
    match event:
        case OpportunityOpened():
            draft.create(Opportunity, event)
        case OpportunityAdvanced() | OpportunityReforecast() | OpportunityRelinked():
            draft.change(Opportunity, event)
        case NextBestActionSet(id=id):
            draft.set(Opportunity, id, next_best_action=next_best_action_of(event))
        case OpportunityWon(id=id):
            draft.change(Opportunity, event, state="won", forecast_amount=draft.value(Opportunity, id, "amount"))
        case OpportunityLost(id=id):
            draft.change(Opportunity, event, state="lost")
        case OpportunityReopened(id=id):
            emptied = {"won_on": None, "discount": None, "lost_on": None, "competitor": None}
            forecast = draft.value(Opportunity, id, "forecast_amount")
            amount = draft.value(Opportunity, id, "amount") if forecast is None else forecast
            draft.change(Opportunity, event, state="open", amount=amount, forecast_amount=None, **emptied)
        case _:
            assert_never(event)


TOPIC = Topic(
    OpportunityCommands,
    OpportunityEvents,
    (Opportunity,),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Opportunity,
            OpenOpportunity,
            later={WinOpportunity: ("won_on", "discount"), LoseOpportunity: ("lost_on", "competitor")},
        ),
    ),
)
