"""The notary, which periodically signs a checkpoint of the Merkle tree over the log, so that it covers new events.

Each step is one transaction, and nothing that is stored is ever changed. One notary works at a time.
"""

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from psycopg import Connection

from adapters.observability.outages import Outages, Work
from adapters.postgres import clock
from adapters.postgres.datastore import Datastore
from adapters.postgres.log_tree import KEPT, reading
from adapters.proof.checkpoints import LogKey
from application.proof.checkpoints import Checkpoint, KeptCheckpoint, NoteRefused, origin_of
from application.proof.leaves import leaf_of
from application.proof.merkle import GrowingTree, NoSuchProof, edge_of

SECONDS_UNTIL_SEALED = 30.0
"""The longest time in seconds that an event waits for its checkpoint."""
MANY = 256
"""The number of waiting events at which a checkpoint is made at once."""
POLL = 1.0
STEP = 16_384
"""The number of events that one checkpoint adds at most."""
LOCK = 7016996765293437283

LAST_LEAF = "SELECT index + 1, position FROM plantrail.tree WHERE level = 0 ORDER BY index DESC LIMIT 1"
WAITING = (
    "SELECT count(*) FROM (SELECT FROM plantrail.stored_events"
    " WHERE notification_id > coalesce((SELECT max(position) FROM plantrail.tree), 0) LIMIT %s) AS waiting"
)
LOG_ID = "SELECT id FROM plantrail.log"
LAST = f"{KEPT} ORDER BY number DESC LIMIT 1"
EVENTS = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM plantrail.stored_events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
GROW = "COPY plantrail.tree (level, index, hash, position) FROM STDIN (FORMAT BINARY)"
SIGN = "INSERT INTO plantrail.checkpoints (number, log_id, size, note, key, sealed_at) VALUES (%s, %s, %s, %s, %s, %s)"

logger = structlog.get_logger("plantrail.notary")


class TreeDamaged(Exception):
    """The stored tree is not the one for which the last checkpoint was signed, so no further checkpoint is signed.

    `plantrail verify` says what is wrong with it.
    """


class Notary:
    """Signs checkpoints of one store. `made` is called with each checkpoint made here."""

    def __init__(
        self,
        datastore: Datastore,
        key: LogKey,
        now: Callable[[], datetime],
        made: Callable[[KeptCheckpoint], object] = lambda _: None,
    ) -> None:
        self._datastore = datastore
        self._key = key
        self._now = now
        self._made = made

    def seal(self) -> KeptCheckpoint:
        """Cover everything that is recorded by a checkpoint. Returns the last checkpoint of this log, new or old.

        Raises `StoreUnavailable`, `TreeDamaged`.
        """
        while True:
            with self._datastore.connection() as connection, connection.transaction():
                before = _alone(connection)
                found = self._sealed(connection, before)
            if found is before is not None:
                return found
            self._made(found)
            logger.info("checkpoint", events=found.size)

    def _sealed(self, connection: Connection[Any], before: KeptCheckpoint | None) -> KeptCheckpoint:
        """Make the next checkpoint, or return the last one if there is nothing to sign. Raises `ClockAhead`."""
        (log_id,) = one(connection, LOG_ID)
        size, position = one(connection, LAST_LEAF, (0, 0))
        tree = tree_of(connection, size)
        if before and not was_signed(tree, before):
            raise TreeDamaged(TreeDamaged.__doc__)
        rows = connection.execute(EVENTS, (position, STEP), binary=True).fetchall()
        if before and before.log_id == log_id and not rows:
            return before
        clock.check(connection)
        with connection.cursor() as cursor, cursor.copy(GROW) as copy:
            copy.set_types(["int2", "int8", "bytea", "int8"])
            for index, row in enumerate(rows, size):
                leaf = leaf_of(*row)
                copy.write_row((0, index, leaf, row[0]))
                for node in tree.add(leaf):
                    copy.write_row((*node, None))
        return self._signed(connection, log_id, before.number + 1 if before else 1, tree)

    def _signed(self, connection: Connection[Any], log_id: UUID, number: int, tree: GrowingTree) -> KeptCheckpoint:
        origin = origin_of(log_id)
        note = self._key.signed(origin, Checkpoint(origin, tree.size, tree.root).text)
        made = KeptCheckpoint(number, log_id, tree.size, note, str(self._key.verifier(origin)), self._now())
        connection.execute(SIGN, made)
        return made

    def waiting(self) -> int:
        """Return how many events no checkpoint covers, counting up to `MANY`."""
        with self._datastore.connection() as connection:
            (waiting,) = one(connection, WAITING, parameters=(MANY,))
        return int(waiting)


def _alone(connection: Connection[Any]) -> KeptCheckpoint | None:
    """Lock out other notaries until the end of the transaction. Returns the last checkpoint, also if it is of an
    earlier log."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    row = connection.execute(LAST).fetchone()
    return KeptCheckpoint(*row) if row else None


def tree_of(connection: Connection[Any], size: int) -> GrowingTree:
    """Return the stored tree, ready to be extended. Raises `TreeDamaged`."""
    try:
        return GrowingTree(edge_of(size, reading(connection)))
    except NoSuchProof as error:
        raise TreeDamaged(TreeDamaged.__doc__) from error


def was_signed(tree: GrowingTree, kept: KeptCheckpoint) -> bool:
    try:
        return (tree.size, tree.root) == kept.said[1:]
    except NoteRefused:
        return False


def one(connection: Connection[Any], statement: str, otherwise: Any = None, parameters: Any = ()) -> Any:
    return connection.execute(statement, parameters).fetchone() or otherwise


class Watch:
    """Runs a notary in a thread: every half minute, or as soon as many events wait."""

    def __init__(
        self,
        notary: Notary,
        patience: float = SECONDS_UNTIL_SEALED,
        poll: float = POLL,
        failed: Callable[[], object] = lambda: None,
        outages: Outages | None = None,
    ) -> None:
        """`failed` is called each time a checkpoint could not be made."""
        self._notary = notary
        self._fares = Work(
            outages,
            "no checkpoint can be made",
            "checkpoints are made again",
            "what is recorded from here on can be altered unseen until one is",
        )
        self._failed = failed
        self._patience = patience
        self._poll = poll
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="notary", daemon=True)
        self._sealed_at = monotonic()

    @property
    def error(self) -> str | None:
        """The reason why no checkpoint can be made at the moment; None if there is none."""
        return self._fares.cause

    def why_unsealed(self) -> str | None:
        """Return the sentence that says why new events are not covered by a checkpoint; None if they are."""
        cause = self._fares.own_cause
        return cause and f"No checkpoint can be made: {cause.rstrip('.')}."

    def seconds_behind(self) -> float:
        """Return the seconds since everything recorded was last known to be covered. While the notary works, this is
        half a minute at most, even if there is nothing to sign."""
        return monotonic() - self._sealed_at

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop. Before that, cover what is recorded if the store allows it within a second."""
        self._stopping.set()
        self._thread.join(timeout=1)

    def _work(self) -> None:
        sealed_at = -self._patience
        ending = False
        while not ending:
            ending = self._stopping.wait(self._poll)
            try:
                if ending or monotonic() - sealed_at >= self._patience or self._notary.waiting() >= MANY:
                    self._notary.seal()
                    sealed_at = self._sealed_at = monotonic()
                self._fares.done()
            except Exception as error:  # noqa: BLE001 - the error is logged and the work is tried again.
                self._failed()
                self._fares.failed(error)
