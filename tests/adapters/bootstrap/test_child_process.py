"""A process beside the service that is worn continues until its successor is ready, and then ends by itself."""

import os
from multiprocessing.connection import Connection
from threading import Event

import psutil
import pytest

from adapters.bootstrap.child_process import END, ChildProcess, Task, latest, reporting
from tests.stores import wait_until

Told = tuple[int, int]
"""Which process reports, and how often it has."""
WORN_AFTER, READY_AFTER = 2, 2


class Beside(ChildProcess[Told]):
    def is_worn(self, report: Told) -> bool:
        return report[1] > WORN_AFTER

    def is_ready(self, report: Told) -> bool:
        return report[1] > READY_AFTER


def work(line: Connection) -> None:
    """Report until the service has gone or a successor has taken over."""
    reports, gone = 0, Event()

    def report() -> Told:
        nonlocal reports
        reports += 1
        return os.getpid(), reports

    with reporting(line, report, gone.set):
        while not gone.wait(0.05) and latest(line) != END:
            pass


@pytest.mark.torture
@pytest.mark.program
def test_a_process_that_is_worn_goes_on_until_its_successor_is_ready_and_then_ends():
    seen: list[Told] = []

    def another() -> bool:
        assert beside.why_not_there() is None
        if beside.last and beside.last not in seen:
            seen.append(beside.last)
        return len({process for process, _ in seen}) == 2

    with Beside(Task("worn", "is worn", "nobody waits", work, ())) as beside:
        wait_until(another, 60)
        (first, last_words), (second, first_words) = seen[-2:]
        assert first_words > READY_AFTER
        assert last_words > WORN_AFTER
        wait_until(lambda: not psutil.pid_exists(first), 30)
        assert psutil.pid_exists(second)
    assert not psutil.pid_exists(second)
