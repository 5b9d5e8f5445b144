"""Forms of pages that make or change something outside the log, such as keys: each is carried out once, however often
it is sent."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Protocol

from application.aggregates.access import Caller


class SentFormStore(Protocol):
    """The store of the forms that were sent within the last day. Every method raises `StoreUnavailable`."""

    def add(self, scope: bytes) -> bool:
        """Return whether it was added; False if it is there already."""

    def drop(self, scope: bytes) -> None: ...


class SentForms:
    """Knows which forms were carried out, by HMACs that reveal nobody's words."""

    def __init__(self, store: SentFormStore, secret: bytes) -> None:
        self._store = store
        self._secret = secret

    def begin(self, caller: Caller, path: str, fields: Sequence[tuple[str, str]]) -> bytes | None:
        """Return by what the form is known while it is carried out; None if it was sent before with the same words.
        Its key is among the fields."""
        said = "\0".join((caller.actor, path, *(part for field in fields for part in field))).encode()
        scope = hmac.digest(self._secret, b"form\0" + said, hashlib.sha256)
        return scope if self._store.add(scope) else None

    def refused(self, scope: bytes) -> None:
        """Nothing came of the form: it may be sent again."""
        self._store.drop(scope)
