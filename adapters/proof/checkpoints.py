"""Checkpoints: the size and root of the tree over the log, signed, as C2SP's tlog-checkpoint and signed-note define
them.

The origin of a log, which is the name of its key as well, is `plantrail/<log id>`: another log, another name.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
SIGNED_BY = "— "
SIGNATURE = re.compile(SIGNED_BY + r"([^\s+]+) (\S+)")
BODY = re.compile(r"(\S[^\n]*)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
VERIFIER_KEY = re.compile(r"([^\s+]+)\+[0-9a-f]{8}\+(\S+)")


class NoteRefused(Exception):
    """Why a note is no checkpoint, or nobody's who is trusted."""


def origin_of(log_id: UUID) -> str:
    return f"plantrail/{log_id}"


class Checkpoint(NamedTuple):
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class VerifierKey:
    """A public key under a name, as anybody may have it."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    def named(self, name: str) -> "VerifierKey":
        """The same key under another name: what the log signs whose origin that is."""
        return VerifierKey(name, self.public)

    @staticmethod
    def read(text: str) -> "VerifierKey":
        """Raises `NoteRefused`."""
        match = VERIFIER_KEY.fullmatch(text.strip())
        encoded = _decoded(match[2]) if match else b""
        key = VerifierKey(match[1], encoded[1:]) if match else None
        if key is None or len(encoded) != 33 or encoded[:1] != ED25519 or str(key) != text.strip():
            raise NoteRefused("A verifier key reads NAME+ID+KEY, as GET /v1/log/key answers it: an Ed25519 key.")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class LogKey:
    """The private key the log signs its checkpoints with."""

    def __init__(self, secret: bytes) -> None:
        """`secret` are 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    def verifier(self, name: str) -> VerifierKey:
        return VerifierKey(name, self._key.public_key().public_bytes_raw())

    def signed(self, name: str, text: str) -> str:
        """The note: the text, and our signature below it."""
        signature = self.verifier(name).id + self._key.sign(text.encode())
        return f"{text}\n{SIGNED_BY}{name} {b64encode(signature).decode()}\n"


def opened(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that one of these keys has signed; signatures of others are let be.  Raises `NoteRefused`."""
    text, separator, signatures = note.rpartition("\n\n")
    text += "\n"
    trusted = {(key.name, key.id): key for key in keys}
    verified = False
    for line in signatures.removesuffix("\n").split("\n"):
        match = SIGNATURE.fullmatch(line)
        signed = _decoded(match[2]) if match else b""
        if not separator or match is None or len(signed) <= 4:
            raise NoteRefused("It is no signed note: below its last empty line there are to be signatures only.")
        key = trusted.get((match[1], signed[:4]))
        if key and not key.verifies(text, signed[4:]):
            raise NoteRefused(f"The signature of {key} on it is wrong.")
        verified |= key is not None
    if not verified:
        names = ", ".join(sorted({name for name, _ in trusted})) or "anybody"
        raise NoteRefused(f"It is not signed by a key that is trusted for {names}.")
    return text


def checkpoint_in(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """What a checkpoint says that one of these keys signed, under the name of its origin.  Raises `NoteRefused`."""
    said = claimed(note)
    opened(note, [key.named(said.origin) for key in keys])
    return said


def claimed(note: str) -> Checkpoint:
    """What a checkpoint says, whoever signed it.  Raises `NoteRefused`."""
    match = BODY.fullmatch(note.rpartition("\n\n")[0] + "\n")
    root = _decoded(match[3]) if match else b""
    if match is None or not root:
        raise NoteRefused("It is no checkpoint: that begins with three lines, an origin, a size and a root in base64.")
    return Checkpoint(match[1], int(match[2]), root)


def notes_in(text: str) -> Iterator[str]:
    """The notes of a file in which they stand one after the other."""
    note = ""
    lines = text.split("\n")
    for line, following in pairwise(lines):
        note += f"{line}\n"
        if line.startswith(SIGNED_BY) and not following.startswith(SIGNED_BY):
            yield note.lstrip("\n")
            note = ""
    if (note + lines[-1]).strip():
        yield note + lines[-1]


def _decoded(text: str) -> bytes:
    """Of the one base64 there is of some bytes; nothing of any other."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        return b""
    return decoded if b64encode(decoded).decode() == text else b""
