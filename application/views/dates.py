"""The days of a plan that calendars show: promises, reviews, the renewal of the contract, and whom to verify."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from application.views.contact_clock import contact_clock
from application.views.cuts import Cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import PolicyInForce
from domain.account_plan.actions import Action
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.health import Contract
from domain.account_plan.plan import AccountRenamed, the_plan
from domain.account_plan.plays import Play
from domain.account_plan.reviews import Review
from domain.account_plan.stakeholders import Stakeholder
from domain.language import same_person
from domain.record import Recorded
from domain.things import Thing

OF_ALL_TITLES = (AccountRenamed, StakeholderForgotten)
"""Events after which any day may be called otherwise than before."""


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
    version: int
    """The version of the last event about it, or about what it is called."""
    changed_at: datetime


def dates_of(known: LoadedPlan, person: str | None = None) -> Iterator[PlanDate]:
    """Yield the days of a plan, or only those that concern a person: their promises, and the reviews and the renewal of
    plans they own or take part in. Kept promises are left out; dropped and cancelled ones are marked as such."""
    owner = the_plan(known.state).owner
    last = {(record.event.noun, record.event.subject()): record for record in known.records}
    of_all = [record for record in known.records if isinstance(record.event, OF_ALL_TITLES)][-1:]
    sealed = things_said_of_people(known.records)
    for thing, day, people, cancelled in _dated(known, owner):
        key = (thing.noun, thing.id)
        if key not in last or (person is not None and same_person(person) not in map(same_person, people)):
            continue
        latest = max(last[key], *of_all, key=lambda record: record.version) if of_all else last[key]
        yield PlanDate(
            thing.noun,
            thing.id,
            day,
            thing.known_as or "",
            key in sealed,
            people,
            cancelled,
            latest.version,
            latest.meta.recorded_at,
        )


def verifications_of(
    known: LoadedPlan, cut: Cut, policy: PolicyInForce, person: str | None = None
) -> Iterator[PlanDate]:
    """Yield the day on which each stakeholder is to be verified again; those of a person are in the plans they own.

    A policy that is adopted moves such days too, so its version counts as the plan's does.
    """
    owner = the_plan(known.state).owner
    if person is not None and same_person(person) != same_person(owner):
        return
    last = {record.event.subject(): record for record in known.records if record.event.noun == Stakeholder.noun}
    zone = timezone_of(known)
    for clock in contact_clock(known.state, known.records, zone, cut, policy.policy):
        if (day := clock.verification_due_on) is not None:
            record = last[clock.stakeholder]
            yield PlanDate(
                Stakeholder.noun,
                clock.stakeholder,
                day,
                clock.name or "",
                True,
                (owner,),
                False,
                record.version + policy.version,
                record.meta.recorded_at,
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
    promises: tuple[Play | Action, ...] = (*state.all(Play).values(), *state.all(Action).values())
    for promise in promises:
        dropped = promise.state == "dropped"
        if promise.is_open or dropped:
            yield promise, promise.due_on, (promise.owner,), dropped
    for review in state.all(Review).values():
        day = review.held_on or review.planned_on
        if day is not None:
            yield review, day, (owner, *review.ours), review.state == "cancelled"
    contract = state.find(Contract, "contract")
    if contract is not None:
        yield contract, contract.renews_on, (owner,), False
