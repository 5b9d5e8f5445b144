"""Who is calling: identified by a key or a token, or, in development on this machine alone, by a name of their
choice."""

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
"""Headers by which a proxy says whom it speaks for. A request that has one does not come from this machine."""


class CallerUnknown(Exception):
    """Say who you are: send Authorization: Bearer with a key of this service."""


class Callers(Protocol):
    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """Return who sends these headers. Raises `CallerUnknown`, `CallerNotAllowed`."""


class Tokens(Protocol):
    """Finds the caller of a token that an identity provider has issued."""

    async def caller(self, token: str) -> Caller:
        """Return the caller that a token stands for. Raises `CallerUnknown`."""


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
        return caller.acting_for(stood_in_for(headers))

    async def _caller(self, token: str) -> Caller:
        if self._tokens and not token.startswith(MARK):
            return self._keys.as_meant(await self._tokens.caller(token))
        caller = self._keys.caller(token)
        if caller is None:
            raise CallerUnknown("This is no key of this service, or it has expired or was revoked.")
        return caller


class Development:
    """Identifies callers on this machine by the name they give in `X-Actor`; without one, as `developer`. Once a key
    was made, in this process or another, it identifies nobody.

    A foreign page in a browser here could make its own domain resolve to this machine. It is recognised by its `Host`.
    """

    def __init__(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """`is_over` returns whether callers must be known by now."""
        self.is_over = is_over

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        if not is_this_machine(headers.get("host", "")) or not PASSED_ON.isdisjoint(headers.keys()):
            raise CallerNotAllowed("Without keys only this machine is served, by its own name: call it localhost.")
        try:
            actor = person_in(headers, "x-actor") or DEVELOPER
        except ValueError as wrong:
            raise CallerUnknown(f"X-Actor is the id of one of our people: it {wrong}.") from None
        return self.caller(actor).acting_for(stood_in_for(headers))

    def caller(self, actor: str) -> Caller:
        """Return the caller who chose this name."""
        return Caller(actor, "developer", plans=None, personal_data=True, acts_for_others=True)


class DevelopmentUntilKeys:
    """Identifies callers by the names they choose until the first key is made, and from then on by their keys."""

    def __init__(self, development: Development, bearers: Bearers) -> None:
        self._development = development
        self._bearers = bearers

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        return await (self._bearers if self._development.is_over() else self._development).identify(headers)


def stood_in_for(headers: Mapping[str, str]) -> str | None:
    """Return whom the caller acts on behalf of, if anybody. Raises `CallerNotAllowed` for what is no id of a person."""
    try:
        return person_in(headers, "x-on-behalf-of")
    except ValueError as wrong:
        raise CallerNotAllowed(f"X-On-Behalf-Of is the id of one of our people: it {wrong}.") from None


def person_in(headers: Mapping[str, str], name: str) -> str | None:
    """Return the person that a header names in UTF-8, if it is present. Raises `ValueError` for what is no id of a
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
