"""Signatures of checkpoints in the format of C2SP signed-note: Ed25519 keys, and which of them are trusted."""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from application.proof.checkpoints import SIGNED_BY, Checkpoint, NoteRefused, claimed, decoded

ED25519 = b"\x01"
SIGNATURE = re.compile(SIGNED_BY + r"([^\s+]+) (\S+)")
VERIFIER_KEY = re.compile(r"([^\s+]+)\+[0-9a-f]{8}\+(\S+)")


@dataclass(frozen=True)
class VerifierKey:
    """A named public key, which is not secret."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    def named(self, name: str) -> "VerifierKey":
        """Return the same key under another name, for a log whose origin is that name."""
        return VerifierKey(name, self.public)

    @staticmethod
    def read(text: str) -> "VerifierKey":
        """Parse a verifier key. Raises `NoteRefused`."""
        match = VERIFIER_KEY.fullmatch(text.strip())
        encoded = decoded(match[2]) if match else b""
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
    """The private key with which the log signs its checkpoints."""

    def __init__(self, secret: bytes) -> None:
        """`secret` has 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    def verifier(self, name: str) -> VerifierKey:
        return VerifierKey(name, self._key.public_key().public_bytes_raw())

    def signed(self, name: str, text: str) -> str:
        """Return the note: the text with our signature below it."""
        signature = self.verifier(name).id + self._key.sign(text.encode())
        return f"{text}\n{SIGNED_BY}{name} {b64encode(signature).decode()}\n"


def opened(note: str, keys: Iterable[VerifierKey]) -> str:
    """Return the text of a note that one of these keys has signed. Other signatures are ignored. Raises
    `NoteRefused`.
    """
    text, separator, signatures = note.rpartition("\n\n")
    text += "\n"
    trusted = {(key.name, key.id): key for key in keys}
    verified = False
    for line in signatures.removesuffix("\n").split("\n"):
        match = SIGNATURE.fullmatch(line)
        signed = decoded(match[2]) if match else b""
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
    """Return the checkpoint in a note that one of these keys has signed under the name of the checkpoint's origin.

    Raises `NoteRefused`.
    """
    said = claimed(note)
    opened(note, [key.named(said.origin) for key in keys])
    return said
