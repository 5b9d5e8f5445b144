"""The keys of the people whose words are sealed: one each, wrapped, in a schema and with a role of their own.

To forget somebody their key is destroyed, but its row stays, so that they are never given another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from secrets import token_bytes
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.postgres.datastore import Datastore

NONCE = 12
INSERT = (
    "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation, wrapped)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class WrongKeyEncryptionKey(Exception):
    """The person keys of this store were wrapped with another key-encryption key than the one configured.

    Set PLANTRAIL_KEY_ENCRYPTION_KEY to that key, or put its file back into PLANTRAIL_HOME.
    """


class AnotherKeyThere(Exception):
    """The store has made keys of its own for some of these people since: bring keys along before anybody works there."""


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
        """Raises `WrongKeyEncryptionKey`."""
        whose = _whose(plan_id, stakeholder, self.generation)
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE], wrapped[NONCE:], whose)
        except InvalidTag as error:
            raise WrongKeyEncryptionKey(WrongKeyEncryptionKey.__doc__) from error


def _whose(plan_id: UUID, stakeholder: str, generation: int) -> bytes:
    return f"plantrail person key {generation} {plan_id} {stakeholder}".encode()


class PostgresPersonKeys:
    """The table of person keys.  A key is made when somebody is first spoken of and destroyed to forget them."""

    def __init__(self, conninfo: str, key_encryption_key: KeyEncryptionKey) -> None:
        self._datastore = Datastore(conninfo, size=4)
        self._key = key_encryption_key

    def check(self) -> None:
        """Raises `WrongKeyEncryptionKey` when the keys that are there cannot be read."""
        with self._datastore.connection() as connection:
            row = connection.execute(
                "SELECT plan_id, stakeholder, wrapped FROM plantrail_keys.person_keys WHERE wrapped IS NOT NULL LIMIT 1"
            ).fetchone()
        if row:
            self._key.unwrap(*row)

    def of(self, plan_id: UUID) -> dict[str, bytes]:
        """Every key of a plan, by stakeholder."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT stakeholder, wrapped FROM plantrail_keys.person_keys"
                " WHERE plan_id = %s AND wrapped IS NOT NULL",
                (plan_id,),
            ).fetchall()
        return {stakeholder: self._key.unwrap(plan_id, stakeholder, wrapped) for stakeholder, wrapped in rows}

    def ensure(self, plan_id: UUID, stakeholders: Iterable[str]) -> dict[str, bytes]:
        """Every key of a plan, these people's made where they never had one.

        Of two who make one at once, the first to commit wins.
        """
        with self._datastore.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(INSERT, [self._row(plan_id, who, token_bytes(32)) for who in stakeholders])
        return self.of(plan_id)

    def destroy(self, plan_id: UUID, stakeholder: str) -> None:
        """From here on nobody can read what was sealed for this person, and no new key is made for them."""
        with self._datastore.connection() as connection:
            connection.execute(
                "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation) VALUES (%s, %s, %s)"
                " ON CONFLICT (plan_id, stakeholder) DO UPDATE SET wrapped = NULL",
                (plan_id, stakeholder, self._key.generation),
            )

    def all(self) -> dict[tuple[UUID, str], bytes]:
        """Every key of the store, for a copy that is to be read elsewhere."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT plan_id, stakeholder, wrapped FROM plantrail_keys.person_keys WHERE wrapped IS NOT NULL"
                " ORDER BY plan_id, stakeholder"
            ).fetchall()
        return {(plan_id, who): self._key.unwrap(plan_id, who, wrapped) for plan_id, who, wrapped in rows}

    def add(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        """Keys brought along from another store, all or none; those of people forgotten here stay destroyed.

        Raises `AnotherKeyThere`.
        """
        before = self.all()
        if any(before.get(whose, key) != key for whose, key in keys.items()):
            raise AnotherKeyThere(AnotherKeyThere.__doc__)
        with self._datastore.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(INSERT, [self._row(plan_id, who, key) for (plan_id, who), key in keys.items()])

    def _row(self, plan_id: UUID, stakeholder: str, key: bytes) -> tuple[UUID, str, int, bytes]:
        return plan_id, stakeholder, self._key.generation, self._key.wrap(plan_id, stakeholder, key)

    def close(self) -> None:
        self._datastore.close()
