"""The generations of the key-encryption key in the store, and which secrets each of them wraps.

A key is wrapped in the transaction that stores it, which holds a lock on the current generation. A new generation
begins only when these transactions have ended. From then on nothing is wrapped with an old generation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from secrets import token_bytes
from time import sleep
from typing import Any

from psycopg import Connection

from adapters.postgres.datastore import Datastore
from adapters.privacy.key_encryption import SIZE, KeyEncryptionKey, KeyEncryptionKeys

BATCH = 500
PERSON_KEY, SECRET = "person key", "secret"
WRAPPED: Mapping[str, tuple[str, str]] = {
    PERSON_KEY: ("plantrail_keys.person_keys", "plan_id || ' ' || stakeholder"),
    SECRET: ("plantrail_keys.secrets", "purpose"),
}
"""Every kind of wrapped secret: its table, and the name under which it is unwrapped."""

CURRENT = "SELECT generation FROM plantrail_keys.generations WHERE current FOR SHARE"
FIRST = "INSERT INTO plantrail_keys.generations (generation, current) VALUES (%s, true) ON CONFLICT DO NOTHING"
IN_USE = " UNION ALL ".join(
    f"SELECT generation, count(*) FROM {table} WHERE wrapped IS NOT NULL GROUP BY generation"
    for table, _ in WRAPPED.values()
)
NOT_IN = {
    kind: f"SELECT ctid::text, {name}, generation, wrapped FROM {table}"
    " WHERE generation <> %s AND wrapped IS NOT NULL LIMIT %s FOR UPDATE SKIP LOCKED"
    for kind, (table, name) in WRAPPED.items()
}
ANEW = {
    kind: f"UPDATE {table} SET generation = %s, wrapped = anew.wrapped"
    f" FROM unnest(%s::tid[], %s::bytea[]) AS anew (place, wrapped) WHERE {table}.ctid = anew.place"
    for kind, (table, _) in WRAPPED.items()
}


class GenerationInUse(Exception):
    """Why a generation cannot be destroyed, and what to do first."""


@dataclass(frozen=True)
class Generation:
    """A generation, and how many keys and secrets it wraps."""

    generation: int
    current: bool
    begun_at: datetime
    destroyed_at: datetime | None
    wraps: int


def current(connection: Connection[Any], keys: KeyEncryptionKeys) -> KeyEncryptionKey:
    """Return the key that wraps now. It stays current until the end of the transaction. Raises
    `WrongKeyEncryptionKey`.
    """
    while (row := connection.execute(CURRENT).fetchone()) is None:
        # This is the first generation, or one that replaced another while we waited for the lock.
        connection.execute(FIRST, (keys.newest(),))
    return keys.of(row[0])


class KeyGenerations:
    """The generations. A new one can replace the current one while the service runs."""

    def __init__(self, datastore: Datastore, keys: KeyEncryptionKeys) -> None:
        self._datastore = datastore
        self._keys = keys

    def all(self) -> list[Generation]:
        """Return the generations, the newest first."""
        with self._datastore.connection() as connection:
            wraps = self._wraps(connection)
            rows = connection.execute(
                "SELECT generation, current, begun_at, destroyed_at FROM plantrail_keys.generations"
                " ORDER BY generation DESC"
            ).fetchall()
        return [
            Generation(generation, is_current, begun_at, destroyed_at, wraps.get(generation, 0))
            for generation, is_current, begun_at, destroyed_at in rows
        ]

    def check(self) -> None:
        """Raise `WrongKeyEncryptionKey` if anything in the store is wrapped with a key that we do not have."""
        with self._datastore.connection() as connection:
            known = connection.execute("SELECT generation FROM plantrail_keys.generations").fetchall()
            for (generation,), (kind, (table, name)) in product(known, WRAPPED.items()):
                one = f"SELECT {name}, wrapped FROM {table} WHERE generation = %s AND wrapped IS NOT NULL LIMIT 1"
                for named, wrapped in connection.execute(one, (generation,)):
                    self._keys.of(generation).unwrap(kind, named, wrapped)

    def begin(self) -> int:
        """Begin the next generation, unless the current one does not wrap everything yet. Returns the current
        generation.

        Raises `KeyFault`, `WrongKeyEncryptionKey`, `StoreUnavailable`.
        """
        with self._datastore.connection() as connection, connection.transaction():
            now = current(connection, self._keys).generation
            if any(wraps for generation, wraps in self._wraps(connection).items() if generation != now):
                return now
            self._keys.make(now + 1)
        with self._datastore.connection() as connection, connection.transaction():
            # This waits for everybody who is wrapping something with the previous generation.
            connection.execute(
                "UPDATE plantrail_keys.generations SET current = false WHERE current AND generation = %s", (now,)
            )
            connection.execute(FIRST, (now + 1,))
        return now + 1

    def rewrap(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Wrap everything with the current generation, in batches of one transaction each. Returns the number of
        secrets wrapped.

        If it is interrupted, call it again.
        """
        done = 0
        for kind in WRAPPED:
            while (count := self._rewrap_some(kind)) is not None:
                done += count
                progress(count)
                if not count:
                    sleep(0.05)  # Other processes hold the remaining rows.
        return done

    def _rewrap_some(self, kind: str) -> int | None:
        """Wrap a batch of one kind. Returns the number, or None if nothing is left."""
        table, _ = WRAPPED[kind]
        with self._datastore.connection() as connection, connection.transaction():
            key = current(connection, self._keys)
            rows = connection.execute(NOT_IN[kind], (key.generation, BATCH)).fetchall()
            if not rows:
                left = f"SELECT FROM {table} WHERE generation <> %s AND wrapped IS NOT NULL LIMIT 1"
                return 0 if connection.execute(left, (key.generation,)).fetchone() is not None else None
            anew = [
                key.wrap(kind, name, self._keys.of(generation).unwrap(kind, name, wrapped))
                for _, name, generation, wrapped in rows
            ]
            connection.execute(ANEW[kind], (key.generation, [place for place, *_ in rows], anew))
            return len(rows)

    def destroy(self, generation: int) -> None:
        """Destroy the key of an old generation. Raises `GenerationInUse`, `KeyFault`, `StoreUnavailable`."""
        with self._datastore.connection() as connection, connection.transaction():
            row = connection.execute(
                "SELECT current FROM plantrail_keys.generations WHERE generation = %s FOR UPDATE", (generation,)
            ).fetchone()
            if row is None:
                raise GenerationInUse(f"There is no generation {generation}; `plantrail keys generations` lists them.")
            if row[0]:
                raise GenerationInUse(
                    f"Generation {generation} is the current one. Begin another with `plantrail keys rotate` first."
                )
            if wraps := self._wraps(connection).get(generation):
                raise GenerationInUse(
                    f"{wraps} keys are still wrapped with generation {generation}. Complete `plantrail keys rotate`"
                    " first."
                )
            self._keys.destroy(generation)
            connection.execute(
                "UPDATE plantrail_keys.generations SET destroyed_at = coalesce(destroyed_at, now())"
                " WHERE generation = %s",
                (generation,),
            )

    def _wraps(self, connection: Connection[Any]) -> dict[int, int]:
        found: dict[int, int] = {}
        for generation, count in connection.execute(IN_USE):
            found[generation] = found.get(generation, 0) + count
        return found


class Secrets:
    """Random secrets of the service. Each is created when it is first requested and never changes."""

    def __init__(self, datastore: Datastore, keys: KeyEncryptionKeys) -> None:
        self._datastore = datastore
        self._keys = keys

    def of(self, purpose: str) -> bytes:
        """Return the 32 bytes of a secret. Raises `WrongKeyEncryptionKey`, `StoreUnavailable`."""
        find = "SELECT generation, wrapped FROM plantrail_keys.secrets WHERE purpose = %s"
        with self._datastore.connection() as connection:
            row = connection.execute(find, (purpose,)).fetchone()
            if row is None:
                with connection.transaction():
                    key = current(connection, self._keys)
                    connection.execute(
                        "INSERT INTO plantrail_keys.secrets VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                        (purpose, key.generation, key.wrap(SECRET, purpose, token_bytes(SIZE))),
                    )
                [row] = connection.execute(find, (purpose,)).fetchall()
        generation, wrapped = row
        return self._keys.of(generation).unwrap(SECRET, purpose, wrapped)
