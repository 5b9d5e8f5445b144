"""Addresses of calendars. Calendar programs send no key, so the address itself contains 256 random bits; the store
keeps their SHA-256.

An address gives access to one calendar, with the rights of the person who made it: it ends with the key it was made
with, and shows what they may see at the moment.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Literal, Protocol
from uuid import UUID

from adapters.access.callers import Development
from application.aggregates.access import Caller, CallerNotAllowed

Contents = Literal["mine", "plan", "portfolio"]
MOST_OF_ONE = 50
READ_AGAIN = timedelta(minutes=10)
"""The precision with which the last use of an address is recorded."""


@dataclass(frozen=True)
class CalendarFeed:
    """A calendar in its stored form."""

    id: str
    digest: bytes
    actor: str
    method: Literal["key", "name"]
    """Whether it was made with an API key, or on a development machine, where people choose their name."""
    key_id: str | None
    contents: Contents
    plan_id: UUID | None
    words: bool
    """Whether titles about the customer's people are shown."""
    created_at: datetime
    last_read_at: datetime | None = None


class TooManyCalendars(Exception):
    """You have 50 calendars, which are the most: delete one that nobody reads."""


class CalendarStore(Protocol):
    """The store of calendars. Every method raises `StoreUnavailable`."""

    def add(self, feed: CalendarFeed) -> None: ...

    def find(self, digest: bytes) -> CalendarFeed | None: ...

    def note_read(self, id: str, at: datetime) -> None: ...

    def of(self, actor: str) -> Collection[CalendarFeed]:
        """Return the calendars of one person, the newest first."""

    def delete(self, id: str, actor: str) -> bool: ...


class CalendarFeeds:
    """Makes, recognises and deletes addresses of calendars."""

    def __init__(
        self,
        store: CalendarStore,
        now: Callable[[], datetime],
        caller_by_key: Callable[[str], Caller | None],
        development: Development | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._caller_by_key = caller_by_key
        self._development = development

    def make(
        self, caller: Caller, key_id: str | None, contents: Contents, plan_id: UUID | None, words: bool
    ) -> tuple[CalendarFeed, str]:
        """Make a calendar for a caller who has a key. Returns it with the secret of its address, which is shown this
        once.

        Raises `CallerNotAllowed` for callers without a key, `TooManyCalendars`, `StoreUnavailable`.
        """
        if not self.can_be_made(key_id):
            raise CallerNotAllowed("A calendar ends with the key it was made with: make it with an API key.")
        if len(self._store.of(caller.actor)) >= MOST_OF_ONE:
            raise TooManyCalendars(TooManyCalendars.__doc__)
        token = token_urlsafe(32)
        feed = CalendarFeed(
            token_hex(6), digest_of(token), caller.actor, "key" if key_id else "name", key_id,
            contents, plan_id, words, self._now(),
        )  # fmt: skip
        self._store.add(feed)
        return feed, token

    def can_be_made(self, key_id: str | None) -> bool:
        """Return whether a caller with this key, or without one, can make calendars."""
        return key_id is not None or self._development is not None

    def recognise(self, token: str) -> tuple[CalendarFeed, Caller] | None:
        """Return the calendar of an address and its owner's current rights; None if it is no longer valid."""
        feed = self._store.find(digest_of(token))
        caller = self._caller(feed) if feed else None
        if feed is None or caller is None or not caller.may("view"):
            return None
        now = self._now()
        if feed.last_read_at is None or now - feed.last_read_at > READ_AGAIN:
            self._store.note_read(feed.id, now)
        return feed, caller

    def _caller(self, feed: CalendarFeed) -> Caller | None:
        if feed.method == "key":
            return self._caller_by_key(feed.key_id or "")
        if self._development is None or self._development.is_over():
            return None
        return self._development.caller(feed.actor)

    def of(self, actor: str) -> Collection[CalendarFeed]:
        return self._store.of(actor)

    def end(self, id: str, actor: str) -> bool:
        return self._store.delete(id, actor)


def digest_of(token: str) -> bytes:
    return sha256(token.encode()).digest()
