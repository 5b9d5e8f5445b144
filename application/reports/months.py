"""Calendar months, and the cuts between which a plan's month lies, in the plan's own time zone."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import NamedTuple

from application.views.cuts import Cut, CutRefused, cut_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.language import shortened
from domain.things import day_of

EARLIEST_ZONE = "Etc/GMT-14"
"""The time zone in which a month begins first."""

LATEST_ZONE = "Etc/GMT+12"
"""The time zone in which a month ends last."""


FIRST_MONTH = 13
"""February of the year 1, in months since the year 0: the first that a day comes before."""


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
        """Return the month of a day."""
        return cls(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))

    def __str__(self) -> str:
        return self.first.isoformat()[:7]

    def before(self, months: int) -> "Month":
        """Return the month `months` earlier, or the first month of the calendar."""
        year, month = divmod(max(self.first.year * 12 + self.first.month - 1 - months, FIRST_MONTH), 12)
        return Month.of(date(year, month + 1, 1))

    def is_over(self, now: datetime) -> bool:
        """Return whether the month is over in every time zone."""
        return day_of(now, LATEST_ZONE) > self.last


def month_named(text: str, now: datetime) -> Month:
    """Parse a month such as `2026-03`. It can be reported as soon as it has begun in any time zone. Raises
    `MonthUnknown`, `MonthInTheFuture`."""
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
    """Return the cuts of a plan's month: the end of the day before it, and the end of its last day or now.

    Returns None if the month has not begun in the plan's time zone, or was over before the plan was opened.
    """
    today = day_of(max(now, known.records[-1].meta.recorded_at), timezone_of(known))
    if month.first > today:
        return None
    a = cut_at((month.first - timedelta(days=1)).isoformat(), known, now)
    b = cut_at(min(month.last, today).isoformat(), known, now)
    return (a, b) if b.version else None


def months_between(first: Month, last: Month) -> list[Month]:
    """Return the months from one to another, both included; none if the last is before the first."""
    found, month = [], first
    while month.first <= last.first:
        found.append(month)
        month = Month.of(month.last + timedelta(days=1))
    return found
