"""Topic: policy, the limits that every plan has to keep.

A policy is adopted as a whole, with a day from which it is in force. Before the first one, and without a program, the
default policy is in force: version 0, which is `Policy()`.

Numbers that say what a word means are no policy: the 14 days of an ad-hoc duty and of an unanswered request, the 72
hours of an eve, the 30 last minutes before a review, the 180 days of one and the same person, the half year of a paper
plan, the exposure from which a risk is severe.  Reports of two companies, or of two years, use the word for the same
thing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never, get_args

from pydantic import Field

from domain.account_plan.language import Section
from domain.account_plan.plan import Tier
from domain.account_plan.reviews import ReviewKind
from domain.account_plan.rule_names import PlanRuleName
from domain.account_plan.team import Role
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import Command, Decision, Event, Refusal, Terms, Text
from domain.program.language import OnProgram, ProgramSection, ProgramState
from domain.things import Aggregate, Draft, Thing

Severity = Literal["alarm", "warning", "hint"]
ProgramRuleName = Literal[
    "promotion-due",
    "list-too-long",
    "list-too-short",
    "list-not-refreshed",
    "no-owner",
    "copy-paste-plans",
    "sponsor-share",
    "milestones-share",
    "phase-exit",
]
"""The rules about the program, and about plans compared with the decisions of its rounds."""

RuleName = Literal[PlanRuleName, ProgramRuleName]
"""All rules that yield findings."""

MOST = 3_660
"""The greatest number of days in a policy and of a pairing: ten years."""

Days = int
"""A number of calendar days."""

Fraction = Decimal
"""A part of a whole, from 0 to 1."""

STRATEGIC_SECTION_DAYS: Mapping[Section, Days | None] = {
    "summary": 92,
    "overview": 92,
    "health": 31,
    "stakeholders": 31,
    "whitespace": 92,
    "opportunities": 31,
    "goals": 92,
    "hypotheses": 92,
    "competition": 92,
    "risks": 31,
    "plays": 7,
    "requests": 31,
    "team": 92,
    "vision": 366,
    "reviews": None,
    "plan": None,
}
"""How many days old each section of a strategic plan may be; a growth plan's may be twice as old.  None: no duty."""


def _section_days() -> dict[Section, dict[Tier, Days | None]]:
    duties: tuple[tuple[Tier, int], ...] = (("strategic", 1), ("growth", 2))
    return {
        section: {tier: times * days for tier, times in duties}
        for section, days in STRATEGIC_SECTION_DAYS.items()
        if days is not None
    }


class TeamPolicy(Terms):
    """The roles that a plan of one tier must have filled, and those it is expected to have."""

    required: tuple[Role, ...] = ()
    expected: tuple[Role, ...] = ()


TEAMS: Mapping[Tier, TeamPolicy] = {
    "strategic": TeamPolicy(
        required=("account_executive", "customer_success", "executive_sponsor"),
        expected=("technical_account_manager", "product_sponsor", "marketing_sponsor"),
    ),
    "growth": TeamPolicy(required=("account_executive", "customer_success")),
    "enterprise": TeamPolicy(),
    "standard": TeamPolicy(),
}
"""Which roles plans of each tier must have filled, and which they should, by default."""

CADENCES: Mapping[Tier, Sequence[tuple[ReviewKind, Days]]] = {
    "strategic": (
        ("weekly", 7),
        ("monthly", 31),
        ("quarterly", 92),
        ("qbr", 92),
        ("executive_meeting", 92),
        ("annual", 366),
    ),
    "growth": (("quarterly", 184),),
    "enterprise": (),
    "standard": (),
}
"""Which reviews plans of each tier hold, and how many days may lie between two of a kind, by default."""


def _team() -> dict[Tier, TeamPolicy]:
    return dict(TEAMS)


def _cadence() -> dict[Tier, dict[ReviewKind, Days]]:
    return {tier: dict(reviews) for tier, reviews in CADENCES.items()}


class ListPolicy(Terms):
    """How many accounts the list of strategic accounts aims at, warns from, and must not exceed."""

    target: int = 10
    warn: int = 30
    alarm: int = 50


class CoveragePolicy(Terms):
    """How many people of the customer's make a relationship broad enough."""

    decision_makers: int = 6
    multi_threaded: int = 3
    survivors: int = 4


class PlaysPolicy(Terms):
    """How many plays should be open at a time."""

    least: int = 4
    most: int = 6


class HypothesesPolicy(Terms):
    """How many value hypotheses should be open at a time."""

    least: int = 2
    most: int = 3


