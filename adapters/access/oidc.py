"""OpenID Connect: callers who are identified by bearer tokens of a trusted issuer.

Actor, role and plans are read from claims of the token; the settings name the claims.
"""

import asyncio
import json
import re
from asyncio import Task, to_thread
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import sha256
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from jwt import PyJWK

from adapters.access.api_keys import ids_of
from adapters.access.callers import CallerUnknown, is_this_machine
from adapters.access.tls_trust import configured_authorities
from application.aggregates.access import ROLES, Caller, Role
from domain.calendar import LAST_DAY
from domain.language import person_id

KINDS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The accepted signature algorithms, each with its kind of key. None of them uses a shared secret."""

SMALLEST_RSA = 2048
LEEWAY = 30
"""Seconds by which the issuer's clock may be ahead of ours. The expiry of a token is not extended."""

FRESH = 600.0
"""Seconds after which the issuer's keys are fetched again, in the background."""

PAUSE = 10.0
"""The shortest time in seconds between two fetches, however many unknown keys tokens name."""

ISSUER_TIMEOUT_SECONDS = 3.0
MOST_BYTES = 256 * 1024
LONGEST_TOKEN = 8 * 1024
REMEMBERED_FOR = 30.0
"""Seconds for which a verified token is accepted without verifying it again."""

