"""Compares the clock of this process with the database's, because nothing may be stamped with a time in the future.

What is recorded stays on the log, and later events are never stamped earlier. So a clock that was wrong for a moment
would give a plan wrong days for good.
"""

import time
from typing import Any

from psycopg import Connection

from adapters.postgres.errors import ClockAhead

MOST_SECONDS_AHEAD = 120
"""Seconds by which this process's clock may be ahead of the database's."""

IS_NOT_AHEAD = f"to_timestamp(%b::float8) <= now() + interval '{MOST_SECONDS_AHEAD} seconds'"
"""A condition in SQL: the clock of the process is not ahead. PostgreSQL evaluates it once, before everything else,
because it depends on no row and only on functions that are constant within a transaction."""

SECONDS_AHEAD = "SELECT extract(epoch FROM to_timestamp(%s::float8) - now())::float8"


def wall_clock() -> float:
    """Return the time of this process, in seconds since 1970."""
    return time.time()


def check(connection: Connection[Any]) -> None:
    """Raise `ClockAhead` if the clock of this process is too far ahead of the database's.

    It is called before anything is judged, signed, postponed or deleted by this clock, because the result would stay
    wrong after the clock is right again.
    """
    if connection.execute(f"SELECT {IS_NOT_AHEAD}", (wall_clock(),), prepare=True).fetchone() != (True,):
        raise ClockAhead(ClockAhead.__doc__)
