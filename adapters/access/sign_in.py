"""The interface for signing in through an issuer. The implementation loads slowly and is needed only with an issuer."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Protocol, Self

from application.aggregates.access import Caller

LONGEST_COOKIE = 4_000
AGAIN = "Signing in through the issuer was not finished in this browser, or it took too long. Begin again."


class SignInRefused(Exception):
    """Why somebody could not sign in, and what to do."""


@dataclass(frozen=True)
class Pending:
    """A sign-in that has begun. The browser keeps it in a cookie that scripts cannot read."""

    state: str
    nonce: str
    verifier: str
    to: str
    """The page to which the person wanted to go."""

    @classmethod
    def begun(cls, to: str) -> Self:
        return cls(token_urlsafe(24), token_urlsafe(24), token_urlsafe(48), to)

    @property
    def challenge(self) -> str:
        """The hash of the secret for PKCE (RFC 7636, S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def cookie(self) -> str:
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, cookie: str | None) -> Self:
        """Parse the cookie. Raises `SignInRefused`."""
        try:
            said = json.loads(urlsafe_b64decode((cookie or "")[:LONGEST_COOKIE]))
            return cls(**{name: str(said[name]) for name in ("state", "nonce", "verifier", "to")})
        except (ValueError, TypeError, KeyError):
            raise SignInRefused(AGAIN) from None


class SignIn(Protocol):
    """Signs people in through the issuer."""

    async def begin(self, to: str) -> tuple[Pending, str]:
        """Return what the browser keeps, and the URL to which it is sent. Raises `SignInRefused`."""

    async def finish(self, pending: Pending, answered: Mapping[str, str]) -> tuple[Caller, datetime]:
        """Return the person who has signed in, and until when their token is valid. Raises `SignInRefused`."""
