"""Topic: relationships, of the customer's people with each other and with ours: influence, objections, pairings and
touches."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import BaseModel, Field

from domain.account_plan.language import AccountPlan, ActionId, OpportunityId, PlayId, Section
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    AtLeastOne,
    Command,
    Decision,
    Event,
    Many,
    OptionalText,
    PastDay,
    Person,
    PersonId,
    Prose,
    Refusal,
    Slug,
    StakeholderId,
    Terms,
    Text,
    said,
)
from domain.things import Draft, Thing

TouchKind = Literal[
    "meeting",
    "one_to_one",
    "call",
    "email",
    "event",
    "workshop",
    "site_visit",
    "conference",
    "executive_meeting",
    "personal_note",
    "social",
]


class Line(Terms):
    """One of the customer's people listens to another."""

    influencer: StakeholderId
    influenced: StakeholderId


class Pair(Terms):
    """One of our people and one of the customer's."""

    member: Person
    stakeholder: StakeholderId


class ObjectionTerms(Terms):
    id: str
    stakeholder: StakeholderId
    statement: Prose


class TouchTerms(Terms):
    id: str
    happened_on: date
    kind: TouchKind
    stakeholders: tuple[StakeholderId, ...] = ()
    members: tuple[Person, ...] = ()
    topics: tuple[Prose, ...] = ()
    summary: Prose | None = None
    action: ActionId | None = None
    play: PlayId | None = None
    opportunity: OpportunityId | None = None


# Events


class RelationshipEvent(Event):
    """About the customer's people among themselves, or about them and us."""

    home: ClassVar[Section] = "stakeholders"


class InfluenceEvent(RelationshipEvent, Line):
    noun: ClassVar[str] = "influence"

    def subject(self) -> str:
        return line_between(self.influencer, self.influenced)


class InfluenceDrawn(InfluenceEvent):
    """A stakeholder listens to another one."""


class InfluenceErased(InfluenceEvent):
    """A stakeholder does not listen to another one any more, or never did."""


class ObjectionNoted(RelationshipEvent, ObjectionTerms):
    """A stakeholder has something against it."""

    noun: ClassVar[str] = "objection"


class ObjectionSettled(RelationshipEvent):
    """An objection no longer stands."""

    noun: ClassVar[str] = "objection"

    id: str
    how: Prose


class PairingEvent(RelationshipEvent, Pair):
    noun: ClassVar[str] = "pairing"

    def subject(self) -> str:
        return pair_of(self.stakeholder, self.member)


class PairingAgreed(PairingEvent):
    """One of ours keeps up with a stakeholder, at least so often."""

    every_days: int


class PairingEnded(PairingEvent):
    """One of ours no longer keeps up with a stakeholder."""


class TouchLogged(RelationshipEvent, TouchTerms):
    """Some of ours were in contact with the customer."""

    noun: ClassVar[str] = "touch"
    strikable: ClassVar[str | None] = "touch"


RelationshipEvents = (
    InfluenceDrawn | InfluenceErased | ObjectionNoted | ObjectionSettled | PairingAgreed | PairingEnded | TouchLogged
)


# Commands


class RelationshipCommand(Command):
    home: ClassVar[Section] = "stakeholders"
    speaks_of_its_people: ClassVar[bool] = True


class InfluenceCommand(RelationshipCommand):
    noun: ClassVar[str] = "influence"

    influencer: StakeholderId
    influenced: StakeholderId

    def subject(self) -> str:
        return line_between(self.influencer, self.influenced)


class DrawInfluence(InfluenceCommand):
    """Who listens to whom: what the influencer says counts with the influenced."""

    needs: ClassVar[Any] = "nothing"


class EraseInfluence(InfluenceCommand):
    """It is not so, or not so any more."""


class NoteObjection(RelationshipCommand):
    """What one of the customer's people holds against us or our offer."""

    noun: ClassVar[str] = "objection"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    stakeholder: StakeholderId
    statement: Text


class SettleObjection(RelationshipCommand):
    """Say how an objection was settled. It stays in the history."""

    noun: ClassVar[str] = "objection"

    id: Slug
    how: Text


class PairingCommand(RelationshipCommand):
    noun: ClassVar[str] = "pairing"

    member: PersonId
    stakeholder: StakeholderId

    def subject(self) -> str:
        return pair_of(self.stakeholder, self.member)


class AgreePairing(PairingCommand):
    """Who of ours keeps up with whom, and how often; agreed again, the new rhythm counts."""

    needs: ClassVar[Any] = "nothing"

    every_days: Annotated[int, Field(ge=1, le=3660)]


