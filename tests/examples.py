"""How many examples of what is drawn at random: so many in the suite, and in `make torture` so many times as many."""

import os
from collections.abc import Iterator, Sequence
from itertools import cycle, islice, repeat
from typing import TypeVar

Value = TypeVar("Value")

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def examples(in_the_suite: int) -> int:
    return in_the_suite * TIMES


def in_turn(values: Sequence[Value], at_each: int) -> Iterator[Sequence[Value]]:
    """For one place after the other, the values that are tried there: so many, in turn, or all in `make torture`.

    Over enough places every value is tried.
    """
    if TIMES > 1:
        yield from repeat(values)
    turning = cycle(values)
    while True:
        yield list(islice(turning, at_each))


def spread(values: Sequence[Value], step: int) -> Iterator[Sequence[Value]]:
    """For one place after the other, every `step`-th of the values, beginning one later each time, or all of them in
    `make torture`.

    Over `step` places every value is tried, and those of one place are of all kinds where like values stand together.
    """
    if TIMES > 1:
        yield from repeat(values)
    for first in cycle(range(step)):
        yield values[first::step]
