"""Signatures as Standard Webhooks 1.0 has them: https://www.standardwebhooks.com.

A secret is 32 random bytes, written `whsec_` and their base64.  While one is being replaced, both sign.
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
    """As the receiver is told it."""
    return PREFIX + b64encode(secret).decode()


def signed(secrets: Iterable[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt.  The same event has the same id in every attempt, and a time of each."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((id.encode(), timestamp.encode(), body))
    signatures = (b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
