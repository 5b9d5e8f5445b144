"""The timeline above a history: how many of its events were recorded in each month."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.web.languages import Speech
from domain.record import Recorded

MOST_MONTHS = 36
TALLEST = 40
"""The height of the bar of the busiest month, in units of its SVG."""


@dataclass(frozen=True)
class Month:
    """A month of the timeline."""

    label: str
    events: str
    height: int
    y: int
    address: str
    """The history of this month alone."""
    is_here: bool


def timeline(
    records: Iterable[Recorded], today: date, say: Speech, address: Callable[[str, str], str], here: tuple[str, str]
) -> Sequence[Month]:
    """Return the last months, without gaps; nothing if everything was recorded in one.

    `address` gives the history from a day to a day, which is empty while the month goes on; `here` are the days of the
    history that is shown.
    """
    recorded = (record.meta.recorded_at.astimezone(say.timezone) for record in records)
    counted = Counter(at.date().replace(day=1) for at in recorded)
    if len(counted) < 2:
        return ()
    months, busiest = [min(counted)], max(counted.values())
    while months[-1] < max(counted):
        months.append(_after(months[-1]))
    found = []
    for first in months[-MOST_MONTHS:]:
        last, events = _after(first) - timedelta(days=1), counted[first]
        days = first.isoformat(), last.isoformat() if last < today else ""
        height = max(round(events / busiest * TALLEST), int(events > 0))
        label = say.month_of(first)
        found.append(Month(label, say.number(events), height, TALLEST - height, address(*days), here == days))
    return found


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
