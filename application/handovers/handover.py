"""Handovers: everything that one person owns is given to another.

Each plan receives one list of commands, and so does the program, all under one correlation id. What cannot be handed
over is listed, and the rest of its plan is handed over anyway.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from application.aggregates.access import Caller, CallerNotAllowed
from application.aggregates.handle import Aggregates, CommandRefused, Outcome
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.ports import CommandContext
from application.portfolio.ports import Portfolio
from application.portfolio.theirs import read_for
from application.reports.ports import Histories
from domain.account_plan.actions import Action, ReassignAction
from domain.account_plan.goals import Goal, ReviseGoal
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plan import PlanNotOpen, ReassignPlan, the_plan
from domain.account_plan.plays import Play, ReassignPlay
from domain.account_plan.relationships import AgreePairing, EndPairing, Pairing
from domain.account_plan.requests import ReassignRequest, Request
from domain.account_plan.reviews import Review
from domain.account_plan.risks import ReassignRisk, Risk
from domain.account_plan.team import Member
from domain.language import Command, OptionalText, PersonId, Refusal, same_person
from domain.program.charter import PROGRAM_ID, NameProgramOwner, Program, ProgramNotOpen, the_program
from domain.program.language import ProgramState
from domain.things import Thing

MOST_PLANS = 10_000
ARCHIVED = "The plan is archived, and read-only: reopen it first."
STEP = "Its next best action is theirs: set it anew, for its words may be about people."
ON_THE_TEAM = "They are on the team: release them, and assign who takes over."
INVITED = "They are invited to it: correct who of ours comes."
ENDED = "Your right to hand over has ended meanwhile: what was handed over stays so."
LEADS_THE_PROGRAM = "They answer for the program: whoever runs it names somebody else."


class Handover(BaseModel):
    """A request to hand over: from whom to whom, in which plans, and why."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: PersonId = Field(alias="from", description="Who owns it now.")
    to: PersonId = Field(description="Who is to own it.")
    plans: tuple[str, ...] | None = Field(
        None, max_length=MOST_PLANS, description="Ids of plans or accounts; left out: every plan that you may change."
    )
    reason: OptionalText = Field(None, description="Why; left out, it says who hands over to whom.")
    dry_run: bool = Field(False, description="Say what would be handed over, and record nothing.")

    @model_validator(mode="after")
    def _to_somebody_else(self) -> Self:
        if same_person(self.from_) == same_person(self.to):
            raise ValueError("hands over to the same person: name somebody else in “to”")
        return self

    @property
    def why(self) -> str:
        return self.reason or f"Handed over from {self.from_} to {self.to}"


class Item(BaseModel):
    """A thing that the person owns in a plan."""

    kind: str
    id: str


class LeftBehind(Item):
    """A thing that could not be handed over, and why."""

    why: str


class ProgramHandedOver(BaseModel):
    """What was handed over of the program."""

    version: int = Field(description="The version afterwards.")
    handed_over: list[Item]
    left_behind: list[LeftBehind]


class PlanHandedOver(ProgramHandedOver):
    """What was handed over in one plan."""

    plan_id: UUID
    account_id: str
    account_name: str


class HandedOver(BaseModel):
    """The outcome of a handover."""

    dry_run: bool
    correlation_id: str = Field(description="Of every event that was recorded.")
    reason: str
    plans: list[PlanHandedOver] = Field(description="The plans in which they own anything, in order of id.")
    program: ProgramHandedOver | None = Field(
        description="Where they answer for the program, and no plans were named: it takes the right to run it."
    )
    unknown_plans: list[str] = Field(description="Plans that were named, and that are not there for you.")
    handed_over: int
    left_behind: int


@dataclass(frozen=True)
class Owned:
    """A thing that the person owns, and the commands that give it to another owner."""

    thing: Thing
    commands: Sequence[Command]

    @property
    def item(self) -> dict[str, str]:
        return {"kind": self.thing.noun, "id": self.thing.id}


REASSIGNED: Mapping[type[Thing], type[Command]] = {
    Play: ReassignPlay,
    Action: ReassignAction,
    Risk: ReassignRisk,
    Goal: ReviseGoal,
    Request: ReassignRequest,
}
"""The command that changes the owner of an open thing, by kind."""


def owned_by(plan: AccountPlan, person: str, to: str, why: str) -> Iterator[Owned]:
    """Yield what a person owns in a plan that is not archived. The plan itself comes last."""
    them = same_person(person)
    for kind, command in REASSIGNED.items():
        for thing in plan.open(kind):
            if same_person(getattr(thing, "owner", "")) == them:
                yield Owned(thing, [command.model_validate({"id": thing.id, "owner": to, "reason": why})])
    for pairing in plan.open(Pairing):
        if same_person(pairing.member) == them:
            known = plan.all(Pairing).values()
            theirs = [each for each in known if each.stakeholder == pairing.stakeholder and each.is_open]
            ended = EndPairing(member=pairing.member, stakeholder=pairing.stakeholder, reason=why)
            kept = any(same_person(each.member) == same_person(to) for each in theirs)
            agreed = AgreePairing(member=to, stakeholder=pairing.stakeholder, every_days=pairing.every_days, reason=why)
            yield Owned(pairing, [ended] if kept else [ended, agreed])
    card = the_plan(plan)
    if same_person(card.owner) == them:
        yield Owned(card, [ReassignPlan(owner=to, reason=why)])


