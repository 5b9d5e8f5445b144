"""The month of one plan in a month report: its scores, and the texts that the report quotes.

Only figures are stored of a month that is over. Titles and reasons may be about somebody who is forgotten later, so the
few that a report quotes are read when it is made.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import BaseModel, Field

from application.findings.finding import WhatIsWrong
from application.findings.judging import Judged, judged
from application.findings.moved import Moved, RuleMoved
from application.findings.registry import LOUDNESS
from application.reports.blind_spots import BlindSpot, blind_spots
from application.reports.months import Month, cuts_of
from application.reports.outcomes import ListName, PromiseOutcome, PromiseOutcomes, rows
from application.reports.period import Period
from application.reports.said_vs_did import Compared, Scores, compared, scores
from application.views.cuts import shortened_to
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.holds import PlanReopened
from domain.account_plan.plan import the_plan
from domain.account_plan.promises import open_promises
from domain.account_plan.stakeholders import StakeholderLeft
from domain.record import Recorded

MOST_OPENED = 10
"""The number of opened findings that a report quotes, and so the most it can need of one plan."""


class PlanScores(Scores, Compared):
    """The scores of one plan in the month."""


class PlanMonth(PlanScores):
    """The month of one plan."""

    findings: list[RuleMoved] = Field(
        description="What was wrong with the plan, rule by rule, the most severe first; rules that judge text are"
        " left out, because text may be forgotten. The findings at both cuts say what each is about."
    )


class Slip(BaseModel):
    """A promise of ours that was moved to a later day, and by how many days."""

    plan: str
    account_name: str
    list: ListName
    days: int
    row: PromiseOutcome


class OpenedFinding(WhatIsWrong):
    """A finding that opened in the month and that nobody excused.

    It has no remedies, because they would name past days and people who may be gone when the report is read. The
    findings of a plan say what can be done today.
    """

    plan: str
    account_name: str
    owner: str = Field(description="The owner of the plan at the end of the month.")


class LateDeparture(BlindSpot):
    """A stakeholder whose departure was recorded days late."""

    plan: str
    account_name: str


class KeptMonth(BaseModel):
    """The stored month of one plan: everything but texts."""

    which: Compared
    scores: Scores | None = Field(description="Null: the plan is left out.")
    people: dict[str, Scores] = Field(description="The scores of the promises of each person who promised.")
    slips: list[int] = Field(description="How many days each promise slipped, in the order of `PlanInMonth.slips`.")
    departures: int = Field(description="How many departures were recorded late.")
    findings: list[RuleMoved]
    opened: list[int] = Field(
        description="The severity of each finding as a number, in the order of `PlanInMonth.opened`."
    )


@dataclass(frozen=True)
class PlanInMonth:
    """A plan in a month. It includes nothing that was recorded later."""

    period: Period
    opening: Judged | None
    """The plan at the beginning of the month; None if it was opened later."""
    closing: Judged

    @classmethod
    def of(
        cls, known: LoadedPlan, month: Month, now: datetime, program: Sequence[Recorded] = ()
    ) -> "PlanInMonth | None":
        """Return the plan in a month; None if the month has not begun for the plan, or was over before it was opened.
        `program` contains the records of the program, whose policies judge the plan."""
        cuts = cuts_of(month, known, now)
        if cuts is None:
            return None
        a, b = cuts
        period = Period.between(known, a, b)
        opening = judged(shortened_to(known, a, period.was), a, program) if a.version else None
        return cls(period, opening, judged(period.known, b, program))

    @cached_property
    def which(self) -> Compared:
        return compared(self.period.known, self.period.a, self.period.b)

    @cached_property
    def outcomes(self) -> PromiseOutcomes:
        return rows(self.period)

    @cached_property
    def slips(self) -> Sequence[Slip]:
        plan, account_name = self.which.plan, self.which.account_name
        return [
            Slip(plan=plan, account_name=account_name, list=name, days=(row.due_now_on - row.due_on).days, row=row)
            for name, promises in self.outcomes.items()
            for row in promises
            if row.outcome == "slipped" and row.side == "us"
        ]

    @cached_property
    def departures(self) -> Sequence[LateDeparture]:
        plan, account_name = self.which.plan, self.which.account_name
        return [
            LateDeparture(plan=plan, account_name=account_name, **spot.__dict__)
            for spot in blind_spots(self.period, [StakeholderLeft]).spots
        ]

    @cached_property
    def moved(self) -> Moved:
        return Moved.between(self.opening.findings if self.opening else (), self.closing.findings)

    @cached_property
    def opened(self) -> Sequence[OpenedFinding]:
        """The findings that opened: the most severe first, then the oldest."""
        of_plan = {name: getattr(self.which, name) for name in ("plan", "account_name", "owner")}
        loudest = [each for each in self.moved.opened if each.excused is None][:MOST_OPENED]
        return [
            OpenedFinding.model_construct(**{name: getattr(each, name) for name in WhatIsWrong.model_fields}, **of_plan)
            for each in loudest
        ]

    def kept(self) -> KeptMonth:
        if is_left_out(self.period):
            return KeptMonth(which=self.which, scores=None, people={}, slips=[], departures=0, findings=[], opened=[])
        return KeptMonth(
            which=self.which,
            scores=scores(self.outcomes),
            people={person: scores(promises) for person, promises in by_person(self.outcomes).items()},
            slips=[slip.days for slip in self.slips],
            departures=len(self.departures),
            findings=self.moved.by_rule(),
            opened=[LOUDNESS[each.severity] for each in self.opened],
        )


def is_left_out(period: Period) -> bool:
    """Return whether a plan was archived during the whole month and had no open promises, so that there is nothing to
    judge."""
    if period.a.version == 0 or not the_plan(period.was).archived:
        return False
    reopened = any(isinstance(record.event, PlanReopened) for record in period.records)
    return not reopened and not open_promises(period.was)


def by_person(found: PromiseOutcomes) -> Mapping[str, PromiseOutcomes]:
    """Return the promises of each person, by list."""
    people: dict[str, dict[ListName, list[PromiseOutcome]]] = defaultdict(lambda: {name: [] for name in found})
    for name, promises in found.items():
        for row in promises:
            people[row.owner][name].append(row)
    return people
