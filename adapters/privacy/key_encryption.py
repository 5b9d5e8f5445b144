"""Key-encryption keys, which encrypt ("wrap") the secrets in the store.

There is one for each generation. Once no secret in the store is wrapped with an old generation, destroying that key
makes every remaining copy unreadable, in backups and write-ahead logs too.
"""

import base64
import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
SIZE = 32
FILE = "key-encryption-key"
NUMBERED_FILE = re.compile(rf"{FILE}(?:-([1-9][0-9]{{0,8}}))?")
GENERATION = re.compile(r"[1-9][0-9]{0,8}")
SECONDS_KNOWN = 1.0


class WrongKeyEncryptionKey(Exception):
    """What is in this store was wrapped with another key-encryption key than those configured.

    Set PLANTRAIL_KEY_ENCRYPTION_KEY to that key, or put its file back into PLANTRAIL_HOME.
    """


class KeyFault(Exception):
    """What is wrong with the key-encryption keys, and what to do about it."""


@dataclass(frozen=True)
class KeyEncryptionKey:
    """A 256-bit key of one generation."""

    generation: int
    secret: bytes

    def wrap(self, kind: str, name: str, secret: bytes) -> bytes:
        """Encrypt a secret. It can be decrypted only as this kind of secret under this name."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, self._label(kind, name))

    def unwrap(self, kind: str, name: str, wrapped: bytes) -> bytes:
        """Decrypt what `wrap` returned. Raises `WrongKeyEncryptionKey`."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], self._label(kind, name))
        except InvalidTag as error:
            raise WrongKeyEncryptionKey(f"{WrongKeyEncryptionKey.__doc__} (generation {self.generation})") from error

    @cached_property
    def _cipher(self) -> AESGCM:
        """The cipher is made once, because that takes longer than decrypting a key."""
        return AESGCM(self.secret)

    def _label(self, kind: str, name: str) -> bytes:
        return f"plantrail {kind} {self.generation} {name}".encode()


class KeyEncryptionKeys(ABC):
    """The keys of all generations that this process may use.

    They are looked up again every second, so that a running process picks up new keys and drops destroyed ones.
    """

    def __init__(self) -> None:
        self._known: Mapping[int, KeyEncryptionKey] = {}
        self._looked_at = -SECONDS_KNOWN

    def all(self) -> Mapping[int, KeyEncryptionKey]:
        if monotonic() - self._looked_at >= SECONDS_KNOWN:
            self.look_again()
        return self._known

    def of(self, generation: int) -> KeyEncryptionKey:
        """Return the key of a generation. Raises `WrongKeyEncryptionKey`."""
        if generation not in self.all():
            self.look_again()
        if generation not in self._known:
            raise WrongKeyEncryptionKey(f"{WrongKeyEncryptionKey.__doc__} (generation {generation} is missing)")
        return self._known[generation]

    def newest(self) -> int:
        return max(self.all())

    def look_again(self) -> None:
        """Look up all keys again. Raises `KeyFault`."""
        found = self._find()
        self._known = {generation: KeyEncryptionKey(generation, secret) for generation, secret in found.items()}
        self._looked_at = monotonic()

    @abstractmethod
    def _find(self) -> Mapping[int, bytes]:
        """Return the existing keys by generation. Raises `KeyFault`."""

    @abstractmethod
    def make(self, generation: int) -> None:
        """Make sure that there is a key of this generation. Raises `KeyFault` if the operator has to create it."""

    @abstractmethod
    def destroy(self, generation: int) -> None:
        """Make sure that there is no key of this generation. Raises `KeyFault` if the operator has to destroy it."""