class EndPairing(PairingCommand):
    """They need not keep up any more.  It may be agreed anew."""


class LogTouch(RelationshipCommand):
    """Some of ours were in touch with some of theirs, at least one each.  An executive meeting is recorded once: as a
    touch, or as a review where it is a baseline."""

    noun: ClassVar[str] = "touch"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    happened_on: PastDay
    kind: TouchKind
    stakeholders: AtLeastOne[StakeholderId]
    members: AtLeastOne[PersonId]
    topics: Many[Text] = ()
    summary: OptionalText = None
    action: ActionId | None = None
    play: PlayId | None = None
    opportunity: OpportunityId | None = None


class Settlement(BaseModel):
    """The settlement of an objection as events store it; empty while it stands."""

    how: OptionalText = None


RelationshipCommands = (
    DrawInfluence | EraseInfluence | NoteObjection | SettleObjection | AgreePairing | EndPairing | LogTouch
)


# Refusals


class InfluenceOnOneself(Refusal):
    """“{id}” cannot influence themselves: name two different stakeholders."""


# State and rules


class Influence(Line, Thing):
    noun: ClassVar[str] = "influence"
    home: ClassVar[Section] = "stakeholders"


class Objection(ObjectionTerms, Thing):
    noun: ClassVar[str] = "objection"
    home: ClassVar[Section] = "stakeholders"

    settled: bool = False
    how: Prose | None = None

    @property
    def ending(self) -> str | None:
        return "was settled" if self.settled else None


class Pairing(Pair, Thing):
    noun: ClassVar[str] = "pairing"
    home: ClassVar[Section] = "stakeholders"

    every_days: int
    ended: bool = False

    @property
    def ending(self) -> str | None:
        return "was ended" if self.ended else None


class Touch(TouchTerms, Thing):
    noun: ClassVar[str] = "touch"
    home: ClassVar[Section] = "stakeholders"


def line_between(influencer: str, influenced: str) -> str:
    return f"{influencer}:{influenced}"


def pair_of(stakeholder: str, member: str) -> str:
    return f"{stakeholder}:{member}"


def decide(plan: AccountPlan, command: RelationshipCommands, _today: date) -> Decision[RelationshipEvents]:
    event: RelationshipEvents | None
    match command:
        case DrawInfluence(influencer=influencer, influenced=influenced):
            if influencer == influenced:
                raise InfluenceOnOneself("/influenced", id=influenced)
            event = None if plan.find(Influence, command.subject()) else InfluenceDrawn(**said(command))
        case EraseInfluence():
            event = InfluenceErased(**said(command))
        case NoteObjection():
            event = ObjectionNoted(**said(command))
        case SettleObjection():
            event = ObjectionSettled(**said(command))
        case AgreePairing():
            event = agree_pairing(plan, command)
        case EndPairing():
            event = PairingEnded(**said(command))
        case LogTouch():
            event = TouchLogged(**said(command))
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def agree_pairing(plan: AccountPlan, command: AgreePairing) -> PairingAgreed | None:
    pairing = plan.find(Pairing, command.subject())
    if pairing and not pairing.ended and pairing.every_days == command.every_days:
        return None
    return PairingAgreed(**said(command))


def apply(draft: Draft, event: RelationshipEvents) -> None:
    match event:
        case InfluenceDrawn():
            draft.create(Influence, event, id=event.subject())
        case InfluenceErased():
            draft.remove(Influence, event.subject())
        case ObjectionNoted():
            draft.create(Objection, event)
        case ObjectionSettled():
            draft.change(Objection, event, settled=True)
        case PairingAgreed():
            draft.create(Pairing, event, id=event.subject())
        case PairingEnded():
            draft.set(Pairing, event.subject(), ended=True)
        case TouchLogged():
            draft.create(Touch, event)
        case _:
            assert_never(event)


TOPIC = Topic(
    RelationshipCommands,
    RelationshipEvents,
    (Influence, Objection, Pairing, Touch),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Influence,
            DrawInfluence,
            identity=("influencer", "influenced"),
            subject=DrawInfluence.subject,
            corrects=False,
        ),
        Mistakes(
            Objection,
            NoteObjection,
            later={Settlement: ("how",)},
            follows=lambda objection: {"settled": objection.how is not None},
        ),
        Mistakes(Pairing, AgreePairing, identity=("member", "stakeholder"), subject=AgreePairing.subject),
        Mistakes(Touch, LogTouch),
    ),
)
