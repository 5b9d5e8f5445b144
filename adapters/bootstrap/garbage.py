"""How long-running processes collect garbage."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BEFORE_A_COLLECTION = 20_000
COLLECTIONS_BEFORE_A_WHOLE_ONE = 200
"""A whole collection looks at every object there is, and everybody waits meanwhile. What plans are folded to has hardly
any circles, so one is seldom needed."""

SECONDS_OF_A_TURN = 0.001
"""How long a thread that computes keeps the loop waiting that answers everybody: Python's five milliseconds add up
where several compute."""


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Do without the collector while modules are loaded. Nothing becomes garbage meanwhile, and to look for some takes
    an eighth of the time. What is loaded is not looked at later either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def spare_the_collector() -> None:
    """Exclude what is loaded by now from garbage collection, and collect less often.

    Reading one plan creates many times the 700 objects after which Python would collect by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_A_COLLECTION, 10, COLLECTIONS_BEFORE_A_WHOLE_ONE)
    sys.setswitchinterval(SECONDS_OF_A_TURN)
