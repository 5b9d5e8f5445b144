"""How many examples of what is drawn at random: so many in the suite, and in `make torture` so many times as many."""

import os

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def examples(in_the_suite: int) -> int:
    return in_the_suite * TIMES
