"""Sealing: text about people is stored encrypted, so that destroying one person's key makes it unreadable everywhere.

A part of an event is sealed for a set of people and opens only while all their keys exist. Its key is derived from
theirs. Plan id, version and place in the event are authenticated with it, so that a part moved elsewhere does not open.
A commitment to the text stays readable, for proofs.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic_core import from_json, to_json

SALT, NONCE = 32, 12

Random = Callable[[int], bytes]


def seal(
    plan_id: UUID,
    version: int,
    place: int,
    about: Sequence[str],
    words: Mapping[str, Any],
    keys: Mapping[str, bytes],
    random: Random = token_bytes,
) -> dict[str, Any]:
    """Return one entry of an event's `sealed` list. `place` is its index there."""
    salt, nonce = random(SALT), random(NONCE)
    salted = salt + to_json(words)
    box = _part_key(about, keys).encrypt(nonce, salted, _where(plan_id, version, place))
    return {
        "about": list(about),
        "fields": list(words),
        "commitment": sha256(salted).hexdigest(),
        "box": b64encode(nonce + box).decode(),
    }


def unseal(
    plan_id: UUID | str, version: int, place: int, part: Mapping[str, Any], keys: Mapping[str, bytes]
) -> dict[str, Any] | None:
    """Return the text of a part; None if it does not open."""
    salted = salted_words(plan_id, version, place, part, keys)
    words: dict[str, Any] | None = from_json(salted[SALT:]) if salted is not None else None
    return words


def salted_words(
    plan_id: UUID | str, version: int, place: int, part: Mapping[str, Any], keys: Mapping[str, bytes]
) -> bytes | None:
    """Return the salt and text whose SHA-256 is the part's commitment.

    Returns None if a key is missing or wrong, or if the part was altered or moved.
    """
    if not keys.keys() >= set(part["about"]):
        return None
    box = b64decode(part["box"])
    where = _where(plan_id, version, place)
    try:
        return _part_key(part["about"], keys).decrypt(box[:NONCE], box[NONCE:], where)
    except InvalidTag:
        return None


def _part_key(about: Sequence[str], keys: Mapping[str, bytes]) -> AESGCM:
    return _derived(b"".join(keys[who] for who in sorted(about)))


@lru_cache(maxsize=4096)
def _derived(secret: bytes) -> AESGCM:
    """Derive the key of a part. Most parts of a plan are sealed for the same few people, so the results are cached."""
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"plantrail sealed part").derive(secret))


def drop_derived_keys() -> None:
    """Drop all derived keys. The cache does not know whose they are, so destroying any person's key clears it."""
    _derived.cache_clear()


def _where(plan_id: UUID | str, version: int, place: int) -> bytes:
    return f"{plan_id}:{version}:{place}".encode()
