"""Topic: the standing of stakeholders: their attitude to us, the strength of the relationship, their roles in a
purchase, and their power."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, assert_never

from pydantic import Field

from domain.account_plan.language import AccountPlan
from domain.account_plan.stakeholders import Role, Roles, Stakeholder, StakeholderCommand, StakeholderEvent, same_roles
from domain.aggregates import Topic
from domain.language import Decision, Grade, OptionalText, Person, PersonalSpeech, PersonId, Slug, said
from domain.things import Draft

# Events


class RolesAssigned(StakeholderEvent):
    """The parts a stakeholder plays in a purchase, the whole set."""

    id: str
    roles: tuple[Role, ...]


class SentimentChanged(StakeholderEvent):
    """A stakeholder thinks differently of us, or we know better what they think."""

    id: str
    attitude: int | None
    former: int | None
    evidence: PersonalSpeech | None = None


class PowerRated(StakeholderEvent):
    """How much power a stakeholder holds."""

    id: str
    power: int
    former: int | None


class RelationshipRated(StakeholderEvent):
    """How well one of ours knows a stakeholder."""

    id: str
    member: Person
    strength: int
    former: int | None


StandingEvents = RolesAssigned | SentimentChanged | PowerRated | RelationshipRated


# Scales

AttitudeWord = Literal["blocker", "sceptic", "neutral", "supporter", "champion", "unknown"]

ATTITUDES: Mapping[int, AttitudeWord] = {-2: "blocker", -1: "sceptic", 0: "neutral", 1: "supporter", 2: "champion"}
"""The scale of attitudes to us."""

STRENGTHS: Mapping[int, str] = {0: "none", 1: "aware", 2: "engaged", 3: "advocate"}
"""The scale of how well one of our people knows a stakeholder."""


def in_a_word(attitude: int | None) -> AttitudeWord:
    return "unknown" if attitude is None else ATTITUDES[attitude]


def told(scale: Mapping[int, str]) -> str:
    """Return a scale as text, such as `0 none, 1 aware`, with a true minus sign."""
    return ", ".join(f"{grade} {word}".replace("-", "−") for grade, word in scale.items())


# Commands


Attitude = Annotated[int, Field(ge=min(ATTITUDES), le=max(ATTITUDES), description=f"{told(ATTITUDES)}; null: unknown")]
Strength = Annotated[int, Field(ge=min(STRENGTHS), le=max(STRENGTHS), description=told(STRENGTHS))]


class AssignRoles(StakeholderCommand):
    """The part they play in a purchase: the whole set, so that a role left out is gone."""

    id: Slug
    roles: Roles


class ChangeSentiment(StakeholderCommand):
    """What they think of us; null is unknown.  The same attitude is worth recording with new evidence only."""

    id: Slug
    attitude: Attitude | None
    evidence: OptionalText = None


class RatePower(StakeholderCommand):
    """How much power they hold, 1 to 5."""

    id: Slug
    power: Grade


class RateRelationship(StakeholderCommand):
    """How well one of our people knows them.  A stakeholder's strength is the best of its members'."""

    id: Slug
    member: PersonId
    strength: Strength


StandingCommands = AssignRoles | ChangeSentiment | RatePower | RateRelationship


# State and rules


def decide(plan: AccountPlan, command: StandingCommands, _today: date) -> Decision[StandingEvents]:
    person = plan.the(Stakeholder, command.id)
    event: StandingEvents | None
    match command:
        case AssignRoles(roles=roles):
            event = None if same_roles(roles, person.roles) else RolesAssigned(id=person.id, roles=roles)
        case ChangeSentiment(attitude=attitude, evidence=evidence):
            news = attitude != person.attitude or evidence not in (None, person.evidence)
            spoken = said(command) | {"attitude": attitude}
            event = SentimentChanged(**spoken, former=person.attitude) if news else None
        case RatePower(power=power):
            former = person.power
            event = PowerRated(id=person.id, power=power, former=former) if power != former else None
        case RateRelationship(member=member, strength=strength):
            former = person.relationships.get(member)
            event = RelationshipRated(**said(command), former=former) if strength != former else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: StandingEvents) -> None:
    match event:
        case RolesAssigned() | PowerRated():
            draft.change(Stakeholder, event)
        case SentimentChanged(evidence=evidence):
            draft.change(Stakeholder, event, evidence=evidence)
        case RelationshipRated(id=id, member=member, strength=strength):
            known = {**draft.the(Stakeholder, id).relationships, member: strength}
            draft.set(Stakeholder, id, relationships=known, strength=max(known.values()))
        case _:
            assert_never(event)


TOPIC = Topic(StandingCommands, StandingEvents, (), decide, apply)
"""The topic has no things of its own: it changes stakeholders."""
