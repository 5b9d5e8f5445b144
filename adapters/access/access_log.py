"""The access log, which records who has read which plans.

Accesses are collected in memory and written in batches while answers are sent. A crash loses at most the last half
second.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import structlog
from pydantic import BaseModel, Field

from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable

SECONDS_BETWEEN_WRITES = 0.5
MOST_WAITING = 10_000

logger = structlog.get_logger("plantrail.access")


class Access(NamedTuple):
    """One read: who read which view. What the view contained is not recorded."""

    actor: str
    on_behalf_of: str | None
    role: str
    view: str
    plan_id: UUID | None
    """The plan that was read; None for a view of many plans."""
    cut: str | None
    """The cut up to which the plan's history was read; None if the view has no cut."""


class AccessEvent(NamedTuple):
    """Identical reads within one batch, counted together."""

    access: Access
    at: datetime
    request_id: str
    """The id of the first request among them."""
    times: int


class Period(NamedTuple):
    """A period from one instant up to, not including, another; None where it is unbounded."""

    since: datetime | None = None
    before: datetime | None = None


EVER = Period()


class AccessItem(BaseModel):
    """An entry of the access log: one read, or several identical ones within half a second."""

    id: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    role: str
    view: str = Field(description="The operation they called, or the command of the command line.")
    plan_id: UUID | None = Field(description="The plan that was read; null for a view of many plans.")
    cut: str | None = Field(description="The cut up to which the plan's history was read.")
    request_id: str = Field(description="The id of the first request of these reads.")
    times: int


class AccessPage(BaseModel):
    """A page of the access log, the latest entry first."""

    items: list[AccessItem]
    next: str | None = Field(description="The cursor of the page that follows; null at the end.")


class AccessLogFull(StoreUnavailable):
    """Reads cannot be recorded at the moment, so nothing is shown: try again."""


class KeptAccesses(Protocol):
    """The store of access events, for writing."""

    def add(self, events: Sequence[AccessEvent]) -> None: ...


class AccessEvents(Protocol):
    """The store of access events, as auditors query it."""

    def page(
        self,
        limit: int,
        plans: frozenset[UUID] | None = None,
        actor: str | None = None,
        before: int | None = None,
        caller: Caller | None = None,
        period: Period = EVER,
    ) -> AccessPage:
        """Return a page of at most `limit` entries, the latest first.

        `plans`, `actor` and `period` filter; `caller` restricts the page to plans that this caller may see. `before` is
        the id of the last entry of the previous page. Raises `StoreUnavailable`.
        """


class AccessLog:
    """Collects accesses and writes them in batches.

    Nothing is read without a record: if too many accesses wait to be written, reading is refused.
    """

    def __init__(self, kept: KeptAccesses, now: Callable[[], datetime], most_waiting: int = MOST_WAITING) -> None:
        self._kept = kept
        self._now = now
        self._most = most_waiting
        self._lock = Lock()
        self._waiting: dict[Access, list[Any]] = {}
        """By what was read: when first, the id of that request, and how many times."""
        self._unwritten: list[AccessEvent] = []

    def note(self, access: Access, request_id: str) -> None:
        """Record a read with the next batch. Raises `AccessLogFull`."""
        with self._lock:
            known = self._waiting.get(access)
            if known is not None:
                known[2] += 1
                return
            if len(self._waiting) + len(self._unwritten) >= self._most:
                raise AccessLogFull(AccessLogFull.__doc__)
            self._waiting[access] = [self._now(), request_id, 1]

    def write(self) -> None:
        """Write the waiting accesses. Only one thread may call this. Raises `StoreUnavailable`; then nothing is
        lost.
        """
        with self._lock:
            self._unwritten += [AccessEvent(access, *first) for access, first in self._waiting.items()]
            self._waiting = {}
        if self._unwritten:
            self._kept.add(self._unwritten)
            self._unwritten = []

    def close(self) -> None:
        """Write the rest. If that fails, log how many accesses are lost."""
        try:
            self.write()
        except StoreUnavailable as error:
            logger.error("access events lost", events=len(self._unwritten), error=type(error).__name__)
