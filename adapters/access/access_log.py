"""Who has read what of plans.  It is written in batches, beside the answers: a crash loses no more than the last
moment."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from pydantic import BaseModel, Field

from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable

SECONDS_BETWEEN_WRITES = 0.5
MOST_WAITING = 10_000

logger = structlog.get_logger("plantrail.access")


class Access(NamedTuple):
    """Somebody read something; not what it said."""

    actor: str
    on_behalf_of: str | None
    role: str
    view: str
    plan_id: UUID | None
    """None: of many plans."""
    cut: str | None
    """How far into its history."""


class AccessEvent(NamedTuple):
    """Reads that were alike, within a moment."""

    access: Access
    at: datetime
    request_id: str
    """Of the first."""
    times: int


class AccessItem(BaseModel):
    """Somebody read something, once or several times within a moment."""

    id: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    role: str
    view: str = Field(description="The operation they called, or the command of the command line.")
    plan_id: UUID | None = Field(description="Null: of many plans.")
    cut: str | None = Field(description="How far into the plan's history.")
    request_id: str = Field(description="Of the first read.")
    times: int


class AccessPage(BaseModel):
    """The latest first."""

    items: list[AccessItem]
    next: str | None = Field(description="The cursor of the page that follows; null at the end.")


class AccessLogFull(StoreUnavailable):
    """Who reads what cannot be written down at the moment, so nothing is shown: try again."""


class KeptAccesses(Protocol):
    """Where they are kept."""

    def add(self, events: Sequence[AccessEvent]) -> None: ...


class AccessEvents(Protocol):
    """What was kept, as auditors look at it."""

    def page(
        self,
        limit: int,
        plans: frozenset[UUID] | None = None,
        actor: str | None = None,
        before: int | None = None,
        caller: Caller | None = None,
    ) -> AccessPage:
        """What was read of these plans, by this person; where there is a caller, of plans that are theirs to see.

        `before` is the id of the last item of the page before.  Raises `StoreUnavailable`.
        """


class AccessLog:
    """What is still to be written.  Nothing is read without a trace: when too much waits, reading is refused."""

    def __init__(self, kept: KeptAccesses, now: Callable[[], datetime], most_waiting: int = MOST_WAITING) -> None:
        self._kept = kept
        self._now = now
        self._most = most_waiting
        self._lock = Lock()
        self._waiting: dict[Access, AccessEvent] = {}
        self._unwritten: list[AccessEvent] = []

    def note(self, access: Access, request_id: str) -> None:
        """Raises `AccessLogFull`."""
        with self._lock:
            known = self._waiting.get(access)
            if known is None and len(self._waiting) + len(self._unwritten) >= self._most:
                raise AccessLogFull(AccessLogFull.__doc__)
            self._waiting[access] = (
                known._replace(times=known.times + 1) if known else AccessEvent(access, self._now(), request_id, 1)
            )

    def write(self) -> None:
        """Raises `StoreUnavailable`, and then what waits goes on waiting.  For one thread."""
        with self._lock:
            self._unwritten += self._waiting.values()
            self._waiting = {}
        if self._unwritten:
            self._kept.add(self._unwritten)
            self._unwritten = []

    def close(self) -> None:
        """Write what is left; where that cannot be done, at least the log says how much was lost."""
        try:
            self.write()
        except StoreUnavailable as error:
            logger.error("access events lost", events=len(self._unwritten), error=type(error).__name__)
