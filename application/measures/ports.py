"""What measures across plans need from the store."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from application.aggregates.access import Caller
from application.measures.measure import MeasureName
from application.measures.month_end import MonthEnd
from application.reports.months import Month
from domain.record import Recorded


class MonthEnds(Protocol):
    """What the months of all plans came to.  Every method raises `StoreUnavailable`."""

    def month_ends(
        self, months: Sequence[Month], names: Sequence[MeasureName], now: datetime, caller: Caller | None = None
    ) -> Iterator[MonthEnd]:
        """Yield these measures of the plans that the caller may see; without a caller, of all plans.  A plan has no
        month before it was opened."""

    def program(self) -> Sequence[Recorded]:
        """Return what is on record of the program, whose exchange rates amounts are converted at."""
