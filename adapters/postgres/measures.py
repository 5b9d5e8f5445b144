"""What the months of all plans came to, reckoned from what is stored in clear: no words about people are read."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.postgres.event_store import PostgresEventStore
from application.aggregates.access import Caller
from application.measures.measure import MeasureName
from application.measures.measured import measured_months
from application.measures.month_end import MonthEnd, month_end
from application.reports.month_report import Month
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded


class PostgresMonthEnds:
    """See `application.measures.ports.MonthEnds`."""

    def __init__(self, events: PostgresEventStore) -> None:
        self._events = events

    def month_ends(
        self, months: Sequence[Month], names: Sequence[MeasureName], now: datetime, caller: Caller | None = None
    ) -> Iterator[MonthEnd]:
        program = self.program()
        for known in self._events.histories(with_words=False):
            if caller is None or caller.sees(known, now):
                for at in measured_months(known, months, now, program):
                    yield month_end(at, names)

    def program(self) -> Sequence[Recorded]:
        return self._events.read(PROGRAM_ID)
