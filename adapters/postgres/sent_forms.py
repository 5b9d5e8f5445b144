"""The forms that were sent, in the table of answers to requests that may be repeated: purged with them after a day."""

from uuid import UUID

from adapters.postgres.datastore import Datastore

ADD = (
    "INSERT INTO plantrail.answers (scope, body, plan_id, answer) VALUES (%s, '', %s, '{}')"
    " ON CONFLICT (scope) DO NOTHING"
)
DROP = "DELETE FROM plantrail.answers WHERE scope = %s"
OF_NO_PLAN = UUID(int=0)


class PostgresSentForms:
    """The store of sent forms (`adapters.access.sent_forms`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def add(self, scope: bytes) -> bool:
        with self._datastore.connection() as connection:
            return connection.execute(ADD, (scope, OF_NO_PLAN)).rowcount == 1

    def drop(self, scope: bytes) -> None:
        with self._datastore.connection() as connection:
            connection.execute(DROP, (scope,))
