"""Housekeeping: something small that is done again and again beside the service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from application.aggregates.ports import StoreUnavailable

logger = structlog.get_logger("plantrail.housekeeping")


@contextmanager
def every(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    """Do the work at once and every so many seconds, until the end; a store that is away is tried again next time."""
    ending = Event()

    def go_on() -> None:
        while True:
            try:
                work()
            except StoreUnavailable as error:
                logger.warning("housekeeping put off", error=type(error).__name__)
            if ending.wait(seconds):
                return

    thread = Thread(target=go_on, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(timeout=5)
