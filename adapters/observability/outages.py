"""Outages: work that fails is logged once for each cause, with the consequences, and once more when it works again.

A store that is away is one cause, however many parts of the process wait for it and however the driver words it.
"""

from threading import Lock
from time import monotonic
from typing import Any

import structlog

from application.aggregates.ports import StoreUnavailable

OUR_OWN = ("adapters.", "application.", "domain.")
STORE_AWAY = "StoreUnavailable"
FOLLOWS_FROM_A_STORE_AWAY = (
    "commands and views answer 503; lists, checkpoints, webhooks and housekeeping stand where they are, and go on by"
    " themselves when it is back"
)

logger = structlog.get_logger("plantrail.outages")


def cause_of(error: BaseException) -> str:
    """Return the type of an error, with its message if the error is ours: other messages may repeat somebody's
    words."""
    if type(error) is StoreUnavailable:
        return STORE_AWAY
    name, words = type(error).__name__, " ".join(str(error).split())
    return f"{name}: {words}" if is_ours(error) and words else name


def is_ours(error: BaseException) -> bool:
    return type(error).__module__.startswith(OUR_OWN)


class Outages:
    """The outages of one process. It counts who waits for the store, so that its absence is logged once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._store_away_for: set[Work] = set()
        self._store_away_since = 0.0

    def store_away(self, work: "Work") -> None:
        with self._lock:
            if not self._store_away_for:
                self._store_away_since = monotonic()
                logger.warning("store away", error=STORE_AWAY, follows=FOLLOWS_FROM_A_STORE_AWAY)
            self._store_away_for.add(work)

    def store_back(self, work: "Work") -> None:
        with self._lock:
            self._store_away_for.discard(work)
            if not self._store_away_for:
                logger.info("store back", seconds=round(monotonic() - self._store_away_since, 1))


class Work:
    """Something that is repeated and may fail."""

    def __init__(self, outages: Outages | None, stopped: str, going_on: str, follows: str, **about: Any) -> None:
        """`stopped` and `going_on` are the log events for failure and recovery; `follows` says what does not happen
        meanwhile."""
        self._outages = outages or Outages()
        self._stopped = stopped
        self._going_on = going_on
        self._follows = follows
        self._about = about
        self.cause: str | None = None
        """Why it fails at the moment; None while it works."""

    def failed(self, error: BaseException) -> None:
        cause = cause_of(error)
        if cause == self.cause:
            return
        if cause == STORE_AWAY:
            self._outages.store_away(self)
        else:
            self._leave_the_store()
            origin = None if is_ours(error) else error
            logger.error(self._stopped, error=cause, follows=self._follows, exc_info=origin, **self._about)
        self.cause = cause

    def done(self) -> None:
        if self.cause is None:
            return
        if self.cause == STORE_AWAY:
            self._outages.store_back(self)
        else:
            logger.info(self._going_on, **self._about)
        self.cause = None

    def _leave_the_store(self) -> None:
        if self.cause == STORE_AWAY:
            self._outages.store_back(self)
