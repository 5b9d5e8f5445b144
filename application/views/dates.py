"""The days of a plan that calendars show: promises, reviews, the renewal of the contract, and whom to verify."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime

from application.views.contact_clock import contact_clock
from application.views.cuts import Cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import PolicyInForce
from domain.account_plan.accounts import PlanMerged
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.health import Contract
from domain.account_plan.holds import PlanArchived, PlanReopened
from domain.account_plan.plan import AccountRenamed, PlanOpened, PlanReassigned, the_plan
from domain.account_plan.promises import PROMISES, all_promises
from domain.account_plan.reviews import Review
from domain.account_plan.stakeholders import Stakeholder
from domain.language import same_person
from domain.record import Recorded
from domain.things import Thing, day_of

OF_ALL_ENTRIES = (AccountRenamed, StakeholderForgotten, PlanReassigned, PlanArchived, PlanReopened, PlanMerged)
"""Events after which any day may be called otherwise than before, concern somebody else, or be off."""
DATED = frozenset({*PROMISES, Review.noun, Contract.noun})
DAY_OF = ("held_on", "planned_on", "due_on", "renews_on")
"""The fields of events that say the day of an entry; the first that is said counts."""


@dataclass(frozen=True)
class PlanDate:
    """A day of a plan, and whom it concerns."""

    noun: str
    id: str
    day: date
    title: str
    """The title; empty if there is none."""
    speaks_of_people: bool
    """Whether the title contains sealed text about the customer's people."""
    people: tuple[str, ...]
    """The people of ours whom the day concerns."""
    cancelled: bool
    """Whether the day is off for the reader: the promise was kept or dropped, the review cancelled, the thing
    withdrawn, the plan archived, or it concerns somebody else by now."""
    version: int
    """The version of the last event about it, or about what it is called and whom it concerns."""
    changed_at: datetime


@dataclass
class _Told:
    """What the events about a thing say of its day."""

    last: Recorded
    day: date | None = None
    people: set[str] = field(default_factory=set)
    """Everybody of ours whom it has ever concerned."""


def dates_of(known: LoadedPlan, person: str | None = None) -> Iterator[PlanDate]:
    """Yield the days of a plan, or only those that concern or once concerned a person: their promises, and the reviews
    and the renewal of plans they own or take part in. What is off by now is marked as cancelled."""
    card = the_plan(known.state)
    owners, told = owners_of(known.records), _told_of_things(known.records)
    of_all = [record for record in known.records if isinstance(record.event, OF_ALL_ENTRIES)][-1:]
    sealed = things_said_of_people(known.records)
    dated = {(thing.noun, thing.id): (thing, day, people, off) for thing, day, people, off in _dated(known, card.owner)}
    for key, its in told.items():
        thing, day, people, off = dated.get(key, (None, its.day, (), True))
        concerned = {*its.people, *(() if key[0] in PROMISES else owners)}
        if day is None or (person is not None and same_person(person) not in concerned):
            continue
        latest = max(its.last, *of_all, key=lambda record: record.version) if of_all else its.last
        is_theirs = person is None or same_person(person) in map(same_person, people)
        yield PlanDate(
            *key,
            day,
            (thing.known_as if thing else None) or "",
            key in sealed,
            people,
            off or card.archived or not is_theirs,
            latest.version,
            latest.meta.recorded_at,
        )


def owners_of(records: Iterable[Recorded]) -> AbstractSet[str]:
    """Return everybody who has ever owned the plan."""
    events = (record.event for record in records)
    return {same_person(event.owner) for event in events if isinstance(event, PlanOpened | PlanReassigned)}


def _told_of_things(records: Sequence[Recorded]) -> dict[tuple[str, str], _Told]:
    told: dict[tuple[str, str], _Told] = {}
    for record in records:
        event = record.event
        struck = event.strikes()
        about = event if struck is None or event.noun in DATED else records[struck - 1].event
        if about.noun not in DATED:
            continue
        its = told.setdefault((about.noun, about.subject()), _Told(record))
        its.last = record
        its.day = next((day for name in DAY_OF if (day := getattr(event, name, None))), its.day)
        people = (getattr(event, "owner", None), *(getattr(event, "ours", None) or ()))
        its.people |= {same_person(who) for who in people if who}
    return told


def verifications_of(
    known: LoadedPlan, cut: Cut, policy: PolicyInForce, person: str | None = None
) -> Iterator[PlanDate]:
    """Yield the day on which each stakeholder is to be verified again; those of a person are in the plans they own. Of
    those who left, and in plans that are somebody else's by now, it is cancelled.

    A policy that is adopted moves such days too, so its version counts as the plan's does.
    """
    card = the_plan(known.state)
    if person is not None and same_person(person) not in owners_of(known.records):
        return
    is_theirs = person is None or same_person(person) == same_person(card.owner)
    of_all = [record for record in known.records if isinstance(record.event, OF_ALL_ENTRIES)][-1:]
    last = {record.event.subject(): record for record in known.records if record.event.noun == Stakeholder.noun}
    zone = timezone_of(known)
    clocks = contact_clock(known.state, known.records, zone, cut, policy.policy)
    due = {clock.stakeholder: (day, clock.name or "") for clock in clocks if (day := clock.verification_due_on)}
    for id, record in last.items():
        latest = max(record, *of_all, key=lambda each: each.version) if of_all else record
        day, name = due.get(id, (day_of(record.meta.recorded_at, zone), ""))
        yield PlanDate(
            Stakeholder.noun,
            id,
            day,
            name,
            True,
            (card.owner,),
            id not in due or card.archived or not is_theirs,
            latest.version + policy.version,
            latest.meta.recorded_at,
        )


def things_said_of_people(records: Iterable[Recorded]) -> AbstractSet[tuple[str, str]]:
    """Return noun and id of the things that contain sealed text about the customer's people."""
    return {
        (record.event.noun, record.event.subject())
        for record in records
        if any(part.fields != ("reason",) for part in record.sealed)
    }


def _dated(known: LoadedPlan, owner: str) -> Iterator[tuple[Thing, date, tuple[str, ...], bool]]:
    state = known.state
    for promise in all_promises(state):
        yield promise, promise.due_on, (promise.owner,), not promise.is_open
    for review in state.all(Review).values():
        day = review.held_on or review.planned_on
        if day is not None:
            yield review, day, (owner, *review.ours), review.state == "cancelled"
    contract = state.find(Contract, "contract")
    if contract is not None:
        yield contract, contract.renews_on, (owner,), False
