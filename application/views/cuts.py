"""Cuts: points in an aggregate's history. Every view of a plan or program can be shown at any cut.

A cut is written `review:ID`, `version:N`, `event:ID`, an instant, a date or `now`. The events that were recorded up to
and including a cut are a prefix of the plan's events.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from application.aggregates.loaded import LoadedAggregate
from application.views.days_of_program import end_of, zone_at
from domain.account_plan.entries import version_named
from domain.account_plan.language import AccountPlan
from domain.account_plan.reviews import ReviewHeld, ReviewKind
from domain.aggregates import A
from domain.calendar import DAY, instant_written
from domain.language import shortened
from domain.program.language import ProgramState
from domain.record import Recorded, is_late
from domain.things import day_of
from domain.time_zones import time_zone

Day = date


class CutRefused(Exception):
    """Why a cut cannot be used. `type` names the rule for programs; `pointer` is filled in where the cut was given."""

    type = "unknown-cut"


class CutUnknown(CutRefused):
    pass


class CutInTheFuture(CutRefused):
    type = "cut-in-the-future"


class CutBeforePlan(CutRefused):
    """There was no such plan or program yet."""

    def __init__(self, known: LoadedAggregate[Any], cut: "Cut") -> None:
        noun, opened = known.type.noun, known.records[0].meta.recorded_at
        super().__init__(
            f"The {noun} was opened at {opened.isoformat()}, after “{shortened(cut.cut)}”: there is nothing to show."
        )
        self.type = f"cut-before-{noun}-opened"


@dataclass(frozen=True)
class Cut:
    """A point in a plan's history: its name, the last version it includes, its instant and its day."""

    cut: str
    version: int
    at: datetime
    date: Day
    recorded_late: bool = False
    over: bool = False
    """Whether the day of the cut is over, as it is for cuts that are dates."""
    provisional: bool = False
    """Whether the day of the cut is still going on, so that the view may change."""
    struck: bool = False
    """Whether the cut is a review that was struck later. It still names the same point."""
    kind: ReviewKind | None = None
    """The kind of the review."""

    @property
    def still_moves(self) -> bool:
        """Whether the cut is where the plan stands now, so that it includes what will be recorded next."""
        return self.cut == "now" or self.provisional

    @property
    def today(self) -> Day:
        """The first day that is not over at the cut."""
        return self.date + timedelta(days=1) if self.over else self.date

    def is_before(self, other: "Cut") -> bool:
        return (self.version, self.at) < (other.version, other.at)


def cut_at(text: str, known: LoadedAggregate[Any], now: datetime) -> Cut:
    """Return the cut that a caller names. Before the plan was opened its version is 0. Raises `CutUnknown`,
    `CutInTheFuture`."""
    last = max(now, known.records[-1].meta.recorded_at)
    kind, _, which = text.partition(":")
    if text == "now":
        return Cut(text, known.version, last, _local_day(known, last))
    if kind == "review":
        return _review(which, known, timezone_of(known))
    if kind == "version":
        return _version(text, _number(which), known)
    if kind == "event":
        return _version(text, _version_of_event(which, known), known)
    if DAY.fullmatch(text):
        return _day(text, known, last)
    return _instant(text, known, last)


def _local_day(known: LoadedAggregate[Any], at: datetime) -> Day:
    """Return the day of an instant where the aggregate is, in the time zone that it had then."""
    zone = zone_at(known.records, at) if isinstance(known.state, ProgramState) else timezone_of(known)
    return day_of(at, zone)


def _version_of_event(name: str, known: LoadedAggregate[Any]) -> int | None:
    """Return the version in an event id. The part before it is the aggregate's id or, for a plan, its account's id."""
    if isinstance(known.state, AccountPlan):
        return version_named(known.state, name) or None
    whose, _, version = name.rpartition(":")
    return _number(version) or None if whose in ("", str(known.id)) else None


def timezone_of(known: LoadedAggregate[Any]) -> str:
    return known.type.card(known.state).timezone


def _review(id: str, known: LoadedAggregate[Any], zone: str) -> Cut:
    record = known.first_named.get(("review", id))
    if record is None or not isinstance(record.event, ReviewHeld):
        raise CutUnknown(f"No review “{shortened(id)}” was held in this {known.type.noun}.")
    return review_cut(record.event, record, known, zone)


def named_review(held: ReviewHeld, record: Recorded, known: LoadedAggregate[Any]) -> str:
    """Return the name of the cut for a held review.

    Earlier releases allowed the id of a struck review to be used again: `review:ID` then means the first one, and the
    others are named by version.
    """
    is_first = known.first_named["review", held.id].version == record.version
    return f"review:{held.id}" if is_first else f"version:{record.version}"


