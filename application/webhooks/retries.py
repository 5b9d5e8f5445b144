"""When what failed is tried again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
SPREAD = 0.1
"""Waits are made longer or shorter by up to this part, so that what failed at once does not come back at once."""
LONGEST_HOLD = timedelta(hours=24)
"""However long an endpoint asks to be left alone."""

Random = Callable[[], float]
"""From 0 to 1."""


def next_attempt(failed: int, at: datetime, random: Random) -> datetime | None:
    """After so many attempts in a row that failed, the last of them now; None when there is to be no other."""
    if failed > len(WAITS):
        return None
    return at + WAITS[failed - 1] * (1 + SPREAD * (2 * random() - 1))


def held_until(retry_after: str | None, at: datetime) -> datetime | None:
    """What a `Retry-After` header asks for, in seconds or as a date; None where it asks for nothing that makes
    sense."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        seconds = min(int(retry_after.strip()[:9]), LONGEST_HOLD.total_seconds())
        return at + timedelta(seconds=seconds)
    try:
        asked = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    asked = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return min(asked, at + LONGEST_HOLD) if asked > at else None
