"""Topic: the whitespace: which of our offerings each unit of the account uses, and what the others are worth."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import AfterValidator, BaseModel

from domain.account_plan.language import (
    AccountPlan,
    CompetitorId,
    OfferingId,
    PartOfOffering,
    PartOfUnit,
    Section,
    UnitId,
)
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Amount,
    Command,
    Count,
    Decision,
    Event,
    Name,
    OptionalText,
    Prose,
    Share,
    Slug,
    StakeholderId,
    Terms,
    changed,
    said,
)
from domain.refusals import Unknown
from domain.things import Draft, Thing

OfferingKind = Literal["product", "surface", "use_case"]
Penetration = Literal["na", "unknown", "none", "aware", "opportunity", "pilot", "adopted", "lost"]

PENETRATION_RANKS: Mapping[Penetration, int | None] = {
    "na": None,
    "unknown": None,
    "none": 0,
    "aware": 1,
    "opportunity": 2,
    "pilot": 3,
    "adopted": 4,
    "lost": None,
}
"""The progress of an offering in a unit, by penetration; None where that is no step of the way."""

STILL_TO_WIN: Mapping[Penetration, bool] = {
    "na": False,
    "unknown": True,
    "none": True,
    "aware": True,
    "opportunity": True,
    "pilot": True,
    "adopted": False,
    "lost": False,
}
"""For each penetration, whether there is still something to sell."""
Bet = Literal["quick_win", "strategic_bet"]
Level = Literal["low", "medium", "high"]
Timing = Literal["now", "later"]
Tactic = Literal["adjacent_proof", "referral", "product_led", "executive_driven", "use_case"]

NO_COMPETITOR = ("unknown", "status_quo", "us")
"""Who may be the incumbent of a cell beside a competitor."""


class OfferingTerms(Terms):
    id: str
    name: Prose
    kind: OfferingKind


class Assumptions(Terms):
    """What the potential of a cell is reckoned from."""

    adoption_rate: Decimal | None = None
    price_per_unit: Decimal | None = None
    seats: int | None = None
    sites: int | None = None


class CellTerms(Terms):
    unit: UnitId
    offering: OfferingId
    penetration: Penetration = "unknown"
    incumbent: CompetitorId = "unknown"
    arr_potential: Decimal | None = None
    probability: Decimal | None = None
    assumptions: Assumptions | None = None
    bet: Bet | None = None
    effort: Level | None = None
    strategic_value: Level | None = None
    timing: Timing | None = None
    sponsor: StakeholderId | None = None
    tactic: Tactic | None = None
    entry_path: Prose | None = None


# Events


class OfferingEvent(Event):
    """About one of our offerings."""

    noun: ClassVar[str] = "offering"
    home: ClassVar[Section] = "whitespace"


class OfferingListed(OfferingEvent, OfferingTerms):
    """Something of ours the account could use: with each unit it makes a cell of the whitespace."""


class OfferingRetired(OfferingEvent):
    """Something of ours is no longer offered to the account."""

    id: str


class CellAssessed(Event, CellTerms):
    """What we have and could have of one offering in one unit, in the parts that are said."""

    noun: ClassVar[str] = "cell"
    home: ClassVar[Section] = "whitespace"

    former: Penetration | None = None

    def subject(self) -> str:
        return cell_id(self.unit, self.offering)


WhitespaceEvents = OfferingListed | OfferingRetired | CellAssessed


# Commands


def _never_null(value: str | None) -> str:
    return "unknown" if value is None else value


class OfferingCommand(Command):
    noun: ClassVar[str] = "offering"
    home: ClassVar[Section] = "whitespace"


class ListOffering(OfferingCommand):
    """Something of ours that the account could use; with each unit it makes a cell of the whitespace."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    name: Name
    kind: OfferingKind


class RetireOffering(OfferingCommand):
    """It is not offered any more.  What was said of its cells stays."""

    id: Slug


class AssumedValues(Assumptions, strict=True):
    """Assumptions with the types of commands."""

    adoption_rate: Share | None = None
    price_per_unit: Amount | None = None
    seats: Count | None = None
    sites: Count | None = None


