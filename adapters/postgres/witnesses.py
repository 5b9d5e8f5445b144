"""The table of witnesses, kept by the process that sends checkpoints and read by those that show pages."""

from collections.abc import Sequence

from adapters.postgres.datastore import Datastore
from application.proof.ports import KnownWitness

END = "DELETE FROM plantrail.witnesses"
BEGIN = "INSERT INTO plantrail.witnesses (name) VALUES (%s) ON CONFLICT DO NOTHING"
TOLD = "UPDATE plantrail.witnesses SET told_size = %s, told_at = now(), failing_since = NULL WHERE name = %s"
FAILED = "UPDATE plantrail.witnesses SET failing_since = coalesce(failing_since, now()) WHERE name = %s"
ALL = "SELECT name, told_size, told_at, failing_since FROM plantrail.witnesses ORDER BY name"


class PostgresWitnesses:
    """What is known of witnesses (`application.proof.ports.WitnessRecord`)."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def begin(self, names: Sequence[str]) -> None:
        with self._datastore.connection() as connection, connection.transaction():
            connection.execute(END)
            for name in names:
                connection.execute(BEGIN, (name,))

    def told(self, name: str, size: int) -> None:
        with self._datastore.connection() as connection:
            connection.execute(TOLD, (size, name))

    def failed(self, name: str) -> None:
        with self._datastore.connection() as connection:
            connection.execute(FAILED, (name,))

    def all(self) -> list[KnownWitness]:
        with self._datastore.connection() as connection:
            return [KnownWitness(*row) for row in connection.execute(ALL)]
