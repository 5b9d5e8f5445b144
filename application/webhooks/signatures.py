"""Signatures as specified by Standard Webhooks 1.0: https://www.standardwebhooks.com.

A secret is 32 random bytes, written as `whsec_` and base64. While a secret is being replaced, both sign.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from secrets import token_bytes

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret(random: Callable[[int], bytes] = token_bytes) -> bytes:
    return random(SECRET_BYTES)


def written(secret: bytes) -> str:
    """Return the secret in the form in which the receiver gets it."""
    return PREFIX + b64encode(secret).decode()


def signed(secrets: Iterable[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one attempt. An event has the same id in every attempt; the timestamp is that of the
    attempt."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((id.encode(), timestamp.encode(), body))
    signatures = (b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
