"""Which tests start a program: a PostgreSQL, a browser, a broker, or a process of our own.

A fixture that starts one requests the fixture `_programs`; a test that does so itself is marked `program`. Tests that
depend on such a fixture are marked too, so that `make quick` can leave them out. All other tests are prevented from
starting programs, so that no mark is forgotten.
"""

import sys

import pytest

FIXTURE, MARK = "_programs", "program"
STARTING = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system"})
"""The events of `sys.audit` that Python raises before it starts a program."""


class Guard:
    """Refuses to start programs while an unmarked test is set up or runs."""

    def __init__(self) -> None:
        self._refuses = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._refuses and event in STARTING:
            raise AssertionError(
                f"This test starts a program ({event} {arguments[:1]}): mark it with @pytest.mark.{MARK},"
                f" or request `{FIXTURE}` in the fixture that does so; `make quick` leaves it out then."
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if FIXTURE in getattr(item, "fixturenames", ()):
                item.add_marker(MARK)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._refuses = item.get_closest_marker(MARK) is None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        self._refuses = False
