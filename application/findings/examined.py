"""A plan at a cut as the rules examine it: its state, its records, its contacts, and the policy in force."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, get_args

from application.views.contacts import Contact, as_the_team_knows, contacts
from application.views.cuts import Cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import PolicyInForce
from domain.account_plan.actions import Action
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import Plan, Tier, the_plan
from domain.account_plan.plays import Play
from domain.account_plan.promises import Promise
from domain.account_plan.relationships import TouchLogged
from domain.account_plan.reviews import HeldReview, Review, ReviewHeld
from domain.account_plan.stakeholders import Stakeholder, engaged_people, people_there
from domain.account_plan.team import Member, Role
from domain.calendar import quarter_start
from domain.language import Event, same_person
from domain.program.limits import Policy
from domain.record import Recorded
from domain.things import Thing, day_of

Kind = TypeVar("Kind", bound=Thing)
VERSION = attrgetter("version")

Latest = Mapping[str, Mapping[type[Event], Recorded]]

LONGEST_QUARTER = 92
"""The longest quarter in days. A date this many days later is always in a later quarter."""


class HeldOnRecord(NamedTuple):
    """A held review as corrected since, and the event that recorded it."""

    held_on: date
    version: int
    review: Review
    record: Recorded

    @property
    def event(self) -> str:
        return self.record.id


@dataclass(frozen=True)
class Examined:
    """A plan at a cut, and the policy that judges it. `known` ends at the cut.

    Rules compare days through this class, so it knows the next day on which any comparison has another result. A
    verdict holds until then if nothing is recorded. What a rule computes with `day` itself only says when somebody
    should act.
    """

    known: LoadedPlan
    cut: Cut
    in_force: PolicyInForce
    _turns: set[date] = field(default_factory=set, compare=False)
    _about: dict[str, dict[str, list[Recorded]]] = field(default_factory=dict, compare=False)
    """The events by kind and id of their things, for kinds that were asked for so far."""
    _open: dict[type[Thing], Sequence[Any]] = field(default_factory=dict, compare=False)

    @cached_property
    def plan(self) -> AccountPlan:
        """The plan, with the strength of each relationship as the team of the day has it."""
        plan = self.known.state
        knowing = {same_person(who) for person in plan.all(Stakeholder).values() for who in person.relationships}
        for member in plan.all(Member).values():
            if same_person(member.person) in knowing:
                self.has_role(member)
        return as_the_team_knows(plan, self.day)

    def all(self, kind: type[Kind]) -> Mapping[str, Kind]:
        """Return every thing of a kind in the plan, including those that are over, in order of creation."""
        return self.plan.all(kind)

    def open(self, kind: type[Kind]) -> Sequence[Kind]:
        """Return every open thing of a kind in the plan, in order of creation."""
        if kind not in self._open:
            self._open[kind] = [thing for thing in self.all(kind).values() if thing.is_open]
        return self._open[kind]

    @cached_property
    def open_promises(self) -> Sequence[Promise]:
        """Return the same as `domain.account_plan.promises.open_promises`."""
        return [*self.open(Play), *self.open(Action)]

    @property
    def policy(self) -> Policy:
        return self.in_force.policy

    @property
    def day(self) -> date:
        """The day of the verdict."""
        return self.cut.date

    @property
    def today(self) -> date:
        """The first day that is not over at the cut."""
        return self.cut.today

    # Comparisons of days

    @property
    def changes_on(self) -> date | None:
        """The next day on which a comparison that was made so far has another result; None if there is none."""
        return min(self._turns, default=None)

    def turns_on(self, day: date | None, later: int = 0) -> None:
        """Note that a comparison has another result from a day on, or from so many days later."""
        if day and (day - self.day).days > -later and (date.max - day).days >= later:
            self._turns.add(day + timedelta(days=later))

    def is_after(self, day: date, later: int = 0) -> bool:
        """Return whether the day of the verdict is more than so many days after this day."""
        self.turns_on(day, later + 1)
        return (self.day - day).days > later

    def is_past(self, day: date, later: int = 0) -> bool:
        """Return whether this day, or the day so many days later, is over at the cut."""
        self.turns_on(day, later + 1)
        return (self.today - day).days > later

    def is_overdue(self, thing: Thing) -> bool:
        last = thing.overdue_after
        return last is not None and self.is_past(last)

    def has_role(self, member: Member) -> bool:
        """Return whether a member of our team has a role on the day."""
        self.turns_on(member.from_on)
        self.turns_on(member.until_on, 1)
        return member.is_current(self.day)

    def is_yet_to_begin(self, member: Member) -> bool:
        self.turns_on(member.from_on)
        return member.from_on > self.day

    @cached_property
    def quarter(self) -> date:
        """The first day of the calendar quarter."""
        start = quarter_start(self.day)
        self.turns_on(quarter_start(start + timedelta(days=LONGEST_QUARTER)))
        return start

    @cached_property
    def card(self) -> Plan:
        return the_plan(self.plan)

    @property
    def tier(self) -> Tier:
        return self.card.tier

    @cached_property
    def has_duties(self) -> bool:
        """Whether the policy limits the age of any section."""
        return any(self.policy.section_days(section, self.tier) for section in get_args(Section))

    # What was recorded

    @cached_property
    def records(self) -> Sequence[Recorded]:
        """The records up to the cut, without entries that were struck by then."""
        struck = self.known.struck
        return (
            [record for record in self.known.records if record.version not in struck] if struck else self.known.records
        )

    def day_of(self, record: Recorded) -> date:
        return day_of(record.meta.recorded_at, self._zone)

    @cached_property
    def _zone(self) -> str:
        return timezone_of(self.known)

    @cached_property
    def _by_type(self) -> Mapping[type[Event], Sequence[Recorded]]:
        """The records by the type of their event, in one pass for all rules."""
        return by_type(self.records)

    def recorded_as(self, *types: type[Event]) -> Sequence[Recorded]:
        """Return the events of these types, the oldest first."""
        some = [self._by_type[each] for each in types if each in self._by_type]
        return some[0] if len(some) == 1 else sorted(chain(*some), key=VERSION)

    @cached_property
    def latest(self) -> Latest:
        """The last events, by the section they refresh and by their type."""
        return latest(self._by_type)

    @cached_property
    def latest_of_all(self) -> Latest:
        """The same for all events, struck ones included."""
        return latest(by_type(self.known.records)) if self.known.struck else self.latest

    @cached_property
    def refreshing(self) -> Mapping[str, Sequence[Recorded]]:
        """The events by the section they refresh, the oldest first."""
        refreshing: defaultdict[str, list[Recorded]] = defaultdict(list)
        for record in self.records:
            refreshing[record.event.refreshes()].append(record)
        return refreshing

    def about(self, thing: Thing) -> Sequence[Recorded]:
        """Return the events about a thing, the oldest first."""
        about = self._about.get(thing.noun)
        if about is None:
            about = self._about[thing.noun] = defaultdict(list)
            for record in self._of_kind(thing.noun):
                about[record.event.subject()].append(record)
        return about.get(thing.id, ())

    def _of_kind(self, noun: str) -> Sequence[Recorded]:
        """Return the events about things of a kind, the oldest first."""
        return self.recorded_as(*(kind for kind in self._by_type if kind.noun == noun))

    def _last_about(self, noun: str, ids: Collection[str]) -> Recorded | None:
        """Return the last event about any of these things of a kind."""
        return next((each for each in reversed(self._of_kind(noun)) if each.event.subject() in ids), None)

    def events(self, things: Iterable[Thing]) -> list[str]:
        """The last event about each of these things."""
        return [about[-1].id for thing in things if (about := self.about(thing))]

    def since(self, things: Iterable[Thing]) -> date:
        """Return the day on which these things last changed; the plan's first day if there are none."""
        ids = defaultdict[str, set[str]](set)
        for thing in things:
            ids[thing.noun].add(thing.id)
        last = (self._last_about(noun, some) for noun, some in ids.items())
        changed = max(filter(None, last), key=VERSION, default=None)
        return self.day_of(changed) if changed else self.card.opened_on

    def added_on(self, thing: Thing) -> date:
        """Return the day on which a thing was added."""
        about = self.about(thing)
        return self.day_of(about[0]) if about else self.card.opened_on

    # Who is there and who was met

    @cached_property
    def people(self) -> Sequence[Stakeholder]:
        """The stakeholders who are there and have a name."""
        return [each for each in people_there(self.plan) if each.name]

    @cached_property
    def engaged(self) -> Sequence[Stakeholder]:
        return engaged_people(self.plan)

    @cached_property
    def members(self) -> Sequence[Member]:
        """The members of our team who have a role on the day."""
        return [each for each in self.plan.all(Member).values() if self.has_role(each)]

    def in_role(self, role: Role) -> list[Member]:
        return [each for each in self.members if each.role == role]

    @cached_property
    def contacts(self) -> Sequence[Contact]:
        """The contacts in the order in which they happened."""
        return contacts(self.plan, self.recorded_as(TouchLogged, ReviewHeld))

    def met(self, *who: str) -> list[Contact]:
        """Return the contacts that any of these stakeholders attended."""
        return [contact for contact in self.contacts if not set(who).isdisjoint(contact.stakeholders)]

    @cached_property
    def executives(self) -> Sequence[Stakeholder]:
        """Of the customer's, who are there."""
        return [each for each in self.people if each.level == "executive"]

    @cached_property
    def executives_of_any_time(self) -> Sequence[Stakeholder]:
        """Of the customer's, those who have left included: whoever was met before they left was met."""
        return [each for each in self.all(Stakeholder).values() if each.level == "executive"]

    @cached_property
    def met_executives(self) -> list[Contact]:
        """The contacts at which an executive of theirs was there."""
        return self.met(*(each.id for each in self.executives_of_any_time))

    # Reviews

    @cached_property
    def held(self) -> Sequence[HeldOnRecord]:
        """The held reviews in the order of their days."""
        held = (
            HeldOnRecord(record.event.held_on, record.version, self.plan.the(Review, record.event.id), record)
            for record in self.recorded_as(ReviewHeld)
            if isinstance(record.event, ReviewHeld)
        )
        return sorted(held, key=lambda each: HeldReview(each.held_on, each.version, each.review.id))

    def last_held(self, kind: str) -> HeldOnRecord | None:
        return next((each for each in reversed(self.held) if each.review.kind == kind), None)


def by_type(records: Iterable[Recorded]) -> Mapping[type[Event], Sequence[Recorded]]:
    found: defaultdict[type[Event], list[Recorded]] = defaultdict(list)
    for record in records:
        found[type(record.event)].append(record)
    return found


def latest(by_type: Mapping[type[Event], Sequence[Recorded]]) -> Latest:
    found: defaultdict[str, dict[type[Event], Recorded]] = defaultdict(dict)
    for kind, records in by_type.items():
        if kind.refreshes is Event.refreshes:
            found[kind.home][kind] = records[-1]
        else:
            for record in records:
                found[record.event.refreshes()][kind] = record
    return found