class RisksPolicy(Terms):
    """How many risks a plan names at least, and how many of them are shown first."""

    least: int = 2
    top: int = 3


class WhitespacePolicy(Terms):
    """Which share of the whitespace may be untouched, and for how many days."""

    untouched_share: Fraction = Decimal("0.6")
    untouched_days: Days = 92


class MilestonesPolicy(Terms):
    """Which share of the milestones should be held in the calendar."""

    held_share: Fraction = Decimal("0.8")


class RulePolicy(Terms):
    """How loud a rule of the findings is, or that it is off."""

    severity: Severity
    off: bool = False


class Policy(Terms):
    """All the numbers, whole.  `Policy()` is the default policy, version 0."""

    sections: dict[Section, dict[Tier, Days | None]] = Field(default_factory=_section_days)
    contact_days: Days = 92
    pairing: Days = 92
    team: dict[Tier, TeamPolicy] = Field(default_factory=_team)
    cadence: dict[Tier, dict[ReviewKind, Days]] = Field(default_factory=_cadence)
    executive_days: Days = 92
    list: ListPolicy = ListPolicy()
    buying_centers: int = 3
    path_multiple: Decimal = Decimal(3)
    coverage: CoveragePolicy = CoveragePolicy()
    plays: PlaysPolicy = PlaysPolicy()
    hypotheses: HypothesesPolicy = HypothesesPolicy()
    risks: RisksPolicy = RisksPolicy()
    whitespace: WhitespacePolicy = WhitespacePolicy()
    milestones: MilestonesPolicy = MilestonesPolicy()
    quick_win_days: Days = 45
    pack_hours: int = 48
    eve_share: Fraction = Decimal("0.7")
    demote_months: int = 24
    sponsor_share: Fraction = Decimal("0.7")
    similar_share: Fraction = Decimal("0.8")
    findings: dict[RuleName, RulePolicy] = Field(default_factory=dict)

    def section_days(self, section: Section, tier: Tier) -> Days | None:
        """How old a section of a plan of this tier may be, in days; None where it may be as old as it likes."""
        return self.sections.get(section, {}).get(tier)

    def cadence_days(self, tier: Tier) -> Mapping[ReviewKind, Days]:
        """For each kind of review that a plan of this tier holds, how many days may lie between two of them."""
        return self.cadence.get(tier, {})

    def roles(self, tier: Tier) -> TeamPolicy:
        return self.team.get(tier, TeamPolicy())


DEFAULT_POLICY = Policy()


# Events


class PolicyAdopted(Event):
    """From a day on, plans are held to these numbers; what was judged before stays as it was."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"

    version: int
    effective_on: date
    policy: Policy

    def subject(self) -> str:
        return str(self.version)


PolicyEvents = PolicyAdopted


# Commands


class AdoptPolicy(OnProgram):
    """Hold plans to other numbers from a day on.  The policy is whole: what is left out has its default."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"
    needs: ClassVar[Any] = "nothing"

    effective_on: Day
    policy: Policy
    reason: Text

    def subject(self) -> str | None:
        return None


PolicyCommands = AdoptPolicy


# Refusals


class PolicyContradictsItself(Refusal):
    """{what}"""


class PolicyBeforeTheLast(Refusal):
    """The policy before this one is in force from {last_on} on, so this one cannot begin earlier, on {effective_on}."""


class PolicyIsInForce(Refusal):
    """Version {version} of the policy is in force from {effective_on} on, and plans may have been judged by it: only
    one that begins after {last_on} can be withdrawn.  Adopt another policy instead."""


# State and rules


