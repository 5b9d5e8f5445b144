"""The number of random examples: few in the suite, and many times as many in `make torture`."""

import os
from collections.abc import Iterator, Sequence
from itertools import cycle, islice, repeat
from typing import TypeVar

Value = TypeVar("Value")

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def examples(in_the_suite: int) -> int:
    return in_the_suite * TIMES


def in_turn(values: Sequence[Value], at_each: int) -> Iterator[Sequence[Value]]:
    """Yield, for each place, the values to try there: a few in turn, or all in `make torture`.

    Over enough places every value is tried.
    """
    if TIMES > 1:
        yield from repeat(values)
    turning = cycle(values)
    while True:
        yield list(islice(turning, at_each))


def spread(values: Sequence[Value], step: int) -> Iterator[Sequence[Value]]:
    """Yield, for each place, every `step`-th value, starting one later each time; all of them in `make torture`.

    Over `step` places every value is tried. If similar values stand together, each place gets values of all kinds.
    """
    if TIMES > 1:
        yield from repeat(values)
    for first in cycle(range(step)):
        yield values[first::step]