class GivenKeys(KeyEncryptionKeys):
    """Keys from the environment. The operator creates and destroys them."""

    def __init__(self, given: Mapping[int, bytes], variable: str = "PLANTRAIL_KEY_ENCRYPTION_KEY") -> None:
        super().__init__()
        self._given = given
        self._variable = variable

    @classmethod
    def read(cls, text: str, variable: str) -> "GivenKeys":
        """Parse one key, or several with their generations: `2:… 1:…`. Raises `KeyFault`."""
        pairs = [each.rpartition(":") for each in text.split()]
        given = {int(n or 1): decoded(key, variable) for n, _, key in pairs if GENERATION.fullmatch(n or "1")}
        if len(given) < len(pairs) or not given:
            raise KeyFault(f"{variable} must hold one key for each generation, such as “2:… 1:…”.")
        return cls(given, variable)

    def _find(self) -> Mapping[int, bytes]:
        return self._given

    def make(self, generation: int) -> None:
        if generation not in self._given:
            raise KeyFault(
                f"Add a key of generation {generation} to {self._variable} of every process, before the others and"
                f" separated by a blank, as `{generation}:` and what `openssl rand -base64 32` makes; start them anew,"
                " then try again."
            )

    def destroy(self, generation: int) -> None:
        if generation in self._given:
            raise KeyFault(
                f"Generation {generation} is given by {self._variable}: take it out of there, destroy every copy of it"
                " (secret store, deployment, backups of both), start every process anew, then try again."
            )


class KeyFiles(KeyEncryptionKeys):
    """Keys in files of a folder, one for each generation. The first is created on first use."""

    def __init__(self, folder: Path) -> None:
        """Create the first key if the folder has none. Raises `KeyFault`."""
        super().__init__()
        self._folder = folder
        if not self.all():
            self.make(1)
            self.look_again()

    def file(self, generation: int) -> Path:
        return self._folder / (FILE if generation == 1 else f"{FILE}-{generation}")

    def _find(self) -> Mapping[int, bytes]:
        found: dict[int, bytes] = {}
        try:
            for file in self._folder.iterdir() if self._folder.exists() else ():
                if numbered := NUMBERED_FILE.fullmatch(file.name):
                    with suppress(FileNotFoundError):  # It was destroyed after the folder was listed.
                        found[int(numbered[1] or 1)] = decoded(file.read_text("ascii", "replace"), str(file))
        except OSError as error:
            raise KeyFault(f"The key-encryption keys in {self._folder} cannot be read: {error}. Mend that.") from error
        return found

    def make(self, generation: int) -> None:
        read_or_make(self.file(generation), "PLANTRAIL_KEY_ENCRYPTION_KEY")
        self.look_again()

    def destroy(self, generation: int) -> None:
        """Overwrite the file, then remove it. On a copy-on-write disk the old bytes may survive for a while."""
        file = self.file(generation)
        going = file.with_name(f"{file.name}.destroyed")
        try:
            with suppress(FileNotFoundError):
                file.rename(going)
            if going.exists():
                with going.open("r+b") as stream:
                    stream.write(secrets.token_bytes(going.stat().st_size))
                    stream.flush()
                    os.fsync(stream.fileno())
                going.unlink()
            _sync_folder(self._folder)
        except OSError as error:
            raise KeyFault(f"{file} cannot be destroyed: {error}. Mend that, then try again.") from error
        self.look_again()


def read_or_make(file: Path, variable: str) -> bytes:
    """Return the secret in a file, creating it on first use. `variable` is the setting to suggest if that fails.

    Raises `KeyFault`.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create_once(file, base64.b64encode(secrets.token_bytes(SIZE)))
        return decoded(file.read_text("ascii", "replace"), str(file))
    except OSError as error:
        raise KeyFault(
            f"The {file.name.replace('-', ' ')} cannot be kept in {file}: {error}. Make the folder writable, set"
            f" PLANTRAIL_HOME to another one, or set {variable}."
        ) from error


def _create_once(file: Path, content: bytes) -> None:
    """Create the file atomically: if several processes start at once, one creates it and all read the same content."""
    if file.exists():
        return
    made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(made, file)
        _sync_folder(file.parent)
    except FileExistsError:
        return
    finally:
        made.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def decoded(text: str, where: str) -> bytes:
    """Return the 32 bytes in a base64 text. `where` names the source in errors. Raises `KeyFault`."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != SIZE:
        raise KeyFault(f"{where} must hold {SIZE} bytes in base64, as `openssl rand -base64 32` makes them.")
    return secret
