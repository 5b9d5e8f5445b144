"""The portfolio as its users need it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from application.aggregates.access import Caller
from application.portfolio.query import PortfolioPage, PortfolioQuery, WrittenPage


class TableState(NamedTuple):
    """Identifies the table and how often it was written to."""

    log: UUID
    generation: int
    written: int


class Portfolio(Protocol):
    """The table of all plans. Every method raises `StoreUnavailable`."""

    def query(self, query: PortfolioQuery, caller: Caller | None = None) -> PortfolioPage:
        """Return a page of the table, limited to plans that the caller may see; without a caller, of all plans.

        Raises `CursorUnknown`.
        """

    async def written(self, query: PortfolioQuery, caller: Caller | None = None) -> WrittenPage:
        """Return the same page as `query`, in the JSON that is sent. Raises `CursorUnknown`."""

    async def state(self) -> TableState:
        """Return a value that changes whenever anything in the table changes."""

    def people(self, most: int, caller: Caller | None = None) -> Sequence[str]:
        """Return the people who own plans or work on them, in order, as far as the caller may see these plans."""

    def knows_not_on_team(self, person: str, plan_id: UUID) -> bool:
        """Return whether the table includes all events of a plan and the person is neither its owner nor on its team.
        Then the plan need not be read to find out."""

    def includes(self, position: int) -> bool:
        """Return whether the table includes everything recorded up to a position of the log. Raises `BeyondTheLog`."""
