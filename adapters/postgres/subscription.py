"""Following the log by the library's subscription: nothing is lost, whatever happens to notifications and connections."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from threading import Event

import structlog
from eventsourcing.persistence import ApplicationRecorder, Notification, OperationalError, Subscription

from adapters.postgres.feed import PostgresFeed
from adapters.postgres.log_watch import RETRY, PostgresLogWatch
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import CursorGone
from application.feed.ports import EventFilter

PAGE = 500

logger = structlog.get_logger("plantrail.subscription")


class LogReplaced(OperationalError):
    """The log is another one than the one that was followed: it was restored from a dump."""

    def __init__(self, last_common: int) -> None:
        super().__init__(
            f"{self.__doc__} Both have the events up to position {last_common}; discard what came of later ones."
        )
        self.last_common = last_common


class PlanSubscription(Subscription[ApplicationRecorder]):
    """Reads page after page and waits at the end of the log for word of the watch, which looks there again and again
    whether it is notified or not.  While the database is away it tries again."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        feed: PostgresFeed,
        watch: PostgresLogWatch,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._feed = feed
        self._watch = watch
        self._wanted = EventFilter(topics=frozenset(topics) if topics else None)
        self._position = gt or 0
        self._page: Iterator[Notification] = iter(())
        self._news = Event()
        self._watching = ExitStack()
        self._watching.enter_context(watch.telling(self._tell))

    def __next__(self) -> Notification:
        """Raises `LogReplaced`, also where the log is replaced meanwhile."""
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
        """Empty where there was none, after it was waited for."""
        self._news.clear()  # before looking, so that what comes meanwhile is not waited for
        try:
            page = self._feed.page(self._position, self._wanted, PAGE)
        except CursorGone as gone:
            raise LogReplaced(gone.last_common) from gone
        except StoreUnavailable as error:
            logger.warning("the log cannot be read", position=self._position, error=type(error).__name__)
            self._wait(RETRY)
            return ()
        self._position = page.next
        if not page.rows and page.next >= page.end:
            self._wait()
        return page.rows

    def _wait(self, seconds: float | None = None) -> None:
        if not self._is_over():
            self._news.wait(seconds)
