"""When a failed delivery is tried again."""

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
"""The share by which waits are randomly lengthened or shortened, so that deliveries that failed together are not
repeated together."""
LONGEST_HOLD = timedelta(hours=24)
"""The longest pause that an endpoint may ask for."""

Random = Callable[[], float]
"""Returns a random number from 0 to 1."""


def next_attempt(failed: int, at: datetime, random: Random) -> datetime | None:
    """Return the time of the next attempt after `failed` consecutive failures, the last one at `at`; None if there is
    none."""
    if failed > len(WAITS):
        return None
    return at + WAITS[failed - 1] * (1 + SPREAD * (2 * random() - 1))


def held_until(retry_after: str | None, at: datetime) -> datetime | None:
    """Return the time in a `Retry-After` header, given in seconds or as a date; None if it is malformed."""
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
