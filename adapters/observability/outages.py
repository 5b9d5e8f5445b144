"""Outages: work that fails is logged once for each cause, with the consequences, and once more when it works again.

An unavailable store is one cause, however many parts of the process need it and however the driver words it.
"""

from collections.abc import Mapping
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

import structlog

from application.aggregates.ports import ClockAhead, StoreFull, StoreReadOnly, StoreUnavailable

OUR_OWN = ("adapters.", "application.", "domain.")


class StoreOutage(NamedTuple):
    """A cause that many parts of a process have in common, with its log entry and its consequences."""

    begins: str
    ends: str
    follows: str


OF_THE_STORE: Mapping[type[BaseException], StoreOutage] = {
    StoreUnavailable: StoreOutage(
        "store away",
        "store back",
        "commands and views answer 503; lists, checkpoints, webhooks and housekeeping stand where they are, and go on"
        " by themselves when it is back",
    ),
    StoreReadOnly: StoreOutage(
        "store read-only",
        "store can be written",
        "commands answer 503, and plans are shown; lists, checkpoints and webhooks stand where they are, and go on"
        " by themselves when it can be written",
    ),
    StoreFull: StoreOutage(
        "store full",
        "store has room",
        "commands answer 503, and plans are shown; lists, checkpoints and webhooks stand where they are, and go on by"
        " themselves when there is room",
    ),
    ClockAhead: StoreOutage(
        "clock ahead",
        "clock is right",
        "commands answer 503, and plans are shown, so that nothing is stamped from the future: set the clock of this"
        " machine, or of the database's, right",
    ),
}

logger = structlog.get_logger("plantrail.outages")


def cause_of(error: BaseException) -> str:
    """Return the type of an error, with its message if the error is ours. Other messages may contain text of users."""
    name, words = type(error).__name__, " ".join(str(error).split())
    return f"{name}: {words}" if is_ours(error) and of_the_store(error) is None and words else name


def of_the_store(error: BaseException) -> StoreOutage | None:
    """Return the common cause to which the error belongs. The database adapter has subclasses with the same names."""
    name = type(error).__name__
    return next(
        (OF_THE_STORE[kind] for kind in type(error).__mro__ if kind in OF_THE_STORE and kind.__name__ == name), None
    )


def is_ours(error: BaseException) -> bool:
    return type(error).__module__.startswith(OUR_OWN)


class Outages:
    """The outages of one process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._met: dict[StoreOutage, set[Work]] = {cause: set() for cause in OF_THE_STORE.values()}
        self._since = dict.fromkeys(self._met, 0.0)

    def met(self, cause: StoreOutage, work: "Work", error: str) -> None:
        with self._lock:
            if not self._met[cause]:
                self._since[cause] = monotonic()
                logger.warning(cause.begins, error=error, follows=cause.follows)
            self._met[cause].add(work)

    def over(self, cause: StoreOutage, work: "Work", goes_on: bool) -> None:
        """Note that a cause no longer stops this work. If the work does not go on, another cause does, which is logged
        separately."""
        with self._lock:
            self._met[cause].discard(work)
            if goes_on and not self._met[cause]:
                logger.info(cause.ends, seconds=round(monotonic() - self._since[cause], 1))


class Work:
    """Work that is repeated and may fail."""

    def __init__(self, outages: Outages | None, stopped: str, going_on: str, follows: str, **about: Any) -> None:
        """`stopped` and `going_on` are the logged events; `follows` says what does not happen meanwhile."""
        self._outages = outages or Outages()
        self._stopped = stopped
        self._going_on = going_on
        self._follows = follows
        self._about = about
        self._of_the_store: StoreOutage | None = None
        self.cause: str | None = None
        """Why the work cannot be done; None if it can."""

    @property
    def own_cause(self) -> str | None:
        """Return why the work cannot be done, unless that is a cause that all work with the store has in common."""
        return None if self._of_the_store else self.cause

    def failed(self, error: BaseException) -> None:
        cause, common = cause_of(error), of_the_store(error)
        if cause == self.cause:
            return
        self._leave_the_store(goes_on=False)
        if common:
            self._outages.met(common, self, cause)
        else:
            origin = None if is_ours(error) else error
            logger.error(self._stopped, error=cause, follows=self._follows, exc_info=origin, **self._about)
        self._of_the_store, self.cause = common, cause

    def done(self) -> None:
        if self.cause is None:
            return
        if self._of_the_store is None:
            logger.info(self._going_on, **self._about)
        self._leave_the_store(goes_on=True)
        self.cause = None

    def _leave_the_store(self, goes_on: bool) -> None:
        if self._of_the_store:
            self._outages.over(self._of_the_store, self, goes_on)
            self._of_the_store = None
