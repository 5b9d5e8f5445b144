"""Runs tests in several processes at once, which are forks of the one that has collected them.

Importing everything and collecting the tests takes as long as hundreds of tests, so it is done once. A worker takes
file after file, and asks for the next when it begins the last test of one. It has its own session fixtures and
temporary folder. The process that collected the tests runs none, and reports for all.
"""

import os
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

import pytest

from tests import forks
from tests.programs import MARK

MORE_THAN_CORES = 3
"""Many tests wait, for programs to start, for time to run out."""


def number_of_workers(said: str) -> int:
    return (os.cpu_count() or 1) + MORE_THAN_CORES if said == "auto" else int(said)


# In the process that collected the tests


class Worker:
    """A process that runs tests."""

    def __init__(self, session: pytest.Session, others: Sequence["Worker"]) -> None:
        self.left: list[int] = []
        """The indexes of the tests it was given and has not finished; the first one is running."""
        self.connection, theirs = Pipe()
        self.pid = os.fork()
        if not self.pid:
            for other in (self, *others):
                other.connection.close()
            _be_a_worker(session, theirs)
        theirs.close()

    def give(self, tests: Sequence[int]) -> None:
        self.left += tests
        self.connection.send(tests)

    def wait(self) -> int:
        """Return its exit code, once it has finished the current test."""
        self.connection.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Workers:
    """A plugin that runs the tests of a session in workers."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._workers: list[Worker] = []
        self._files: deque[list[int]] = deque()
        """The tests that no worker has yet, by file."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.config.option.collectonly or session.testsfailed:
            return None  # which is told as it always is
        places = range(len(session.items))
        self._files.extend(list(file) for _, file in groupby(places, key=lambda place: session.items[place].path))
        if any(item.get_closest_marker(MARK) for item in session.items):
            forks.begin()  # one for all
        _folders(session.config).getbasetemp()  # one, in which each worker has its own
        try:
            for _ in range(min(self._number, len(self._files))):
                self._workers.append(Worker(session, self._workers))
            while self._workers:
                self._listen(session)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)
        finally:
            for worker in self._workers:
                worker.wait()
        return True

    def _listen(self, session: pytest.Session) -> None:
        ready = wait([worker.connection for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                self._told(session, worker, *worker.connection.recv())
            except (EOFError, ConnectionResetError):
                self._workers.remove(worker)
                self._ended(session, worker)

    def _told(self, session: pytest.Session, worker: Worker, what: str, data: Any = None) -> None:
        hook = session.config.hook
        if what == "next":
            worker.give(self._files.popleft() if self._files else [])
        elif what == "report":
            report = hook.pytest_report_from_serializable(config=session.config, data=data)
            hook.pytest_runtest_logreport(report=report)
        else:
            item = session.items[worker.left.pop(0)]
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _ended(self, session: pytest.Session, worker: Worker) -> None:
        """Report the test that a worker was running if it did not end by itself, and give the rest to another."""
        code = worker.wait()
        if not worker.left:
            if code:
                session.shouldfail = f"a worker ended with exit code {code} after its last test"
            return
        at, *rest = worker.left
        item, words = session.items[at], f"the process that ran this test ended with exit code {code}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        session.config.hook.pytest_runtest_logreport(report=report)
        if rest:
            self._files.appendleft(rest)
        if self._files:
            self._workers.append(Worker(session, self._workers))


# In a worker


def _be_a_worker(session: pytest.Session, connection: Connection) -> NoReturn:
    """Run tests until there are no more, or nobody reads the reports."""
    code = 1
    try:
        _begin_anew(session.config)
        telling = _Telling(session.config, connection)
        session.config.pluginmanager.register(telling)
        items = telling.items(session.items)
        item = next(items, None)
        while item:
            following = next(items, None)
            # After the last test the session fixtures end.
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            connection.send(["finished"])
            item = following
        code = 0
    except (BrokenPipeError, ConnectionResetError, EOFError, KeyboardInterrupt):
        session._setupstate.teardown_exact(None)
        code = 0
    except BaseException:  # noqa: BLE001 - This process ends here.
        traceback.print_exc(file=open(2, "w", closefd=False))  # noqa: SIM115 - it is ours until the end
    finally:
        os._exit(code)


def _begin_anew(config: pytest.Config) -> None:
    """Separate this process from the others: output and temporary folders."""
    plugins = config.pluginmanager
    plugins.unregister(name="terminalreporter")
    capturing: Any = plugins.getplugin("capturemanager")
    capturing.stop_global_capturing()
    capturing.start_global_capturing()
    folders = _folders(config)
    folders._basetemp = folders.mktemp("worker")


def _folders(config: pytest.Config) -> pytest.TempPathFactory:
    folders: pytest.TempPathFactory = vars(config)["_tmp_path_factory"]
    return folders


class _Telling:
    """A plugin that sends the reports of tests to the process that collected them."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config = config
        self._connection = connection

    def items(self, items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
        while True:
            self._connection.send(["next"])
            given = self._connection.recv()
            if not given:
                return
            for place in given:
                yield items[place]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and report.when != "call" and self._config.option.durations is None:
            return  # nothing is told of it, and to tell it would take as long as many tests
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._connection.send(["report", data])
