"""The log as its followers need it. Each of them decides in which form it sends events on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from application.feed.cursors import Cursor

E_co = TypeVar("E_co", covariant=True)
"""An event in its stored form."""


@dataclass(frozen=True)
class EventFilter:
    """The topics and plans that a subscriber asks for; None stands for all."""

    topics: frozenset[str] | None = None
    plans: frozenset[str] | None = None

    def includes(self, topic: str, plan_id: str) -> bool:
        return (self.topics is None or topic in self.topics) and (self.plans is None or plan_id in self.plans)


ALL = EventFilter()


@dataclass(frozen=True)
class Page(Generic[E_co]):
    """Events in the order of the log, and the position to continue after, which includes events that the filter left
    out."""

    log_id: UUID
    rows: Sequence[E_co]
    next: int
    end: int
    """The end of the log at that moment. When `next` has reached it, there are no further events for now."""


class Feed(Protocol[E_co]):
    """The log, page by page. Every method raises `CursorGone`, `StoreUnavailable`."""

    def position(self, cursor: Cursor) -> int:
        """Return the position of a cursor."""

    def page(self, after: Cursor | int, wanted: EventFilter = ALL, most: int = 1_000) -> Page[E_co]:
        """Return at most `most` events after a cursor or a position."""


class Turn(Protocol):
    """The right of a relay to publish the feed. Of several relays with one name, one has it and the others stand by.

    Every method raises `StoreUnavailable`, also if the turn was lost.
    """

    def check(self) -> None:
        """Check that this relay still has the turn."""

    def reached(self) -> Cursor | None:
        """Return the position of the last event that was relayed under this name; None if there is none."""

    def reach(self, log_id: UUID, position: int) -> None:
        """Record that the event at a position was relayed."""

    def end(self) -> None: ...


class LogWatch(Protocol):
    """Notifies everybody in this process who waits for new events."""

    @property
    def position(self) -> int:
        """The last position that was seen; 0 before anybody has waited."""

    @property
    def closed(self) -> bool:
        """Whether the process is shutting down, so that nobody should wait any longer."""

    def telling(self, tell: Callable[[int], None]) -> AbstractContextManager[None]:
        """Call `tell` with each new last position, and at the end, for the length of the context. It is called in
        another thread and must not block."""

    async def moved(self, after: int, timeout: float) -> int:
        """Wait until the log goes beyond a position, or for `timeout` seconds. Returns the last position that was
        seen.
        """