MOST_REMEMBERED = 10_000
ALL = "all"
ODD = (jwt.PyJWTError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""The exceptions that reading a token or a key raises if it contains values that are of the wrong type, too large or
too deeply nested."""

LATEST = datetime.combine(LAST_DAY, time.max, UTC).timestamp()
EXPIRED = "This token has expired: get another one."
NOT_THEIRS = "This token is not one that the issuer we trust made for this service."

logger = structlog.get_logger("plantrail.oidc")


class IssuerWrong(Exception):
    """The issuer's answer does not follow OpenID Connect."""


@dataclass(frozen=True)
class Issuer:
    """The trusted issuer, and the claims that name actor, role and plans. A dot leads into a nested claim."""

    url: str
    audience: str
    actor_claim: str = "sub"
    role_claim: str = "plantrail_role"
    plans_claim: str = "plantrail_plans"


def is_safe(url: str) -> bool:
    """Return whether nobody can alter what is fetched from this URL on the way: https, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname or ""))
    )


def fetched(issuer: str) -> dict[str | None, PyJWK]:
    """Return the issuer's keys by their ids. Raises `IssuerWrong`, `httpx.HTTPError`."""
    with httpx.Client(
        verify=configured_authorities(), timeout=ISSUER_TIMEOUT_SECONDS, follow_redirects=False
    ) as client:
        discovered = read(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if discovered.get("issuer") != issuer:
            raise IssuerWrong("The issuer calls itself by another name.")
        where = discovered.get("jwks_uri")
        if not isinstance(where, str) or not is_safe(where):
            raise IssuerWrong("The issuer does not say where its keys are, or not by https.")
        listed = read(client, where).get("keys")
    keys = [key for each in (listed if isinstance(listed, list) else ()) if (key := key_of(each))]
    return dict(keys)


def read(client: httpx.Client, url: str) -> dict[str, Any]:
    return read_answer(client, "GET", url)


def read_answer(client: httpx.Client, method: str, url: str, sent: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON object that the issuer answers; a form is sent if one is given. Raises `IssuerWrong`,
    `httpx.HTTPError`."""
    content = bytearray()
    with client.stream(method, url, data=sent, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            raise IssuerWrong(f"The issuer answers {response.status_code}.")
        for part in response.iter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise IssuerWrong("The issuer answers without end.")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise IssuerWrong("The issuer answers something that is no JSON.") from None
    if not isinstance(answer, dict):
        raise IssuerWrong("The issuer answers something that is no JSON object.")
    return answer


def key_of(listed: Any) -> tuple[str | None, PyJWK] | None:
    """Return the id and the key of a JWK; None if it is not for verifying signatures that we accept."""
    if not isinstance(listed, dict) or listed.get("kty") not in KINDS.values() or listed.get("use", "sig") != "sig":
        return None
    kid = listed.get("kid")
    try:
        key = PyJWK(listed)
    except ODD:
        return None
    if key.algorithm_name not in KINDS or (key.key_type == "RSA" and key.key.key_size < SMALLEST_RSA):
        return None
    return (kid, key) if isinstance(kid, str | None) else None


class IssuerKeys:
    """The issuer's keys, cached. They stay valid while the issuer cannot be reached."""

    def __init__(self, fetch: Callable[[], Mapping[str | None, PyJWK]]) -> None:
        self._fetch = fetch
        self._keys: Mapping[str | None, PyJWK] = {}
        self._tried_at = self._fetched_at = float("-inf")
        self._fetching: Task[None] | None = None

    async def named(self, kid: str | None) -> PyJWK | None:
        """Return the key with this id; fetches the keys again if it is unknown. Without an id, returns the only key."""
        if (key := self._named(kid)) is None:
            await self._anew()
            return self._named(kid)
        if monotonic() - self._fetched_at > FRESH:
            self._begin()
        return key

    def _named(self, kid: str | None) -> PyJWK | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _anew(self) -> None:
        self._begin()
        if self._fetching:
            await asyncio.shield(self._fetching)

    def _begin(self) -> None:
        if (self._fetching is None or self._fetching.done()) and monotonic() - self._tried_at > PAUSE:
            self._tried_at = monotonic()
            self._fetching = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        try:
            self._keys = await to_thread(self._fetch)
            self._fetched_at = monotonic()
        except Exception as error:  # noqa: BLE001 - Whatever the issuer answers, the known keys stay.
            logger.warning("issuer cannot be asked", error=type(error).__name__)


class IssuedTokens:
    """Finds callers by tokens of the issuer."""

    def __init__(self, issuer: Issuer, now: Callable[[], datetime], keys: IssuerKeys | None = None) -> None:
        self._issuer = issuer
        self._now = now
        self._keys = keys or IssuerKeys(lambda: fetched(issuer.url))
        self._verified: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def caller(self, token: str) -> Caller:
        """Return the caller of a token. Raises `CallerUnknown`."""
        digest = sha256(token.encode()).digest()
        good_until, known = self._verified.get(digest, (0.0, None))
        if known and monotonic() < good_until:
            return known
        claims = await self.claims(token)
        caller = caller_by(claims, self._issuer)
        left = expires_at(claims) - self._now().timestamp()
        if left <= 0:
            raise CallerUnknown(EXPIRED)
        self._verified[digest] = monotonic() + min(REMEMBERED_FOR, left), caller
        if len(self._verified) > MOST_REMEMBERED:
            self._verified.popitem(last=False)
        return caller

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the issuer made for our audience. Raises `CallerUnknown`."""
        if len(token) > LONGEST_TOKEN:
            raise CallerUnknown("This token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            taken = isinstance(algorithm, str) and algorithm in KINDS
            key = await self._keys.named(header.get("kid")) if taken else None
            if key is None or key.algorithm_name != algorithm:
                raise CallerUnknown("This token is not signed with a key of the issuer we trust.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self._issuer.audience,
                issuer=self._issuer.url,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise CallerUnknown(EXPIRED) from None
        except ODD:
            raise CallerUnknown(NOT_THEIRS) from None
        return claims


def expires_at(claims: Mapping[str, Any]) -> float:
    """Return when a token expires, in seconds since 1970. Raises `CallerUnknown` if that is not a number (RFC 7519), or
    not an instant that a datetime can represent."""
    exp = claims["exp"]
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not 0 < exp < LATEST:
        raise CallerUnknown(NOT_THEIRS)
    return float(exp)


def caller_by(claims: Mapping[str, Any], issuer: Issuer) -> Caller:
    """Return the caller whom the claims describe. Raises `CallerUnknown` if the actor or one of our roles is
    missing.
    """
    actor = claim(claims, issuer.actor_claim)
    try:
        actor = person_id(actor if isinstance(actor, str) else "")
    except ValueError as wrong:
        raise CallerUnknown(f"The token's claim “{issuer.actor_claim}” is no id of a person: it {wrong}.") from None
    plans = claim(claims, issuer.plans_claim)
    names = [plans] if isinstance(plans, str) else plans if isinstance(plans, list) else []
    named = None if names == [ALL] else ids_of((name for name in names if isinstance(name, str) and name.isascii()), {})
    return Caller(actor, role_in(claim(claims, issuer.role_claim), issuer.role_claim), named)


def role_in(said: Any, claim: str) -> Role:
    """Return our role among all the roles in the claim."""
    said = said if isinstance(said, list) else [said]
    ours = [role for role in ROLES if role != "developer" and role in said]
    if len(ours) != 1:
        raise CallerUnknown(f"The token's claim “{claim}” must name one of our roles, and only one.")
    return ours[0]


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by name, or by a path of names separated by dots."""
    if path in claims or not re.search(r"\.", path):
        return claims.get(path)
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return claim(inner, rest) if isinstance(inner, dict) else None
