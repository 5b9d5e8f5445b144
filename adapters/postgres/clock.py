"""The clock of this process beside the database's: nothing is stamped from the future.

What is recorded can never be taken out of the log again, and what follows it is never stamped earlier: a clock that was
wrong for a moment would move a plan to the day it showed.
"""

import time
from typing import Any

from psycopg import Connection

from adapters.postgres.errors import ClockAhead

MOST_SECONDS_AHEAD = 120
"""Seconds by which this process's clock may be ahead of the database's."""

IS_NOT_AHEAD = f"to_timestamp(%b::float8) <= now() + interval '{MOST_SECONDS_AHEAD} seconds'"
"""A condition on the clock of the process, which PostgreSQL evaluates once and before everything else: it depends on no
row, and on no function that may answer otherwise in one transaction."""

SECONDS_AHEAD = "SELECT extract(epoch FROM to_timestamp(%s::float8) - now())::float8"


def wall_clock() -> float:
    """Return what the clock of this process shows, in seconds since 1970."""
    return time.time()


def check(connection: Connection[Any]) -> None:
    """Before something is judged, signed, put off or deleted by what this process's clock shows: under one that is
    ahead it would stay wrong when the clock is right again.  Raises `ClockAhead`."""
    if connection.execute(f"SELECT {IS_NOT_AHEAD}", (wall_clock(),), prepare=True).fetchone() != (True,):
        raise ClockAhead(ClockAhead.__doc__)
