"""Contacts: the times at which our people met stakeholders, and how well the team knows each stakeholder."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from application.views.thing_comparison import ComputedChange
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
"""Events whose author has just looked at the details of a stakeholder."""

RECORDED_ONCE = "executive_meeting"
"""The kind of meeting that counts once on a day, however often it is recorded: by several of our people, or as a touch
and as a review."""


class Contact(NamedTuple):
    """A meeting of our people with stakeholders: a touch, or a review that the customer attended."""

    happened_on: date
    version: int
    kind: str
    stakeholders: tuple[str, ...]
    members: tuple[str, ...]
    topics: tuple[str, ...]
    record: Recorded
    """The event that recorded it first."""
    told_as: Touch | Review
    again: tuple[Recorded, ...] = ()
    """The events that recorded the same executive meeting again."""

    @property
    def event(self) -> str:
        return self.record.id


def contacts(plan: AccountPlan, records: Iterable[Recorded]) -> list[Contact]:
    """Return the contacts of a plan in the order in which they happened, with later corrections.

    An executive meeting that was recorded twice is one contact. `records` end at the state of `plan`.
    """
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
    """Yield a contact for each touch and each held review of the plan. Entries that were struck or withdrawn are not in
    it."""
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
    """Yield the executive meeting of the same day that one of the same people attended."""
    if contact.kind != RECORDED_ONCE:
        return
    for each in reversed(found):
        if each.happened_on != contact.happened_on:
            return
        if each.kind == RECORDED_ONCE and not set(each.stakeholders).isdisjoint(contact.stakeholders):
            yield each


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


# How well we know them


def on_the_team(plan: AccountPlan, day: date) -> frozenset[str] | None:
    """Return the people whose knowledge counts: the plan's owner and everybody with a role on this day. Returns None,
    which stands for everybody, if nobody was ever assigned."""
    members = plan.all(Member).values()
    if not members:
        return None
    there = (each.person for each in members if each.is_current(day))
    return frozenset(same_person(person) for person in (the_plan(plan).owner, *there))


def known_by(person: Stakeholder, team: frozenset[str] | None, without: str | None = None) -> dict[str, int]:
    """Return how well each member of the team knows a stakeholder, without the member `without`."""
    gone = without and same_person(without)
    return {
        member: strength
        for member, strength in person.relationships.items()
        if (team is None or same_person(member) in team) and same_person(member) != gone
    }


def strength_of(person: Stakeholder, team: frozenset[str] | None) -> int | None:
    """Return the strength with which the member who knows a stakeholder best knows them; None if nobody does."""
    return max(known_by(person, team).values(), default=None)


def as_the_team_knows(plan: AccountPlan, day: date) -> AccountPlan:
    """Return the plan with the strength that each relationship has on a day, as `strength_of` computes it.

    Events say who knows a stakeholder how well, but not who is on the team on which day. So every view or rule about
    strengths starts from the plan that this function returns.
    """
    team = on_the_team(plan, day)
    people = plan.all(Stakeholder).values() if team is not None else ()
    now = {person.id: strength_of(person, team) for person in people if person.relationships}
    moved = {
        id: {"strength": strength} for id, strength in now.items() if strength != plan.the(Stakeholder, id).strength
    }
    return plan.with_values(Stakeholder, moved) if moved else plan


def strengths_moved(
    records: Sequence[Recorded], was: AccountPlan, day_then: date, now: AccountPlan, day_now: date
) -> Iterator[ComputedChange]:
    """Yield the strengths that differ from what events say because the team changed between two days, with the events
    that changed it. `records` end at the state `now`."""
    team_then, team_now = on_the_team(was, day_then), on_the_team(now, day_now)
    for id, person in now.all(Stakeholder).items():
        before = was.find(Stakeholder, id)
        said = (before.strength if before else None, person.strength)
        then, there = strength_of(before, team_then) if before else None, strength_of(person, team_now)
        if said != (then, there):
            knowing = {*person.relationships, *(before.relationships if before else ())}
            moved = {who for who in map(same_person, knowing) if _is_on(team_then, who) != _is_on(team_now, who)}
            behind = _behind(records, was.version, moved) if then != there else ()
            yield ComputedChange(Stakeholder, id, "strength", then, there, behind)


def _is_on(team: frozenset[str] | None, person: str) -> bool:
    return team is None or person in team


def _behind(records: Sequence[Recorded], after: int, people: set[str]) -> tuple[Recorded, ...]:
    """Return the events after a version that changed the membership of these people. If there are none, return those
    that first made the team count, or else the last earlier event about them, which took effect on its day."""
    placing = [record for record in records if record.event.noun == Member.noun or type(record.event) is PlanReassigned]
    about = [record for record in placing if not _placed(record).isdisjoint(people)]
    since = (tuple(record for record in some if record.version > after) for some in (about, placing))
    return next(filter(None, since), tuple(about[-1:]))


def _placed(record: Recorded) -> set[str]:
    """Return the people whom an event puts on the team or takes off it."""
    event = record.event
    told = (event.owner, event.former) if isinstance(event, PlanReassigned) else (getattr(event, "person", ""),)
    return set(map(same_person, told))


def is_engaged_by(strengths: Iterable[int]) -> bool:
    """Return whether a stakeholder counts as engaged if members know them with these strengths."""
    return max(strengths, default=0) >= ENGAGED
