"""Checkpoints: the size and root of the tree over the log, in the format of C2SP tlog-checkpoint.

Signatures are verified where the keys are, in `adapters.proof.checkpoints`.

The origin of a log, which is also the name of its key, is `plantrail/<log id>`. Another log has another name.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, Field

SIGNED_BY = "— "
"""The beginning of a signature line (C2SP signed-note)."""
BODY = re.compile(r"(\S[^\n]*)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")


class NoteRefused(Exception):
    """Why a note is not a checkpoint, or is not signed by a trusted key."""


def origin_of(log_id: UUID) -> str:
    return f"plantrail/{log_id}"


class Checkpoint(NamedTuple):
    """The contents of a checkpoint."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def claimed(note: str) -> Checkpoint:
    """Parse a checkpoint without verifying its signature. Raises `NoteRefused`."""
    match = BODY.fullmatch(note.rpartition("\n\n")[0] + "\n")
    root = decoded(match[3]) if match else b""
    if match is None or not root:
        raise NoteRefused("It is no checkpoint: that begins with three lines, an origin, a size and a root in base64.")
    return Checkpoint(match[1], int(match[2]), root)


class KeptCheckpoint(NamedTuple):
    """A signed checkpoint, with the time at which it was signed and the key that verifies it."""

    number: int
    log_id: UUID
    size: int
    note: str
    key: str
    sealed_at: datetime

    @property
    def said(self) -> Checkpoint:
        """The contents of the checkpoint. Raises `NoteRefused`."""
        return claimed(self.note)


class LogHead(BaseModel):
    """A signed checkpoint of the log. A reader who has it on paper can tell whether anything before it was altered
    since."""

    log: str = Field(description="The origin of the checkpoint.")
    size: int = Field(description="The number of events it covers.")
    root: str = Field(description="The root of the tree over them, in hexadecimal.")
    sealed_at: datetime

    @classmethod
    def of(cls, kept: KeptCheckpoint) -> Self:
        """Return the head of a checkpoint. Raises `NoteRefused`."""
        said = kept.said
        return cls(log=said.origin, size=said.size, root=said.root.hex(), sealed_at=kept.sealed_at)


def notes_in(text: str) -> Iterator[str]:
    """Yield the notes in a file that contains several."""
    note = ""
    lines = text.split("\n")
    for line, following in pairwise(lines):
        note += f"{line}\n"
        if line.startswith(SIGNED_BY) and not following.startswith(SIGNED_BY):
            yield note.lstrip("\n")
            note = ""
    if (note + lines[-1]).strip():
        yield note + lines[-1]


def decoded(text: str) -> bytes:
    """Decode base64. Returns no bytes for any encoding but the canonical one."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return b""
    return found if b64encode(found).decode() == text else b""
