"""The timeline of the server that is connected to. PostgreSQL increases it when another server takes over, or when a
server is recovered to a point in time. Events that were recorded on the old timeline may then be lost, and their
versions and positions given to other events."""

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
    """The timeline that the last connection found. It is read once for each connection: if a server takes over while a
    connection lasts, nothing seen on that connection is lost."""

    def __init__(self) -> None:
        self._told: list[Callable[[], object]] = []
        self._lock = Lock()
        self.seen: int | None = None

    def when_another(self, forget: Callable[[], object]) -> None:
        """Call `forget` when a connection finds another timeline than the one before, before anything else is read on
        it."""
        self._told.append(forget)

    def look(self, connection: Connection[Any]) -> None:
        """Read the timeline on a new connection, which is in autocommit mode."""
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
        """Return the id that answers use for a log. It differs for each timeline, because the same versions may stand
        for other events."""
        return log if self.seen in (None, FIRST) else uuid5(log, str(self.seen))
