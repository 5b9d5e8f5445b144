"""The month of one plan: the plan's card at the end of the month, and its figures."""

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


SHAPE = 11
"""The number of this definition. Raise it with the definition of a measure or of a rule, or when the month report
stores other data of a plan: every store then rebuilds its table of month ends."""


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A plan at the end of a month, with its figures."""

    plan_id: UUID
    account_id: str
    account_name: str
    owner: str
    tier: Tier
    segment: Segment | None
    territory: str | None
    currency: str
    month: date
    """The first day of the month."""
    policy_version: int
    provisional: bool
    """Whether the month still goes on."""
    figures: dict[MeasureName, Figures]

    def group(self, by: GroupBy) -> str | None:
        """Return the value by which the plan is grouped; None if it is unknown."""
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
"""The column of each grouping; None for the total."""


class Summed(NamedTuple):
    """A figure of the plans of one group in one month, in one currency and judged by one policy."""

    month: date
    group: str | None
    name: str | None
    """For a single plan, the name of its account."""
    currency: str
    policy_version: int
    provisional: bool
    plans: int
    measure: MeasureName | None
    """None in a row that only says that there were such plans."""
    key: str
    parts: Parts


def summed(end: MonthEnd, by: GroupBy) -> Iterator[Summed]:
    """Yield the figures of one plan."""
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
