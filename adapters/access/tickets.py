"""Tickets for browsers, whose `EventSource` cannot send headers that identify the caller.

A ticket contains the headers of its owner, encrypted with a secret of the service. Whoever presents it within a minute
is identified by them. What began with a ticket ends with the owner's key or token.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from adapters.access.callers import CallerUnknown

GOOD_FOR = timedelta(minutes=1)
WHO = ("authorization", "x-actor", "x-on-behalf-of")
"""The headers that identify the caller."""

LONGEST = 16 * 1024
NONCE = 12
_READ: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


class Tickets:
    """Makes and opens tickets. Processes with the same secret open each other's tickets."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._cipher = AESGCM(digest(secret, b"tickets", sha256))
        self._now = now

    def made(self, headers: Mapping[str, str]) -> tuple[str, datetime]:
        """Return a ticket for a caller who sends these headers, and until when it is valid."""
        until = self._now() + GOOD_FOR
        said = {name: headers[name] for name in WHO if name in headers}
        nonce = token_bytes(NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, to_json(said | {"until": until.isoformat()}), None)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode(), until

    def headers(self, ticket: str, sent: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of a request, with those from its ticket. Raises `CallerUnknown`."""
        others = {name: value for name, value in sent.items() if name not in WHO}
        said = self._opened(ticket)
        if self._now() >= datetime.fromisoformat(said.pop("until")):
            raise CallerUnknown("This ticket has expired: get another one.")
        return others | said

    def _opened(self, ticket: str) -> dict[str, str]:
        try:
            sealed = urlsafe_b64decode(ticket[:LONGEST] + "==")
            return _READ.validate_json(self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None))
        except (InvalidTag, ValueError, ValidationError):
            raise CallerUnknown("This is no ticket of this service: get one.") from None
