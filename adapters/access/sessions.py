"""Sessions of people who use the web pages.

The browser keeps 256 random bits in a cookie; the store keeps their SHA-256. A session ends twelve hours after its last
use, when it is revoked, or when the key or token with which it began ends.
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
"""How somebody signed in: by choosing a name (on a development machine only), by an API key, or through the issuer."""

IDLE = timedelta(hours=12)
SEEN_AGAIN = timedelta(minutes=1)
"""The precision with which the last use of a session is recorded."""


@dataclass(frozen=True)
class Session:
    """A session as the store keeps it. The cookie's secret is not in it, so nobody can sign in with it."""

    id: str
    """The id by which the session is listed and revoked."""
    digest: bytes
    actor: str
    method: Method
    role: Role
    plans: tuple[str, ...] | None
    """Plan ids or account ids that the issuer named; None for all plans."""
    key_id: str | None
    """The id of the key with which it began."""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None
    """When the token with which it began expires."""
    browser: str
    """The browser's name for itself, shortened, so that people recognise their sessions."""

    def is_good(self, now: datetime) -> bool:
        return now < self.last_seen_at + IDLE and (self.expires_at is None or now < self.expires_at)


class SessionStore(Protocol):
    """The store of sessions. Every method raises `StoreUnavailable`."""

    def add(self, session: Session) -> None: ...

    def find(self, digest: bytes) -> Session | None:
        """Return the session with this digest, or None if it was revoked or never existed."""

    def note_seen(self, id: str, at: datetime) -> None: ...

    def of(self, actor: str) -> Collection[Session]:
        """Return all sessions of one person, the most recently used first."""

    def revoke(self, id: str, actor: str) -> bool:
        """Revoke a session of this person. Returns whether there was one."""


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
        as_meant: Callable[[Caller], Caller] = lambda caller: caller,
    ) -> None:
        """`caller_by_key` returns the caller of a key id while the key is valid. `development` is given where people
        may choose their name. `as_meant` returns the caller with plan ids in place of aliases of accounts."""
        self._as_meant = as_meant
        self._store = store
        self._now = now
        self._caller_by_key = caller_by_key
        self._development = development

    @property
    def names_may_be_chosen(self) -> bool:
        return self._development is not None and not self._development.is_over()

    def begin(
        self,
        caller: Caller,
        method: Method,
        browser: str,
        key_id: str | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Begin a session. Returns the token for the browser's cookie. Raises `StoreUnavailable`."""
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
        """Return the session of this token and its caller's current rights; None if it has ended.

        Raises `StoreUnavailable`.
        """
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
                return (
                    self._development.caller(session.actor) if self._development and self.names_may_be_chosen else None
                )
            case "oidc":
                plans = None if session.plans is None else frozenset(map(UUID, session.plans))
                return self._as_meant(Caller(session.actor, session.role, plans))

    def of(self, actor: str) -> Collection[Session]:
        return [session for session in self._store.of(actor) if session.is_good(self._now())]

    def end(self, id: str, actor: str) -> bool:
        return self._store.revoke(id, actor)