class AdoptedPolicy(Thing):
    """One version of the policy."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"

    version: int
    effective_on: date
    policy: Policy


def contradictions(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield the contradictions in a policy, each as a pointer (RFC 6901) and a sentence."""
    sizes = policy.list
    if not 0 < sizes.target <= sizes.warn <= sizes.alarm:
        yield (
            "/policy/list",
            (
                f"The list aims at {sizes.target} accounts, warns from {sizes.warn} and alarms from {sizes.alarm}: "
                "each must be at least the one before it."
            ),
        )
    for name in ("plays", "hypotheses"):
        least, most = getattr(policy, name).least, getattr(policy, name).most
        if least > most:
            yield f"/policy/{name}", f"A plan cannot have at least {least} and at most {most} {name}."
    for tier in get_args(Tier):
        owes = any(days.get(tier) is not None for days in policy.sections.values())
        if owes and not policy.cadence_days(tier):
            yield (
                f"/policy/cadence/{tier}",
                (f"A {tier} plan has sections to keep fresh and no review to be held: give the tier {tier} a cadence."),
            )
    yield from _wrong_numbers(policy)
    for pointer, number, least, what in (
        ("plays/most", policy.plays.most, 1, "a plan may have no play at all"),
        ("hypotheses/most", policy.hypotheses.most, 1, "a plan may have no hypothesis at all"),
        ("risks/top", policy.risks.top, 1, "no risk is looked at first"),
        ("coverage/multi_threaded", policy.coverage.multi_threaded, 2, "nobody or one person is several"),
    ):
        if 0 <= number < least:
            yield f"/policy/{pointer}", f"{pointer.rpartition('/')[2]} is {number}, so {what}: allow at least {least}."
    for tier, roles in policy.team.items():
        twice = sorted(set(roles.required) & set(roles.expected))
        if twice:
            yield (
                f"/policy/team/{tier}",
                f"{', '.join(twice)} cannot be both required and only expected of a {tier} plan.",
            )
        for which, named in roles:
            again = sorted({role for role in named if named.count(role) > 1})
            if again:
                yield f"/policy/team/{tier}/{which}", f"{', '.join(again)} stands there twice: name each role once."


def _wrong_numbers(policy: Policy) -> Iterator[tuple[str, str]]:
    for pointer, number in _numbers(policy.model_dump(), "/policy"):
        name, most = pointer.rpartition("/")[2], 1 if pointer.endswith("_share") else MOST
        if not 0 <= number <= most:
            yield pointer, f"{name} is {number}; it must be from 0 to {most:,}."
        elif number < 1 and pointer.startswith(("/policy/sections/", "/policy/cadence/")):
            yield pointer, f"{number} days is no time to keep anything in: allow at least 1 day."
        elif number < 1 and name.endswith(("_days", "_months", "pairing")):
            yield pointer, f"{name} is {number}: allow at least 1."


def _numbers(value: Any, pointer: str) -> Iterator[tuple[str, Decimal]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _numbers(each, f"{pointer}/{name}")
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield pointer, Decimal(value)


def decide(program: ProgramState, command: PolicyCommands, _today: date) -> Decision[PolicyEvents]:
    match command:
        case AdoptPolicy():
            for pointer, what in contradictions(command.policy):
                raise PolicyContradictsItself(pointer, what=what)
            adopted = program.all(AdoptedPolicy).values()
            last_on = max((each.effective_on for each in adopted), default=None)
            if last_on and command.effective_on < last_on:
                raise PolicyBeforeTheLast("/effective_on", last_on=last_on, effective_on=command.effective_on)
            whole = Policy.model_validate(command.policy.model_dump())
            version = next_version(program)
            return Decision((PolicyAdopted(version=version, effective_on=command.effective_on, policy=whole),))
        case _:
            assert_never(command)


def next_version(program: ProgramState) -> int:
    """Return the next version number. Numbers of withdrawn versions are not used again."""
    withdrawn = (int(id) for noun, id in program.spent_ids if noun == AdoptedPolicy.noun)
    return max([*withdrawn, *(each.version for each in program.all(AdoptedPolicy).values())], default=0) + 1


MOST_DAYS_APART = 2
"""The most days by which the date in one time zone is ahead of that in another."""


class MistakesOfPolicies(Mistakes):
    """Mistakes in policies that are not yet in force. A policy by which plans were judged stays as it is."""

    def decide(self, aggregate: Aggregate, command: Command, today: date) -> Decision[Event]:
        policy = aggregate.the(AdoptedPolicy, command.subject())
        last_on = today + timedelta(days=MOST_DAYS_APART)
        if policy.effective_on <= last_on:
            about = {"version": policy.version, "effective_on": policy.effective_on}
            raise PolicyIsInForce("/version", **about, last_on=last_on)
        return super().decide(aggregate, command, today)


def apply(draft: Draft, event: PolicyEvents) -> None:
    match event:
        case PolicyAdopted(version=version):
            draft.create(AdoptedPolicy, event, id=str(version))
        case _:
            assert_never(event)


TOPIC = Topic(
    PolicyCommands,
    PolicyEvents,
    (AdoptedPolicy,),
    decide,
    apply,
    mistakes=(
        MistakesOfPolicies(
            AdoptedPolicy,
            AdoptPolicy,
            identity=("version",),
            subject=lambda said: str(said.version),
            corrects=False,
        ),
    ),
)
