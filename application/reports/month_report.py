"""Said versus did across plans in a calendar month, with totals by owner, by tier and by person.

Rates of totals are computed from the added counts. The month of each plan begins and ends in the plan's time zone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from application.reports.month_findings import FindingsAdded, FindingsInMonth
from application.reports.months import Month
from application.reports.plan_month import (
    MOST_OPENED,
    KeptMonth,
    LateDeparture,
    OpenedFinding,
    PlanInMonth,
    PlanMonth,
    PlanScores,
    Slip,
)
from application.reports.said_vs_did import Compared, Scores
from application.reports.scores import share_of_unsaid, total
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier
from domain.record import Recorded

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
    """The totals of one person's promises, over all plans."""

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
    findings: FindingsInMonth


class Heading(BaseModel):
    """The month, and the filters on plans."""

    month: str
    owner: str | None = None
    tier: Tier | None = None


class MonthReport(Summary, Heading):
    """Said versus did in one month, across plans in the order of their ids."""

    plans: list[PlanMonth]


class Words(NamedTuple):
    """The texts that a report quotes from the month of one plan."""

    slips: Sequence[Slip]
    opened: Sequence[OpenedFinding]
    departures: Sequence[LateDeparture]


class Quotation(NamedTuple):
    """A slip or a finding to quote: its rank, the lowest first, and its index among those of its plan."""

    rank: int
    place: int
    words: Words | UUID
    """The texts of its plan, or the id of the plan to read for them, if its month was stored."""


def first(most: int, told: Iterable[Quotation], ranks: Iterable[int], words: Words | UUID) -> list[Quotation]:
    """Return the `most` items with the lowest ranks, among those chosen so far and those of one more plan."""
    more = (Quotation(rank, place, words) for place, rank in enumerate(ranks))
    return nsmallest(most, [*told, *more], key=lambda each: each.rank)


Read = Callable[[UUID], LoadedPlan]
"""Returns a plan with its texts."""


@dataclass
class MonthReportBuilder:
    """Adds up a month plan by plan. Only the figures of each plan are kept, however many plans there are."""

    month: Month
    now: datetime
    owner: str | None = None
    tier: Tier | None = None
    program: Sequence[Recorded] = ()
    """The records of the program, whose policies judge the plans."""
    _plans: list[PlanScores] = field(default_factory=list)
    _by_person: dict[str, list[Scores]] = field(default_factory=lambda: defaultdict(list))
    _left_out: int = 0
    _findings: FindingsAdded = field(default_factory=FindingsAdded)
    _slips: list[Quotation] = field(default_factory=list)
    _opened: list[Quotation] = field(default_factory=list)
    _departures: list[Words | UUID] = field(default_factory=list)
    """The texts of plans in which somebody left, or the ids of these plans."""

    @property
    def heading(self) -> Heading:
        return Heading(month=str(self.month), owner=self.owner, tier=self.tier)

    def add(self, known: LoadedPlan) -> PlanMonth | None:
        """Add a plan. Returns its month; None if the plan has no such month, is left out or filtered out."""
        plan = PlanInMonth.of(known, self.month, self.now, self.program)
        if plan is None or not self._wants(plan.which):
            return None
        return self._add(plan.kept(), Words(plan.slips, plan.opened, plan.departures))

    def add_kept(self, plan_id: UUID, kept: KeptMonth) -> PlanMonth | None:
        """Add the stored month of a plan, as `add` does. Its texts are read at the end."""
        if not self._wants(kept.which):
            return None
        return self._add(kept, plan_id)

    def _wants(self, which: Compared) -> bool:
        return self.owner in (None, which.owner) and self.tier in (None, which.tier)

    def _add(self, kept: KeptMonth, words: "Words | UUID") -> PlanMonth | None:
        if kept.scores is None:
            self._left_out += 1
            return None
        figures = {**kept.which.__dict__, **kept.scores.__dict__}
        self._plans.append(PlanScores.model_construct(**figures))
        for person, promised in kept.people.items():
            self._by_person[person].append(promised)
        self._findings.add(kept.findings)
        self._slips = first(MOST_SLIPS, self._slips, [-days for days in kept.slips], words)
        self._opened = first(MOST_OPENED, self._opened, kept.opened, words)
        if kept.departures:
            self._departures.append(words)
        return PlanMonth.model_construct(**figures, findings=kept.findings)

    def summary(self, read: Read | None = None) -> Summary:
        """Return the summary. `read` is called for plans whose stored month has something to quote."""
        words_read: dict[UUID, Words] = {}

        def in_words(words: Words | UUID) -> Words:
            if isinstance(words, Words):
                return words
            if words not in words_read:
                plan = PlanInMonth.of(read(words), self.month, self.now, self.program) if read else None
                words_read[words] = Words(plan.slips, plan.opened, plan.departures) if plan else Words((), (), ())
            return words_read[words]

        departures = [departure for words in self._departures for departure in in_words(words).departures]
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
            worst_slips=[in_words(slip.words).slips[slip.place] for slip in self._slips],
            departures_noticed_late=sorted(departures, key=lambda departure: -departure.days),
            findings=self._findings.in_month([in_words(each.words).opened[each.place] for each in self._opened]),
        )


Name = TypeVar("Name")


def grouped(plans: Iterable[PlanScores], by: Callable[[PlanScores], Name]) -> dict[Name, list[PlanScores]]:
    groups: dict[Name, list[PlanScores]] = defaultdict(list)
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
    month: Month,
    plans: Iterable[LoadedPlan],
    now: datetime,
    owner: str | None = None,
    tier: Tier | None = None,
    program: Sequence[Recorded] = (),
) -> MonthReport:
    """Report on the plans that had this owner and this tier at the end of the month."""
    making = MonthReportBuilder(month, now, owner, tier, program)
    found = [plan for known in plans if (plan := making.add(known))]
    return MonthReport.model_construct(**making.heading.__dict__, **making.summary().__dict__, plans=found)
