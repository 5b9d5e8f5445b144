"""Drafts of forms that are not sent yet: kept sealed, the caller's alone, and not for long.

A draft may hold words about people before anybody has said whom it speaks of.  It is sealed under a key of its own
kind, and deleted when it is sent, when somebody in the plan is forgotten, and fourteen days after it was last changed.
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
"""What was typed: the names of the fields and their values, in order."""
_FIELDS = TypeAdapter(Fields)


class DraftStore(Protocol):
    """Where drafts are kept.  Everything raises `StoreUnavailable`."""

    def put(self, actor: str, plan_id: UUID, form: str, box: bytes, at: datetime) -> None: ...

    def get(self, actor: str, plan_id: UUID, form: str, since: datetime) -> bytes | None:
        """The draft, if it was changed since then."""

    def drop(self, actor: str, plan_id: UUID, form: str) -> None: ...

    def drop_of_plan(self, plan_id: UUID) -> None:
        """Everybody's."""


class Drafts:
    """Seals and opens drafts."""

    def __init__(self, store: DraftStore, key: bytes) -> None:
        """`key` has 256 bits."""
        self._store = store
        self._cipher = AESGCM(key)

    def save(self, actor: str, plan_id: UUID, form: str, fields: Fields, at: datetime) -> None:
        """Raises `ValueError` for a draft that is too large, `StoreUnavailable`."""
        text = _FIELDS.dump_json(fields)
        if len(text) > MOST_BYTES:
            raise ValueError(f"A draft may have {MOST_BYTES // 1024} KiB at most.")
        nonce = token_bytes(NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, text, _where(actor, plan_id, form))
        self._store.put(actor, plan_id, form, box, at)

    def find(self, actor: str, plan_id: UUID, form: str, now: datetime) -> Fields | None:
        """None where there is none that is still kept, and where it does not open."""
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
