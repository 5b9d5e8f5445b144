"""The numbers of a policy: the limits that every plan has to keep, and what they are by default.

Before the first policy is adopted, and without a program, the default policy is in force: version 0, which is
`Policy()`.

Numbers that say what a word means are no policy: the 14 days of an ad-hoc duty and of an unanswered request, the 72
hours of an eve, the 30 last minutes before a review, the 180 days of one and the same person, the half year of a paper
plan, the exposure from which a risk is severe.  Reports of two companies, or of two years, use the word for the same
thing.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from domain.account_plan.language import Section
from domain.account_plan.plan import Tier
from domain.account_plan.reviews import ReviewKind
from domain.account_plan.rule_names import PlanRuleName
from domain.account_plan.team import Role
from domain.language import Terms

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
