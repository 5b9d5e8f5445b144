"""Settings of Python's garbage collector and thread switching for processes that run long."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BEFORE_A_COLLECTION = 20_000
COLLECTIONS_BEFORE_A_WHOLE_ONE = 200
"""Collections of the younger generations before a full one. A full collection visits every object while all threads
wait, and the objects of plans hardly ever form cycles, so it is seldom needed."""

SECONDS_OF_A_TURN = 0.001
"""Python's switch interval in seconds: how long a computing thread may delay the event loop. The default of five
milliseconds adds up where several threads compute."""


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Disable the garbage collector while modules are loaded, and exclude what was loaded from later collections.

    Loading makes no garbage, and looking for it would take an eighth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def tune_garbage_collection() -> None:
    """Exclude all existing objects from garbage collection, and collect less often.

    Reading one plan creates many times the 700 objects after which Python would collect by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_A_COLLECTION, 10, COLLECTIONS_BEFORE_A_WHOLE_ONE)
    sys.setswitchinterval(SECONDS_OF_A_TURN)
