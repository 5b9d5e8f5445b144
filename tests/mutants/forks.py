"""Processes that are forked to try something, so that it leaves nothing behind where it is tried from."""

import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

WAITED = 120.0
"""Seconds by the clock that what is tried may take beside its processor time: what waits for what never comes is
killed."""

Tried = TypeVar("Tried")


def limit(seconds: float) -> None:
    """Lets this process be ended after so much processor time, or after so much longer by the clock."""
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, WAITED + 10 * seconds)


def in_a_fork(act: Callable[[], Any]) -> Any:
    """What `act` returns, from a process that leaves nothing behind in this one."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            silently()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(act(), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


def each_in_a_fork(
    all_of_them: Iterable[Tried], act: Callable[[Tried], int], failed: int
) -> Iterator[tuple[Tried, int]]:
    """The exit code of each, as many at a time as there are cores; `failed` of one that a signal or an error ended."""
    under_way: dict[int, Tried] = {}

    def one_ended() -> tuple[Tried, int]:
        child, status = os.wait()
        return under_way.pop(child), os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else failed

    for each in all_of_them:
        if len(under_way) >= (os.cpu_count() or 1):
            yield one_ended()
        if not (child := os.fork()):
            silently()
            code = failed
            try:
                code = act(each)
            finally:
                os._exit(code)
        under_way[child] = each
    while under_way:
        yield one_ended()


def silently() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
