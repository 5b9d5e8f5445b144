"""What is asked of whoever keeps the portfolio."""

from typing import Protocol

from application.aggregates.access import Caller
from application.portfolio.query import PortfolioPage, PortfolioQuery


class Portfolio(Protocol):
    """The table of all plans.  Every method raises `StoreUnavailable`."""

    def query(self, query: PortfolioQuery, caller: Caller | None = None) -> PortfolioPage:
        """A page of the table as it stands, of the plans the caller sees; without a caller, of all there are.

        Raises `CursorUnknown`.
        """

    def wait_for(self, position: int, timeout: float = 2.0) -> None:
        """Wait until the table has come to a position of the log, for so many seconds.  Raises `ProjectionLag`."""
