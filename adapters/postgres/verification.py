"""Verifies the whole log against its tree, every checkpoint ever signed, and checkpoints that others have kept.

Everything is read once, in the order of the feed and in one snapshot, so that writing may go on. The first error is
reported.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection, IsolationLevel

from adapters.postgres.datastore import Datastore, unavailable
from adapters.postgres.log_tree import KEPT
from adapters.proof.checkpoints import VerifierKey, checkpoint_in
from application.proof.checkpoints import Checkpoint, KeptCheckpoint, NoteRefused, origin_of
from application.proof.leaves import leaf_of
from application.proof.merkle import GrowingTree, Node
from application.proof.ports import LogAltered

ROWS_AT_A_TIME = 2_000
PROGRESS_EVERY = 1_000
STATEMENTS = {
    "events": "SELECT notification_id, originator_id, originator_version, topic, state FROM plantrail.stored_events"
    " ORDER BY notification_id",
    "leaves": "SELECT index, hash, position FROM plantrail.tree WHERE level = 0 ORDER BY index",
    "nodes": "SELECT level, index, hash FROM plantrail.tree WHERE level <> 0"
    " ORDER BY (index::numeric + 1) * 256::numeric ^ least(level, 8), level",
    "checkpoints": f"{KEPT} ORDER BY number",
}
"""The queries. Nodes come in the order in which they become complete."""
HOW_MANY = "SELECT count(*) FROM plantrail.stored_events"

Progress = Callable[[int, int], object]
Event = tuple[int, UUID, int, Any, Any]


class Verified(NamedTuple):
    """What was verified, and how many events are not signed yet."""

    covered: int
    not_covered: int
    plans: int
    checkpoints: int
    last: KeptCheckpoint | None
    """The last checkpoint; after a restore it may be of the previous log."""


def verify(
    datastore: Datastore,
    trusted: Sequence[VerifierKey],
    elsewhere: Sequence[str] = (),
    progress: Progress = lambda _done, _total: None,
) -> Verified:
    """Verify the log. `elsewhere` contains the notes of checkpoints that were kept outside the store.

    Raises `LogAltered`, `NoteRefused` if one of the notes is not a checkpoint of ours, and `StoreUnavailable`.
    """
    with unavailable(), datastore.connect() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            return examine(connection, trusted, elsewhere, progress)


def examine(
    connection: Connection[Any],
    trusted: Sequence[VerifierKey],
    elsewhere: Sequence[str] = (),
    progress: Progress = lambda _done, _total: None,
) -> Verified:
    """Verify the log as a transaction sees it. Raises `LogAltered`, `NoteRefused`."""
    brought = [checkpoint_in(note, trusted) for note in elsewhere]
    ((total,),) = connection.execute(HOW_MANY).fetchall()
    with ExitStack() as stack:
        events, leaves, nodes, checkpoints = (
            stack.enter_context(closing(rows(connection, name, statement))) for name, statement in STATEMENTS.items()
        )
        log, signed = Log(events), Signed(checkpoints, trusted, brought)
        compare(log, leaves, nodes, signed, lambda done: progress(done, total))
        covered, plans = log.tree.size, len(log.versions)
        signed.check_all_covered(log)
        while log.advance():
            log.add(log.leaf)
            signed.check_given_checkpoints(log.tree)
        signed.check_nothing_missing(log.tree.size)
    progress(total, total)
    return Verified(covered, log.tree.size - covered, plans, signed.number, signed.last)


def rows(connection: Connection[Any], name: str, statement: str) -> Generator[Any, None, None]:
    """Yield the rows of a query, with few in memory at a time."""
    with connection.cursor(f"verify {name}") as cursor:
        cursor.execute(statement, binary=True)
        while some := cursor.fetchmany(ROWS_AT_A_TIME):
            yield from some


def compare(
    log: "Log", leaves: Iterator[Any], nodes: Iterator[Any], signed: "Signed", progress: Callable[[int], object]
) -> None:
    """Compare every event with its leaf in the stored tree, and the tree with every checkpoint on the way."""
    signed.check_signed(log.tree, None)
    doubt: Mismatch | None = None
    for index, hash, position in leaves:
        if index != log.tree.size:
            raise LogAltered(f"In the tree, leaf {log.tree.size} is gone.")
        log.advance_to(position, hash)
        if log.leaf != hash and doubt is None:
            doubt = Mismatch(f"{log.described} is not as it was signed.", f"In the tree, leaf {index} was altered.")
        for node in log.add(log.leaf, in_doubt=doubt is not None):
            if next(nodes, None) != node and doubt is None:
                doubt = Mismatch(None, f"In the tree, hash {node.number} of level {node.level} was altered or is gone.")
        signed.check_signed(log.tree, doubt)
        if not index % PROGRESS_EVERY:
            progress(index)
    if doubt:
        raise LogAltered(doubt.told(False))
    for level, number, _ in nodes:
        raise LogAltered(f"In the tree there is a hash {number} of level {level}, where none belongs.")


class Mismatch(NamedTuple):
    """An event and the tree do not match. The next checkpoint decides which of the two was altered."""

    if_event: str | None
    if_tree: str

    def told(self, events_are_as_signed: bool) -> str:
        return self.if_tree if events_are_as_signed or self.if_event is None else self.if_event


class Log:
    """Reads the events one after the other and builds the tree that follows from them."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._event: Event | None = None
        self.leaf = b""
        self.tree = GrowingTree()
        self.versions: dict[UUID, int] = {}

    def advance(self) -> Event | None:
        """Go to the next event. Returns None at the end."""
        event = next(self._events, None)
        if event:
            self._event = event
            position, plan_id, version, topic, state = event
            # Neither is empty in a log that was not altered.
            missing = topic is None or state is None
            self.leaf = b"" if missing else leaf_of(position, plan_id, version, topic, state)
        return event

    def advance_to(self, position: int, hash: bytes) -> None:
        """Go to the next event, which should be at this position and have this leaf. Raises `LogAltered`."""
        before = self.position
        event = self.advance()
        if event is None:
            raise LogAltered(
                f"The log ends at position {before}: the event at position {position} and all after it are gone."
            )
        if event[0] != position and self.leaf == hash:
            raise LogAltered(f"In the tree, the position of leaf {self.tree.size} was altered: it is {event[0]}.")
        if event[0] < position:
            raise LogAltered(f"{self.described} was put in: no tree that was signed has it.")
        if event[0] > position:
            raise LogAltered(f"The event at position {position}, the next after {before}, is gone.")

    def add(self, leaf: bytes, in_doubt: bool = False) -> list[Node]:
        """Add a leaf. Raises `LogAltered` if the version is not the next one of its plan."""
        assert self._event
        _, plan_id, version, _, _ = self._event
        if version != self.versions.get(plan_id, 0) + 1 and not in_doubt:
            raise LogAltered(f"{self.described} does not follow version {self.versions.get(plan_id, 0)} of its plan.")
        self.versions[plan_id] = version
        return self.tree.add(leaf)

    @property
    def position(self) -> int:
        return self._event[0] if self._event else 0

    @property
    def described(self) -> str:
        assert self._event
        position, plan_id, version, _, _ = self._event
        return f"The event at position {position} (plan {plan_id}, version {version})"


