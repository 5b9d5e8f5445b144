"""The table of sessions."""

from collections.abc import Collection
from dataclasses import astuple, fields
from datetime import datetime

from psycopg.rows import class_row

from adapters.access.sessions import IDLE, Session
from adapters.postgres import clock
from adapters.postgres.datastore import Datastore

COLUMNS = ", ".join(field.name for field in fields(Session))
ADD = f"INSERT INTO plantrail.sessions ({COLUMNS}) VALUES ({', '.join('%s' for _ in fields(Session))})"
FIND = f"SELECT {COLUMNS} FROM plantrail.sessions WHERE digest = %s"
OF = f"SELECT {COLUMNS} FROM plantrail.sessions WHERE actor = %s ORDER BY last_seen_at DESC LIMIT 100"
SEEN = "UPDATE plantrail.sessions SET last_seen_at = %s WHERE id = %s"
REVOKE = "DELETE FROM plantrail.sessions WHERE id = %s AND actor = %s"
PURGE = "DELETE FROM plantrail.sessions WHERE last_seen_at < %s"


class PostgresSessions:
    """The store of sessions (`adapters.access.sessions`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def add(self, session: Session) -> None:
        plans = None if session.plans is None else list(session.plans)
        values = [
            plans if field.name == "plans" else value
            for field, value in zip(fields(session), astuple(session), strict=True)
        ]
        with self._datastore.connection() as connection:
            connection.execute(ADD, values)

    def find(self, digest: bytes) -> Session | None:
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Session))
            return cursor.execute(FIND, (digest,), prepare=True).fetchone()

    def note_seen(self, id: str, at: datetime) -> None:
        with self._datastore.connection() as connection:
            connection.execute(SEEN, (at, id))

    def of(self, actor: str) -> Collection[Session]:
        with self._datastore.connection() as connection:
            return connection.cursor(row_factory=class_row(Session)).execute(OF, (actor,)).fetchall()

    def revoke(self, id: str, actor: str) -> bool:
        with self._datastore.connection() as connection:
            return connection.execute(REVOKE, (id, actor)).rowcount > 0

    def purge(self, now: datetime) -> int:
        """Delete sessions that nobody has used for too long. Returns their number. Raises `ClockAhead`."""
        with self._datastore.connection() as connection:
            clock.check(connection)
            return connection.execute(PURGE, (now - IDLE,)).rowcount
