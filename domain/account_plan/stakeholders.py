"""Topic: stakeholders, the customer's people and the roles to fill there. `domain.account_plan.standing` says how they
stand to us."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import AfterValidator

from domain.account_plan.language import AccountPlan, Section, UnitId
from domain.account_plan.telling_ids import tells
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Decision,
    Event,
    LongPastDay,
    Many,
    OptionalEmail,
    OptionalName,
    OptionalText,
    PastDay,
    Person,
    Personal,
    PersonalSpeech,
    Prose,
    Refusal,
    Slug,
    StakeholderId,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.markers import Identifies
from domain.refusals import Over
from domain.things import Draft, Thing

Level = Literal["executive", "management", "execution"]
EmailStatus = Literal["unverified", "verified", "bounced"]
Role = Literal[
    "economic_buyer",
    "decision_maker",
    "technical_owner",
    "power_user",
    "user",
    "influencer",
    "evaluator",
    "executive_sponsor",
    "champion",
    "coach",
    "gatekeeper",
    "legal",
    "procurement",
    "admin",
]


class Position(Terms):
    """What changes when somebody moves, and their level."""

    title: Personal | None = None
    unit: UnitId | None = None
    reports_to: StakeholderId | None = None


class Details(Position):
    """Who it is.  Without a name: a role to fill."""

    name: Personal | None = None
    email: Personal | None = None
    email_status: EmailStatus | None = None
    phone: Personal | None = None
    location: Personal | None = None
    crm_id: str | None = None
    roles: tuple[Role, ...] = ()
    motivators: tuple[PersonalSpeech, ...] = ()
    joined_on: date | None = None


# Events


class StakeholderEvent(Event):
    """About one stakeholder."""

    noun: ClassVar[str] = "stakeholder"
    home: ClassVar[Section] = "stakeholders"


class StakeholderAdded(StakeholderEvent, Details):
    """Somebody at the customer's became known; without a name, a role that is still to be filled."""

    id: str
    level: Level


class StakeholderMoved(StakeholderEvent, Position):
    """A stakeholder has another position at the customer's."""

    id: str
    level: Level | None = None
    moved_on: date
    promoted: bool


class StakeholderVerified(StakeholderEvent):
    """Somebody made sure that the stakeholder is still there and what is on record is right."""

    id: str
    email_status: EmailStatus | None = None


class StakeholderLeft(StakeholderEvent):
    """A stakeholder left the customer."""

    id: str
    left_on: date
    went_to: Prose | None = None


class StakeholderReturned(StakeholderEvent):
    """A stakeholder who had left is there again, or had never left."""

    id: str
    returned_on: date


StakeholderEvents = StakeholderAdded | StakeholderMoved | StakeholderVerified | StakeholderLeft | StakeholderReturned


# Commands


def _distinct(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(roles))


Roles = Annotated[Many[Role], AfterValidator(_distinct)]


class StakeholderCommand(Command):
    noun: ClassVar[str] = "stakeholder"
    home: ClassVar[Section] = "stakeholders"
    speaks_of_its_people: ClassVar[bool] = True


class Positioning(Command):
    """Where somebody stands."""

    title: Annotated[OptionalName, Identifies()] = None
    unit: UnitId | None = None
    reports_to: StakeholderId | None = None


class Describing(Positioning):
    """What a stakeholder may be described by."""

    name: Annotated[OptionalName, Identifies()] = None
    email: OptionalEmail = None
    email_status: EmailStatus | None = None
    phone: Annotated[OptionalName, Identifies()] = None
    location: Annotated[OptionalName, Identifies()] = None
    crm_id: Annotated[OptionalName, Identifies()] = None
    roles: Roles = ()
    motivators: Many[Text] = ()
    joined_on: LongPastDay | None = None


class AddStakeholder(StakeholderCommand, Describing):
    """One of the customer's people; without a name, a role to fill, which needs a title.

    The id stands in clear for ever: it may be no word of the name or of the mail address.
    """

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    level: Level


class MoveStakeholder(StakeholderCommand, Positioning):
    """A new title, unit, superior or level within the customer's company; `promoted` says that it was a step up."""

    id: Slug
    level: Unless[Level] = None
    moved_on: PastDay
    promoted: bool = False


class VerifyStakeholder(StakeholderCommand):
    """Somebody looked: they are still there and the details are right.  Due again after `policy.contact_days` days."""

    id: Slug
    email_status: Unless[EmailStatus] = None


class RecordDeparture(StakeholderCommand):
    """They left the customer's company."""

    id: Slug
    left_on: PastDay
    went_to: OptionalText = None


class ReturnStakeholder(StakeholderCommand):
    """They are back, or had not left."""

    needs: ClassVar[Any] = "over"

    id: Slug
    returned_on: PastDay
    reason: Text


StakeholderCommands = AddStakeholder | MoveStakeholder | VerifyStakeholder | RecordDeparture | ReturnStakeholder


# Refusals


class RoleNeedsTitle(Refusal):
    """A stakeholder without a name is a role to fill: say its title."""


class IdTellsThePerson(Refusal):
    """A word of the id “{id}” is one of the name or of the mail address.  An id stands in clear for ever, so it may not
    tell the person: choose one that does not, such as the part they play."""


class ReportsToCycle(Refusal):
    """“{id}” cannot report to “{reports_to}”: directly or through others, “{id}” would report to themselves."""


class ForgottenForEver(Refusal):
    """The stakeholder “{id}” was forgotten, which cannot be undone; add them anew, under another id."""

    @property
    def type(self) -> str:
        return "stakeholder-forgotten"


