"""The progress of relays, and a lock for each name: of several relays with one name, one works and the others stand
by.
"""

from typing import Any, Self
from uuid import UUID

from psycopg import Connection

from adapters.postgres.datastore import Datastore, unavailable
from application.feed.cursors import Cursor

TAKE = "SELECT pg_try_advisory_lock(hashtext('plantrail relay'), hashtext(%s))"
REACHED = "SELECT position, log_id FROM plantrail.relays WHERE name = %s"
REACH = (
    "INSERT INTO plantrail.relays (name, log_id, position) VALUES (%s, %s, %s)"
    " ON CONFLICT (name) DO UPDATE SET log_id = excluded.log_id, position = excluded.position, relayed_at = now()"
)


def came_to(datastore: Datastore, name: str) -> int:
    """Return the position that relays of a name have reached, whichever of them worked. Raises `StoreUnavailable`."""
    with datastore.connection() as connection:
        found = connection.execute(REACHED, (name,), prepare=True).fetchone()
    return found[0] if found else 0


class PostgresTurn:
    """The lock of a relay (`application.feed.ports.Turn`). It lasts as long as its connection. A relay that has lost it
    learns so with its next query."""

    def __init__(self, connection: Connection[Any], name: str) -> None:
        self._connection = connection
        self._name = name

    @classmethod
    def take(cls, datastore: Datastore, name: str) -> Self | None:
        """Take the lock. Returns None while another relay of this name holds it. Raises `StoreUnavailable`."""
        with unavailable():
            connection = datastore.connect()
            if connection.execute(TAKE, (name,)).fetchone() == (True,):
                return cls(connection, name)
        connection.close()
        return None

    def check(self) -> None:
        with unavailable():
            self._connection.execute("SELECT 1", prepare=True)

    def reached(self) -> Cursor | None:
        with unavailable():
            found = self._connection.execute(REACHED, (self._name,)).fetchone()
        return Cursor(found[0], log=found[1]) if found else None

    def reach(self, log_id: UUID, position: int) -> None:
        with unavailable():
            self._connection.execute(REACH, (self._name, log_id, position), prepare=True)

    def end(self) -> None:
        self._connection.close()
