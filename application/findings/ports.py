"""Findings across plans as their users need them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from application.aggregates.access import Caller
from application.findings.across import FindingsPage, FindingsQuery
from application.findings.program import PlanStanding
from domain.program.policy import Severity


class AllFindings(Protocol):
    """The table of the findings of all plans.  Every method raises `StoreUnavailable`."""

    def query(self, query: FindingsQuery, caller: Caller | None = None) -> FindingsPage:
        """Return a page, limited to plans that the caller may see; without a caller, of all plans.

        Raises `CursorUnknown`.
        """

    def counts(self, plans: Collection[UUID]) -> Mapping[UUID, Mapping[Severity, int]]:
        """Return how many findings of each severity plans have, without those that are excused."""

    def standings(self) -> Sequence[PlanStanding]:
        """Return every plan that is worked on, as rules about the program look at it."""

    def includes(self, position: int) -> bool:
        """Return whether the table includes all that was recorded up to a position of the log. Raises
        `BeyondTheLog`."""
