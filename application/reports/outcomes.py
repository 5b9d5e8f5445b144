"""Outcomes of promises: each promise of a period with exactly one outcome, and flags for what is unusual about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, Field

from application.reports.period import Period
from application.reports.promises import (
    DROPS,
    FINISHES,
    MAKINGS,
    MOVES,
    REASSIGNMENTS,
    REOPENINGS,
    RESTATEMENTS,
    Key,
    Life,
    finish_of,
    gave_no_reason,
    has_evidence,
    is_late_notice,
    moves_to_later,
)
from application.views.cuts import Cut
from application.views.effects import reasons_given
from application.views.thing_comparison import called
from domain.account_plan.actions import Action, ActionState
from domain.account_plan.language import AccountPlan, Side
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play, PlayState
from domain.account_plan.promises import Promise
from domain.account_plan.team import Member
from domain.language import bare, same_person
from domain.record import Recorded, is_late
from domain.things import day_of

Outcome = Literal["kept", "late", "failed", "dropped", "missed", "slipped", "pending"]
Flag = Literal[
    "restated",
    "reassigned",
    "blocked",
    "pulled_forward",
    "unexplained",
    "late_notice",
    "overdue",
    "recorded_late",
    "no_evidence",
    "already_done",
    "orphaned",
    "unheld",
    "reopened",
    "unsaid",
    "withdrawn",
]
ListName = Literal["said", "carried", "added"]


class PromiseOutcome(BaseModel):
    """A promise of the period: what was said, the outcome, and the events that decided it."""

    id: str
    kind: Literal["play", "action"]
    title: str = Field(description="The title of a play or the statement of an action, in the words of the baseline.")
    title_now: str
    side: Side
    outcome: Outcome
    flags: list[Flag]
    state: PlayState | ActionState = Field(description="The state at the second cut.")
    owner: str = Field(description="The owner at the baseline.")
    owner_now: str
    due_on: date = Field(description="The day that was said: the due day at the baseline.")
    due_now_on: date
    first_due_on: date = Field(description="The due day when it was first promised.")
    times_moved: int = Field(description="How often the due day was moved up to the second cut, either way.")
    days_moved: int = Field(description="From the first due day to the one now; negative: earlier.")
    days_late: int | None = Field(
        description="If finished: days after the due day at the baseline, negative when early. If open: days past"
        " due. If dropped: null."
    )
    finished_on: date | None
    success_measure: str | None = Field(description="For a play: how we said we would know that it worked.")
    result: str | None
    evidence: str | None
    reasons: list[str] = Field(description="The reasons given in the period for changes to it, the oldest first.")
    events: list[str]
    event_types: list[str] = Field(description="What each of these events is, in the same order: `play-rescheduled`.")


@dataclass(frozen=True)
class Surroundings:
    """The other facts of the plan, at the second cut, on which the flags of a promise depend."""

    owner: str
    on_team: frozenset[str]
    ever_assigned: bool

    @classmethod
    def of(cls, plan: AccountPlan, day: date) -> "Surroundings":
        members = plan.all(Member).values()
        there = frozenset(same_person(each.person) for each in members if each.is_current(day))
        return cls(same_person(the_plan(plan).owner), there, bool(members))

    def leaves_orphaned(self, owner: str) -> bool:
        return self.ever_assigned and same_person(owner) not in {self.owner, *self.on_team}


NOBODY = Surroundings("", frozenset(), False)
"""Surroundings for computing scores, which do not depend on them."""


class Judged(NamedTuple):
    """The outcome and flags of a promise, which is what a score needs."""

    outcome: Outcome
    flags: Sequence[Flag]


@dataclass(frozen=True)
class Case:
    """A promise in the period between two cuts, as far as it was recorded by the second."""

    life: Life
    a: Cut
    b: Cut
    zone: str

    @cached_property
    def before(self) -> Life:
        """The events about it up to the first cut."""
        return self.life.until(self.a.version)

    @cached_property
    def after(self) -> Life:
        """The events about it after the first cut."""
        return self.life.after(self.a.version)

    @cached_property
    def reopened(self) -> bool:
        return bool(self.after.those(REOPENINGS))

    @cached_property
    def in_list(self) -> ListName | None:
        """The list that contains the promise; None if it was over before the period and stayed so."""
        if not self.before.moments:
            return None if self.life.last.is_withdrawal else "added"
        said = self.before.last.promise
        if not said.is_open:
            return "added" if self.reopened else None
        return "carried" if said.is_overdue(self.a.today) else "said"

    @property
    def was_said_by_us(self) -> bool:
        return self.in_list == "said" and self.now.side == "us"

    @property
    def judged(self) -> Judged:
        return Judged(self.outcome, list(self.flags(NOBODY)))

    @cached_property
    def baseline_version(self) -> int:
        """The version of the baseline: that of the first cut, or for an added promise that of its first event after the
        cut."""
        if self.in_list != "added":
            return self.a.version
        return self.after.first.record.version

    @cached_property
    def baseline(self) -> Promise:
        return self.life.until(self.baseline_version).last.promise

    @cached_property
    def since(self) -> Life:
        """The events about the promise after the baseline."""
        return self.life.after(self.baseline_version)

    @property
    def now(self) -> Promise:
        return self.life.last.promise

    @cached_property
    def outcome(self) -> Outcome:
        """The first of these outcomes that applies."""
        said, now = self.baseline, self.now
        if now.state in ("won", "done"):
            return "kept" if now.finished_on and now.finished_on <= said.due_on else "late"
        if now.state == "lost":
            return "failed"
        if now.state == "dropped":
            return "dropped"
        if now.due_on > said.due_on:
            return "slipped"
        return "missed" if now.is_overdue(self.b.today) else "pending"

    def flags(self, around: Surroundings) -> Iterator[Flag]:
        """Yield the flags that apply, in a fixed order."""
        said, now = self.baseline, self.now
        if self.since.those(RESTATEMENTS):
            yield "restated"
        if same_person(now.owner) != same_person(said.owner):
            yield "reassigned"
        if now.state == "blocked":
            yield "blocked"
        if now.due_on < said.due_on:
            yield "pulled_forward"
        yield from self._flags_of_moves()
        if now.is_overdue(self.b.today):
            yield "overdue"
        yield from self._flags_of_finish()
        if now.is_open and now.side == "us" and around.leaves_orphaned(now.owner):
            yield "orphaned"
        if isinstance(said, Action) and said.kind == "milestone" and not said.calendar_hold:
            yield "unheld"
        if self.reopened:
            yield "reopened"
        if self.in_list == "added" and not self.reopened and now.finished_on:
            yield "unsaid"
        if self.life.last.is_withdrawal:
            yield "withdrawn"

    def _flags_of_moves(self) -> Iterator[Flag]:
        moves = list(moves_to_later(self.since))
        if any(gave_no_reason(move.record) for move in moves):
            yield "unexplained"
        if any(is_late_notice(move, self._day_of(move.record)) for move in moves):
            yield "late_notice"

    def _flags_of_finish(self) -> Iterator[Flag]:
        finish, finished_on = finish_of(self.life), self.now.finished_on
        if not (finish and finished_on):
            return
        if is_late(finished_on, self._day_of(finish.record)):
            yield "recorded_late"
        if not has_evidence(self.now):
            yield "no_evidence"
        if finished_on < self.a.date:
            yield "already_done"

    def _day_of(self, record: Recorded) -> date:
        return day_of(record.meta.recorded_at, self.zone)

    @property
    def days_late(self) -> int | None:
        if self.now.finished_on:
            return (self.now.finished_on - self.baseline.due_on).days
        return None if not self.now.is_open else max((self.b.date - self.baseline.due_on).days, 0)

    @property
    def events(self) -> list[Recorded]:
        """Return the events behind the row: those that made the baseline, and those that decided the outcome.

        For a promise that was over and reopened, this includes the event that had ended it.
        """
        before, after = self.before, self.after
        moments = [*before.those(TELLING), *after.those(TELLING_OR_ENDING)]
        moments += [moment for moment in self.life.moments if moment.is_correction or moment.is_withdrawal]
        if before.moments and not before.last.promise.is_open:
            moments += before.those(ENDINGS)[-1:]
        return sorted((moment.record for moment in moments), key=attrgetter("version"))

    def row(self, around: Surroundings) -> PromiseOutcome:
        said, now = self.baseline, self.now
        first_due_on = self.life.first.promise.due_on
        events = self.events
        done_since = [record for record in events if record.version > self.a.version]
        said_of_it = {
            "id": now.id,
            "kind": now.noun,
            "title": said.known_as,
            "title_now": now.known_as,
            "side": now.side,
            "outcome": self.outcome,
            "flags": list(self.flags(around)),
            "state": now.state,
            "owner": said.owner,
            "owner_now": now.owner,
            "due_on": said.due_on,
            "due_now_on": now.due_on,
            "first_due_on": first_due_on,
            "times_moved": len(self.life.those(MOVES)),
            "days_moved": (now.due_on - first_due_on).days,
            "days_late": self.days_late,
            "finished_on": now.finished_on,
            "success_measure": said.success_measure if isinstance(said, Play) else None,
            "result": now.result,
            "evidence": now.evidence,
            "reasons": reasons_given(done_since),
            "events": [record.id for record in events],
            "event_types": [called(record) for record in events],
        }
        return bare(PromiseOutcome, said_of_it, OUTCOME_SAYS)


TELLING = MAKINGS | MOVES | RESTATEMENTS | REASSIGNMENTS
ENDINGS = FINISHES | DROPS | REOPENINGS
TELLING_OR_ENDING = TELLING | ENDINGS
OUTCOME_SAYS = frozenset(PromiseOutcome.model_fields)

PromiseOutcomes = Mapping[ListName, list[PromiseOutcome]]


def rows(period: Period, lives: Mapping[Key, Life] | None = None) -> PromiseOutcomes:
    """Return every promise of the period in one of the three lists, in order of creation. `lives` contains the lives of
    all promises, for a caller who already has them."""
    around = Surroundings.of(period.known.state, period.b.date)
    found: dict[ListName, list[PromiseOutcome]] = {name: [] for name in get_args(ListName)}
    for life in (period.lives_at_stake if lives is None else lives).values():
        if life.last.record.version <= period.a.version and not life.last.promise.is_open:
            continue  # The promise was over before the period and stayed so.
        case = Case(life, period.a, period.b, period.zone)
        if case.in_list:
            found[case.in_list].append(case.row(around))
    return found
