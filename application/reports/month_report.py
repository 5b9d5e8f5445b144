"""Said versus did across plans in a calendar month, with totals by owner, by tier and by person.

Rates of totals are computed from the added counts. The month of each plan is that of its own time zone.
"""

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field

from application.reports.blind_spots import BlindSpot, blind_spots
from application.reports.outcomes import ListName, PromiseOutcome, PromiseOutcomes, rows
from application.reports.period import Period
from application.reports.said_vs_did import Compared, Scores, compared, scores
from application.reports.scores import share_of_unsaid, total
from application.views.cuts import Cut, CutRefused, cut_at, known_at, plan_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import PlanReopened, Tier, the_plan
from domain.account_plan.promises import open_promises
from domain.language import shortened
from domain.things import day_of

MOST_SLIPS = 10
SCORES = ("score", "carried_score", "added_score", "customer_score")
EARLIEST_ZONE = "Etc/GMT-14"
"""The time zone in which a month begins first."""

LATEST_ZONE = "Etc/GMT+12"
"""The time zone in which a month ends last."""


class MonthUnknown(CutRefused):
    type = "unknown-month"


class MonthInTheFuture(CutRefused):
    type = "month-in-the-future"


class Month(NamedTuple):
    """A calendar month."""

    first: date
    last: date

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month that a day is in."""
        return cls(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))

    def __str__(self) -> str:
        return self.first.isoformat()[:7]

    def before(self, months: int) -> "Month":
        """The month so many months earlier."""
        year, month = divmod(self.first.year * 12 + self.first.month - 1 - months, 12)
        return Month.of(date(year, month + 1, 1))

    def is_over(self, now: datetime) -> bool:
        """Return whether the month is over everywhere."""
        return day_of(now, LATEST_ZONE) > self.last


class PlanMonth(Scores, Compared):
    """The month of one plan."""


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


class Slip(BaseModel):
    """A promise of ours that was moved to a later day, and how many days later."""

    plan: str
    account_name: str
    list: ListName
    days: int
    row: PromiseOutcome


class LateDeparture(BlindSpot):
    """A stakeholder whose departure was recorded days late."""

    plan: str
    account_name: str


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


def month_named(text: str, now: datetime) -> Month:
    """Parse a month. It can be reported as soon as it has begun anywhere. Raises `MonthUnknown`, `MonthInTheFuture`."""
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}", text):
            raise ValueError
        month = Month.of(date.fromisoformat(f"{text}-01"))
        cuts_begin = month.first - timedelta(days=1)
    except (ValueError, OverflowError):
        raise MonthUnknown(f"“{shortened(text)}” is not a month such as 2026-03.") from None
    today = day_of(now, EARLIEST_ZONE)
    if cuts_begin >= today:
        raise MonthInTheFuture(f"{text} is still to come (today is {today}).")
    return month


def cuts_of(month: Month, known: LoadedPlan, now: datetime) -> tuple[Cut, Cut] | None:
    """Return the cuts of a plan's month: from the end of the day before it to the end of its last day, or to now.

    Returns None if the month has not begun in the plan's time zone, or was over before the plan was opened.
    """
    today = day_of(max(now, known.records[-1].meta.recorded_at), timezone_of(known))
    if month.first > today:
        return None
    a = cut_at((month.first - timedelta(days=1)).isoformat(), known, now)
    b = cut_at(min(month.last, today).isoformat(), known, now)
    return (a, b) if b.version else None


def is_left_out(known: LoadedPlan, a: Cut, b: Cut) -> bool:
    """Return whether a plan was archived all the month and had nothing open in it, so that there is nothing to
    judge."""
    if a.version == 0:
        return False
    plan = plan_at(known, a)
    reopened = any(isinstance(record.event, PlanReopened) for record in known.records[a.version : b.version])
    return the_plan(plan).archived and not reopened and not open_promises(plan)


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
    _slips: list[Slip] = field(default_factory=list)
    _departures: list[LateDeparture] = field(default_factory=list)

    @property
    def heading(self) -> Heading:
        return Heading(month=str(self.month), owner=self.owner, tier=self.tier)

    def add(self, known: LoadedPlan) -> PlanMonth | None:
        """Add a plan. Returns its month, or None if the plan has no such month or is filtered out."""
        cuts = cuts_of(self.month, known, self.now)
        if cuts is None:
            return None
        known = known_at(known, cuts[1])
        which = compared(known, *cuts)
        if self.owner not in (None, which.owner) or self.tier not in (None, which.tier):
            return None
        if is_left_out(known, *cuts):
            self._left_out += 1
            return None
        period = Period.between(known, *cuts)
        found = rows(period)
        plan = PlanMonth.model_construct(**which.__dict__, **scores(found).__dict__)
        self._plans.append(plan)
        for person, promises in by_person(found).items():
            self._by_person[person].append(scores(promises))
        self._slips = nsmallest(MOST_SLIPS, [*self._slips, *slips(which, found)], key=lambda slip: -slip.days)
        self._departures += late_departures(which, period)
        return plan

    def summary(self) -> Summary:
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
            worst_slips=self._slips,
            departures_noticed_late=sorted(self._departures, key=lambda departure: -departure.days),
        )


Name = TypeVar("Name")


def grouped(plans: Iterable[PlanMonth], by: Callable[[PlanMonth], Name]) -> dict[Name, list[PlanMonth]]:
    groups: dict[Name, list[PlanMonth]] = defaultdict(list)
    for plan in plans:
        groups[by(plan)].append(plan)
    return groups


def by_person(found: PromiseOutcomes) -> Mapping[str, PromiseOutcomes]:
    """Return the promises of each person, in their lists."""
    people: dict[str, dict[ListName, list[PromiseOutcome]]] = defaultdict(lambda: {name: [] for name in found})
    for name, promises in found.items():
        for row in promises:
            people[row.owner][name].append(row)
    return people


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


def slips(plan: Compared, found: PromiseOutcomes) -> Iterator[Slip]:
    for name, promises in found.items():
        for row in promises:
            if row.outcome == "slipped" and row.side == "us":
                days = (row.due_now_on - row.due_on).days
                yield Slip(plan=plan.plan, account_name=plan.account_name, list=name, days=days, row=row)


def late_departures(plan: Compared, period: Period) -> Iterator[LateDeparture]:
    for spot in blind_spots(period).spots:
        if spot.what == "departure":
            yield LateDeparture(plan=plan.plan, account_name=plan.account_name, **spot.__dict__)


def month_report(
    month: Month, plans: Iterable[LoadedPlan], now: datetime, owner: str | None = None, tier: Tier | None = None
) -> MonthReport:
    """Report on the plans that had this owner and this tier at the end of the month."""
    making = MonthInTheMaking(month, now, owner, tier)
    found = [plan for known in plans if (plan := making.add(known))]
    return MonthReport.model_construct(**making.heading.__dict__, **making.summary().__dict__, plans=found)
