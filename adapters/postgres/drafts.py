"""The table of drafts."""

from datetime import datetime
from uuid import UUID

from adapters.postgres import clock
from adapters.postgres.datastore import Datastore
from adapters.privacy.drafts import KEPT

PUT = (
    "INSERT INTO plantrail.drafts (actor, plan_id, form, box, changed_at) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (plan_id, actor, form) DO UPDATE SET box = excluded.box, changed_at = excluded.changed_at"
)
GET = "SELECT box FROM plantrail.drafts WHERE plan_id = %s AND actor = %s AND form = %s AND changed_at > %s"
DROP = "DELETE FROM plantrail.drafts WHERE plan_id = %s AND actor = %s AND form = %s"
DROP_OF_PLAN = "DELETE FROM plantrail.drafts WHERE plan_id = %s"
PURGE = "DELETE FROM plantrail.drafts WHERE changed_at < %s"


class PostgresDrafts:
    """The store of drafts (`adapters.privacy.drafts`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def put(self, actor: str, plan_id: UUID, form: str, box: bytes, at: datetime) -> None:
        with self._datastore.connection() as connection:
            connection.execute(PUT, (actor, plan_id, form, box, at))

    def get(self, actor: str, plan_id: UUID, form: str, since: datetime) -> bytes | None:
        with self._datastore.connection() as connection:
            row = connection.execute(GET, (plan_id, actor, form, since)).fetchone()
        return row[0] if row else None

    def drop(self, actor: str, plan_id: UUID, form: str) -> None:
        with self._datastore.connection() as connection:
            connection.execute(DROP, (plan_id, actor, form))

    def drop_of_plan(self, plan_id: UUID) -> None:
        with self._datastore.connection() as connection:
            connection.execute(DROP_OF_PLAN, (plan_id,))

    def purge(self, now: datetime) -> int:
        """Delete drafts that have not changed for too long. Returns their number. Raises `ClockAhead`."""
        with self._datastore.connection() as connection:
            clock.check(connection)
            return connection.execute(PURGE, (now - KEPT,)).rowcount
