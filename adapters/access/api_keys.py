"""API keys: their text, their stored form, and the callers they identify.

A key reads `plantrail_<id>_<secret>`: the id is twelve hexadecimal digits, the secret 256 random bits in base64url. The
store keeps the SHA-256 of the secret.
"""

import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes, token_hex
from typing import Any, Literal, Protocol
from uuid import UUID

from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable
from application.views.plan_names import plans_named
from domain.language import same_person

GivenRole = Literal["reader", "editor", "lead", "auditor", "subscriber", "admin"]
"""The roles that a key can have."""

MARK = "plantrail_"
OPERATOR = "operator"
"""The owner of endpoints that were created on the command line, which needs no key."""
SECONDS_GOOD = 60
"""Seconds for which cached keys are trusted while they cannot be read again."""

KEY = re.compile(rf"{MARK}([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


def key_id_in(authorization: str) -> str | None:
    """Return the id of the key in an `Authorization` header; None if there is none."""
    match = KEY.fullmatch(authorization.partition(" ")[2].strip())
    return match[1] if match else None


@dataclass(frozen=True)
class ApiKey:
    """An API key in its stored form. The secret is not part of it, so nobody can call with it."""

    id: str
    digest: bytes
    name: str
    """The person or system that holds the key, who is the actor of everything done with it."""
    role: GivenRole
    plans: tuple[str, ...] | None
    """Plan ids or account ids that the key gives access to; None for all plans."""
    personal_data: bool
    on_behalf_of: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_good_for(
        self, owner: str, plans: Collection[UUID], personal_data: bool, now: datetime, aliases: "Aliases"
    ) -> bool:
        """Return whether the key allows an endpoint of `owner` to receive events of these plans; of all plans if the
        list is empty."""
        caller = self.caller(aliases)
        return (
            same_person(self.name) == same_person(owner)
            and self.is_good(now)
            and caller.may("feed")
            and (caller.personal_data or not personal_data)
            and (caller.plans is None or (bool(plans) and caller.plans.issuperset(plans)))
        )

    def caller(self, aliases: "Aliases") -> Caller:
        named = None if self.plans is None else ids_of(self.plans, aliases)
        return Caller(same_person(self.name), self.role, named, self.personal_data, self.on_behalf_of)


Aliases = Mapping[UUID, UUID]
"""The plans of accounts with aliases, by the plan id that the alias would have."""


def ids_of(plans: Iterable[str], aliases: Aliases) -> frozenset[UUID]:
    """Return the ids of plans that are named by plan id or by account id."""
    return as_meant((plan_id for plan in plans for plan_id in plans_named(plan)), aliases)


def as_meant(plan_ids: Iterable[UUID], aliases: Aliases) -> frozenset[UUID]:
    return frozenset(aliases.get(plan_id, plan_id) for plan_id in plan_ids)


def new_key(**said: Any) -> tuple[ApiKey, str]:
    """Make a key. Returns the record to store and the key itself, which is shown once."""
    id, secret = token_hex(6), urlsafe_b64encode(token_bytes(32)).rstrip(b"=").decode()
    return ApiKey(id=id, digest=digest(secret), **said), f"{MARK}{id}_{secret}"


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


class KeptKeys(Protocol):
    """The store of keys, as the cache reads it."""

    def revision(self) -> int:
        """Return a number that changes whenever a key is created or revoked, or an account gets an alias."""

    def aliases(self) -> Aliases: ...

    def all(self) -> Collection[ApiKey]: ...

    def holders(self) -> Collection[str]:
        """Return the names of all who were ever given a key, even one whose row cannot be read."""

    def note_uses(self, last_used: Mapping[str, datetime]) -> None: ...


class ApiKeys(Protocol):
    """The store of keys, as admins manage it. Every method raises `StoreUnavailable`."""

    def aliases(self) -> Aliases: ...

    def all(self) -> list[ApiKey]:
        """Return all keys, the newest first. Rows that cannot be read are left out."""

    def add(self, key: ApiKey) -> None: ...

    def revoke(self, id: str, at: datetime) -> bool:
        """Revoke a key, even one whose row cannot be read. A key that was revoked before keeps its time.

        Returns False if there is no such key.
        """


class KeysUnread(StoreUnavailable):
    """Whether your key is still good cannot be known at the moment: try again."""


class EndpointOwners:
    """Decides whether the owner of an endpoint may receive an event, at the moment it is sent."""

    def __init__(self, keys: "ApiKeyCache", issuer_is_trusted: bool) -> None:
        self._keys = keys
        self._issuer_is_trusted = issuer_is_trusted

    def may_receive(self, owner: str, plans: Collection[UUID], personal_data: bool) -> bool:
        """Return whether an endpoint of `owner` may receive events of these plans; of all plans if the list is empty.

        The operator of the store may have endpoints without a key. Other owners without a key identify themselves with
        tokens of the issuer, which are not available here; without an issuer they have no right once there are keys.
        Raises `KeysUnread`.
        """
        if not self._keys.any_made:
            return True
        if not self._keys.was_given_to(owner):
            return self._issuer_is_trusted or owner == OPERATOR
        return self._keys.allow_endpoint(owner, plans, personal_data)


class ApiKeyCache:
    """Finds the caller of a key in a copy of all keys in memory, which is refreshed twice a second.

    If the keys cannot be read for a minute, the copy may lack revocations, so no key is accepted.
    """

    def __init__(
        self, kept: KeptKeys, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept = kept
        self._now = now
        self._monotonic = monotonic
        self._revision = 0
        self._keys: Mapping[str, tuple[ApiKey, Caller]] = {}
        self._aliases: Aliases = {}
        self._holders: frozenset[str] = frozenset()
        self._used: dict[str, datetime] = {}
        self._looked_at = monotonic()
        self._failed = False

    def refresh(self) -> None:
        """Read the keys again if they have changed, and record which were used. Raises `StoreUnavailable`."""
        try:
            self._look()
        except Exception:
            self._failed = True
            raise
        self._failed = False
        used = [self._used.popitem() for _ in range(len(self._used))]
        if used:
            self._kept.note_uses(dict(used))

    def forget(self) -> None:
        """Read the keys again the next time, whatever their revision."""
        self._revision = -1

    def _look(self) -> None:
        begun = self._monotonic()
        revision = self._kept.revision()
        if revision != self._revision:
            now = self._now()
            self._holders = frozenset(map(same_person, self._kept.holders()))
            self._aliases = self._kept.aliases()
            self._keys = {key.id: (key, key.caller(self._aliases)) for key in self._kept.all() if key.is_good(now)}
            self._revision = revision
        self._looked_at = begun

    @property
    def seconds_unread(self) -> float:
        """Return the seconds since the copy was last known to be current."""
        return self._monotonic() - self._looked_at

    def why_unread(self) -> str | None:
        """Return the reason why keys are not accepted, as a sentence; None while they are."""
        if not self._failed and self.seconds_unread <= SECONDS_GOOD:
            return None
        seconds = round(self.seconds_unread)
        return f"The keys of callers could not be read for {seconds} s; from {SECONDS_GOOD} s on none is taken."

    @property
    def any_made(self) -> bool:
        """Return whether a key was ever created; revoked and unreadable ones count. Raises `KeysUnread`."""
        self._check_read()
        return bool(self._holders)

    def was_given_to(self, name: str) -> bool:
        """Return whether a person ever had a key. Raises `KeysUnread`."""
        self._check_read()
        return same_person(name) in self._holders

    def allow_endpoint(self, owner: str, plans: Collection[UUID], personal_data: bool) -> bool:
        """Return whether a key of the owner allows what an endpoint is about to receive. Raises `KeysUnread`."""
        self._check_read()
        now = self._now()
        return any(key.is_good_for(owner, plans, personal_data, now, self._aliases) for key, _ in self._keys.values())

    def caller(self, token: str) -> Caller | None:
        """Return the caller of a key; None if the key is unknown or no longer valid. Raises `KeysUnread`."""
        match = KEY.fullmatch(token)
        found = self._good(match[1]) if match else None
        if match is None or found is None:
            return None
        key, caller = found
        if not compare_digest(key.digest, digest(match[2])):
            return None
        self._used[key.id] = self._now()
        return caller

    def caller_by_id(self, id: str) -> Caller | None:
        """Return the caller of the key with this id while it is valid, for sessions that began with it. Raises
        `KeysUnread`."""
        found = self._good(id)
        return found[1] if found else None

    def as_meant(self, caller: Caller) -> Caller:
        """Return the caller with plan ids for those of their plans that an issuer named by aliases of accounts."""
        return caller if caller.plans is None else replace(caller, plans=as_meant(caller.plans, self._aliases))

    def _check_read(self) -> None:
        if self.seconds_unread > SECONDS_GOOD:
            raise KeysUnread(KeysUnread.__doc__)

    def _good(self, id: str) -> tuple[ApiKey, Caller] | None:
        self._check_read()
        found = self._keys.get(id)
        return found if found and found[0].is_good(self._now()) else None
