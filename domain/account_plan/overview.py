"""Topic: the overview: what the account is, how it is organised, and what happens to it."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import BaseModel

from domain.account_plan.language import AccountPlan, PartOfUnit, Section, UnitId
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Amount,
    Command,
    Count,
    Decision,
    Event,
    Many,
    Name,
    OptionalText,
    PastDay,
    Prose,
    Refusal,
    Slug,
    Terms,
    Text,
    Url,
    changed,
    said,
)
from domain.things import Draft, Thing

WhyUs = Literal["unique_capability", "time_to_value", "risk_reduction"]
ChangeDriver = Literal["regulation", "merger", "cost_pressure", "other"]
Fit = Literal["strong", "partial", "poor"]
Trajectory = Literal["expanding", "steady", "stagnating"]
UnitKind = Literal["business_unit", "department", "site", "line_of_business", "geography", "team"]
NewsKind = Literal[
    "funding",
    "merger",
    "ipo",
    "leadership_change",
    "initiative",
    "regulation",
    "cost_pressure",
    "launch",
    "other",
]


class OverviewTerms(Terms):
    industry: Prose | None = None
    industry_context: Prose | None = None
    employees: int | None = None
    annual_revenue: Decimal | None = None
    business: Prose | None = None
    key_products: tuple[Prose, ...] = ()
    customers: Prose | None = None
    market_position: Prose | None = None
    strategic_priorities: tuple[Prose, ...] = ()
    initiatives: tuple[Prose, ...] = ()
    tech_stack: tuple[Prose, ...] = ()
    our_fit: Prose | None = None
    decision_process: Prose | None = None
    why_us: tuple[WhyUs, ...] = ()
    change_drivers: tuple[ChangeDriver, ...] = ()
    icp_fit: Fit | None = None
    trajectory: Trajectory | None = None


class UnitTerms(Terms):
    id: str
    name: Prose
    kind: UnitKind
    buying_center: bool
    parent: UnitId | None = None


class NewsTerms(Terms):
    id: str
    kind: NewsKind
    happened_on: date
    summary: Prose
    source_url: Prose | None = None


class ReferralTerms(Terms):
    id: str
    to_account: Prose
    happened_on: date
    amount: Decimal | None = None


# Events


class LandscapeEvent(Event):
    """About the account and the world it lives in."""

    home: ClassVar[Section] = "overview"


class AccountDescribed(LandscapeEvent, OverviewTerms):
    """The landscape: what the account is, wants and is moved by, in the parts that are said."""

    noun: ClassVar[str] = "overview"


class UnitAdded(LandscapeEvent, UnitTerms):
    """A part of the customer's organisation became known."""

    noun: ClassVar[str] = "unit"


class UnitRenamed(LandscapeEvent):
    """A part of the customer's organisation goes by another name."""

    noun: ClassVar[str] = "unit"

    id: str
    name: Prose


class UnitRemoved(LandscapeEvent):
    """A part of the customer's organisation is no more, or never mattered."""

    noun: ClassVar[str] = "unit"

    id: str


class NewsNoted(LandscapeEvent, NewsTerms):
    """Something happened at the account that may matter to the plan."""

    noun: ClassVar[str] = "news"
    strikable: ClassVar[str | None] = "news"


class ReferralMade(LandscapeEvent, ReferralTerms):
    """The account recommended us to another one."""

    noun: ClassVar[str] = "referral"


OverviewEvents = AccountDescribed | UnitAdded | UnitRenamed | UnitRemoved | NewsNoted | ReferralMade


# Commands


class LandscapeCommand(Command):
    home: ClassVar[Section] = "overview"


class DescribeAccount(LandscapeCommand):
    """What the account is and does, what moves it, and how well it suits us."""

    noun: ClassVar[str] = "overview"
    needs: ClassVar[Any] = "nothing"

    industry: OptionalText = None
    industry_context: OptionalText = None
    employees: Count | None = None
    annual_revenue: Amount | None = None
    business: OptionalText = None
    key_products: Many[Text] = ()
    customers: OptionalText = None
    market_position: OptionalText = None
    strategic_priorities: Many[Text] = ()
    initiatives: Many[Text] = ()
    tech_stack: Many[Text] = ()
    our_fit: OptionalText = None
    decision_process: OptionalText = None
    why_us: Many[WhyUs] = ()
    change_drivers: Many[ChangeDriver] = ()
    icp_fit: Fit | None = None
    trajectory: Trajectory | None = None