def review_cut(held: ReviewHeld, record: Recorded, known: LoadedAggregate[Any], zone: str) -> Cut:
    """Return the cut for a held review."""
    name = named_review(held, record, known)
    if name.startswith("version:"):
        return _version(name, record.version, known)
    at = record.meta.recorded_at
    return Cut(
        name,
        record.version,
        at,
        held.held_on,
        recorded_late=is_late(held.held_on, day_of(at, zone)),
        struck=record.version in known.struck,
        kind=held.kind,
    )


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _version(text: str, version: int | None, known: LoadedAggregate[Any]) -> Cut:
    if version is None:
        raise CutUnknown(
            f"“{shortened(text)}” names no point in the history of this {known.type.noun}: its versions are 1, 2, 3"
            f" and so on, its events {known.id}:1 and so on."
        )
    if version > known.version:
        raise CutInTheFuture(f"The {known.type.noun} is at version {known.version}; there is no version {version} yet.")
    at = known.records[max(version - 1, 0)].meta.recorded_at
    return Cut(text, version, at, _local_day(known, at))


def _day(text: str, known: LoadedAggregate[Any], now: datetime) -> Cut:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CutUnknown(f"“{text}” is not a day of the calendar.") from None
    today = _local_day(known, now)
    if day > today:
        raise CutInTheFuture(f"{day} is still to come (today is {today} in the {known.type.noun}'s time zone).")
    if day == today:
        return Cut(text, known.version, now, day, provisional=True)
    end = _end_of(known, day)
    return Cut(text, _version_at(known, end), end, day, over=True)


def _end_of(known: LoadedAggregate[Any], day: Day) -> datetime:
    """Return the last instant of a day where the aggregate is."""
    if isinstance(known.state, ProgramState):
        return end_of(known.records, day)
    next_midnight = datetime.combine(day + timedelta(days=1), time(), time_zone(timezone_of(known)))
    return next_midnight.astimezone(UTC) - timedelta(microseconds=1)


def _instant(text: str, known: LoadedAggregate[Any], now: datetime) -> Cut:
    # A plus sign that was not escaped in a URL arrives as a space.
    try:
        at = instant_written(text.replace(" ", "+"))
        if at > now:
            raise CutInTheFuture(f"{at.isoformat()} is still to come.")
        return Cut(text, _version_at(known, at), at, _local_day(known, at))
    except (ValueError, OverflowError):
        raise CutUnknown(
            f"“{shortened(text)}” is not a cut: use now, review:ID, version:N, event:ID, a date such as 2026-03-31,"
            " or an instant such as 2026-03-31T17:00:00Z."
        ) from None


def _version_at(known: LoadedAggregate[Any], at: datetime) -> int:
    return bisect_right(known.records, at, key=lambda record: record.meta.recorded_at)


def stood_at(known: LoadedAggregate[A], at: datetime) -> tuple[LoadedAggregate[A], Cut] | None:
    """Return an aggregate as it stood at an instant, and the cut; None if it was not opened yet."""
    if not known.records:
        return None
    cut = cut_at(at.isoformat(), known, at)
    return (known_at(known, cut), cut) if cut.version else None


def check_there(known: LoadedAggregate[Any], cut: Cut) -> None:
    """Raise `CutBeforePlan` if the plan did not exist at the cut."""
    if cut.version == 0:
        raise CutBeforePlan(known, cut)


def judged_from(a: Cut, b: Cut) -> Cut:
    """Return the second of two cuts as it is judged. A review that was recorded late may have been held before the day
    of the first cut; then it is judged as of that later day."""
    return replace(b, date=max(a.date, b.date))


def plan_at(known: LoadedAggregate[A], cut: Cut) -> A:
    """Return the plan or program at a cut: the fold of everything recorded up to it. Raises `CutBeforePlan`."""
    check_there(known, cut)
    if cut.version == known.version:
        return known.state
    return known.type.fold(record.event for record in known.records[: cut.version])


def plans_at(known: LoadedAggregate[A], a: Cut, b: Cut) -> tuple[A, A]:
    """Return the plan or program at two cuts, of which the first must not be later. It is empty before it was opened.
    Raises `CutBeforePlan` for the second cut."""
    check_there(known, b)
    was = plan_at(known, a) if a.version else known.type.empty
    news = [record.event for record in known.records[a.version : b.version]]
    if b.version == known.version or known.type.strikes(news):
        return was, plan_at(known, b)
    return was, known.type.fold(news, was)


def known_at(known: LoadedAggregate[A], cut: Cut) -> LoadedAggregate[A]:
    """Return the aggregate and its records up to a cut. Raises `CutBeforePlan`."""
    return shortened_to(known, cut, plan_at(known, cut))


def shortened_to(known: LoadedAggregate[A], cut: Cut, state: A) -> LoadedAggregate[A]:
    """Return the records up to a cut together with `state`, the state at the cut."""
    return known if cut.version == known.version else replace(known, records=known.records[: cut.version], state=state)
