"""One rendering process for all services and reports of a test process.

It takes a second or two to load, which is most of the time of a report test. It keeps no state between orders, so it
behaves like a process of its own. `test_rendering_press.py`, where each pool has its own process, covers how such a
process begins, fails and ends.
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
    """A substitute for a pool's `Child` that uses the shared process and leaves it running."""

    _kept: Child | None = None
    _lock = RLock()

    def __init__(self) -> None:
        # A start of its own would do the same, so that a test without the mark does not depend on who has started it.
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
                # Otherwise the answer that is still to come would be taken for the answer to the next order.
                self.end_for_all()
                raise

    def poll(self) -> None:
        """Return that it is running."""

    def kill(self) -> None:
        """Do nothing, because others use it."""

    def end(self) -> None:
        """Do nothing, because others use it."""

    @classmethod
    def end_for_all(cls) -> None:
        with cls._lock:
            if cls._kept:
                cls._kept.end()
            cls._kept = None


@contextmanager
def shared() -> Iterator[None]:
    """Return the shared child for pools with the usual timeout."""

    def child(idle_seconds: float) -> Child | SharedChild:
        return SharedChild() if idle_seconds == IDLE_SECONDS else Child(idle_seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "Child", child)
        try:
            yield
        finally:
            SharedChild.end_for_all()
