"""The tree over the log as its users need it, and the proofs it gives."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.proof.checkpoints import KeptCheckpoint, LogHead
from application.proof.merkle import TILE_WIDTH, leaf_hash


class NoSuchEvent(Exception):
    """There is no such event."""


class LogAltered(Exception):
    """What was altered after it was signed."""


class LogVerified(NamedTuple):
    """How many events are unaltered, and how many are not signed yet."""

    covered: int
    not_covered: int
    plans: int
    checkpoints: int


VerifyLog = Callable[[Callable[[int, int], object]], LogVerified]
"""Compares the whole log with its tree and every checkpoint. Its argument is called with the number of events done and
the number of all events. Raises `LogAltered`, `StoreUnavailable`."""


class NotCoveredYet(Exception):
    """This is not under a checkpoint yet: that takes half a minute at most. Ask again then."""


class NoCheckpointYet(NotCoveredYet):
    """This log has no checkpoint yet: that takes half a minute at most. Ask again then."""


class EventProof(NamedTuple):
    """Proves that an event is in the tree of a checkpoint: its canonical bytes, the index of its leaf, and the hashes
    up to the root."""

    entry: bytes
    leaf_index: int
    hashes: Sequence[bytes]
    checkpoint: KeptCheckpoint

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.entry)

    def __str__(self) -> str:
        """The proof in the form of C2SP tlog-proof."""
        hashes = "".join(f"{b64encode(hash).decode()}\n" for hash in self.hashes)
        return f"c2sp.org/tlog-proof@v1\nindex {self.leaf_index}\n{hashes}\n{self.checkpoint.note}"


class LogTree(Protocol):
    """The tree over the log of a store. Every method raises `StoreUnavailable`."""

    def latest(self) -> KeptCheckpoint:
        """Return the latest checkpoint. Raises `NoCheckpointYet`."""

    def checkpoints(self, most: int) -> list[KeptCheckpoint]:
        """Return the latest checkpoints of this log, the latest first."""

    def head_over(self, position: int) -> LogHead | None:
        """Return the first checkpoint that covers the event at a position, and so all events before it; None if there
        is none yet."""

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes | None:
        """Return the hashes of a tile, full or partial; None if the tree does not have that many."""

    def prove(self, plan_id: UUID, version: int, at: KeptCheckpoint | None = None) -> EventProof:
        """Prove that a checkpoint, by default the latest, covers an event. Raises `NoSuchEvent`, `NotCoveredYet`."""

    def prove_plan(self, plan_id: UUID, version: int, at: KeptCheckpoint) -> list[EventProof]:
        """Prove all events of a plan up to a version. Raises `NoSuchEvent`, `NotCoveredYet`."""

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Prove that the tree of one size is the beginning of the tree of another. Raises `NoSuchProof`."""


class KnownWitness(NamedTuple):
    """A party outside the store that receives every checkpoint, and how much it is known to have."""

    name: str
    """Where it is, without anything secret."""
    told_size: int | None
    """How many events the last checkpoint covers that it received; None if it has none yet."""
    told_at: datetime | None
    failing_since: datetime | None


class WitnessRecord(Protocol):
    """What is known of the witnesses. Every method raises `StoreUnavailable`."""

    def begin(self, names: Sequence[str]) -> None:
        """These are the witnesses from now on; each is about to be told."""

    def told(self, name: str, size: int) -> None: ...

    def failed(self, name: str) -> None: ...

    def all(self) -> list[KnownWitness]: ...


class SaltedWords(NamedTuple):
    """The text of a sealed part that was opened. Its commitment is the hash of the salt followed by the text."""

    version: int
    part: int
    """The index of the part in the event's list of sealed parts."""
    salt: bytes
    text: str
