"""Drafts of forms that have not been submitted: kept encrypted, only for their author, and for a limited time.

A draft may contain text about people before its author has said whom it is about. So it is encrypted with a key for
drafts alone, and deleted when it is submitted, when anybody in the plan is forgotten, and fourteen days after its last
change.
"""

from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter

KEPT = timedelta(days=14)
NONCE_BYTES = 12
MOST_BYTES = 256 * 1024

Fields = list[tuple[str, str]]
"""The names of the form's fields with the typed values, in order."""
_FIELDS = TypeAdapter(Fields)


class DraftStore(Protocol):
    """The store of drafts. Every method raises `StoreUnavailable`."""

    def put(self, actor: str, plan_id: UUID, form: str, box: bytes, at: datetime) -> None: ...

    def get(self, actor: str, plan_id: UUID, form: str, since: datetime) -> bytes | None:
        """Return the draft if it was changed after `since`, else None."""

    def drop(self, actor: str, plan_id: UUID, form: str) -> None: ...

    def drop_of_plan(self, plan_id: UUID) -> None:
        """Delete everybody's drafts of a plan."""


class Drafts:
    """Encrypts, saves and opens drafts."""

    def __init__(self, store: DraftStore, key: bytes) -> None:
        """`key` has 32 bytes."""
        self._store = store
        self._cipher = AESGCM(key)

    def save(self, actor: str, plan_id: UUID, form: str, fields: Fields, at: datetime) -> None:
        """Save a draft in place of the previous one. Raises `ValueError` if it is too large, and `StoreUnavailable`."""
        text = _FIELDS.dump_json(fields)
        if len(text) > MOST_BYTES:
            raise ValueError(f"A draft may have {MOST_BYTES // 1024} KiB at most.")
        nonce = token_bytes(NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, text, _where(actor, plan_id, form))
        self._store.put(actor, plan_id, form, box, at)

    def find(self, actor: str, plan_id: UUID, form: str, now: datetime) -> Fields | None:
        """Return a draft, or None if there is none, it is too old, or it cannot be decrypted."""
        box = self._store.get(actor, plan_id, form, now - KEPT)
        if box is None:
            return None
        try:
            text = self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _where(actor, plan_id, form))
        except InvalidTag:
            return None
        return _FIELDS.validate_json(text)

    def drop(self, actor: str, plan_id: UUID, form: str) -> None:
        self._store.drop(actor, plan_id, form)

    def drop_of_plan(self, plan_id: UUID) -> None:
        self._store.drop_of_plan(plan_id)


def _where(actor: str, plan_id: UUID, form: str) -> bytes:
    return "\0".join((actor, str(plan_id), form)).encode()
