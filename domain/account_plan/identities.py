"""Topic: identities: corrections of stakeholders, and the merging of a person who was entered twice."""

from datetime import date
from typing import Any, ClassVar, assert_never

from domain.account_plan.language import AccountPlan
from domain.account_plan.stakeholders import (
    Describing,
    Details,
    ForgottenForEver,
    Level,
    ReportsToCycle,
    Stakeholder,
    StakeholderCommand,
    StakeholderEvent,
    check_details,
    news,
)
from domain.aggregates import Topic
from domain.corrections import NothingToCorrect
from domain.language import Decision, OptionalText, PastDay, Prose, Refusal, Slug, StakeholderId, Unless
from domain.refusals import Over
from domain.things import Draft

DEPARTURE = ("left_on", "went_to")
MOVE = ("moved_on", "promoted")
LATER = (*DEPARTURE, *MOVE, "returned_on")
"""Fields that are not set when a stakeholder is added, and can be corrected once they are set."""


class Person(Details):
    """The fields of a stakeholder that can be corrected."""

    level: Level | None = None
    left_on: date | None = None
    went_to: Prose | None = None
    moved_on: date | None = None
    promoted: bool | None = None
    returned_on: date | None = None


# Events


class StakeholderCorrected(StakeholderEvent, Person):
    """What was on record of a stakeholder was wrong (not: it changed), in the fields that are said."""

    corrects: ClassVar[bool] = True

    id: str
    former: Person | None = None


class StakeholderMerged(StakeholderEvent):
    """Two stakeholders are one and the same person: what named the first names the other from here on."""

    id: str
    into: StakeholderId


IdentityEvents = StakeholderCorrected | StakeholderMerged


# Commands


class CorrectStakeholder(StakeholderCommand, Describing):
    """It was wrong.  Where it was right and has changed, move the stakeholder or assign roles instead.

    The days of the last move, of a departure and of a return can be corrected as well, and whether that move was a step
    up.
    """

    needs: ClassVar[Any] = "any"

    id: Slug
    level: Unless[Level] = None
    left_on: Unless[PastDay] = None
    went_to: OptionalText = None
    moved_on: Unless[PastDay] = None
    promoted: Unless[bool] = None
    returned_on: Unless[PastDay] = None


class MergeStakeholder(StakeholderCommand):
    """The same person was entered twice: links, touches and relationships follow to the other, who stays as they are.

    The first can still be read, and whoever names them means the other.  Both are forgotten together.
    """

    needs: ClassVar[Any] = "any"

    id: Slug
    into: StakeholderId


IdentityCommands = CorrectStakeholder | MergeStakeholder


# Refusals


class MergedIntoOneself(Refusal):
    """“{id}” cannot be merged into “{id}”: name the other of the two."""


# Rules


def decide(plan: AccountPlan, command: IdentityCommands, _today: date) -> Decision[IdentityEvents]:
    person = plan.the(Stakeholder, command.id)
    if person.forgotten:
        raise ForgottenForEver("/id", id=person.id)
    if person.merged_into:
        raise Over("/id", kind=person.noun, id=person.id, ending=person.ending)
    match command:
        case CorrectStakeholder():
            return Decision(correct(plan, person, command))
        case MergeStakeholder(into=into):
            check_merge(plan, person, into)
            return Decision((StakeholderMerged(id=person.id, into=into),))
        case _:
            assert_never(command)


def correct(plan: AccountPlan, person: Stakeholder, command: CorrectStakeholder) -> tuple[StakeholderCorrected, ...]:
    """Return the event of a correction, if it changes anything. Raises `NothingToCorrect` for a day that is not set."""
    for field in LATER:
        day = "left_on" if field in DEPARTURE else "moved_on" if field in MOVE else field
        if field in command.model_fields_set and getattr(person, day) is None:
            raise NothingToCorrect(f"/{field}", field=field, kind=person.noun, id=person.id)
    new = news(command, person)
    check_details(plan, person.but(new), new)
    former = Person(**{field: getattr(person, field) for field in new})
    return (StakeholderCorrected(id=person.id, **new, former=former),) if new else ()


def check_merge(plan: AccountPlan, person: Stakeholder, into: str) -> None:
    """Check that the other exists and is open, and that nobody reports to themselves after the merge."""
    other = plan.the(Stakeholder, into)
    if person.id == into:
        raise MergedIntoOneself("/into", id=into)
    if other.forgotten:
        raise Over("/into", kind=other.noun, id=into, ending=other.ending)
    superior = other.reports_to if other.reports_to != person.id else None
    while superior:
        if superior in (person.id, into):
            raise ReportsToCycle("/into", id=into, reports_to=other.reports_to)
        superior = plan.the(Stakeholder, superior).reports_to


def apply(draft: Draft, event: IdentityEvents) -> None:
    match event:
        case StakeholderCorrected(id=id):
            if draft.has(Stakeholder, id):
                draft.change(Stakeholder, event)
        case StakeholderMerged(id=id, into=into):
            known = dict(draft.the(Stakeholder, into).relationships)
            for member, strength in draft.the(Stakeholder, id).relationships.items():
                known[member] = max(strength, known.get(member, strength))
            draft.set(Stakeholder, into, relationships=known, strength=max(known.values(), default=None))
            draft.set(Stakeholder, id, merged_into=into)
        case _:
            assert_never(event)


TOPIC = Topic(IdentityCommands, IdentityEvents, (), decide, apply)
"""The topic has no things of its own: it corrects and merges stakeholders."""
