"""What is needed of a log to follow it.  In which form its events come is for those who send them on to know."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from application.feed.cursors import Cursor

E_co = TypeVar("E_co", covariant=True)
"""An event as it stands on the log."""


@dataclass(frozen=True)
class EventFilter:
    """Which events a subscriber has asked for, by topic and by plan id; None: whatever there is."""

    topics: frozenset[str] | None = None
    plans: frozenset[str] | None = None

    def includes(self, topic: str, plan_id: str) -> bool:
        return (self.topics is None or topic in self.topics) and (self.plans is None or plan_id in self.plans)


ALL = EventFilter()


@dataclass(frozen=True)
class Page(Generic[E_co]):
    """Events in the order of the log, and the position to go on after: past what was looked at and not wanted."""

    log_id: UUID
    rows: Sequence[E_co]
    next: int
    end: int
    """Where the log ended at that moment: the page is the last one for now where `next` has come to it."""


class Feed(Protocol[E_co]):
    """The log, page by page.  Every method raises `CursorGone`, `StoreUnavailable`."""

    def position(self, cursor: Cursor) -> int:
        """Where a cursor is."""

    def page(self, after: Cursor | int, wanted: EventFilter = ALL, most: int = 1_000) -> Page[E_co]:
        """What follows a cursor or a position: at most so many events."""


class Turn(Protocol):
    """A relay's turn to carry the feed elsewhere: of several with one name, one relays and the others stand by.

    Every method raises `StoreUnavailable`, also when the turn was lost.
    """

    def check(self) -> None:
        """That it still lasts."""

    def reached(self) -> Cursor | None:
        """The last event that was relayed under this name; None before the first."""

    def reach(self, log_id: UUID, position: int) -> None:
        """Note that the event at a position was relayed."""

    def end(self) -> None: ...


class LogWatch(Protocol):
    """Word of news on the log, for everybody in this process who waits for it."""

    @property
    def position(self) -> int:
        """The last position that was seen; 0 before anybody has waited."""

    @property
    def closed(self) -> bool:
        """Whether the process ends: nobody is to be kept waiting."""

    def telling(self, tell: Callable[[int], None]) -> AbstractContextManager[None]:
        """Meanwhile `tell` is called with each new last position and at the end, in another thread, which it must not
        hold up."""

    async def moved(self, after: int, timeout: float) -> int:
        """Wait until the log goes on after a position or the time in seconds is over; the last position seen."""