class UnitCommand(LandscapeCommand):
    noun: ClassVar[str] = "unit"


class AddUnit(UnitCommand):
    """A part of the account, perhaps below another; `buying_center` when it has a budget of its own."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    name: Name
    kind: UnitKind
    buying_center: bool
    parent: PartOfUnit | None = None


class RenameUnit(UnitCommand):
    """Give a unit of the customer's company another name."""

    id: Slug
    name: Name


class RemoveUnit(UnitCommand):
    """The unit is no more.  The units below it go first."""

    id: Slug


class NoteNews(LandscapeCommand):
    """Note something that happened at the customer and may change what we do."""

    noun: ClassVar[str] = "news"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: NewsKind
    happened_on: PastDay
    summary: Text
    source_url: Url | None = None


class NoteReferral(LandscapeCommand):
    """The account recommended us to another one; `amount` is what came or may come of it."""

    noun: ClassVar[str] = "referral"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    to_account: Text
    happened_on: PastDay
    amount: Amount | None = None


class UnitRemoval(BaseModel):
    """The removal of a unit as events store it."""

    removed: bool = False


OverviewCommands = DescribeAccount | AddUnit | RenameUnit | RemoveUnit | NoteNews | NoteReferral


# Refusals


class UnitBelowItself(Refusal):
    """“{id}” cannot be a part of “{parent}”, which is directly or through others a part of “{id}”."""


class UnitHasUnitsBelow(Refusal):
    """The unit “{id}” still has units below it ({below}); remove those first."""


# State and rules


class Overview(OverviewTerms, Thing):
    noun: ClassVar[str] = "overview"
    home: ClassVar[Section] = "overview"


class Unit(UnitTerms, Thing):
    noun: ClassVar[str] = "unit"
    home: ClassVar[Section] = "overview"

    removed: bool = False

    @property
    def ending(self) -> str | None:
        return "was removed" if self.removed else None


class News(NewsTerms, Thing):
    noun: ClassVar[str] = "news"
    home: ClassVar[Section] = "overview"


class Referral(ReferralTerms, Thing):
    noun: ClassVar[str] = "referral"
    home: ClassVar[Section] = "overview"


def decide(plan: AccountPlan, command: OverviewCommands, _today: date) -> Decision[OverviewEvents]:
    event: OverviewEvents | None
    match command:
        case DescribeAccount():
            new = changed(command, plan.find(Overview, "overview") or Overview(id="overview"))
            event = AccountDescribed(**new) if new else None
        case AddUnit():
            event = UnitAdded(**said(command))
        case RenameUnit(id=id):
            new = changed(command, plan.the(Unit, id))
            event = UnitRenamed(id=id, **new) if new else None
        case RemoveUnit(id=id):
            below = [unit.id for unit in plan.all(Unit).values() if unit.parent == id and not unit.removed]
            if below:
                raise UnitHasUnitsBelow("/id", id=id, below=", ".join(below))
            event = UnitRemoved(id=id)
        case NoteNews():
            event = NewsNoted(**said(command))
        case NoteReferral():
            event = ReferralMade(**said(command))
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def check_unit(plan: AccountPlan, _before: Unit, after: Unit) -> None:
    """Check that no unit is a part of itself."""
    above = after.parent
    while above:
        if above == after.id:
            raise UnitBelowItself("/parent", id=after.id, parent=after.parent)
        above = plan.the(Unit, above).parent


def apply(draft: Draft, event: OverviewEvents) -> None:
    match event:
        case AccountDescribed():
            draft.amend(Overview, event)
        case UnitAdded():
            draft.create(Unit, event)
        case UnitRenamed():
            draft.change(Unit, event)
        case UnitRemoved():
            draft.change(Unit, event, removed=True)
        case NewsNoted():
            draft.create(News, event)
        case ReferralMade():
            draft.create(Referral, event)
        case _:
            assert_never(event)


TOPIC = Topic(
    OverviewCommands,
    OverviewEvents,
    (Overview, Unit, News, Referral),
    decide,
    apply,
    mistakes=(
        Mistakes(Overview, DescribeAccount, identity=()),
        Mistakes(Unit, AddUnit, later={UnitRemoval: ("removed",)}, check=check_unit),
        Mistakes(News, NoteNews),
        Mistakes(Referral, NoteReferral),
    ),
)
