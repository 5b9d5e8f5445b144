"""Topic: the team: who of ours works on the account, in which role and since when, and what they agreed on."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, Literal, assert_never

from domain.account_plan.language import AccountPlan, GoalId, Section
from domain.account_plan.plan import the_plan
from domain.aggregates import Topic
from domain.calendar import Day, quarter_start
from domain.corrections import Mistakes
from domain.language import (
    Command,
    CommandRight,
    Decision,
    Event,
    Many,
    Person,
    PersonId,
    Refusal,
    Terms,
    changed,
    kebab_case,
    said,
    same_person,
)
from domain.refusals import Over, Unknown
from domain.things import Draft, Thing

Role = Literal[
    "account_executive",
    "customer_success",
    "executive_sponsor",
    "technical_account_manager",
    "product_sponsor",
    "marketing_sponsor",
    "key_account_manager",
    "sales_engineer",
    "product_owner",
    "manager_coach",
    "product",
    "product_marketing",
    "marketing",
    "professional_services",
    "sales_operations",
    "revenue_operations",
    "enablement",
    "finance",
    "legal",
    "leadership",
    "other",
]
Coverage = Literal["dedicated", "shared", "as_needed"]


class Stint(Terms):
    """A time somebody has a role.  Whoever comes back to a role after a release begins the next one."""

    person: Person
    role: Role
    stint: int = 1


class MemberTerms(Stint):
    from_on: date
    coverage: Coverage | None = None
    senior: bool = False
    takes_over_from: Person | None = None


def stint_id(person: str, role: str, stint: int = 1) -> str:
    """Return the id of a stint: `ann:legal`, and `ann:legal:2` for the second time in that role."""
    return f"{person}:{role}" if stint == 1 else f"{person}:{role}:{stint}"


# Events


class MemberEvent(Event, Stint):
    """About one stint of a member of the team."""

    noun: ClassVar[str] = "member"
    home: ClassVar[Section] = "team"

    def subject(self) -> str:
        return stint_id(self.person, self.role, self.stint)


class MemberAssigned(MemberEvent, MemberTerms):
    """Somebody has a role from that day on; while they have it, on what other terms they now have it."""


class MemberReleased(MemberEvent):
    """Somebody's last day in a role is known."""

    until_on: date


class TeamAligned(Event):
    """Members of the team agreed on a goal."""

    noun: ClassVar[str] = "alignment"
    home: ClassVar[Section] = "team"

    members: tuple[Person, ...]
    goal: GoalId
    agreed_on: date | None = None

    def subject(self) -> str:
        return self.goal


TeamEvents = MemberAssigned | MemberReleased | TeamAligned


# Commands


class MemberCommand(Command):
    noun: ClassVar[str] = "member"
    home: ClassVar[Section] = "team"
    needs: ClassVar[Any] = "nothing"
    right: ClassVar[CommandRight] = "members"

    person: PersonId
    role: Role

    def subject(self) -> str | None:
        return stint_id(self.person, self.role)


class AssignMember(MemberCommand):
    """Give somebody a role, from a day that may lie ahead.  While they have it, this says what is different now."""

    from_on: Day
    coverage: Coverage | None = None
    senior: bool = False
    takes_over_from: PersonId | None = None


class ReleaseMember(MemberCommand):
    """The last day somebody has the role, which may lie ahead."""

    until_on: Day


class AlignTeam(Command):
    """They agreed on the goal.  The list is whole: whoever is left out of it does not count as agreeing any more."""

    noun: ClassVar[str] = "alignment"
    home: ClassVar[Section] = "team"
    needs: ClassVar[Any] = "nothing"

    members: Many[PersonId]
    goal: GoalId

    def subject(self) -> str | None:
        return self.goal


TeamCommands = AssignMember | ReleaseMember | AlignTeam


# Refusals


class StintsOverlap(Refusal):
    """{person} had the role {role} until {until_on}, so the next time in it cannot begin on {from_on}."""


class StintGoesOn(StintsOverlap):
    """{person} has had the role {role} since {since}, so the next time in it cannot begin on {from_on}: release them
    first, or correct the day.
    """

    @property
    def type(self) -> str:
        return kebab_case(StintsOverlap.__name__)


class ReleasedBeforeAssigned(Refusal):
    """{person} has the role {role} from {from_on} on, so it cannot end on {until_on}, before that."""


# State and rules


class Member(MemberTerms, Thing):
    """One stint: somebody in a role, from a day and perhaps until one."""

    noun: ClassVar[str] = "member"
    home: ClassVar[Section] = "team"

    until_on: date | None = None

    @property
    def ending(self) -> str | None:
        return f"was released as of {self.until_on}" if self.until_on else None

    @property
    def is_executive(self) -> bool:
        return self.senior or self.role in ("executive_sponsor", "leadership")

    def has_ended(self, day: date) -> bool:
        """Return whether the last day in the role was before this one."""
        return self.until_on is not None and self.until_on < day

    def is_current(self, day: date) -> bool:
        """Return whether they have the role on a day."""
        return self.from_on <= day and not self.has_ended(day)


class Alignment(Thing):
    """Who of the team agreed on a goal: its id is the goal's."""

    noun: ClassVar[str] = "alignment"
    home: ClassVar[Section] = "team"

    goal: GoalId
    members: tuple[Person, ...]
    agreed_on: date | None = None
    """The day on which they last agreed on it; None in events from before this was recorded."""


