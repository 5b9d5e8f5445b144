"""Restarts the embedded server if it dies while it is in use.

Each process that uses the server watches it, and one of them restarts it. If that fails repeatedly, the process ends,
so that its supervisor can act.
"""

import os
import signal
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

import structlog

from adapters.postgres.embedded.programs import EmbeddedPostgresError

SECONDS_BETWEEN_LOOKS = 1.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
"""Seconds between two attempts to start; each pause is twice the one before."""
GIVE_UP_AFTER_SECONDS = 120.0

logger = structlog.get_logger("plantrail.embedded")


class Keeper:
    """A thread that watches the server and restarts it."""

    def __init__(self, is_up: Callable[[], bool], is_stopped: Callable[[], bool], start: Callable[[], None]) -> None:
        """`is_stopped` returns whether the server was stopped by hand, so that it must not be started. `start` does
        nothing if another process was faster, and raises `EmbeddedPostgresError`."""
        self._is_up = is_up
        self._is_stopped = is_stopped
        self._start = start
        self._ending = Event()
        self._thread = Thread(target=self._keep, name="keeper", daemon=True)
        self.why_down: str | None = None
        """What is the matter with the server; None while it is up."""
        self.given_up: EmbeddedPostgresError | None = None

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop watching. Raises `EmbeddedPostgresError` if the server could not be restarted, which is why this process
        ends."""
        self._ending.set()
        self._thread.join()
        if self.given_up:
            raise self.given_up

    def _keep(self) -> None:
        while not self._ending.wait(SECONDS_BETWEEN_LOOKS):
            if self._is_up():
                self._is_back()
            elif self._is_stopped():
                self._tell_stopped()
            else:
                self._bring_back()
            if self.given_up:
                words = first_line(self.given_up)
                logger.error("embedded PostgreSQL given up", error=words, follows="this process ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def _is_back(self) -> None:
        if self.why_down:
            logger.info("embedded PostgreSQL is back")
            self.why_down = None

    def _tell_stopped(self) -> None:
        if self.why_down is None:
            self.why_down = "The embedded PostgreSQL was stopped by hand; `plantrail db start` starts it."
            logger.warning("embedded PostgreSQL was stopped by hand", follows="it is not started again by itself")

    def _bring_back(self) -> None:
        """Try until the server is up, was stopped by hand, or cannot be restarted."""
        since, pause = monotonic(), FIRST_PAUSE_SECONDS
        self.why_down = "The embedded PostgreSQL has died and is being started again."
        logger.warning("embedded PostgreSQL has died", follows="it is started again")
        while True:
            try:
                self._start()
                return
            except EmbeddedPostgresError as error:
                self.why_down = f"The embedded PostgreSQL has died and cannot be started: {first_line(error)}"
                logger.error("embedded PostgreSQL cannot be started", error=first_line(error), seconds=pause)
                if monotonic() - since >= GIVE_UP_AFTER_SECONDS:
                    self.given_up = error
                    return
            if self._ending.wait(pause) or self._is_up() or self._is_stopped():
                return
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def first_line(error: EmbeddedPostgresError) -> str:
    return str(error).partition("\n")[0]
