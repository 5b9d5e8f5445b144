"""The departure view: what would remain if one of the customer's people, or one of ours, left."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from pydantic import BaseModel, Field

from application.views.by_section import CutView
from application.views.contacts import is_engaged_by, known_by, on_the_team
from application.views.cuts import Cut, plan_at
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import KEY_ROLES
from application.views.policy_in_force import policy_at
from domain.account_plan.actions import Action
from domain.account_plan.goals import Goal
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.overview import Unit
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play
from domain.account_plan.relationships import Influence, Pairing
from domain.account_plan.requests import Request
from domain.account_plan.risks import Risk
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.team import Member
from domain.account_plan.threads import engaged_there
from domain.account_plan.whitespace import Cell
from domain.language import same_person
from domain.record import Recorded
from domain.refusals import Over, Unknown
from domain.things import Thing


class HangsOn(BaseModel):
    """Something that depends on the person who leaves, and why."""

    kind: str
    id: str
    title: str | None
    due_on: date | None = None
    amount: Decimal | None = None
    because: str


class EngagedPeople(BaseModel):
    """Which stakeholders are engaged now, and which would still be."""

    now: list[str]
    left: list[str]
    lost: list[str]


class DepartureView(BaseModel):
    """What would remain if somebody left."""

    as_of: CutView
    stakeholder: str | None
    member: str | None
    name: str | None
    engaged: EngagedPeople
    single_threaded: bool = Field(description="Whether fewer than two people would still be engaged.")
    roles_left_open: list[str] = Field(description="The roles that nobody else would have.")
    uncovered_units: list[str] = Field(description="Units with a budget where nobody would be engaged any more.")
    promises: list[HangsOn]
    pairings: list[HangsOn]
    opportunities: list[HangsOn]
    whitespace: list[HangsOn]
    others: list[HangsOn] = Field(description="People who report or listen to them; goals, risks and requests of ours.")


def departure_of_stakeholder(known: LoadedPlan, cut: Cut, id: str, program: Sequence[Recorded] = ()) -> DepartureView:
    """Return what would remain without a stakeholder. `program` contains the records of the program, whose policy says
    what is multi-threaded.

    Raises `CutBeforePlan`; `Unknown` or `Over` if there is no such stakeholder, or they have left.
    """
    plan = plan_at(known, cut)
    person = plan.find(Stakeholder, id)
    if person is None:
        raise Unknown("/stakeholder", kind=Stakeholder.noun, id=id, aggregate=plan.noun)
    if person.ending:
        raise Over("/stakeholder", kind=Stakeholder.noun, id=id, ending=person.ending)
    least = policy_at(program, cut).policy.coverage.multi_threaded
    return _view(StakeholderDeparture(plan, cut, person, least), cut, person.name, stakeholder=id)


def departure_of_member(known: LoadedPlan, cut: Cut, member: str) -> DepartureView:
    """Return what would remain without one of our people. Raises `CutBeforePlan`; `Unknown` if they were never assigned
    and own or know nothing in this plan."""
    plan = plan_at(known, cut)
    goes = MemberDeparture(plan, cut, same_person(member))
    if not goes.is_known:
        raise Unknown("/member", kind=Member.noun, id=member, aggregate=plan.noun)
    return _view(goes, cut, None, member=goes.member)


def _view(
    goes: "StakeholderDeparture | MemberDeparture",
    cut: Cut,
    name: str | None,
    stakeholder: str | None = None,
    member: str | None = None,
) -> DepartureView:
    now, left = goes.engaged_now, goes.engaged_then
    return DepartureView.model_construct(
        as_of=CutView.of(cut),
        stakeholder=stakeholder,
        member=member,
        name=name,
        engaged=EngagedPeople(now=now, left=left, lost=[id for id in now if id not in left]),
        single_threaded=len(left) < 2,
        roles_left_open=goes.roles_left_open(),
        uncovered_units=goes.uncovered_units(),
        promises=list(goes.promises()),
        pairings=list(goes.pairings()),
        opportunities=list(goes.opportunities()),
        whitespace=list(goes.whitespace()),
        others=list(goes.others()),
    )


def hangs(thing: Thing, because: str, amount: Decimal | None = None) -> HangsOn:
    due_on: date | None = getattr(thing, "due_on", None)
    return HangsOn(kind=thing.noun, id=thing.id, title=thing.known_as, due_on=due_on, amount=amount, because=because)


@dataclass(frozen=True)
class _Departure(ABC):
    """A plan at a cut that somebody is imagined to leave."""

    plan: AccountPlan
    cut: Cut

    @cached_property
    def _team(self) -> frozenset[str] | None:
        return on_the_team(self.plan, self.cut.date)

    def _engaged(self, people: Iterable[Stakeholder], without: str | None = None) -> list[str]:
        return [each.id for each in people if is_engaged_by(known_by(each, self._team, without).values())]

    @cached_property
    def engaged_now(self) -> list[str]:
        return self._engaged(self.plan.open(Stakeholder))

    @property
    @abstractmethod
    def engaged_then(self) -> list[str]:
        """The stakeholders who would still be engaged."""

    def uncovered_units(self) -> list[str]:
        """Return the units with a budget where somebody is engaged now and nobody would be then."""
        unit_of = {id: person.unit for id, person in self.plan.all(Stakeholder).items()}
        now, then = ({unit_of[id] for id in engaged} for engaged in (self.engaged_now, self.engaged_then))
        return [unit.id for unit in self.plan.open(Unit) if unit.buying_center and unit.id in now - then]

    def _cells_of_uncovered_units(self, told: set[str]) -> Iterator[HangsOn]:
        uncovered = set(self.uncovered_units())
        for cell in self.plan.all(Cell).values():
            if cell.is_white and cell.unit in uncovered and cell.id not in told:
                yield hangs(cell, "nobody else is engaged in this unit", cell.arr_potential)


@dataclass(frozen=True)
class StakeholderDeparture(_Departure):
    """The departure of one of the customer's people."""

    person: Stakeholder
    least: int
    """How many engaged people make an opportunity multi-threaded."""

    @cached_property
    def _id(self) -> str:
        return self.person.id

    @property
    def engaged_then(self) -> list[str]:
        return [id for id in self.engaged_now if id != self._id]

    def roles_left_open(self) -> list[str]:
        others = {role for each in self.plan.open(Stakeholder) if each.id != self._id for role in each.roles}
        return [role for role in self.person.roles if role in KEY_ROLES and role not in others]

    def promises(self) -> Iterator[HangsOn]:
        for play in self.plan.open(Play):
            if self._id in play.stakeholders:
                yield hangs(play, "names them")
        for action in self.plan.open(Action):
            if action.via == self._id:
                yield hangs(action, "goes through them")
            elif self._id in action.stakeholders:
                yield hangs(action, "names them")

    def pairings(self) -> Iterator[HangsOn]:
        for pairing in self.plan.open(Pairing):
            if pairing.stakeholder == self._id:
                yield hangs(pairing, f"{pairing.member} keeps up with them every {pairing.every_days} days")

    def opportunities(self) -> Iterator[HangsOn]:
        for each in self.plan.open(Opportunity):
            engaged = engaged_there(self.plan, each)
            if self._id in engaged:
                left = len(engaged) - 1
                falls = left < self.least <= len(engaged)
                told = "no longer multi-threaded" if falls else f"{left} of theirs would still take part"
                yield hangs(each, told, each.amount)

    def whitespace(self) -> Iterator[HangsOn]:
        sponsored = [cell for cell in self.plan.all(Cell).values() if cell.is_white and cell.sponsor == self._id]
        yield from (hangs(cell, "they could open the door", cell.arr_potential) for cell in sponsored)
        yield from self._cells_of_uncovered_units({cell.id for cell in sponsored})

    def others(self) -> Iterator[HangsOn]:
        people = {each.id: each for each in self.plan.open(Stakeholder)}
        yield from (hangs(each, "reports to them") for each in people.values() if each.reports_to == self._id)
        for influence in self.plan.all(Influence).values():
            if influence.influencer == self._id and influence.influenced in people:
                yield hangs(people[influence.influenced], "listens to them")


