"""What the month of one plan came to: whose it was at its end, and its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from application.measures.measure import ALL, Figures, MeasureName, Parts
from application.measures.measured import Measured
from application.measures.registry import figures_of
from domain.account_plan.plan import Segment, Tier
from domain.language import same_person

GroupBy = Literal["plan", "owner", "tier", "territory", "segment", "total"]
GROUPINGS: Sequence[GroupBy] = get_args(GroupBy)


SHAPE = 5
"""The number of this definition. Raise it with the definition of a measure, of a rule of the findings, or of what the
month report keeps of a plan: every store then makes its table of month ends anew."""


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """Of a plan as it stood at the end of a month."""

    plan_id: UUID
    account_id: str
    account_name: str
    owner: str
    tier: Tier
    segment: Segment | None
    territory: str | None
    currency: str
    month: date
    """Its first day."""
    policy_version: int
    provisional: bool
    """Whether the month goes on."""
    figures: dict[MeasureName, Figures]

    def group(self, by: GroupBy) -> str | None:
        """What the plan is grouped under; None where nobody said."""
        column = COLUMNS[by]
        found: str | None = getattr(self, column) if column else None
        return found


COLUMNS: Mapping[GroupBy, str | None] = {
    "total": None,
    "plan": "account_id",
    "owner": "owner",
    "tier": "tier",
    "territory": "territory",
    "segment": "segment",
}
"""What each grouping groups by; a total by nothing."""


class Summed(NamedTuple):
    """A figure of some plans of one group in one month, all in one currency and judged by one policy."""

    month: date
    group: str | None
    name: str | None
    """Of a plan, the account's name."""
    currency: str
    policy_version: int
    provisional: bool
    plans: int
    measure: MeasureName | None
    """None: there were such plans, whatever figures they have."""
    key: str
    parts: Parts


def summed(end: MonthEnd, by: GroupBy) -> Iterator[Summed]:
    """The figures of one plan."""
    name = end.account_name if by == "plan" else None
    head = (end.month, end.group(by), name, end.currency, end.policy_version, end.provisional, 1)
    yield Summed(*head, None, ALL, ())
    for measure, figures in end.figures.items():
        for key, parts in figures.items():
            yield Summed(*head, measure, key, parts)


def month_end(at: Measured, names: Sequence[MeasureName]) -> MonthEnd:
    card = at.at.card
    return MonthEnd(
        plan_id=at.period.known.id,
        account_id=card.account_id,
        account_name=card.account_name,
        owner=same_person(card.owner),
        tier=card.tier,
        segment=card.segment,
        territory=card.territory,
        currency=card.currency,
        month=at.month.first,
        policy_version=at.at.in_force.version,
        provisional=at.provisional,
        figures=figures_of(at, names),
    )
