"""The process that makes pages and PDFs runs when it is needed, and ends when it is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from threading import Thread

import psutil
import pytest

from adapters.rendering import pool
from adapters.rendering.document import Form
from adapters.rendering.pool import Child, RenderingFailed, RenderingPool
from tests.places import ROOT
from tests.reports import demo, of_an_empty_plan, worked_case
from tests.stores import wait_until

OTHERS: set[int] = set()


@pytest.fixture(scope="module", autouse=True)
def _of_its_own() -> Iterator[None]:
    """Give each pool a process of its own, as it has outside of tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "Child", Child)
        yield


@pytest.fixture(autouse=True)
def _without_others(_programs: None) -> None:
    """Leave the processes of other tests' services out of what these tests count."""
    OTHERS.update(each.pid for each in psutil.Process(os.getpid()).children())


@pytest.fixture(scope="module")
def press(_programs: None) -> Iterator[RenderingPool]:
    """Yield a pool that many tests share."""
    with RenderingPool() as press:
        yield press


@pytest.mark.torture
def test_what_is_heavy_is_never_loaded_by_who_asks():
    program = """
import sys
from adapters.bootstrap.http_service import http_app
import adapters.cli.commands
heavy = {"icalendar", "jinja2", "jwt", "typst", "vl_convert", "xlsxwriter"} & set(sys.modules)
assert not heavy, heavy
import adapters.web.app
assert "jwt" not in sys.modules, "it is for who has an issuer"
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.torture
def test_pages_and_pdfs_take_no_memory_of_who_asks(press: RenderingPool):
    press.made("said-vs-did", "md", demo())
    before = psutil.Process().memory_info().rss
    forms: tuple[Form, ...] = ("html", "pdf")
    for form in forms:
        press.made("said-vs-did", form, demo())
    assert psutil.Process().memory_info().rss - before < 20_000_000


@pytest.mark.torture
def test_the_process_ends_when_nobody_asks_and_is_there_again_when_somebody_does():
    with RenderingPool(idle_seconds=0.5) as press:
        first = press.made("said-vs-did", "html", of_an_empty_plan())
        wait_until(lambda: not living_children())
        assert press.made("said-vs-did", "html", of_an_empty_plan()) == first
        assert living_children()
    assert not living_children()


def living_children(of_it: RenderingPool | None = None) -> list[psutil.Process]:
    """Those of the presses of this test, or of one."""
    children = psutil.Process(os.getpid()).children()
    others = OTHERS - {of_it._child.process.pid} if of_it and of_it._child else OTHERS
    return [each for each in children if each.pid not in others and "rendering.worker" in command_of(each)]


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def test_a_process_that_is_killed_at_work_is_replaced(press: RenderingPool):
    expected = press.made("said-vs-did", "html", of_an_empty_plan())
    for process in living_children(of_it=press):
        process.kill()
    assert press.made("said-vs-did", "html", of_an_empty_plan()) == expected


def test_many_ask_at_once_and_each_gets_their_own(press: RenderingPool):
    reports = {"worked": worked_case(), "empty": of_an_empty_plan()}
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        found[number] = press.made("said-vs-did", "html", reports["worked" if number % 2 else "empty"])

    threads = [Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(living_children(of_it=press)) == 1
    assert all((b"2 of 6 promises kept" in content) == bool(number % 2) for number, content in found.items())
    assert len(found) == 6


def test_what_cannot_be_done_is_said_and_the_next_report_is_made(press: RenderingPool):
    with pytest.raises(RenderingFailed, match="KeyError"):
        press.made("said-vs-did", "html", b"{}")
    assert b"<h1>" in press.made("said-vs-did", "html", of_an_empty_plan())


def test_what_takes_too_long_is_given_up():
    with RenderingPool(most_seconds=0.01) as press:
        with pytest.raises(RenderingFailed, match="longer than"):
            press.made("said-vs-did", "pdf", demo())
        assert not living_children()


@pytest.mark.torture
def test_a_press_that_is_closed_makes_nothing_more_and_leaves_nobody():
    press = RenderingPool()
    press.made("said-vs-did", "html", of_an_empty_plan())
    press.close()
    assert not living_children()
    with pytest.raises(RenderingFailed, match="closed"):
        press.made("said-vs-did", "html", of_an_empty_plan())


@pytest.mark.torture
def test_the_process_ends_with_who_asked():
    program = """
import os, signal
from adapters.rendering.pool import RenderingPool
from tests.reports import of_an_empty_plan
press = RenderingPool()
press.made("said-vs-did", "html", of_an_empty_plan())
print(press._child.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, check=False)
    child = int(asked.stdout)
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
