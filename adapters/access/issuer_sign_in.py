"""Signing in through the issuer: OpenID Connect's authorization code flow, with PKCE and a nonce.

The browser keeps a secret in a cookie and is sent to the issuer with the secret's hash. It returns with a code, which
this service exchanges at the issuer for an ID token by showing the secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

import httpx
from anyio.to_thread import run_sync

from adapters.access.callers import CallerUnknown
from adapters.access.oidc import (
    ISSUER_TIMEOUT_SECONDS,
    IssuedTokens,
    Issuer,
    IssuerKeys,
    IssuerWrong,
    caller_by,
    expires_at,
    fetched,
    is_safe,
    read,
    read_answer,
)
from adapters.access.sign_in import AGAIN, Pending, SignInRefused
from adapters.access.tls_trust import configured_authorities
from application.aggregates.access import Caller


@dataclass(frozen=True)
class Endpoints:
    """The URLs where the issuer lets people sign in and exchanges codes for tokens."""

    authorization: str
    token: str


def endpoints(issuer: str) -> Endpoints:
    """Read the issuer's discovery document.  Raises `IssuerWrong`, `httpx.HTTPError`."""
    with httpx.Client(
        verify=configured_authorities(), timeout=ISSUER_TIMEOUT_SECONDS, follow_redirects=False
    ) as client:
        discovered = read(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if discovered.get("issuer") != issuer:
        raise IssuerWrong("The issuer calls itself by another name.")
    found = [discovered.get(name) for name in ("authorization_endpoint", "token_endpoint")]
    if not all(isinstance(each, str) and is_safe(each) for each in found):
        raise IssuerWrong("The issuer does not say where people sign in, or not by https.")
    return Endpoints(str(found[0]), str(found[1]))


class IssuerSignIn:
    """Signs people in through the issuer (`adapters.access.sign_in.SignIn`)."""

    def __init__(
        self, issuer: Issuer, client_secret: str | None, redirect_uri: str, now: Callable[[], datetime]
    ) -> None:
        """The audience of `issuer` must be the client id of this service, for which ID tokens are issued."""
        self._issuer = issuer
        self._secret = client_secret
        self._redirect_uri = redirect_uri
        self._tokens = IssuedTokens(issuer, now, IssuerKeys(lambda: fetched(issuer.url)))

    async def begin(self, to: str) -> tuple[Pending, str]:
        """Return what the browser keeps, and the URL to which it is sent. Raises `SignInRefused`."""
        pending, found = Pending.begun(to), await self._endpoints()
        asked = {
            "response_type": "code",
            "client_id": self._issuer.audience,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
        }
        return pending, f"{found.authorization}{'&' if '?' in found.authorization else '?'}{urlencode(asked)}"

    async def finish(self, pending: Pending, answered: Mapping[str, str]) -> tuple[Caller, datetime]:
        """Return the person who has signed in, and until when their token is valid. Raises `SignInRefused`."""
        if not compare_digest(answered.get("state", "").encode(), pending.state.encode()):
            raise SignInRefused(AGAIN)
        if "error" in answered or not answered.get("code"):
            raise SignInRefused("The issuer did not let you in. Begin again, or ask whoever runs it.")
        found = await self._endpoints()
        try:
            token = await run_sync(self._exchanged, found.token, answered["code"], pending.verifier)
            claims = await self._tokens.claims(token)
            if not compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
                raise SignInRefused(AGAIN)
            return caller_by(claims, self._issuer), datetime.fromtimestamp(expires_at(claims), UTC)
        except CallerUnknown as error:
            raise SignInRefused(str(error)) from None
        except (httpx.HTTPError, IssuerWrong):
            raise SignInRefused("The issuer does not give a token for this sign-in. Begin again.") from None

    async def _endpoints(self) -> Endpoints:
        try:
            return await run_sync(endpoints, self._issuer.url)
        except (httpx.HTTPError, httpx.InvalidURL, IssuerWrong):
            raise SignInRefused("The issuer cannot be reached at the moment. Try again, or sign in by a key.") from None

    def _exchanged(self, endpoint: str, code: str, verifier: str) -> str:
        """Return the ID token for a code.  Raises `IssuerWrong`, `httpx.HTTPError`."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._issuer.audience,
            "code_verifier": verifier,
        }
        if self._secret:
            sent["client_secret"] = self._secret
        with httpx.Client(
            verify=configured_authorities(), timeout=ISSUER_TIMEOUT_SECONDS, follow_redirects=False
        ) as client:
            answer: dict[str, Any] = read_answer(client, "POST", endpoint, sent)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IssuerWrong("The issuer answers without an ID token.")
        return token
