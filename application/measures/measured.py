"""A plan in a month as measures see it: its state before the month and at its end, and the events in between.

The month of a plan ends with its last day in the plan's time zone. What is recorded later belongs to a later month,
whatever day it is about, so that the figures of a past month never change.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from application.findings.examined import Examined
from application.findings.judging import Judged, judged
from application.reports.months import Month, cuts_of
from application.reports.outcomes import PromiseOutcome
from application.reports.period import Period
from application.reports.plan_month import PlanInMonth
from application.views.cuts import cut_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.health import Contract
from domain.account_plan.language import AccountPlan
from domain.record import Recorded
from domain.things import Draft

NO_PROGRAM: Sequence[Recorded] = ()


@dataclass(frozen=True)
class Measured:
    """One plan in one month. What several measures need is computed once."""

    month: Month
    period: Period
    before: AccountPlan
    """The plan at the beginning of the month; empty if it was opened later."""
    opening: Judged | None
    """The plan and its findings at the beginning of the month; None if it was opened later."""
    closing: Judged
    """The plan and its findings at the end of the month."""

    @property
    def at(self) -> Examined:
        """The plan at the end of the month, and the policy in force then."""
        return self.closing.at

    @property
    def plan(self) -> AccountPlan:
        """The state of the plan at the end of the month."""
        return self.period.known.state

    @property
    def provisional(self) -> bool:
        """Whether the month still goes on."""
        return self.period.b.provisional

    @cached_property
    def recorded(self) -> Sequence[Recorded]:
        """The events of the month, without entries struck by its end."""
        return [record for record in self.at.records if record.version > self.period.a.version]

    @cached_property
    def reported(self) -> PlanInMonth:
        """The plan as the month report shows it: what was said when the month began, and what was done by its end."""
        return PlanInMonth(self.period, self.opening, self.closing)

    @cached_property
    def said_by_us(self) -> Sequence[PromiseOutcome]:
        return [row for row in self.reported.outcomes["said"] if row.side == "us"]

    def arr_before(self, months: int) -> Decimal | None:
        """Return the ARR so many months before the end of the month; None if there was no contract yet."""
        day = self.month.before(months).last.isoformat()
        cut = self.period.b if months == 0 else cut_at(day, self.period.known, self.period.b.at)
        until = bisect_right(self._contracts, cut.version, key=lambda each: each[0])
        return self._contracts[until - 1][1] if until else None

    @cached_property
    def _contracts(self) -> Sequence[tuple[int, Decimal | None]]:
        """The ARR from each version on, by the events about the contract."""
        draft = Draft(ACCOUNT_PLAN.empty)
        found = []
        for record in self.period.known.records:
            if record.event.noun == Contract.noun:
                ACCOUNT_PLAN.add(draft, [record.event])
                contract = draft.find(Contract, Contract.noun)
                found.append((record.version, contract.arr if contract else None))
        return found


def measured_months(
    known: LoadedPlan, months: Sequence[Month], now: datetime, program: Sequence[Recorded] = NO_PROGRAM
) -> Iterator[Measured]:
    """Yield the plan in each of these months, in order. Months before it was opened and future months are skipped.

    `program` contains the records of the program. Every event is folded once, however many months there are.
    """
    loaded = LoadedPlan.of(ACCOUNT_PLAN, known.id)
    closing: Judged | None = None
    for month in months:
        cuts = cuts_of(month, known, now)
        if cuts is None:
            continue
        a, b = cuts
        before = _at(loaded, known, a.version)
        loaded = _at(before, known, b.version)
        opening = closing if closing and closing.at.cut == a else judged(before, a, program) if a.version else None
        closing = judged(loaded, b, program)
        yield Measured(month, Period(loaded, a, b, before.state), before.state, opening, closing)


def _at(loaded: LoadedPlan, known: LoadedPlan, version: int) -> LoadedPlan:
    return loaded.with_news(known.records[loaded.version : version]) if version > loaded.version else loaded
