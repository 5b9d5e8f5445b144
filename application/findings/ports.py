"""Findings across plans as their users need them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from application.aggregates.access import Caller
from application.findings.across import FindingsPage, FindingsQuery
from application.findings.program_examined import PlanStanding
from domain.program.limits import Severity


class AllFindings(Protocol):
    """The table of the findings of all plans. Every method raises `StoreUnavailable`."""

    def query(self, query: FindingsQuery, caller: Caller | None = None) -> FindingsPage:
        """Return a page, limited to plans that the caller may see; without a caller, of all plans.

        Raises `CursorUnknown`.
        """

    def counts(self, plans: Collection[UUID]) -> Mapping[UUID, Mapping[Severity, int]]:
        """Return the number of findings of each severity in these plans, without excused ones."""

    def standings(self) -> Sequence[PlanStanding]:
        """Return every plan that is not archived, with what the rules about the program need."""

    def includes(self, position: int) -> bool:
        """Return whether the table includes everything recorded up to a position of the log. Raises `BeyondTheLog`."""
