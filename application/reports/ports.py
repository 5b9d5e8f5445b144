"""What reports across plans need from the event store."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.aggregates.access import Caller
from application.reports.months import Month
from application.reports.plan_month import KeptMonth
from application.views.loaded_plan import LoadedPlan


class Histories(Protocol):
    """The histories of all plans. Every method raises `StoreUnavailable`."""

    def last_position(self) -> int:
        """Return the last position of the log. As long as it is the same, no plan has changed."""

    def history(self, plan_id: UUID) -> LoadedPlan:
        """Return the history of a plan as it stands."""

    def histories(self, after_plan: UUID | None = None, with_words: bool = True) -> Iterator[LoadedPlan]:
        """Yield every plan after one, in order of id, as it stands when its turn comes. Few are in memory at a time.

        Without words, sealed text reads as if everybody were forgotten."""

    def without_words(self, plan_id: UUID) -> LoadedPlan:
        """Return the history of a plan as it stands, without sealed text. Raises `PlanNotOpen`."""


class KeptMonths(Protocol):
    """The months of all plans that are over, as they were kept. Every method raises `StoreUnavailable`.

    Without a caller, of all plans, else of those that they may see.
    """

    def state(self, month: Month, now: datetime, caller: Caller | None = None) -> str | None:
        """Return a name of everything that the report of a month depends on, which stays the same as long as the report
        does; None as long as the month is not kept of every plan."""

    def kept(self, month: Month, caller: Caller | None = None) -> Iterator[tuple[UUID, KeptMonth]]:
        """Yield what was kept of every plan, in order of id."""