class AssessCell(Command):
    """Where a unit stands with an offering.  `incumbent` is who serves it today: unknown, status_quo, us, or the id of
    a competitor; a quick win can be piloted within `policy.quick_win_days` days; the sponsor is who could open the
    door."""

    noun: ClassVar[str] = "cell"
    home: ClassVar[Section] = "whitespace"
    needs: ClassVar[Any] = "nothing"

    unit: PartOfUnit
    offering: PartOfOffering
    penetration: Annotated[Penetration | None, AfterValidator(_never_null)] = None
    incumbent: Annotated[Slug | None, AfterValidator(_never_null)] = None
    arr_potential: Amount | None = None
    probability: Share | None = None
    assumptions: AssumedValues | None = None
    bet: Bet | None = None
    effort: Level | None = None
    strategic_value: Level | None = None
    timing: Timing | None = None
    sponsor: StakeholderId | None = None
    tactic: Tactic | None = None
    entry_path: OptionalText = None

    def subject(self) -> str | None:
        return cell_id(self.unit, self.offering)


class OfferingRetirement(BaseModel):
    """The retirement of an offering as events store it."""

    retired: bool = False


WhitespaceCommands = ListOffering | RetireOffering | AssessCell


# State and rules


class Offering(OfferingTerms, Thing):
    noun: ClassVar[str] = "offering"
    home: ClassVar[Section] = "whitespace"

    retired: bool = False

    @property
    def ending(self) -> str | None:
        return "was retired" if self.retired else None


class Cell(CellTerms, Thing):
    """There from its first assessment; every other pairing of unit and offering is unknown."""

    noun: ClassVar[str] = "cell"
    home: ClassVar[Section] = "whitespace"

    @property
    def is_white(self) -> bool:
        return STILL_TO_WIN[self.penetration]


def cell_id(unit: str, offering: str) -> str:
    return f"{unit}:{offering}"


def decide(plan: AccountPlan, command: WhitespaceCommands, _today: date) -> Decision[WhitespaceEvents]:
    match command:
        case ListOffering():
            return Decision((OfferingListed(**said(command)),))
        case RetireOffering(id=id):
            return Decision((OfferingRetired(id=id),))
        case AssessCell():
            return Decision(assess(plan, command))
        case _:
            assert_never(command)


def assess(plan: AccountPlan, command: AssessCell) -> tuple[CellAssessed, ...]:
    cell = plan.find(Cell, cell_id(command.unit, command.offering)) or blank_cell(command)
    new = changed(plain(command), cell)
    if "incumbent" in new:
        check_incumbent(plan, new["incumbent"])
    if "penetration" in new:
        new["former"] = cell.penetration
    return (CellAssessed(unit=cell.unit, offering=cell.offering, **new),) if new else ()


def check_incumbent(plan: AccountPlan, incumbent: str) -> None:
    if incumbent not in NO_COMPETITOR and plan.named("competitor", incumbent) is None:
        raise Unknown("/incumbent", kind="competitor", id=incumbent, aggregate=plan.noun)


def check_cell(plan: AccountPlan, _before: Cell, after: Cell) -> None:
    check_incumbent(plan, after.incumbent)


def blank_cell(assessed: AssessCell | CellAssessed) -> Cell:
    id = cell_id(assessed.unit, assessed.offering)
    return Cell(id=id, unit=assessed.unit, offering=assessed.offering)


def plain(command: AssessCell) -> AssessCell:
    """Return the fields of the command, with the assumptions as events store them."""
    if command.assumptions is None:
        return command
    known = command.assumptions.model_dump(exclude_none=True)
    return command.model_copy(update={"assumptions": Assumptions(**known) if known else None})


def apply(draft: Draft, event: WhitespaceEvents) -> None:
    match event:
        case OfferingListed():
            draft.create(Offering, event)
        case OfferingRetired():
            draft.change(Offering, event, retired=True)
        case CellAssessed():
            cell = draft.find(Cell, event.subject()) or blank_cell(event)
            assessed = event.model_fields_set - {"former"}
            draft.put(cell.but({name: getattr(event, name) for name in assessed}))
        case _:
            assert_never(event)


TOPIC = Topic(
    WhitespaceCommands,
    WhitespaceEvents,
    (Offering, Cell),
    decide,
    apply,
    mistakes=(
        Mistakes(Offering, ListOffering, later={OfferingRetirement: ("retired",)}),
        Mistakes(Cell, AssessCell, identity=("unit", "offering"), subject=AssessCell.subject, check=check_cell),
    ),
)