# State and rules

ENGAGED = 2
"""The smallest strength of a relationship with which a stakeholder counts as engaged."""

FEW_THREADS = 2
"""With fewer engaged people the account is single-threaded: if one leaves, we start from nothing."""


class Stakeholder(Details, Thing):
    noun: ClassVar[str] = "stakeholder"
    home: ClassVar[Section] = "stakeholders"

    level: Level
    attitude: int | None = None
    evidence: PersonalSpeech | None = None
    """The evidence for the current attitude."""
    power: int | None = None
    relationships: Mapping[Person, int] = {}
    """How well each of our people knows them."""
    strength: int | None = None
    """The greatest strength among `relationships`."""
    moved_on: date | None = None
    promoted: bool = False
    """Whether the last move was a step up."""
    left_on: date | None = None
    went_to: Prose | None = None
    returned_on: date | None = None
    merged_into: StakeholderId | None = None
    """The other stakeholder, if the same person was entered twice."""
    forgotten: bool = False

    @property
    def ending(self) -> str | None:
        if self.forgotten:
            return "was forgotten"
        if self.merged_into:
            return f"was merged into “{self.merged_into}”"
        return "has left" if self.left_on else None

    @property
    def is_there(self) -> bool:
        """Whether they are still with the customer and not forgotten."""
        return self.is_open

    @property
    def is_engaged(self) -> bool:
        """Whether one of our people knows them well. A role that nobody fills is never engaged."""
        return self.name is not None and (self.strength or 0) >= ENGAGED


def people_there(plan: AccountPlan) -> list[Stakeholder]:
    """Return all stakeholders who are still with the customer, including roles to fill."""
    return [person for person in plan.all(Stakeholder).values() if person.is_there]


def engaged_people(plan: AccountPlan) -> list[Stakeholder]:
    return [person for person in people_there(plan) if person.is_engaged]


def is_single_threaded(plan: AccountPlan) -> bool:
    """Return whether fewer than `FEW_THREADS` stakeholders are engaged."""
    return len(engaged_people(plan)) < FEW_THREADS


def decide(plan: AccountPlan, command: StakeholderCommands, _today: date) -> Decision[StakeholderEvents]:
    if isinstance(command, AddStakeholder):
        details = said(command)
        check_details(plan, Stakeholder.unchecked(details), details)
        return Decision((StakeholderAdded(**details),))

    person = plan.the(Stakeholder, command.id)
    new = news(command, person)
    event: StakeholderEvents | None
    match command:
        case MoveStakeholder():
            event = move(plan, person, command, new)
        case VerifyStakeholder():
            event = StakeholderVerified(**said(command))
        case RecordDeparture():
            event = StakeholderLeft(**said(command))
        case ReturnStakeholder(id=id):
            if person.forgotten:
                raise ForgottenForEver("/id", id=id)
            if person.merged_into:
                raise Over("/id", kind=person.noun, id=id, ending=person.ending)
            event = StakeholderReturned(**said(command))
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def news(command: Command, person: Stakeholder) -> dict[str, Any]:
    """Return `changed`, with two rules of this topic: roles have no order, and a new mail address has no status yet."""
    new = changed(command, person)
    if same_roles(new.get("roles", ()), person.roles):
        new.pop("roles", None)
    if "email" in new and "email_status" not in command.model_fields_set and person.email_status:
        new["email_status"] = None
    return new


def move(
    plan: AccountPlan, person: Stakeholder, command: MoveStakeholder, new: dict[str, Any]
) -> StakeholderMoved | None:
    position = {name: new[name] for name in (*Position.model_fields, "level") if name in new}
    check_details(plan, person.but(position), position)
    promoted_that_day = person.promoted and person.moved_on == command.moved_on
    if not position and (promoted_that_day or not command.promoted):
        return None
    return StakeholderMoved(id=person.id, **position, moved_on=command.moved_on, promoted=command.promoted)


def same_roles(some: tuple[Role, ...], others: tuple[Role, ...]) -> bool:
    return set(some) == set(others)


def check_details(plan: AccountPlan, person: Stakeholder, new: Mapping[str, Any]) -> None:
    """Check a stakeholder with new values. Raises `RoleNeedsTitle`, `IdTellsThePerson`, `ReportsToCycle`."""
    if not person.name and not person.title:
        raise RoleNeedsTitle("/title")
    mailbox, _, _ = (new.get("email") or "").partition("@")
    if tells(person.id, new.get("name") or "", mailbox):
        raise IdTellsThePerson("/id", id=person.id)
    superior = reports_to = new.get("reports_to")
    while superior:
        if superior == person.id:
            raise ReportsToCycle("/reports_to", id=person.id, reports_to=reports_to)
        superior = plan.the(Stakeholder, superior).reports_to


def apply(draft: Draft, event: StakeholderEvents) -> None:
    match event:
        case StakeholderAdded():
            draft.create(Stakeholder, event)
        case StakeholderMoved() | StakeholderVerified() | StakeholderLeft():
            draft.change(Stakeholder, event)
        case StakeholderReturned():
            draft.change(Stakeholder, event, left_on=None, went_to=None)
        case _:
            assert_never(event)


TOPIC = Topic(
    StakeholderCommands,
    StakeholderEvents,
    (Stakeholder,),
    decide,
    apply,
    mistakes=(Mistakes(Stakeholder, AddStakeholder, corrects=False),),
)
