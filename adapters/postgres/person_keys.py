"""The keys of the people whose words are sealed: one each, wrapped, in a schema and with a role of their own.

To forget somebody their key is destroyed, but its row stays, so that they are never given another.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from adapters.postgres.datastore import Datastore
from adapters.postgres.key_generations import PERSON_KEY, current
from adapters.privacy.key_encryption import SIZE, KeyEncryptionKeys

INSERT = (
    "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation, wrapped)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class AnotherKeyThere(Exception):
    """The store has made keys of its own for some of these people: bring keys along before anybody works there."""


class PostgresPersonKeys:
    """The table of person keys.  A key is made when somebody is first spoken of and destroyed to forget them."""

    def __init__(self, datastore: Datastore, keys: KeyEncryptionKeys) -> None:
        self._datastore = datastore
        self._keys = keys

    def of(self, plan_id: UUID) -> dict[str, bytes]:
        """Every key of a plan, by stakeholder."""
        return self.of_plans([plan_id])[plan_id]

    def of_plans(self, plans: Collection[UUID]) -> dict[UUID, dict[str, bytes]]:
        """Every key of these plans, by stakeholder."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT plan_id, stakeholder, generation, wrapped FROM plantrail_keys.person_keys"
                " WHERE plan_id = ANY(%s) AND wrapped IS NOT NULL",
                (list(plans),),
            ).fetchall()
        keys: dict[UUID, dict[str, bytes]] = {plan_id: {} for plan_id in plans}
        for row in rows:
            keys[row[0]][row[1]] = self._unwrapped(*row)
        return keys

    def ensure(self, plan_id: UUID, stakeholders: Iterable[str]) -> dict[str, bytes]:
        """Every key of a plan, these people's made where they never had one.

        Of two who make one at once, the first to commit wins.
        """
        self._insert({(plan_id, who): token_bytes(SIZE) for who in stakeholders})
        return self.of(plan_id)

    def destroy(self, plan_id: UUID, stakeholder: str) -> tuple[int, datetime, datetime]:
        """From here on nobody can read what was sealed for this person, and no new key is made for them.

        Doing it again does no harm.  Says which generation wrapped the key last, when it was made, and that it is now.
        """
        with self._datastore.connection() as connection, connection.transaction():
            [row] = connection.execute(
                "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation) VALUES (%s, %s, %s)"
                " ON CONFLICT (plan_id, stakeholder) DO UPDATE SET wrapped = NULL"
                " RETURNING generation, made_at, now()",
                (plan_id, stakeholder, current(connection, self._keys).generation),
            ).fetchall()
        generation, made_at, destroyed_at = row
        return generation, made_at, destroyed_at

    def clear_away(self) -> None:
        """Have the rows of destroyed keys as they were before removed from the table, where our role may (from
        PostgreSQL 17 on); elsewhere the database does it by itself in time."""
        with self._datastore.connection() as connection:
            connection.execute("VACUUM (SKIP_LOCKED) plantrail_keys.person_keys")

    def all(self) -> dict[tuple[UUID, str], bytes]:
        """Every key of the store, for a copy that is to be read elsewhere."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT plan_id, stakeholder, generation, wrapped FROM plantrail_keys.person_keys"
                " WHERE wrapped IS NOT NULL ORDER BY plan_id, stakeholder"
            ).fetchall()
        return {(row[0], row[1]): self._unwrapped(*row) for row in rows}

    def add(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        """Keys brought along from another store, all or none; those of people forgotten here stay destroyed.

        Raises `AnotherKeyThere`.
        """
        before = self.all()
        if any(before.get(whose, key) != key for whose, key in keys.items()):
            raise AnotherKeyThere(AnotherKeyThere.__doc__)
        self._insert(keys)

    def _insert(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        with self._datastore.connection() as connection, connection.transaction():
            key = current(connection, self._keys)
            rows = [
                (plan_id, who, key.generation, key.wrap(PERSON_KEY, f"{plan_id} {who}", secret))
                for (plan_id, who), secret in keys.items()
            ]
            connection.cursor().executemany(INSERT, rows)

    def _unwrapped(self, plan_id: UUID, stakeholder: str, generation: int, wrapped: bytes) -> bytes:
        return self._keys.of(generation).unwrap(PERSON_KEY, f"{plan_id} {stakeholder}", wrapped)