@dataclass(frozen=True)
class MemberDeparture(_Departure):
    """The departure of one of our people."""

    member: str

    @cached_property
    def is_known(self) -> bool:
        """Whether they own the plan, were ever on its team, know somebody or promised something."""
        named = {the_plan(self.plan).owner, *(each.person for each in self.plan.all(Member).values())}
        named |= {member for each in self.plan.all(Stakeholder).values() for member in each.relationships}
        owned = (*self.plan.all(Play).values(), *self.plan.all(Action).values(), *entrusted(self.plan))
        named |= {each.owner for each in owned}
        return any(self._is(person) for person in named)

    def _is(self, person: str) -> bool:
        return same_person(person) == self.member

    @cached_property
    def engaged_then(self) -> list[str]:
        return self._engaged(self.plan.open(Stakeholder), without=self.member)

    @cached_property
    def _lost(self) -> set[str]:
        return set(self.engaged_now) - set(self.engaged_then)

    def roles_left_open(self) -> list[str]:
        current = [each for each in self.plan.all(Member).values() if each.is_current(self.cut.date)]
        others = {each.role for each in current if not self._is(each.person)}
        return [each.role for each in current if self._is(each.person) and each.role not in others]

    def promises(self) -> Iterator[HangsOn]:
        promised: Sequence[Play | Action] = [*self.plan.open(Play), *self.plan.open(Action)]
        yield from (hangs(each, "is theirs") for each in promised if self._is(each.owner))

    def pairings(self) -> Iterator[HangsOn]:
        for pairing in self.plan.open(Pairing):
            if self._is(pairing.member):
                yield hangs(pairing, f"keeps up with {pairing.stakeholder} every {pairing.every_days} days")

    def opportunities(self) -> Iterator[HangsOn]:
        for each in self.plan.open(Opportunity):
            step, engaged = each.next_best_action, engaged_there(self.plan, each)
            if step and self._is(step.owner):
                yield hangs(each, f"the next step is theirs: {step.statement}", each.amount)
            elif engaged and self._lost.issuperset(engaged):
                yield hangs(each, "nobody else knows those who take part", each.amount)

    def whitespace(self) -> Iterator[HangsOn]:
        cells = [cell for cell in self.plan.all(Cell).values() if cell.is_white and cell.sponsor in self._lost]
        yield from (hangs(cell, f"nobody else knows {cell.sponsor}", cell.arr_potential) for cell in cells)
        yield from self._cells_of_uncovered_units({cell.id for cell in cells})

    def others(self) -> Iterator[HangsOn]:
        yield from (hangs(each, "is theirs") for each in entrusted(self.plan) if each.is_open and self._is(each.owner))


def entrusted(plan: AccountPlan) -> Iterator[Goal | Risk | Request]:
    """Yield what our people are responsible for beside promises."""
    yield from plan.all(Goal).values()
    yield from plan.all(Risk).values()
    yield from plan.all(Request).values()