class Signed:
    """The checkpoints one after the other: those in the store, and those that others have kept."""

    def __init__(
        self, checkpoints: Iterator[Any], trusted: Sequence[VerifierKey], brought: Sequence[Checkpoint]
    ) -> None:
        self._checkpoints = checkpoints
        self._trusted = trusted
        self._brought = deque(sorted(brought, key=attrgetter("size")))
        self._origins: set[str] = set()
        self._kept_of_brought: set[Checkpoint] = set()
        self._next: KeptCheckpoint | None = None
        self.number = 0
        self.last: KeptCheckpoint | None = None
        self._look_ahead()

    def check_signed(self, tree: GrowingTree, doubt: Mismatch | None) -> None:
        """Compare the tree with the checkpoints of its size. Raises `LogAltered`."""
        while self._next and self._next.size <= tree.size:
            kept, said = self._next, self._read(self._next)
            if kept.size < tree.size or said.root != tree.root:
                raise LogAltered(doubt.told(False) if doubt else self._rewritten(kept))
            if doubt:
                raise LogAltered(doubt.told(True))
            self._origins.add(said.origin)
            self._kept_of_brought |= {said} & set(self._brought)
            self.last = kept
            self._look_ahead()
        self.check_given_checkpoints(tree)

    def check_given_checkpoints(self, tree: GrowingTree) -> None:
        """Compare the tree with the checkpoints that others have kept. Raises `LogAltered`."""
        while self._brought and self._brought[0].size == tree.size:
            said = self._brought.popleft()
            if said.root != tree.root:
                raise LogAltered(
                    f"{described(said)} was signed for other events: among the first {said.size} events some were"
                    f" altered, put in or taken away, after {self._agreed()}."
                )
            if said.origin in self._origins and said not in self._kept_of_brought:
                raise LogAltered(f"{described(said)} is not among those that are kept.")

    def check_all_covered(self, log: Log) -> None:
        """Check, at the end of the tree, that no signed leaf is missing. Raises `LogAltered`."""
        if self._next:
            raise LogAltered(
                f"Checkpoint {self._next.number} covers {self._next.size} events, but the tree ends with"
                f" {log.tree.size} leaves, at position {log.position}."
            )
        if log.tree.size > (self.last.size if self.last else 0):
            raise LogAltered(
                f"The tree has {log.tree.size} leaves, but the last checkpoint covers"
                f" {self.last.size if self.last else 0}: a checkpoint is gone."
            )

    def check_nothing_missing(self, events: int) -> None:
        """Check, at the end of the log, that no checkpoint covers more events. Raises `LogAltered`."""
        if self._brought:
            raise LogAltered(
                f"{described(self._brought[-1])} covers {self._brought[-1].size} events, but there are {events}: the"
                " log was cut off, or an older copy was put in its place."
            )

    def _look_ahead(self) -> None:
        row = next(self._checkpoints, None)
        self._next = KeptCheckpoint(*row) if row else None
        if self._next is None:
            return
        if self._next.number != self.number + 1:
            raise LogAltered(f"Checkpoint {self.number + 1} is gone.")
        self.number += 1

    def _read(self, kept: KeptCheckpoint) -> Checkpoint:
        """Return the content of a checkpoint. Raises `LogAltered` unless a trusted key has signed exactly this
        content.
        """
        try:
            said = checkpoint_in(kept.note, self._trusted)
        except NoteRefused as error:
            raise LogAltered(
                f"Checkpoint {kept.number} is not as it was signed: {error} If another key of yours has signed it, name"
                " that with --key."
            ) from error
        keys = {str(key.named(said.origin)) for key in self._trusted}
        if (said.origin, said.size) != (origin_of(kept.log_id), kept.size) or kept.key not in keys:
            raise LogAltered(f"Checkpoint {kept.number} is not kept as it was signed.")
        return said

    def _rewritten(self, kept: KeptCheckpoint) -> str:
        return (
            f"Checkpoint {kept.number}, over {kept.size} events, was signed for others: events and tree were altered"
            f" together, after {self._agreed()}."
        )

    def _agreed(self) -> str:
        return f"the {self.last.size} events of checkpoint {self.last.number}" if self.last else "the very beginning"


def described(said: Checkpoint) -> str:
    return f"The checkpoint of {said.origin} over {said.size} events that was kept elsewhere"
