"""CloudEvents for subscribers of the feed, encoded once for all callers who may read the same."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.events.cloud_events import CloudEvents
from adapters.events.stored_format import Keys
from adapters.http.live import Live, Part, Read
from application.aggregates.access import Caller
from application.feed.cursors import Cursor
from application.feed.ports import EventFilter, Feed, LogWatch

KeysOf = Callable[[Sequence[Notification]], Mapping[str, Keys]]


class Subscribers:
    """The end of the log for subscribers, once with text about people and once without.

    `keys` returns, by plan, the existing keys of the people about whom events are.
    """

    def __init__(self, feed: Feed[Notification], keys: KeysOf, watch: LogWatch, public_url: str) -> None:
        self._feed = feed
        self._keys = keys
        self._public_url = public_url
        self._cloud_events = lru_cache(maxsize=2)(self._of_log)
        self._live = {words: Live(self._reader(words), watch) for words in (False, True)}

    def live(self, caller: Caller) -> Live:
        return self._live[caller.personal_data]

    def _reader(self, words: bool) -> Read:
        def read(after: Cursor | int, wanted: EventFilter, most: int) -> Part:
            page = self._feed.page(after, wanted, most)
            written = self._cloud_events(page.log_id).structured
            if words:
                keys = self._keys(page.rows)
                documents = [written(row, keys.get(str(row.originator_id), {})) for row in page.rows]
            else:
                documents = [written(row) for row in page.rows]
            return Part(page.rows, documents, page.next, page.end)

        return read

    def _of_log(self, log_id: UUID) -> CloudEvents:
        return CloudEvents(log_id, self._public_url)
