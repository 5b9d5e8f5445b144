"""The keys of the people whose words are sealed: one each, wrapped, in a schema and with a role of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_bytes
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.postgres.datastore import Datastore

NONCE = 12


@dataclass(frozen=True)
class KeyEncryptionKey:
    """What person keys are wrapped with: 256 bits, from the configuration, one for each generation."""

    generation: int
    secret: bytes

    def derived(self, purpose: bytes) -> bytes:
        """Another secret, that does not tell this one."""
        return HKDF(SHA256(), 32, salt=None, info=b"plantrail " + purpose).derive(self.secret)

    def wrap(self, plan_id: UUID, stakeholder: str, key: bytes) -> bytes:
        nonce = token_bytes(NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, _whose(plan_id, stakeholder, self.generation))

    def unwrap(self, plan_id: UUID, stakeholder: str, wrapped: bytes) -> bytes:
        whose = _whose(plan_id, stakeholder, self.generation)
        return AESGCM(self.secret).decrypt(wrapped[:NONCE], wrapped[NONCE:], whose)


def _whose(plan_id: UUID, stakeholder: str, generation: int) -> bytes:
    return f"plantrail person key {generation} {plan_id} {stakeholder}".encode()


class PostgresPersonKeys:
    """The table of person keys.  A key is made when somebody is first spoken of and destroyed to forget them."""

    def __init__(self, conninfo: str, key_encryption_key: KeyEncryptionKey) -> None:
        self._datastore = Datastore(conninfo, size=4)
        self._key = key_encryption_key

    def of(self, plan_id: UUID) -> dict[str, bytes]:
        """Every key of a plan, by stakeholder."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT stakeholder, wrapped FROM plantrail_keys.person_keys WHERE plan_id = %s", (plan_id,)
            ).fetchall()
        return {stakeholder: self._key.unwrap(plan_id, stakeholder, wrapped) for stakeholder, wrapped in rows}

    def ensure(self, plan_id: UUID, stakeholders: Iterable[str]) -> dict[str, bytes]:
        """The keys of these people, made where there is none; of two who make one at once, the first to commit wins."""
        new = [
            (plan_id, who, self._key.generation, self._key.wrap(plan_id, who, token_bytes(32))) for who in stakeholders
        ]
        with self._datastore.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation, wrapped)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                new,
            )
        return self.of(plan_id)

    def destroy(self, plan_id: UUID, stakeholder: str) -> None:
        """From here on nobody can read what was sealed for this person."""
        with self._datastore.connection() as connection:
            connection.execute(
                "DELETE FROM plantrail_keys.person_keys WHERE plan_id = %s AND stakeholder = %s", (plan_id, stakeholder)
            )

    def all(self) -> dict[tuple[UUID, str], bytes]:
        """Every key of the store, for a copy that is to be read elsewhere."""
        with self._datastore.connection() as connection:
            rows = connection.execute("SELECT plan_id, stakeholder, wrapped FROM plantrail_keys.person_keys").fetchall()
        return {(plan_id, who): self._key.unwrap(plan_id, who, wrapped) for plan_id, who, wrapped in rows}

    def add(self, keys: dict[tuple[UUID, str], bytes]) -> None:
        """Keys brought along from another store; a key that is there already stays."""
        rows = [
            (plan_id, who, self._key.generation, self._key.wrap(plan_id, who, key))
            for (plan_id, who), key in keys.items()
        ]
        with self._datastore.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation, wrapped)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                rows,
            )

    def close(self) -> None:
        self._datastore.close()
