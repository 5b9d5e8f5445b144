"""Days and instants: their written form, and the range of the calendar that is accepted wherever they come in.

Between 1900 and 2199 no time zone shifts an instant to where Python, PostgreSQL or a spreadsheet cannot hold it, and
the day before and the day after can always be named.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)

DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(DAY.pattern + "T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})")


def day_written(text: str) -> date:
    """Read a day as ISO 8601 writes it. Raises `ValueError`."""
    if not DAY.fullmatch(text):
        raise ValueError("must be a day such as 2026-03-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def instant_written(text: str) -> datetime:
    """Read an instant as RFC 3339 writes it, and return it in UTC. Raises `ValueError`."""
    spelled = text.upper()
    if not INSTANT.fullmatch(spelled):
        raise ValueError("must be an instant with its distance from UTC, such as 2026-03-31T17:00:00Z")
    try:
        return datetime.fromisoformat(spelled).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not an instant of the calendar") from None


@lru_cache(maxsize=256)
def years_after(day: date, years: int) -> date:
    """Return the same day a number of years later, or earlier if negative; 29 February may become the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def quarter_start(day: date) -> date:
    """Return the first day of the calendar quarter of a day."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _read_day(said: Any) -> Any:
    """Refuse seconds since 1970, which pydantic would accept as a day."""
    if isinstance(said, str):
        return day_written(said)
    if type(said) is not date:
        raise ValueError("must be a day such as 2026-03-31")
    return said


def _read_instant(said: Any) -> Any:
    if isinstance(said, str):
        return instant_written(said)
    if not isinstance(said, datetime) or said.tzinfo is None:
        raise ValueError("must be an instant with its distance from UTC, such as 2026-03-31T17:00:00Z")
    return said


def within_calendar(day: date) -> date:
    """Return the day. Raises `ValueError` if it is outside of the range that is accepted."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}: is the year right?")
    return day


def instant_within_calendar(at: datetime) -> datetime:
    """Return the instant in UTC. Raises `ValueError` if it is outside of the range that is accepted."""
    within_calendar(at.date())
    return at.astimezone(UTC)


Day = Annotated[date, BeforeValidator(_read_day), AfterValidator(within_calendar)]
Instant = Annotated[datetime, BeforeValidator(_read_instant), AfterValidator(instant_within_calendar)]
"""An instant, converted to UTC."""
