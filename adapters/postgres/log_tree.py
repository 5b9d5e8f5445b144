"""The stored Merkle tree over the log, and the proofs made from it."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.postgres.datastore import Datastore
from application.proof.checkpoints import KeptCheckpoint, LogHead
from application.proof.leaves import entry_of
from application.proof.merkle import TILE_WIDTH, Hashes, NoSuchProof, consistency_proof, inclusion_proof
from application.proof.ports import EventProof, NoCheckpointYet, NoSuchEvent, NotCoveredYet

HASHES = "SELECT hash FROM plantrail.tree WHERE level = %s AND index >= %s AND index < %s ORDER BY index"
EVENT = (
    "SELECT notification_id, topic, state, (SELECT index FROM plantrail.tree WHERE position = notification_id)"
    " FROM plantrail.stored_events WHERE originator_id = %s AND originator_version = %s"
)
KEPT = "SELECT number, log_id, size, note, key, sealed_at FROM plantrail.checkpoints"
LATEST = f"{KEPT} WHERE log_id = (SELECT id FROM plantrail.log) ORDER BY size DESC LIMIT 1"
LAST = f"{KEPT} WHERE log_id = (SELECT id FROM plantrail.log) ORDER BY size DESC LIMIT %s"
OF_SIZE = f"{KEPT} WHERE size = %s ORDER BY number LIMIT 1"
FIRST_OVER = f"{KEPT} WHERE size > (SELECT index FROM plantrail.tree WHERE position = %s) ORDER BY size, number LIMIT 1"


class PostgresLogTree:
    """The tree (`application.proof.ports.LogTree`). What is stored of it never changes, so it may be read in several
    steps."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def latest(self) -> KeptCheckpoint:
        with self._datastore.connection() as connection:
            return latest(connection)

    def checkpoints(self, most: int) -> list[KeptCheckpoint]:
        with self._datastore.connection() as connection:
            return [KeptCheckpoint(*row) for row in connection.execute(LAST, (most,))]

    def first_over(self, position: int) -> KeptCheckpoint | None:
        """Return the first checkpoint that covers the event at a position, and so all events before it."""
        with self._datastore.connection() as connection:
            row = connection.execute(FIRST_OVER, (position,), prepare=True).fetchone()
        return KeptCheckpoint(*row) if row else None

    def head_over(self, position: int) -> LogHead | None:
        kept = self.first_over(position)
        return LogHead.of(kept) if kept else None

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes | None:
        begin = number * TILE_WIDTH
        with self._datastore.connection() as connection, suppress(NoSuchProof):
            return b"".join(reading(connection)(level, begin, begin + width))
        return None

    def prove(self, plan_id: UUID, version: int, at: KeptCheckpoint | None = None) -> EventProof:
        with self._datastore.connection() as connection:
            return prove(connection, plan_id, version, at or latest(connection), reading(connection))

    def prove_plan(self, plan_id: UUID, version: int, at: KeptCheckpoint) -> list[EventProof]:
        with self._datastore.connection() as connection:
            hashes = reading(connection)
            return [prove(connection, plan_id, each, at, hashes) for each in range(1, version + 1)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        with self._datastore.connection() as connection:
            return consistency_proof(old, new, reading(connection))


def latest(connection: Connection[Any]) -> KeptCheckpoint:
    """Return the latest checkpoint of this log. Raises `NoCheckpointYet`."""
    row = connection.execute(LATEST, prepare=True).fetchone()
    if row is None:
        raise NoCheckpointYet(NoCheckpointYet.__doc__)
    return KeptCheckpoint(*row)


def prove(connection: Connection[Any], plan_id: UUID, version: int, at: KeptCheckpoint, hashes: Hashes) -> EventProof:
    """Prove that an event is covered by a checkpoint. Raises `NoSuchEvent`, `NotCoveredYet`."""
    row = connection.execute(EVENT, (plan_id, version), prepare=True).fetchone()
    if row is None:
        raise NoSuchEvent(NoSuchEvent.__doc__)
    position, topic, state, index = row
    if index is None or index >= at.size:
        raise NotCoveredYet(NotCoveredYet.__doc__)
    entry = entry_of(position, plan_id, version, topic, state)
    return EventProof(entry, index, inclusion_proof(index, at.size, hashes), at)


def reading(connection: Connection[Any]) -> Hashes:
    """Return a function that reads hashes of the tree, each tile once. It raises `NoSuchProof` for hashes that do not
    exist."""

    @cache
    def tile(level: int, number: int) -> list[bytes]:
        begin = number * TILE_WIDTH
        rows = connection.execute(HASHES, (level, begin, begin + TILE_WIDTH), prepare=True, binary=True)
        return [hash for (hash,) in rows]

    def hashes(level: int, begin: int, end: int) -> Sequence[bytes]:
        number, offset = divmod(begin, TILE_WIDTH)
        found = tile(level, number)[offset : offset + end - begin]
        if len(found) < end - begin:
            raise NoSuchProof(f"The tree has no hash {end - 1} in level {level}.")
        return found

    return hashes
