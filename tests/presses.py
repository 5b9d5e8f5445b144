"""One rendering process for all services and reports of a test process.

What it loads and makes ready takes it a second or two, most of what a test of a report takes.  It keeps nothing of what
it is asked, so each pool of a test finds it as it would find one of its own; how such a process begins, fails and ends
is seen in `test_rendering_press.py`, where each pool has its own.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import pytest

from adapters.rendering import pool
from adapters.rendering.pool import Child
from adapters.rendering.worker import IDLE_SECONDS

LONGER_THAN_ANY_TEST = 3_600.0


class SharedChild:
    """Stands where a pool has its `Child`: asks the one there is, and leaves it there in the end."""

    _kept: Child | None = None
    _lock = RLock()

    def __init__(self) -> None:
        # As a start of its own would: a test that is not marked may not depend on who has started it.
        sys.audit("subprocess.Popen", sys.executable, ["adapters.rendering.worker"], None, None)
        self.process = self

    def ask(self, order: bytes, most_seconds: float) -> bytes:
        with self._lock:
            if self._kept is None or self._kept.process.poll() is not None:
                SharedChild._kept = Child(LONGER_THAN_ANY_TEST)
            assert self._kept
            try:
                return self._kept.ask(order, most_seconds)
            except BaseException:
                # An answer that is still to come would be taken for that to the next order.
                self.end_for_all()
                raise

    def poll(self) -> None:
        """It is there."""

    def kill(self) -> None:
        """Others go on."""

    def end(self) -> None:
        """Others go on."""

    @classmethod
    def end_for_all(cls) -> None:
        with cls._lock:
            if cls._kept:
                cls._kept.end()
            cls._kept = None


@contextmanager
def shared() -> Iterator[None]:
    """Of pools that wait as long as usual."""

    def child(idle_seconds: float) -> Child | SharedChild:
        return SharedChild() if idle_seconds == IDLE_SECONDS else Child(idle_seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "Child", child)
        try:
            yield
        finally:
            SharedChild.end_for_all()
