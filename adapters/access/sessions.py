"""Sessions of people who use the pages: what their browser holds, what is kept of it, and who they are by it.

A browser holds 256 random bits in a cookie; the store holds their SHA-256.  A session ends twelve hours after it was
last used, when it is revoked, and when what it was begun with ends: a key that was revoked, a token that has expired.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Literal, Protocol
from uuid import UUID

from adapters.access.callers import Development
from application.aggregates.access import Caller, Role

Method = Literal["name", "key", "oidc"]
"""How somebody signed in: by choosing a name, on a development machine alone; by an API key; through the issuer."""

IDLE = timedelta(hours=12)
SEEN_AGAIN = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""


@dataclass(frozen=True)
class Session:
    """What is kept of a session: no good for getting in."""

    id: str
    """Names the session in lists and when it is revoked."""
    digest: bytes
    actor: str
    method: Method
    role: Role
    plans: tuple[str, ...] | None
    """Ids of plans or accounts the issuer named; None: all there are."""
    key_id: str | None
    """Of the key it was begun with."""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None
    """When the token expires it was begun with."""
    browser: str
    """What the browser calls itself, shortened: so that people recognise their sessions."""

    def is_good(self, now: datetime) -> bool:
        return now < self.last_seen_at + IDLE and (self.expires_at is None or now < self.expires_at)


class SessionStore(Protocol):
    """Where sessions are kept.  Everything raises `StoreUnavailable`."""

    def add(self, session: Session) -> None: ...

    def find(self, digest: bytes) -> Session | None:
        """None where it was revoked or never was."""

    def note_seen(self, id: str, at: datetime) -> None: ...

    def of(self, actor: str) -> Collection[Session]:
        """All of one person, the one used last first."""

    def revoke(self, id: str, actor: str) -> bool:
        """Whether there was such a session of theirs."""


def digest_of(token: str) -> bytes:
    return sha256(token.encode()).digest()


class Sessions:
    """Begins, recognises and ends sessions."""

    def __init__(
        self,
        store: SessionStore,
        now: Callable[[], datetime],
        caller_by_key: Callable[[str], Caller | None],
        development: Development | None = None,
    ) -> None:
        """`caller_by_key` says whose a key is, by its id, as long as it is good.  `development` where people may choose
        a name."""
        self._store = store
        self._now = now
        self._caller_by_key = caller_by_key
        self._development = development

    @property
    def names_may_be_chosen(self) -> bool:
        return self._development is not None

    def begin(
        self,
        caller: Caller,
        method: Method,
        browser: str,
        key_id: str | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """The token for the browser's cookie.  Raises `StoreUnavailable`."""
        token, now = token_urlsafe(32), self._now()
        plans = None if caller.plans is None else tuple(str(plan) for plan in sorted(caller.plans))
        self._store.add(
            Session(
                token_hex(6), digest_of(token), caller.actor, method, caller.role, plans, key_id, now, now,
                expires_at, browser[:200],
            )
        )  # fmt: skip
        return token

    def recognise(self, token: str) -> tuple[Session, Caller] | None:
        """Whose session it is and what they may do now; None where it has ended.  Raises `StoreUnavailable`."""
        session, now = self._store.find(digest_of(token)), self._now()
        if session is None or not session.is_good(now):
            return None
        caller = self._caller(session)
        if caller is not None and now - session.last_seen_at > SEEN_AGAIN:
            self._store.note_seen(session.id, now)
        return (session, caller) if caller else None

    def _caller(self, session: Session) -> Caller | None:
        match session.method:
            case "key":
                return self._caller_by_key(session.key_id or "")
            case "name":
                return self._development.caller(session.actor) if self._development else None
            case "oidc":
                plans = None if session.plans is None else frozenset(map(UUID, session.plans))
                return Caller(session.actor, session.role, plans)

    def of(self, actor: str) -> Collection[Session]:
        return [session for session in self._store.of(actor) if session.is_good(self._now())]

    def end(self, id: str, actor: str) -> bool:
        return self._store.revoke(id, actor)
