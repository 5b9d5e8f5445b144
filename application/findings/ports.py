"""Findings across plans as their users need them."""

from typing import Protocol

from application.aggregates.access import Caller
from application.findings.across import FindingsPage, FindingsQuery


class AllFindings(Protocol):
    """The table of the findings of all plans.  Every method raises `StoreUnavailable`."""

    def query(self, query: FindingsQuery, caller: Caller | None = None) -> FindingsPage:
        """Return a page, limited to plans that the caller may see; without a caller, of all plans.

        Raises `CursorUnknown`.
        """

    def wait_for(self, position: int, timeout: float = 2.0) -> None:
        """Wait up to `timeout` seconds until the table includes a position of the log.  Raises `ProjectionLag`."""
