"""Tables in which events only mark their plan. Each step of the follower reads the marked plans and writes their rows
again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.projections import (
    Now,
    Progress,
    Projection,
    ProjectionState,
    catch_up,
    connected,
    reached,
    rebuild,
    state_of,
)
from application.views.loaded_plan import LoadedPlan

ROWS_AT_A_TIME = 1_000
CLEAR = (
    "DELETE FROM plantrail.{table} WHERE generation = %(generation)s AND plan_id IN"
    " (SELECT plan_id FROM plantrail.{table} WHERE generation = %(generation)s LIMIT %(most)s)"
)

ReadPlans = Callable[[Sequence[UUID]], Iterable[LoadedPlan]]
"""Reads plans as they stand now, in the order of their ids. Raises `PlanNotOpen`."""


def clear_batch(connection: Connection[Any], generation: int, tables: Iterable[str]) -> bool:
    """Delete some rows of a generation from the first of these tables that has any. Returns whether there were any."""
    some = {"generation": generation, "most": ROWS_AT_A_TIME}
    return any(connection.execute(CLEAR.format(table=table), some).rowcount > 0 for table in tables)


class MarkedPlansTable:
    """Such a table, as its readers see it."""

    def __init__(self, datastore: Datastore, table: Projection, still_marked: str, now: Now) -> None:
        """`still_marked` is a query that returns whether an event up to a position has marked a plan that is not read
        yet. Its parameters are the generation and the position."""
        self._datastore = datastore
        self._table = table
        self._still_marked = still_marked
        self._now = now

    def position(self) -> int:
        """Return the position up to which events have been read. Raises `StoreUnavailable`."""
        with self._datastore.connection() as connection:
            return state_of(connection, self._table.name).position

    def includes(self, position: int) -> bool:
        """Return whether the rows include all events up to a position. Raises `StoreUnavailable`."""
        with self._datastore.connection() as connection:
            at = state_of(connection, self._table.name)
            marked = connection.execute(self._still_marked, (at.generation, position), prepare=True).fetchone()
        return reached(at, position) and marked == (False,)

    def catch_up(self) -> ProjectionState:
        """Update the table now, for a process without a follower. Raises `StoreUnavailable`."""
        with unavailable(), connected(self._datastore) as connection:
            *_, at = catch_up(connection, self._table, self._now)
            return at

    def rebuild(self, progress: Progress = lambda _done, _total: None) -> None:
        """Rebuild the table while the old one serves (`adapters.postgres.projections.rebuild`)."""
        rebuild(self._datastore, self._table, self._now, progress)
