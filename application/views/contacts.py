"""Contacts: the times at which some of ours met some of theirs, and how well those who are on the team know them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from application.views.compared import Following
from domain.account_plan.identities import StakeholderCorrected
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanReassigned, the_plan
from domain.account_plan.relationships import Touch, TouchLogged
from domain.account_plan.reviews import Review, ReviewHeld
from domain.account_plan.stakeholders import (
    ENGAGED,
    Stakeholder,
    StakeholderAdded,
    StakeholderMoved,
    StakeholderReturned,
    StakeholderVerified,
)
from domain.account_plan.team import Member
from domain.language import same_person
from domain.record import Recorded

LOOKED_AT = (StakeholderAdded, StakeholderCorrected, StakeholderMoved, StakeholderReturned, StakeholderVerified)
"""Whoever recorded this looked at whether the details of a stakeholder are right."""

RECORDED_ONCE = "executive_meeting"
"""A meeting of this kind is either a touch or a review: told as both, it is still one meeting."""


class Contact(NamedTuple):
    """A time that some of ours met some of theirs: a touch, or a review where the customer was."""

    happened_on: date
    version: int
    kind: str
    stakeholders: tuple[str, ...]
    members: tuple[str, ...]
    topics: tuple[str, ...]
    record: Recorded
    """The event that told it first."""
    told_as: Touch | Review
    again: tuple[Recorded, ...] = ()
    """The events that told the same executive meeting once more."""

    @property
    def event(self) -> str:
        return self.record.id


def contacts(plan: AccountPlan, records: Iterable[Recorded]) -> list[Contact]:
    """Return the contacts of a plan in the order they happened, as corrected since they were told.

    An executive meeting that was told twice is one contact.  `records` end where the plan stands."""
    found: list[Contact] = []
    for contact in sorted(_told(plan, records), key=lambda each: each[:2]):
        same = next(_same_meeting(found, contact), None)
        if same is None:
            found.append(contact)
        else:
            found[found.index(same)] = same._replace(
                stakeholders=_union(same.stakeholders, contact.stakeholders),
                members=_union(same.members, contact.members),
                topics=_union(same.topics, contact.topics),
                again=(*same.again, contact.record),
            )
    return found


def _told(plan: AccountPlan, records: Iterable[Recorded]) -> Iterator[Contact]:
    """Of what is told in the plan as it stands, where nothing is that was struck or withdrawn."""
    first = {
        (record.event.noun, record.event.id): record
        for record in records
        if isinstance(record.event, TouchLogged | ReviewHeld)
    }
    for touch in plan.all(Touch).values():
        record = first.get((Touch.noun, touch.id))
        if record:
            who = touch.stakeholders, touch.members
            yield Contact(touch.happened_on, record.version, touch.kind, *who, touch.topics, record, touch)
    for review in plan.all(Review).values():
        record = first.get((Review.noun, review.id))
        if record and review.held_on and review.theirs:
            who = review.theirs, review.ours
            yield Contact(review.held_on, record.version, review.kind, *who, review.topics, record, review)


def _same_meeting(found: Sequence[Contact], contact: Contact) -> Iterator[Contact]:
    """The executive meeting of the same day, told by the other kind of event, at which one of the same people was."""
    if contact.kind != RECORDED_ONCE:
        return
    for each in reversed(found):
        if each.happened_on != contact.happened_on:
            return
        told_otherwise = type(each.told_as) is not type(contact.told_as)
        if (
            each.kind == RECORDED_ONCE
            and told_otherwise
            and not set(each.stakeholders).isdisjoint(contact.stakeholders)
        ):
            yield each


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


# How well we know them


def on_the_team(plan: AccountPlan, day: date) -> frozenset[str] | None:
    """Who may count as knowing somebody: the plan's owner and whoever has a role on the day.  None, which is
    everybody, while nobody was ever assigned."""
    members = plan.all(Member).values()
    if not members:
        return None
    there = (each.person for each in members if each.is_current(day))
    return frozenset(same_person(person) for person in (the_plan(plan).owner, *there))


def known_by(person: Stakeholder, team: frozenset[str] | None, without: str | None = None) -> dict[str, int]:
    """Return how well each member of the team knows a stakeholder, perhaps without one of them."""
    gone = without and same_person(without)
    return {
        member: strength
        for member, strength in person.relationships.items()
        if (team is None or same_person(member) in team) and same_person(member) != gone
    }


def strength_of(person: Stakeholder, team: frozenset[str] | None) -> int | None:
    """How well the one of the team knows a stakeholder who knows them best; None where nobody does."""
    return max(known_by(person, team).values(), default=None)


def as_the_team_knows(plan: AccountPlan, day: date) -> AccountPlan:
    """The plan with the strength that each stakeholder has on a day: what those on the team know, as `strength_of`.

    Events say who knows whom how well, and not who is there on which day.  So whoever shows or judges a strength asks
    for the plan as it is returned here."""
    team = on_the_team(plan, day)
    people = plan.all(Stakeholder).values() if team is not None else ()
    now = {person.id: strength_of(person, team) for person in people if person.relationships}
    moved = {
        id: {"strength": strength} for id, strength in now.items() if strength != plan.the(Stakeholder, id).strength
    }
    return plan.with_values(Stakeholder, moved) if moved else plan


def strengths_moved(
    records: Sequence[Recorded], was: AccountPlan, day_then: date, now: AccountPlan, day_now: date
) -> Iterator[Following]:
    """Yield the strengths that are not what events say, because of who was on the team on the two days: with what was
    recorded of those who came or went. `records` end where the plan is `now`."""
    team_then, team_now = on_the_team(was, day_then), on_the_team(now, day_now)
    for id, person in now.all(Stakeholder).items():
        before = was.find(Stakeholder, id)
        said = (before.strength if before else None, person.strength)
        then, there = strength_of(before, team_then) if before else None, strength_of(person, team_now)
        if said != (then, there):
            knowing = {*person.relationships, *(before.relationships if before else ())}
            moved = {who for who in map(same_person, knowing) if _is_on(team_then, who) != _is_on(team_now, who)}
            behind = _behind(records, was.version, moved) if then != there else ()
            yield Following(Stakeholder, id, "strength", then, there, behind)


def _is_on(team: frozenset[str] | None, person: str) -> bool:
    return team is None or person in team


def _behind(records: Sequence[Recorded], after: int, people: set[str]) -> tuple[Recorded, ...]:
    """What was recorded after a version of the place of these people on the team; where it is nothing, what made the
    team count, or else what was said of them before and came true on its day."""
    placing = [record for record in records if record.event.noun == Member.noun or type(record.event) is PlanReassigned]
    about = [record for record in placing if not _placed(record).isdisjoint(people)]
    since = (tuple(record for record in some if record.version > after) for some in (about, placing))
    return next(filter(None, since), tuple(about[-1:]))


def _placed(record: Recorded) -> set[str]:
    """Whom an event gives a place on the team, or takes it from."""
    event = record.event
    told = (event.owner, event.former) if isinstance(event, PlanReassigned) else (getattr(event, "person", ""),)
    return set(map(same_person, told))


def is_engaged_by(strengths: Iterable[int]) -> bool:
    """Whether somebody whom members know so well counts as engaged."""
    return max(strengths, default=0) >= ENGAGED
