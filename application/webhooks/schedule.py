"""Schedules of digests: every day, or on a day of the week, at a time of the day in a time zone."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from domain.time_zones import time_zone

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = "day"
WRITTEN = re.compile(f"({'|'.join((EVERY_DAY, *WEEKDAYS))}) ([01][0-9]|2[0-3]):([0-5][0-9])")


def schedule_written(text: str) -> str:
    """Return a schedule in its canonical spelling. Raises `ValueError`."""
    schedule = " ".join(text.lower().split()).removeprefix("every ")
    if not WRITTEN.fullmatch(schedule):
        raise ValueError("must be a day of the week, or `day` for every day, and a time: such as monday 08:00")
    return schedule


def next_time(schedule: str, timezone: str, after: datetime) -> datetime:
    """Return the first time of a schedule after an instant."""
    day, _, at = schedule.partition(" ")
    zone = time_zone(timezone)
    today = after.astimezone(zone).date()
    times = (instant(today + timedelta(days=days), at, timezone) for days in range(8) if _is_on(today, days, day))
    return next(each for each in times if each > after)


def _is_on(today: date, days: int, wanted: str) -> bool:
    return wanted == EVERY_DAY or WEEKDAYS[(today.weekday() + days) % 7] == wanted


def instant(day: date, at: str, timezone: str) -> datetime:
    """Return the instant of a time of day. A time that is skipped when clocks go forward is moved forward likewise."""
    return datetime.combine(day, time.fromisoformat(at), time_zone(timezone))


def period(schedule: str) -> timedelta:
    """Return the time between two digests."""
    return timedelta(days=1 if schedule.startswith(EVERY_DAY) else 7)


class DigestWish(NamedTuple):
    """Which digests an endpoint receives instead of events."""

    schedule: str
    timezone: str
    person: str | None
    """The person whom they concern; None for whole plans."""