def left_to_do(plan: AccountPlan, person: str) -> Iterator[LeftBehind]:
    """Yield what names the person and no command can hand over. The new owner has to decide about it."""
    them = same_person(person)
    for opportunity in plan.open(Opportunity):
        step = opportunity.next_best_action
        if step and same_person(step.owner) == them:
            yield LeftBehind(kind=opportunity.noun, id=opportunity.id, why=STEP)
    for member in plan.open(Member):
        if same_person(member.person) == them:
            yield LeftBehind(kind=member.noun, id=member.id, why=ON_THE_TEAM)
    for review in plan.open(Review):
        if review.state == "scheduled" and them in map(same_person, review.ours):
            yield LeftBehind(kind=review.noun, id=review.id, why=INVITED)


@dataclass(frozen=True)
class Handovers:
    """Carries out handovers for a caller."""

    plans: Aggregates[AccountPlan]
    program: Aggregates[ProgramState]
    histories: Histories
    portfolio: Portfolio

    def carry_out(
        self, asked: Handover, caller: Caller, context: CommandContext, still_may: Callable[[], bool] = lambda: True
    ) -> HandedOver:
        """Hand over plan by plan. It can be repeated after an interruption, because nothing is handed over twice.
        Before each plan it is asked whether the caller still has the right that they began with.

        Raises `CallerNotAllowed` where they have not, `StoreUnavailable`.
        """
        found, unknown = self._found(asked, caller)
        done: list[PlanHandedOver] = []
        for known in found:
            if not still_may():
                raise CallerNotAllowed(ENDED)
            if in_plan := self._in_plan(known, asked, caller, context):
                done.append(in_plan)
        program = None if asked.plans is not None else self._of_program(asked, caller, context)
        everywhere: list[ProgramHandedOver] = [*done, *([program] if program else [])]
        return HandedOver(
            dry_run=asked.dry_run,
            correlation_id=context.correlation_id,
            reason=asked.why,
            plans=done,
            program=program,
            unknown_plans=unknown,
            handed_over=sum(len(each.handed_over) for each in everywhere),
            left_behind=sum(len(each.left_behind) for each in everywhere),
        )

    def _of_program(self, asked: Handover, caller: Caller, context: CommandContext) -> ProgramHandedOver | None:
        """Return the outcome in the program; None if there is no program or the person does not own it."""
        try:
            known = self.program.read(PROGRAM_ID)
        except ProgramNotOpen:
            return None
        owner = the_program(known.state).owner
        if owner is None or same_person(owner) != same_person(asked.from_):
            return None
        item = {"kind": Program.noun, "id": Program.noun}
        if not caller.may(NameProgramOwner.right):
            left = [LeftBehind(**item, why=LEADS_THE_PROGRAM)]
            return ProgramHandedOver(version=known.version, handed_over=[], left_behind=left)
        say = self.program.tried if asked.dry_run else self.program.handle
        named = [NameProgramOwner(owner=asked.to, reason=asked.why)]
        outcome = say(known.id, named, context, check=lambda known: caller.check(known, named, self.program.now()))
        return ProgramHandedOver(version=outcome.version, handed_over=[Item(**item)], left_behind=[])

    def _found(self, asked: Handover, caller: Caller) -> tuple[Iterable[LoadedAggregate[AccountPlan]], list[str]]:
        """Return the plans that the caller may see, and the requested names for which there is none."""
        if asked.plans is None:
            return (known for known in self.histories.histories() if caller.sees(known, self.plans.now())), []
        found: dict[UUID, LoadedAggregate[AccountPlan]] = {}
        unknown: list[str] = []
        for name in asked.plans:
            try:
                known = read_for(caller, name, self.plans, self.portfolio)
            except PlanNotOpen:
                unknown.append(name)
            else:
                found[known.id] = known
        return list(found.values()), unknown

    def _in_plan(
        self, known: LoadedAggregate[AccountPlan], asked: Handover, caller: Caller, context: CommandContext
    ) -> PlanHandedOver | None:
        """Return the outcome in one plan; None if the person owns nothing there."""
        plan, card = known.state, the_plan(known.state)
        owned = list(owned_by(plan, asked.from_, asked.to, asked.why))
        if card.archived:
            left, owned = [LeftBehind(**each.item, why=ARCHIVED) for each in owned], []
        else:
            left = list(left_to_do(plan, asked.from_))
        if not owned and not left:
            return None
        say = self.plans.tried if asked.dry_run else self.plans.handle
        version = known.version
        while owned:
            try:
                outcome = self._said(say, known.id, owned, caller, context)
                version = outcome.version
                break
            except (Refusal, CommandRefused, CallerNotAllowed) as error:
                refused = _refused(owned, error)
                why = str(error.refusal if isinstance(error, CommandRefused) else error)
                left += [LeftBehind(**each.item, why=why) for each in refused]
                owned = [each for each in owned if each not in refused]
        return PlanHandedOver(
            plan_id=known.id,
            account_id=card.account_id,
            account_name=card.account_name,
            version=version,
            handed_over=[Item(**each.item) for each in owned],
            left_behind=left,
        )

    def _said(
        self, say: Callable[..., Outcome], id: UUID, owned: Sequence[Owned], caller: Caller, context: CommandContext
    ) -> Outcome:
        commands = [command for each in owned for command in each.commands]
        return say(id, commands, context, check=lambda known: caller.check(known, commands, self.plans.now()))


def _refused(owned: Sequence[Owned], error: Exception) -> list[Owned]:
    """Return what cannot be handed over: the refused item of several, or all if the plan is read-only or the caller may
    not change it."""
    if not isinstance(error, CommandRefused):
        return list(owned)
    place = error.place
    for each in owned:
        place -= len(each.commands)
        if place < 0:
            return [each]
    return list(owned)
