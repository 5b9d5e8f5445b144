"""Said versus did across plans in a calendar month, with totals by owner, by tier and by person.

Rates of totals are computed from the added counts. The month of each plan is that of its own time zone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from application.reports.months import Month
from application.reports.plan_month import KeptMonth, LateDeparture, PlanInMonth, PlanMonth, Slip
from application.reports.said_vs_did import Compared, Scores
from application.reports.scores import share_of_unsaid, total
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier

MOST_SLIPS = 10
SCORES = ("score", "carried_score", "added_score", "customer_score")


class Total(Scores):
    """The totals of several plans."""

    plans: int
    plans_without_score: int = Field(description="Plans in which nothing that was said could be scored.")


class OwnerTotal(Total):
    owner: str = Field(description="The owner of the plans at the end of the month.")


class TierTotal(Total):
    tier: Tier


class PersonTotal(Total):
    """The totals of one person's promises, in all plans."""

    person: str = Field(description="The person who promised: the owner at the baseline.")


class Summary(BaseModel):
    """The plans of a month together."""

    provisional: bool = Field(description="Whether the month is not over, so that it is judged as of now.")
    totals: Total
    owners: list[OwnerTotal]
    tiers: list[TierTotal]
    people: list[PersonTotal]
    plans_left_out: int = Field(description="Plans archived all the month, with nothing open at its beginning.")
    worst_slips: list[Slip] = Field(description=f"At most {MOST_SLIPS}, those that were moved furthest first.")
    departures_noticed_late: list[LateDeparture] = Field(
        description="Departures that were recorded late, the latest first."
    )


class Heading(BaseModel):
    """The month, and the filters on plans."""

    month: str
    owner: str | None = None
    tier: Tier | None = None


class MonthReport(Summary, Heading):
    """Said versus did in one month, across plans in the order of their ids."""

    plans: list[PlanMonth]


class SlipToBeTold(NamedTuple):
    """A slip of a month that was kept: its place among those of its plan."""

    days: int
    plan_id: UUID
    place: int


Read = Callable[[UUID], LoadedPlan]
"""Reads the history of a plan, with its words."""


@dataclass
class MonthInTheMaking:
    """Adds up a month plan by plan. Only the figures of each plan are kept, however many plans there are."""

    month: Month
    now: datetime
    owner: str | None = None
    tier: Tier | None = None
    _plans: list[PlanMonth] = field(default_factory=list)
    _by_person: dict[str, list[Scores]] = field(default_factory=lambda: defaultdict(list))
    _left_out: int = 0
    _slips: list[Slip | SlipToBeTold] = field(default_factory=list)
    _departures: list[LateDeparture | UUID] = field(default_factory=list)
    """Departures, or a plan that has some."""

    @property
    def heading(self) -> Heading:
        return Heading(month=str(self.month), owner=self.owner, tier=self.tier)

    def add(self, known: LoadedPlan) -> PlanMonth | None:
        """Add a plan. Returns its month, or None if the plan has no such month, is left out or filtered out."""
        plan = PlanInMonth.of(known, self.month, self.now)
        if plan is None or not self._wants(plan.which):
            return None
        return self._add(plan.kept(), plan.slips, plan.departures)

    def add_kept(self, plan_id: UUID, kept: KeptMonth) -> PlanMonth | None:
        """Add what was kept of the month of a plan, as `add` does. Its words are read in the end."""
        if not self._wants(kept.which):
            return None
        slips = [SlipToBeTold(days, plan_id, place) for place, days in enumerate(kept.slips)]
        return self._add(kept, slips, [plan_id] if kept.departures else [])

    def _wants(self, which: Compared) -> bool:
        return self.owner in (None, which.owner) and self.tier in (None, which.tier)

    def _add(
        self, kept: KeptMonth, slips: Sequence[Slip | SlipToBeTold], departures: Sequence[LateDeparture | UUID]
    ) -> PlanMonth | None:
        if kept.scores is None:
            self._left_out += 1
            return None
        plan = PlanMonth.model_construct(**kept.which.__dict__, **kept.scores.__dict__)
        self._plans.append(plan)
        for person, promised in kept.people.items():
            self._by_person[person].append(promised)
        self._slips = nsmallest(MOST_SLIPS, [*self._slips, *slips], key=lambda slip: -slip.days)
        self._departures += departures
        return plan

    def summary(self, read: Read | None = None) -> Summary:
        """`read` is asked for the plans whose month was kept, of which there is something to tell in words."""
        words: dict[UUID, tuple[Sequence[Slip], Sequence[LateDeparture]]] = {}

        def of_kept(plan_id: UUID) -> tuple[Sequence[Slip], Sequence[LateDeparture]]:
            if plan_id not in words:
                plan = PlanInMonth.of(read(plan_id), self.month, self.now) if read else None
                words[plan_id] = (plan.slips, plan.departures) if plan else ((), ())
            return words[plan_id]

        slips = [
            of_kept(slip.plan_id)[0][slip.place] if isinstance(slip, SlipToBeTold) else slip for slip in self._slips
        ]
        departures = [
            each for found in self._departures for each in (of_kept(found)[1] if isinstance(found, UUID) else [found])
        ]
        return Summary(
            provisional=any(plan.provisional for plan in self._plans)
            if self._plans
            else not self.month.is_over(self.now),
            totals=Total.model_construct(**summed(self._plans)),
            owners=[
                OwnerTotal.model_construct(owner=owner, **summed(plans))
                for owner, plans in sorted(grouped(self._plans, lambda plan: plan.owner).items())
            ],
            tiers=[
                TierTotal.model_construct(tier=tier, **summed(plans))
                for tier, plans in sorted(grouped(self._plans, lambda plan: plan.tier).items())
            ],
            people=[
                PersonTotal.model_construct(person=person, **summed(several))
                for person, several in sorted(self._by_person.items())
            ],
            plans_left_out=self._left_out,
            worst_slips=slips,
            departures_noticed_late=sorted(departures, key=lambda departure: -departure.days),
        )


Name = TypeVar("Name")


def grouped(plans: Iterable[PlanMonth], by: Callable[[PlanMonth], Name]) -> dict[Name, list[PlanMonth]]:
    groups: dict[Name, list[PlanMonth]] = defaultdict(list)
    for plan in plans:
        groups[by(plan)].append(plan)
    return groups


def summed(plans: Sequence[Scores]) -> dict[str, Any]:
    ended = share_of_unsaid(sum(plan.finished for plan in plans), sum(plan.finished_unsaid for plan in plans))
    return {
        **{name: total([getattr(plan, name) for plan in plans]) for name in SCORES},
        "by_kind": {kind: total([plan.by_kind[kind] for plan in plans]) for kind in ("play", "action")},
        "finished": ended.finished,
        "finished_unsaid": ended.unsaid,
        "unsaid_share": ended.unsaid_share,
        "plans": len(plans),
        "plans_without_score": sum(plan.score.keep_rate is None for plan in plans),
    }


def month_report(
    month: Month, plans: Iterable[LoadedPlan], now: datetime, owner: str | None = None, tier: Tier | None = None
) -> MonthReport:
    """Report on the plans that had this owner and this tier at the end of the month."""
    making = MonthInTheMaking(month, now, owner, tier)
    found = [plan for known in plans if (plan := making.add(known))]
    return MonthReport.model_construct(**making.heading.__dict__, **making.summary().__dict__, plans=found)
