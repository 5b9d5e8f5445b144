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
        """Return the position of the last event on the log. As long as it is the same, no plan has changed."""

    def history(self, plan_id: UUID) -> LoadedPlan:
        """Return the current state and history of a plan."""

    def histories(self, after_plan: UUID | None = None, with_words: bool = True) -> Iterator[LoadedPlan]:
        """Yield every plan with an id after this one, in the order of ids, each in its state when its turn comes. Few
        are in memory at a time.

        Without words, sealed text reads as if everybody were forgotten.
        """

    def without_words(self, plan_id: UUID) -> LoadedPlan:
        """Return the current state and history of a plan without sealed text. Raises `PlanNotOpen`."""


class KeptMonths(Protocol):
    """The stored months of all plans. Every method raises `StoreUnavailable`.

    With a caller, only plans that they may see count.
    """

    def state(self, month: Month, now: datetime, caller: Caller | None = None) -> str | None:
        """Return a fingerprint of everything on which the report of a month depends; it stays the same as long as the
        report does. Returns None as long as the month is not stored for every plan."""

    def kept(self, month: Month, caller: Caller | None = None) -> Iterator[tuple[UUID, KeptMonth]]:
        """Yield the stored month of every plan, in the order of plan ids."""
