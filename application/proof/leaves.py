"""The leaves of the tree over the log. A leaf covers everything that is stored of an event, so that nothing can be
altered unnoticed."""

from struct import Struct
from uuid import UUID

from application.proof.merkle import leaf_hash

BEFORE_TOPIC = Struct(">I q I 16s I q I")
LENGTH = Struct(">I")


def entry_of(position: int, plan_id: UUID, version: int, topic: str, state: bytes) -> bytes:
    """Return the canonical bytes of a stored event: five fields, each after its length as a 32-bit big-endian number.

    Position and version are 64-bit big-endian numbers; the plan's id is its 16 bytes; the topic is UTF-8; the state is
    as stored, sealed parts included.
    """
    name = topic.encode()
    before = BEFORE_TOPIC.pack(8, position, 16, plan_id.bytes, 8, version, len(name))
    return b"".join((before, name, LENGTH.pack(len(state)), state))


def leaf_of(position: int, plan_id: UUID, version: int, topic: str, state: bytes) -> bytes:
    """Return the hash of the leaf."""
    return leaf_hash(entry_of(position, plan_id, version, topic, state))
