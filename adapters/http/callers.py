"""Who calls: named by a key, or, in development on this machine alone, by themselves."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}")
DEVELOPER = "developer"
SHORTEST_KEY = 16


class CallerUnknown(Exception):
    """Say who you are: send Authorization: Bearer with a key of this service."""


class CallerNotAllowed(Exception):
    """You may not do this."""


class CallersFileWrong(Exception):
    """What is wrong with the callers file, and in which line."""


@dataclass(frozen=True)
class Caller:
    """Somebody who was recognised: the actor of the events that follow."""

    actor: str
    on_behalf_of: str | None = None


class Callers(Protocol):
    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Raises `CallerUnknown`, `CallerNotAllowed`."""


class Keys:
    """Callers from a file: a key and an actor a line, separated by blanks; `#` begins a comment."""

    def __init__(self, file: Path) -> None:
        """Raises `CallersFileWrong`."""
        try:
            self._actors = dict(_pairs(file.read_text("utf-8"), file))
        except (OSError, UnicodeDecodeError) as error:
            raise CallersFileWrong(f"{file} cannot be read: {error}.") from error

    def identify(self, headers: Mapping[str, str]) -> Caller:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        digest = _digest(key.strip())
        for known, actor in self._actors.items():
            if scheme.lower() == "bearer" and hmac.compare_digest(known, digest):
                return Caller(actor)
        raise CallerUnknown(CallerUnknown.__doc__)


def _pairs(text: str, file: Path) -> Iterator[tuple[bytes, str]]:
    """Digests of keys, and whose they are."""
    known: dict[bytes, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or len(words[0]) < SHORTEST_KEY or not PERSON.fullmatch(words[1]):
            raise CallersFileWrong(
                f"{file}, line {number}: expected a key of at least {SHORTEST_KEY} signs and an actor, separated by a"
                " blank."
            )
        digest = _digest(words[0])
        if digest in known:
            raise CallersFileWrong(f"{file}, line {number}: the key of line {known[digest]} again; give each its own.")
        known[digest] = number
        yield digest, words[1]
    if not known:
        raise CallersFileWrong(f"{file} names no caller: nobody could use the service.")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class Development:
    """On this machine alone, callers name themselves by `X-Actor`; who does not is the developer."""

    def identify(self, headers: Mapping[str, str]) -> Caller:
        actor = headers.get("x-actor", DEVELOPER)
        if not PERSON.fullmatch(actor):
            raise CallerUnknown("X-Actor must be an id of one of our people: letters, digits and . _ : @ | - only.")
        return Caller(actor)
