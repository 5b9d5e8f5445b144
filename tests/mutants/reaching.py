"""Which tests run which line, as each of them would alone.

A line counts as run by a test that uses what another one made by it: what is remembered from call to call is forgotten
before each test, and what sets up a fixture is run by all tests that the fixture serves.
"""

import functools
import gc
import hashlib
import os
import pickle
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from coverage import Coverage

from tests.mutants.forks import in_a_fork
from tests.places import ROOMS, ROOT
from tests.programs import STARTING

PACKAGES = (*ROOMS, "adapters", "tests")

OURS = tuple(f"{ROOT / room}{os.sep}" for room in ROOMS)


class Tests(NamedTuple):
    """The tests that pass without any mutant, start no program and are not too long."""

    took: Mapping[int, float]
    """Seconds of processor time of each, which is named by its place among those collected."""

    running: Mapping[str, Mapping[int, set[int]]]
    """Which of them run each line of each file."""

    failed: Sequence[int]
    """Those that fail without any mutant, or are too long."""

    def of(self, path: str, lines: Iterable[int]) -> set[int]:
        running = self.running.get(path, {})
        return set().union(*(running.get(line, ()) for line in lines))


def kept(memory: Path, items: Sequence[pytest.Item], longest: float) -> Tests:
    """What was found before of the same tests, in the project as it is, or else is found now."""
    files = [path.read_bytes() for room in PACKAGES for path in sorted((ROOT / room).rglob("*.py"))]
    state = hashlib.sha256(
        b"\0".join([*files, *(item.nodeid.encode() for item in items), str(longest).encode()])
    ).digest()
    if memory.exists() and memory.read_bytes().startswith(state):
        return Tests(*pickle.loads(memory.read_bytes().removeprefix(state)))
    tests: Tests = in_a_fork(lambda: _tests_by_line(items, longest))
    memory.write_bytes(state + pickle.dumps(tuple(tests)))
    return tests


def _tests_by_line(items: Sequence[pytest.Item], longest: float) -> Tests:
    """Runs every test once and notes how long it takes and which lines it runs.

    One that starts a program is left out: no mutant is in that one.
    """
    took, starting, caches = dict[int, float](), set[int](), remembering()
    by_line = _ByLine()
    for plugin in (by_line, _NoLongerThan(longest)):
        items[0].config.pluginmanager.register(plugin)
    sys.addaudithook(lambda event, _: starting.add(index) if event in STARTING else None)
    by_line.watch.start()
    for index, (item, following) in enumerate(pairwise([*items, None])):
        forget(caches)
        by_line.begin(str(index))
        began = time.process_time()
        if item and passes(item, following) and index not in starting:
            took[index] = time.process_time() - began
    by_line.watch.stop()
    failed = [index for index in range(len(items)) if index not in took and index not in starting]
    return Tests(took, by_line.lines(items, took), failed)


class _ByLine:
    """Watches which lines are run for which test, and by which fixture for many tests."""

    def __init__(self) -> None:
        self.watch = watch()
        self._for = [""]

    def begin(self, test: str) -> None:
        self._for = [test]
        self.watch.switch_context(test)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[Any]:
        self._for.append(f"fixture {id(fixturedef)}" if fixturedef.scope != "function" else self._for[-1])
        self.watch.switch_context(self._for[-1])
        try:
            return (yield)
        finally:
            self._for.pop()
            self.watch.switch_context(self._for[-1])

    def lines(self, items: Sequence[pytest.Item], among: Iterable[int]) -> dict[str, dict[int, set[int]]]:
        served = defaultdict[str, set[int]](set)
        for index in among:
            served[str(index)].add(index)
            for fixtures in items[index]._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
                for each in fixtures:
                    served[f"fixture {id(each)}"].add(index)
        data = self.watch.get_data()
        return {
            path: {line: set().union(*(served.get(of, ()) for of in run_for)) for line, run_for in by_line.items()}
            for path in data.measured_files()
            if (by_line := data.contexts_by_lineno(path))
        }


def watch() -> Coverage:
    """What notes which lines of ours are run."""
    found = Coverage(data_file=None, config_file=False, include=[f"{room}*" for room in OURS])
    found.set_option("run:disable_warnings", ["no-data-collected"])  # few tests may run nothing of ours while collected
    return found


def remembering() -> list[Any]:
    """The functions of ours that remember what they returned.  What is frozen in the collector's memory is not
    found."""
    return [
        each
        for each in gc.get_objects()
        if isinstance(each, functools._lru_cache_wrapper) and str(each.__module__).split(".")[0] in PACKAGES
    ]


def forget(caches: Iterable[Any]) -> None:
    for each in caches:
        each.cache_clear()


def passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Whether a test passes; what serves the one that follows stays set up."""
    failed: list[bool] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            failed.append(report.failed)

    watching = Watch()
    item.config.pluginmanager.register(watching)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        item.config.pluginmanager.unregister(watching)
    return not any(failed)


class TooLong(BaseException):
    """The test takes longer than it may; nothing that a test runs catches this and goes on."""


class _NoLongerThan:
    """Ends a test that takes so many seconds of processor time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        signal.signal(signal.SIGVTALRM, self._end)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)
        try:
            return (yield)
        except TooLong:
            told = f"takes longer than {self._seconds} s"
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        # The traceback of where it was ended, at any instruction, is one that pytest cannot always show.
        pytest.fail(told, pytrace=False)

    @staticmethod
    def _end(*_: object) -> None:
        raise TooLong
