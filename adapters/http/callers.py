"""Who calls: named by a key, or, in development on this machine alone, by themselves."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}")
DEVELOPER = "developer"


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
        self._actors = {
            hashlib.sha256(key.encode()).digest(): actor for key, actor in _pairs(file.read_text("utf-8"), file)
        }

    def identify(self, headers: Mapping[str, str]) -> Caller:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(key.strip().encode()).digest()
        for known, actor in self._actors.items():
            if scheme.lower() == "bearer" and hmac.compare_digest(known, digest):
                return Caller(actor)
        raise CallerUnknown(CallerUnknown.__doc__)


def _pairs(text: str, file: Path) -> list[tuple[str, str]]:
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or len(words[0]) < 16 or not PERSON.fullmatch(words[1]):
            raise CallersFileWrong(
                f"{file}, line {number}: expected a key of at least 16 signs and an actor, separated by a blank."
            )
        pairs.append((words[0], words[1]))
    if not pairs:
        raise CallersFileWrong(f"{file} names no caller: nobody could use the service.")
    return pairs


class Development:
    """On this machine alone, callers name themselves by `X-Actor`; who does not is the developer."""

    def identify(self, headers: Mapping[str, str]) -> Caller:
        actor = headers.get("x-actor", DEVELOPER)
        if not PERSON.fullmatch(actor):
            raise CallerUnknown("X-Actor must be an id of one of our people: letters, digits and . _ : @ | - only.")
        return Caller(actor)
