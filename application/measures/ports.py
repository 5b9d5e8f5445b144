"""What measures across plans need from the store."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from application.aggregates.access import Caller
from application.measures.measure import MeasureName
from application.measures.month_end import GroupBy, Summed
from application.reports.months import Month
from domain.record import Recorded


class MonthEnds(Protocol):
    """The figures of all plans by month. Every method raises `StoreUnavailable`."""

    def sums(
        self,
        months: Sequence[Month],
        measures: Sequence[MeasureName],
        by: GroupBy,
        now: datetime,
        caller: Caller | None = None,
        currency: str | None = None,
    ) -> Iterator[Summed]:
        """Yield the figures of the plans that the caller may see, added up by group; without a caller, of all plans. If
        a currency is given, only plans in it count. A plan has no figures for months before it was opened."""

    def program(self) -> Sequence[Recorded]:
        """Return the records of the program, whose exchange rates convert amounts."""
