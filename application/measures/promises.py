"""Measures of promises: whether actions are on time, plays are finished and milestones are met."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from application.measures.measure import ALL, Figures, Parts, one, share
from application.measures.measured import Measured
from application.reports.outcomes import PromiseOutcome
from application.reports.scores import score
from domain.account_plan.actions import Action
from domain.account_plan.play_states import PlayStarted
from domain.account_plan.plays import Play


def on_schedule(at: Measured) -> Figures:
    return _kept([row for row in at.said_by_us if row.kind == "action"])


def _kept(rows: Sequence[PromiseOutcome]) -> Figures:
    found = score(rows)
    return share(found.kept, found.scored)


def play_completion(at: Measured) -> Figures:
    found = score(row for row in at.said_by_us if row.kind == "play")
    return share(found.kept + found.late + found.failed, found.scored)


def milestone_on_time(at: Measured) -> Figures:
    milestones = {each.id for each in at.plan.all(Action).values() if each.kind == "milestone"}
    return _kept([row for row in at.said_by_us if row.kind == "action" and row.id in milestones])


def milestones_held(at: Measured) -> Figures:
    milestones = [each for each in at.plan.open(Action) if each.kind == "milestone"]
    return share(sum(each.calendar_hold for each in milestones), len(milestones))


def plays_started(at: Measured) -> Figures:
    return one(len({record.event.id for record in at.recorded if isinstance(record.event, PlayStarted)}))


def newly_finished(at: Measured) -> list[Play]:
    """Return the plays that were won or lost in the month."""
    before = {each.id for each in at.before.all(Play).values() if each.finished_on}
    return [each for each in at.plan.all(Play).values() if each.finished_on and each.id not in before]


def pilot_days(at: Measured) -> Figures:
    recorded = _starts(at)
    days = [
        Decimal(max((each.finished_on - started_on).days, 0))
        for each in newly_finished(at)
        if each.kind == "proof" and each.finished_on and (started_on := each.started_on or recorded.get(each.id))
    ]
    return {ALL: tuple(sorted(days))} if days else {}


def _starts(at: Measured) -> dict[str, date]:
    """Return the day on which the start of each play was first recorded, because earlier releases did not always store
    the day."""
    starts: dict[str, date] = {}
    for record in at.at.records:
        if isinstance(record.event, PlayStarted):
            starts.setdefault(record.event.id, at.at.day_of(record))
    return starts


def library_win_rate(at: Measured) -> Figures:
    found: defaultdict[str, list[Play]] = defaultdict(list)
    for each in newly_finished(at):
        if each.library_play:
            found[each.library_play].append(each)
    return {title: _won(plays) for title, plays in found.items()}


def library_keep_rate(at: Measured) -> Figures:
    taken_from = {each.id: each.library_play for each in at.plan.all(Action).values() if each.library_play}
    found: defaultdict[str, list[PromiseOutcome]] = defaultdict(list)
    for row in at.said_by_us:
        if row.kind == "action" and (play := taken_from.get(row.id)):
            found[play].append(row)
    return {play: figures[ALL] for play, rows in found.items() if (figures := _kept(rows))}


def _won(plays: Sequence[Play]) -> Parts:
    return Decimal(sum(each.state == "won" for each in plays)), Decimal(len(plays))
