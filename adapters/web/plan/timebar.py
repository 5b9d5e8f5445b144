"""The time machine: the bar on every page of a plan that steps through its history by event or by review."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from application.aggregates.loaded import LoadedAggregate
from application.views.cuts import Cut, named_review
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.reviews import ReviewHeld

ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Tick(NamedTuple):
    """A held review on the bar."""

    version: int
    label: str
    cut: str


def ticks_of(known: LoadedPlan) -> list[Tick]:
    """Return every review of a plan that was held and not struck, in order of recording."""
    return [
        Tick(record.version, record.event.id, named_review(record.event, record, known))
        for record in known.records
        if type(record.event) is ReviewHeld and record.version not in known.struck
    ]


@dataclass(frozen=True)
class TimeBar:
    """The position of a page in the history of its plan, and where the reader can go from there."""

    path: str
    version: int
    last_version: int
    is_now: bool
    as_of: str
    """The point as a sentence: “review m-2026-03, held on 3 Mar 2026”."""
    day: str
    """The day of the cut, in the format of a date field."""
    label: str
    """A label for the event at the cut."""
    ticks: Sequence[Tick]
    previous_event: str | None
    next_event: str | None
    previous_review: str | None
    next_review: str | None
    now: str
    compare: str
    """The address of what changed from here until now; empty for an aggregate that has no such page."""
    cut: str
    changes: str
    """The page that compares this point with another one; empty for an aggregate that has no such page."""
    others: Sequence[tuple[str, str]]
    """The points it can be compared with, each with its name."""
    steps: str
    live: str
    """The id of the aggregate whose changes the page receives; empty if it receives none."""
    since: str
    """The address that returns who changed what after a version."""


def time_bar(
    known: LoadedAggregate[Any],
    cut: Cut,
    ticks: Sequence[Tick],
    path: str,
    plan_path: str,
    say: Speech,
    blaming: bool,
) -> TimeBar:
    """Return the bar. `ticks` contains all marks; `path` is the page, `plan_path` the aggregate."""

    def at(point: str | None) -> str:
        parameters = {name: value for name, value in (("as_of", point), ("blame", "yes" if blaming else "")) if value}
        return f"{path}?{urlencode(parameters)}" if parameters else path

    before = next((tick for tick in reversed(ticks) if tick.version < cut.version), None)
    after = next((tick for tick in ticks if tick.version > cut.version), None)
    is_now, of_plan = cut.cut == "now", plan_path.startswith("/plans/")
    return TimeBar(
        path=path,
        version=cut.version,
        last_version=known.version,
        is_now=is_now,
        as_of=in_words(cut, say),
        day=cut.date.isoformat(),
        label=step_label(known, cut.version, say),
        ticks=ticks,
        previous_event=at(f"version:{cut.version - 1}") if cut.version > 1 else None,
        next_event=at(f"version:{cut.version + 1}") if cut.version < known.version else None,
        previous_review=at(before.cut) if before else None,
        next_review=at(after.cut) if after else None,
        now=at(None),
        compare=f"{plan_path}/changes?{urlencode({'from': cut.cut, 'to': 'now'})}" if of_plan else "",
        cut=cut.cut,
        changes=f"{plan_path}/changes" if of_plan else "",
        others=[
            (point, name)
            for point, name in [*((tick.cut, tick.label) for tick in reversed(ticks)), ("now", say("now"))]
            if point != cut.cut
        ],
        steps=f"{plan_path}/steps",
        live=str(known.id) if of_plan else "",
        since=f"{plan_path}/since",
    )


def in_words(cut: Cut, say: Speech) -> str:
    kind, _, which = cut.cut.partition(":")
    if kind == "review":
        return say("review {id}, held on {day}", id=which, day=say.day(cut.date))
    if kind == "version":
        return say("event {version}, recorded {at}", version=cut.version, at=say.instant(cut.at))
    if cut.provisional:
        return say("{day}, a day that is not over", day=say.day(cut.date))
    if cut.over:
        return say("the end of {day}", day=say.day(cut.date))
    return say.instant(cut.at)


def point_told(point: str, say: Speech) -> str:
    """Return a point of a history as people say it, where only its name is known."""
    kind, _, which = point.partition(":")
    match kind:
        case "review":
            return say("review {which}", which=which)
        case "version":
            return say("event {version}", version=which)
        case _ if ISO_DAY.fullmatch(point):
            return say.day(date.fromisoformat(point))
        case _:
            return point


def step_label(known: LoadedAggregate[Any], version: int, say: Speech) -> str:
    """Return an event as one line: its number, when and by whom it was recorded, and its type. It contains no text of
    users."""
    record = known.records[version - 1]
    what = say(spaced(type(record.event).__name__))
    return f"{version} · {say.instant(record.meta.recorded_at)} · {record.meta.actor} · {what}"


def steps(known: LoadedAggregate[Any], say: Speech) -> list[str]:
    """Return the line of every event, for the label of the slider."""
    return [step_label(known, version, say) for version in range(1, known.version + 1)]
