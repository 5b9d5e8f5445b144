"""What is asked of whoever keeps the tree over the log, and what it proves."""

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from application.proof.checkpoints import KeptCheckpoint, LogHead
from application.proof.merkle import TILE_WIDTH, leaf_hash


class NoSuchEvent(Exception):
    """There is no such event."""


class NotCoveredYet(Exception):
    """This is not under a checkpoint yet: that takes half a minute at most.  Ask again then."""


class NoCheckpointYet(NotCoveredYet):
    """This log has no checkpoint yet: that takes half a minute at most.  Ask again then."""


class EventProof(NamedTuple):
    """That an event is in the tree of a checkpoint: its canonical bytes, the index of its leaf, and the way to the
    root."""

    entry: bytes
    leaf_index: int
    hashes: Sequence[bytes]
    checkpoint: KeptCheckpoint

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.entry)

    def __str__(self) -> str:
        """In the form of C2SP tlog-proof."""
        hashes = "".join(f"{b64encode(hash).decode()}\n" for hash in self.hashes)
        return f"c2sp.org/tlog-proof@v1\nindex {self.leaf_index}\n{hashes}\n{self.checkpoint.note}"


class LogTree(Protocol):
    """The tree over the log of a store.  Every method raises `StoreUnavailable`."""

    def latest(self) -> KeptCheckpoint:
        """Raises `NoCheckpointYet`."""

    def head_over(self, position: int) -> LogHead | None:
        """The first checkpoint that covers the event at a position, and so all before it; None while there is none."""

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes | None:
        """The hashes of a tile, full or not; None where there are not so many."""

    def prove(self, plan_id: UUID, version: int, at: KeptCheckpoint | None = None) -> EventProof:
        """Under a checkpoint, else under the latest.  Raises `NoSuchEvent`, `NotCoveredYet`."""

    def prove_plan(self, plan_id: UUID, version: int, at: KeptCheckpoint) -> list[EventProof]:
        """All events of a plan up to a version.  Raises `NoSuchEvent`, `NotCoveredYet`."""

    def consistency(self, old: int, new: int) -> list[bytes]:
        """That the tree of one size begins with that of another.  Raises `NoSuchProof`."""


class SaltedWords(NamedTuple):
    """Words of a sealed part of an event that were opened: its commitment is the hash of salt and text, one after the
    other."""

    version: int
    part: int
    """Its index in the event's list of sealed parts."""
    salt: bytes
    text: str