def is_of_this_quarter(day: date | None, today: date) -> bool:
    """Return whether they agreed in the current quarter: a goal is agreed on anew in each."""
    return day is not None and quarter_start(day) == quarter_start(today)


def decide(plan: AccountPlan, command: TeamCommands, today: date) -> Decision[TeamEvents]:
    event: TeamEvents | None
    match command:
        case AssignMember():
            event = assign(stints_of(plan, command.person, command.role), command)
        case ReleaseMember():
            event = release(last_stint(plan, command.person, command.role), command)
        case AlignTeam(members=members, goal=goal):
            alignment = plan.find(Alignment, goal)
            aligned = set(alignment.members if alignment else ())
            again = alignment is not None and not is_of_this_quarter(alignment.agreed_on, today)
            known = aligned == set(members) and not (members and again)
            event = None if known else TeamAligned(members=members, goal=goal, agreed_on=today)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def stints_of(plan: AccountPlan, person: str, role: str) -> list[Member]:
    """Return the stints of a person in a role in their order. All but the last are over."""
    members = plan.all(Member).values()
    return [each for each in members if same_person(each.person) == same_person(person) and each.role == role]


def last_stint(plan: AccountPlan, person: str, role: str) -> Member | None:
    return next(reversed(stints_of(plan, person, role)), None)


def assign(stints: Sequence[Member], command: AssignMember) -> MemberAssigned | None:
    last = next(reversed(stints), None)
    if last is None:
        return MemberAssigned(**said(command))
    check_overlap(stints, command.from_on)
    if last.ending:
        return MemberAssigned(**said(command), stint=last.stint + 1)
    if command.from_on > last.from_on:
        at = {"since": last.from_on, "from_on": command.from_on}
        raise StintGoesOn("/from_on", person=last.person, role=last.role, **at)
    new = {field: value for field, value in changed(command, last).items() if field != "person"}
    return MemberAssigned(**which(last) | {"from_on": command.from_on} | new) if new else None


def check_overlap(before: Iterable[Member], from_on: date) -> None:
    """Check that a stint begins after the earlier ones have ended."""
    for stint in before:
        if stint.until_on and from_on <= stint.until_on:
            at = {"until_on": stint.until_on, "from_on": from_on}
            raise StintsOverlap("/from_on", person=stint.person, role=stint.role, **at)


def check_stint(plan: AccountPlan, _before: Member, after: Member) -> None:
    """Check that a corrected stint does not overlap others of the same person and role."""
    if after.until_on and after.until_on < after.from_on:
        until_on, from_on = after.until_on, after.from_on
        raise ReleasedBeforeAssigned("/until_on", **which(after), until_on=until_on, from_on=from_on)
    stints = [after if each.id == after.id else each for each in stints_of(plan, after.person, after.role)]
    for place, stint in enumerate(stints):
        check_overlap(stints[:place], stint.from_on)


def release(last: Member | None, command: ReleaseMember) -> MemberReleased:
    about = {"kind": "member", "id": command.subject()}
    if last is None:
        raise Unknown("/person", **about, aggregate=AccountPlan.noun)
    if last.ending:
        raise Over("/person", **about, ending=last.ending)
    if command.until_on < last.from_on:
        until_on, from_on = command.until_on, last.from_on
        raise ReleasedBeforeAssigned("/until_on", **which(last), until_on=until_on, from_on=from_on)
    return MemberReleased(**which(last), until_on=command.until_on)


def is_at_work_on(plan: AccountPlan, person: str, today: date) -> bool:
    """Return whether a person owns the plan or is on its team, from their assignment until their last day in it."""
    return same_person(person) in {same_person(each) for each in people_at_work(plan, today)}


def people_at_work(plan: AccountPlan, today: date) -> set[str]:
    """Return who owns the plan or is on its team, from their assignment until their last day in it."""
    assigned = (member.person for member in plan.all(Member).values() if not member.has_ended(today))
    return {the_plan(plan).owner, *assigned}


def which(member: Member) -> dict[str, Any]:
    """Return the fields by which events name a stint. The first stint has no number."""
    stint = {"stint": member.stint} if member.stint > 1 else {}
    return {"person": member.person, "role": member.role, **stint}


def apply(draft: Draft, event: TeamEvents) -> None:
    id = event.subject()
    match event:
        case MemberAssigned() if draft.has(Member, id):
            draft.set(Member, id, **{name: getattr(event, name) for name in event.model_fields_set})
        case MemberAssigned():
            draft.create(Member, event, id=id)
        case MemberReleased(until_on=until_on):
            draft.set(Member, id, until_on=until_on)
        case TeamAligned():
            draft.put(Alignment.unchecked({"id": id, **event.__dict__}))
        case _:
            assert_never(event)


TOPIC = Topic(
    TeamCommands,
    TeamEvents,
    (Member, Alignment),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Member,
            AssignMember,
            later={ReleaseMember: ("until_on",)},
            identity=("person", "role", "stint"),
            subject=lambda said: stint_id(said.person, said.role, said.stint),
            check=check_stint,
        ),
        Mistakes(Alignment, AlignTeam, identity=("goal",), subject=AlignTeam.subject),
    ),
)
