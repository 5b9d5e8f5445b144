"""Cuts: points in a plan's history.  Every view of a plan can be asked for as of any cut.

`review:ID`, `version:N`, `event:ID`, an instant, a date or `now`.  What was recorded up to a cut, the cut included, is a
prefix of the plan's events.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from application.plan_memory import KnownPlan
from domain.account_plan import fold
from domain.plan import the_plan
from domain.reviews import ReviewHeld
from domain.things import AccountPlan, day_of

Day = date

LATE_DAYS = 2
"""A review recorded more than this many days after it was held was recorded late."""


class CutRefused(Exception):
    """Why a cut cannot be had.  `type` names the rule for programs, `pointer` is filled in where the cut came from."""

    type = "unknown-cut"


class CutUnknown(CutRefused):
    pass


class CutInTheFuture(CutRefused):
    type = "cut-in-the-future"


class CutBeforePlan(CutRefused):
    type = "cut-before-plan-opened"


@dataclass(frozen=True)
class Cut:
    """A point in a plan's history: what it is called, the last version it includes, its instant and its day."""

    cut: str
    version: int
    at: datetime
    date: Day
    recorded_late: bool = False
    over: bool = False
    """Whether the day of the cut is over at it: so for date cuts."""
    provisional: bool = False
    """Whether the day it closes is still going on, so that it may yet change."""

    def is_past(self, day: Day) -> bool:
        """Whether a promise due on this day is past at the cut."""
        return day <= self.date if self.over else day < self.date


def cut_at(text: str, known: KnownPlan, now: datetime) -> Cut:
    """The cut a caller names.  Raises `CutUnknown`, `CutInTheFuture`.  Of a cut before the plan opened the version is 0."""
    zone = timezone_of(known)
    last = max(now, known.records[-1].meta.recorded_at)
    kind, _, which = text.partition(":")
    if text == "now":
        return Cut(text, known.version, last, day_of(last, zone))
    if kind == "review" and which:
        return _review(text, which, known, zone)
    if kind in ("version", "event") and which:
        return _version(text, which.rpartition(":")[2] if kind == "event" else which, known, zone)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _day(text, known, zone, last)
    return _instant(text, known, zone, last)


def timezone_of(known: KnownPlan) -> str:
    return the_plan(known.plan).timezone


def _review(text: str, id: str, known: KnownPlan, zone: str) -> Cut:
    held = [
        record
        for record in known.records
        if isinstance(record.event, ReviewHeld) and record.event.id == id and record.version not in known.struck
    ]
    if not held:
        raise CutUnknown(f"No review “{id[:80]}” was held in this plan.")
    at, on = held[-1].meta.recorded_at, held[-1].event
    assert isinstance(on, ReviewHeld)
    late = (day_of(at, zone) - on.held_on).days > LATE_DAYS
    return Cut(text, held[-1].version, at, on.held_on, recorded_late=late)


def _version(text: str, number: str, known: KnownPlan, zone: str) -> Cut:
    if not number.isdecimal() or len(number) > 9:
        raise CutUnknown(f"“{text[:80]}” names no version of a plan: versions are 1, 2, 3 and so on.")
    version = int(number)
    if version > known.version:
        raise CutInTheFuture(f"The plan is at version {known.version}; there is no version {version} yet.")
    at = known.records[max(version - 1, 0)].meta.recorded_at
    return Cut(text, version, at, day_of(at, zone))


def _day(text: str, known: KnownPlan, zone: str, now: datetime) -> Cut:
    try:
        day = date.fromisoformat(text)
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CutUnknown(f"“{text}” is not a day of the calendar.") from None
    if day > day_of(now, zone):
        raise CutInTheFuture(f"{day} is still to come (today is {day_of(now, zone)} in the plan's time zone).")
    end = midnight - timedelta(microseconds=1)
    provisional = end > now
    at = now if provisional else end
    return Cut(text, _version_at(known, at), at, day, over=not provisional, provisional=provisional)


def _instant(text: str, known: KnownPlan, zone: str, now: datetime) -> Cut:
    try:
        # A plus sign that was not escaped in a URL arrives as a space.
        at = datetime.fromisoformat(text.replace(" ", "+"))
        if at.tzinfo is None:
            raise ValueError
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CutUnknown(
            f"“{text[:80]}” is not a cut: use now, review:ID, version:N, event:ID, a date such as 2026-03-31,"
            " or an instant such as 2026-03-31T17:00:00Z."
        ) from None
    if at > now:
        raise CutInTheFuture(f"{at.isoformat()} is still to come.")
    return Cut(text, _version_at(known, at), at, day_of(at, zone))


def _version_at(known: KnownPlan, at: datetime) -> int:
    return bisect_right(known.records, at, key=lambda record: record.meta.recorded_at)


def plan_at(known: KnownPlan, cut: Cut) -> AccountPlan:
    """The plan as of a cut: the fold of what was recorded up to it.  Raises `CutBeforePlan` where there was none."""
    if cut.version == 0:
        opened = known.records[0].meta.recorded_at
        raise CutBeforePlan(
            f"The plan was opened at {opened.isoformat()}, after “{cut.cut[:80]}”: there is nothing to show."
        )
    if cut.version == known.version:
        return known.plan
    return fold(record.event for record in known.records[: cut.version])
