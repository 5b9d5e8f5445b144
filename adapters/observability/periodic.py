"""Housekeeping: small jobs that run periodically in a thread beside the service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from adapters.observability.outages import Outages, Work


@contextmanager
def every(
    seconds: float, work: Callable[[], object], called: str, follows: str, outages: Outages | None = None
) -> Iterator[None]:
    """Run `work` at once and then every `seconds`, until the context ends. A failure is logged, and the work is tried
    again at its next time; `follows` says what does not happen meanwhile."""
    ending = Event()
    fares = Work(outages, "housekeeping put off", "housekeeping goes on", follows, work=called)

    def go_on() -> None:
        while True:
            try:
                work()
                fares.done()
            except Exception as error:  # noqa: BLE001 - The error is logged and the work is tried again.
                fares.failed(error)
            if ending.wait(seconds):
                return

    thread = Thread(target=go_on, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(timeout=5)
