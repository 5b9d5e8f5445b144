"""API keys: what callers hold, what is kept of it, and who they are by it.

A key reads `plantrail_<id>_<secret>`: twelve hexadecimal digits it is found by, and 256 bits in base64url.
"""

import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
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

GivenRole = Literal["reader", "editor", "auditor", "subscriber", "admin"]
"""A role that a key can have."""

MARK = "plantrail_"
SECONDS_GOOD = 60
"""For how long what is known of the keys is taken for true."""

KEY = re.compile(rf"{MARK}([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key: no good for calling."""

    id: str
    digest: bytes
    name: str
    """Whose it is: the actor of what is done with it."""
    role: GivenRole
    plans: tuple[str, ...] | None
    """Ids of plans or accounts; None: all there are."""
    personal_data: bool
    on_behalf_of: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_good_for(self, owner: str, plans: Collection[UUID], personal_data: bool, now: datetime) -> bool:
        """Whether with it an endpoint of the owner may have events of these plans; none: of all there are."""
        caller = self.caller()
        return (
            same_person(self.name) == same_person(owner)
            and self.is_good(now)
            and caller.may("own-endpoints")
            and (caller.personal_data or not personal_data)
            and (caller.plans is None or (bool(plans) and caller.plans.issuperset(plans)))
        )

    def caller(self) -> Caller:
        named = None if self.plans is None else ids_of(self.plans)
        return Caller(same_person(self.name), self.role, named, self.personal_data, self.on_behalf_of)


def ids_of(plans: Iterable[str]) -> frozenset[UUID]:
    """Of plans named by their own ids or those of their accounts."""
    return frozenset(plan_id for plan in plans for plan_id in plans_named(plan))


def new_key(**said: Any) -> tuple[ApiKey, str]:
    """What is to be kept of a new key, and the key itself, which is shown once."""
    id, secret = token_hex(6), urlsafe_b64encode(token_bytes(32)).rstrip(b"=").decode()
    return ApiKey(id=id, digest=digest(secret), **said), f"{MARK}{id}_{secret}"


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


class KeptKeys(Protocol):
    """Where keys are kept."""

    def revision(self) -> int:
        """Another one whenever a key was made or taken back."""

    def all(self) -> Collection[ApiKey]: ...

    def note_uses(self, last_used: Mapping[str, datetime]) -> None: ...


class ApiKeys(Protocol):
    """The keys there are, as admins see, make and revoke them.  Every method raises `StoreUnavailable`."""

    def all(self) -> list[ApiKey]:
        """The newest first.  What cannot be read is no key."""

    def add(self, key: ApiKey) -> None: ...

    def revoke(self, id: str, at: datetime) -> bool:
        """From here on it is no good, also where it cannot be read.  False where there is no such key; one that was
        revoked stays so since then."""


class KeysUnread(StoreUnavailable):
    """Whether your key is still good cannot be known at the moment: try again."""


class ApiKeyCache:
    """Callers by the keys there are, as they were when it was looked last: a look-up in memory.

    Who cannot look any more does not know which keys were taken back: after a minute nobody is let in by a key.
    """

    def __init__(
        self, kept: KeptKeys, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept = kept
        self._now = now
        self._monotonic = monotonic
        self._revision = 0
        self._keys: Mapping[str, tuple[ApiKey, Caller]] = {}
        self._used: dict[str, datetime] = {}
        self._looked_at = monotonic()
        self._failed = False

    def refresh(self) -> None:
        """Look what has changed, and say which keys were used.  Raises `StoreUnavailable`."""
        try:
            self._look()
        except Exception:
            self._failed = True
            raise
        self._failed = False
        used = [self._used.popitem() for _ in range(len(self._used))]
        if used:
            self._kept.note_uses(dict(used))

    def _look(self) -> None:
        begun = self._monotonic()
        revision = self._kept.revision()
        if revision != self._revision:
            now = self._now()
            self._keys = {key.id: (key, key.caller()) for key in self._kept.all() if key.is_good(now)}
            self._revision = revision
        self._looked_at = begun

    @property
    def seconds_unread(self) -> float:
        """Since what is known of the keys was true."""
        return self._monotonic() - self._looked_at

    def why_unread(self) -> str | None:
        """What keeps it from being known which keys are good; None when nothing does."""
        if not self._failed and self.seconds_unread <= SECONDS_GOOD:
            return None
        seconds = round(self.seconds_unread)
        return f"The keys of callers could not be read for {seconds} s; from {SECONDS_GOOD} s on none is taken."

    def caller(self, token: str) -> Caller | None:
        """Whose key it is; None where it is nobody's any more, or never was.  Raises `KeysUnread`."""
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
        """Whose key this is, as long as it is good: for who has shown the key before.  Raises `KeysUnread`."""
        found = self._good(id)
        return found[1] if found else None

    def _good(self, id: str) -> tuple[ApiKey, Caller] | None:
        if self.seconds_unread > SECONDS_GOOD:
            raise KeysUnread(KeysUnread.__doc__)
        found = self._keys.get(id)
        return found if found and found[0].is_good(self._now()) else None
