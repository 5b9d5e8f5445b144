"""Identification of callers: by a key or a token, or in development, on this machine alone, by a name they choose."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Protocol

from adapters.access.api_keys import MARK, ApiKeyCache
from application.aggregates.access import Caller, CallerNotAllowed
from domain.language import person_id

DEVELOPER = "developer"
PASSED_ON = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"}
"""Headers in which a proxy names the client. A request with one of them does not come from this machine."""


class CallerUnknown(Exception):
    """Say who you are: send Authorization: Bearer with a key of this service."""


class Callers(Protocol):
    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller who sends these headers. Raises `CallerUnknown`, `CallerNotAllowed`."""


class Tokens(Protocol):
    """Finds the caller of a token that an identity provider has issued."""

    async def caller(self, token: str) -> Caller:
        """Return the caller of a token. Raises `CallerUnknown`."""


class Bearers:
    """Identifies callers by their `Authorization` header: one of our API keys, or a token of the trusted issuer."""

    def __init__(self, keys: ApiKeyCache, tokens: Tokens | None = None) -> None:
        self._keys = keys
        self._tokens = tokens

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise CallerUnknown(CallerUnknown.__doc__)
        caller = await self._caller(token.strip())
        return caller.acting_for(principal_of(headers))

    async def _caller(self, token: str) -> Caller:
        if self._tokens and not token.startswith(MARK):
            return self._keys.as_meant(await self._tokens.caller(token))
        caller = self._keys.caller(token)
        if caller is None:
            raise CallerUnknown("This is no key of this service, or it has expired or was revoked.")
        return caller


class Development:
    """Identifies callers on this machine by the name in `X-Actor`; without one, as `developer`. Once a key was created,
    by any process, it identifies nobody.

    A page of another site, open in a browser here, could let its own domain resolve to this machine. Its `Host` header
    gives it away.
    """

    def __init__(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """`is_over` returns whether callers need keys by now."""
        self.is_over = is_over

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        if not is_this_machine(headers.get("host", "")) or not PASSED_ON.isdisjoint(headers.keys()):
            raise CallerNotAllowed("Without keys only this machine is served, by its own name: call it localhost.")
        try:
            actor = person_in(headers, "x-actor") or DEVELOPER
        except ValueError as wrong:
            raise CallerUnknown(f"X-Actor is the id of one of our people: it {wrong}.") from None
        return self.caller(actor).acting_for(principal_of(headers))

    @staticmethod
    @lru_cache(maxsize=1_000)
    def caller(actor: str) -> Caller:
        """Return the caller who chose this name."""
        return Caller(actor, "developer", plans=None, personal_data=True, acts_for_others=True)


class DevelopmentUntilKeys:
    """Identifies callers by the names they choose until the first key is created, and by their keys from then on."""

    def __init__(self, development: Development, bearers: Bearers) -> None:
        self._development = development
        self._bearers = bearers

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        return await (self._bearers if self._development.is_over() else self._development).identify(headers)


def principal_of(headers: Mapping[str, str]) -> str | None:
    """Return the person on whose behalf the caller acts, if any. Raises `CallerNotAllowed` if it is not an id of a
    person."""
    try:
        return person_in(headers, "x-on-behalf-of")
    except ValueError as wrong:
        raise CallerNotAllowed(f"X-On-Behalf-Of is the id of one of our people: it {wrong}.") from None


def person_in(headers: Mapping[str, str], name: str) -> str | None:
    """Return the person in a header, which is UTF-8; None if it is absent. Raises `ValueError` if it is not an id of a
    person."""
    named = headers.get(name)
    if named is None:
        return None
    try:
        return person_id(named.encode("latin-1").decode())
    except UnicodeError:
        raise ValueError("must be in UTF-8") from None


@lru_cache(maxsize=64)
def is_this_machine(host: str) -> bool:
    """Return whether a `Host` header, or an address to serve on, belongs to this machine alone."""
    name = re.sub(r":[0-9]*$", "", host) if host.startswith("[") or host.count(":") == 1 else host
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return name.lower() == "localhost"
