"""Who calls: named by a key, or, in development on this machine alone, by themselves."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from application.access import Caller, CallerNotAllowed

PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@|-]{0,127}")
DEVELOPER = "developer"
SHORTEST_KEY = 16


class CallerUnknown(Exception):
    """Say who you are: send Authorization: Bearer with a key of this service."""


class CallersFileWrong(Exception):
    """What is wrong with the callers file, and in which line."""


class Callers(Protocol):
    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """Raises `CallerUnknown`, `CallerNotAllowed`."""


class Keys:
    """Callers from a file: a key and an actor a line, separated by blanks; `#` begins a comment."""

    def __init__(self, file: Path) -> None:
        """Raises `CallersFileWrong`."""
        try:
            self._actors = dict(_pairs(file.read_text("utf-8"), file))
        except (OSError, UnicodeDecodeError) as error:
            raise CallersFileWrong(f"{file} cannot be read: {error}.") from error

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        digest = _digest(key.strip())
        for known, actor in self._actors.items():
            if scheme.lower() == "bearer" and hmac.compare_digest(known, digest):
                return Caller(actor, "developer", plans=None)
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
    """On this machine alone, callers name themselves by `X-Actor`; who does not is the developer.

    A page in a browser on this machine could have its own name lead here: it is known by the name it calls.
    """

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        actor = headers.get("x-actor", DEVELOPER)
        if not is_this_machine(headers.get("host", "")):
            raise CallerNotAllowed("Without keys only this machine is served, by its own name: call it localhost.")
        if not PERSON.fullmatch(actor):
            raise CallerUnknown("X-Actor must be an id of one of our people: letters, digits and . _ : @ | - only.")
        return Caller(actor, "developer", plans=None, personal_data=True, on_behalf_of=stood_in_for(headers))


def stood_in_for(headers: Mapping[str, str]) -> str | None:
    """Whom the caller says to act for.  Raises `CallerNotAllowed` where that is no id of a person."""
    named = headers.get("x-on-behalf-of")
    if named is not None and not PERSON.fullmatch(named):
        raise CallerNotAllowed("X-On-Behalf-Of must be an id of one of our people.")
    return named


def is_this_machine(host: str) -> bool:
    """Whether a `Host` header, or a host to serve on, is no other machine's name."""
    name = re.sub(r":[0-9]*$", "", host) if host.startswith("[") or host.count(":") == 1 else host
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return name.lower() == "localhost"
