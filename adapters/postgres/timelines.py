"""The timeline of the server that is connected to. PostgreSQL counts it up when another server takes over, or one is
recovered to a point in time: what was recorded may be lost then, and its versions and positions given to others."""

from collections.abc import Callable
from threading import Lock
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import Connection

from adapters.postgres.loop_connection import LoopConnection, Statement

TIMELINE = (
    "SELECT CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::bigint FROM pg_control_checkpoint())"
    " ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END"
)
FIRST = 1
NOT_TOLD = (psycopg.ProgrammingError, psycopg.NotSupportedError)
"""What some servers answer that are run by others."""


class Timeline:
    """The timeline that the last connection found. It is asked once for each: a server that takes over while a
    connection lasts has lost nothing that was seen on it."""

    def __init__(self) -> None:
        self._told: list[Callable[[], object]] = []
        self._lock = Lock()
        self.seen: int | None = None

    def when_another(self, forget: Callable[[], object]) -> None:
        """Have this called before anything is asked of a server on another timeline than the one before."""
        self._told.append(forget)

    def look(self, connection: Connection[Any]) -> None:
        """Look on which timeline a new connection is, which commits by itself."""
        try:
            found = connection.execute(TIMELINE).fetchone()
        except NOT_TOLD:
            found = None
        self._found(found[0] if found else FIRST)

    async def look_in_loop(self, connection: LoopConnection, seconds: float) -> None:
        try:
            answer = await connection.run(Statement.of(TIMELINE), [], seconds)
        except NOT_TOLD:
            self._found(FIRST)
        else:
            self._found(int(answer.get_value(0, 0) or FIRST))

    def _found(self, timeline: int) -> None:
        with self._lock:
            before, self.seen = self.seen, timeline
        if before not in (None, timeline):
            for forget in self._told:
                forget()

    def named(self, log: UUID) -> UUID:
        """Return by which id answers name a log: on another timeline the same versions may say something else."""
        return log if self.seen in (None, FIRST) else uuid5(log, str(self.seen))
