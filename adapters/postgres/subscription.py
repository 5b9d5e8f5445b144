"""A subscription of eventsourcing to the log. It loses nothing when notifications or connections are lost."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

from eventsourcing.persistence import ApplicationRecorder, Notification, OperationalError, Subscription

from adapters.observability.outages import Outages, Work
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.log_watch import RETRY, PostgresLogWatch
from adapters.postgres.stored_events import as_uuid
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import CursorGone
from application.feed.ports import EventFilter

PAGE = 500


class LogReplaced(OperationalError):
    """The log was restored from a dump and is no longer the one that was followed."""

    def __init__(self, last_common: int) -> None:
        super().__init__(
            f"{self.__doc__} Both have the events up to position {last_common}: discard what came of later ones."
        )
        self.last_common = last_common


class PlanSubscription(Subscription[ApplicationRecorder]):
    """Reads the log page by page. At its end it waits for `LogWatch`, which polls, so that a lost notification only
    costs time. While the database is unavailable it tries again."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        feed: PostgresFeed,
        watch: PostgresLogWatch,
        outages: Outages | None = None,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._fares = Work(outages, "the log cannot be read", "the log is read again", "subscribers get no news")
        self._feed = feed
        self._watch = watch
        self._wanted = EventFilter(topics=frozenset(topics) if topics else None)
        self._position = gt or 0
        self._page: Iterator[Notification] = iter(())
        self._news = Event()
        self._watching = ExitStack()
        self._watching.enter_context(watch.telling(self._tell))

    def __next__(self) -> Notification:
        """Return the next event. Raises `LogReplaced`."""
        while not self._is_over():
            for notification in self._page:
                return notification
            self._page = iter(self._next_page())
        raise StopIteration

    def stop(self) -> None:
        super().stop()
        self._watching.close()
        self._news.set()

    def _is_over(self) -> bool:
        return self._has_been_stopped or self._watch.closed

    def _tell(self, _: int) -> None:
        self._news.set()

    def _next_page(self) -> Sequence[Notification]:
        """Return the next events; none if it had to wait for them."""
        self._news.clear()  # The position is read before the page, so that no event that arrives meanwhile is missed.
        try:
            page = self._feed.page(self._position, self._wanted, PAGE)
        except CursorGone as gone:
            raise LogReplaced(gone.last_common) from gone
        except StoreUnavailable as error:
            self._fares.failed(error)
            self._wait(RETRY)
            return ()
        self._fares.done()
        self._position = page.next
        if not page.rows and page.next >= page.end:
            self._wait()
        return [replace(event, originator_id=as_uuid(event.originator_id)) for event in page.rows]

    def _wait(self, seconds: float | None = None) -> None:
        if not self._is_over():
            self._news.wait(seconds)
