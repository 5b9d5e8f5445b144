"""An outage is logged once for each cause, and once more when it is over."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from adapters.access.access_log import AccessLogFull
from adapters.observability.outages import Outages, Work
from adapters.observability.periodic import every
from application.aggregates.ports import StoreUnavailable
from application.portfolio.projector import CannotBeFolded
from tests.stores import wait_until

AWAY = [StoreUnavailable("connection refused"), StoreUnavailable("the connection is closed"), StoreUnavailable()]


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


def works(outages: Outages) -> list[Work]:
    return [Work(outages, f"{name} stands still", f"{name} goes on", "nothing new", work=name) for name in "abc"]


def told(lines: list[EventDict]) -> list[tuple[str, str | None]]:
    return [(line["event"], line.get("error")) for line in lines]


def test_however_much_waits_for_the_store_and_in_whatever_words_it_is_away_once(lines):
    a, b, c = works(Outages())
    for error in AWAY:
        for work in (a, b, c):
            work.failed(error)
    a.done()
    b.done()
    assert told(lines) == [("store away", "StoreUnavailable")]
    assert "503" in lines[0]["follows"]
    c.done()
    assert told(lines[1:]) == [("store back", None)]
    a.failed(AWAY[0])
    a.done()
    assert [line["event"] for line in lines[2:]] == ["store away", "store back"]


def test_a_cause_of_its_own_is_told_by_what_stands_still_with_what_follows_and_again_when_it_is_another(lines):
    a, b, _ = works(Outages())
    for _ in range(3):
        a.failed(CannotBeFolded("PlayWon", 12))
    b.failed(KeyError("Jane Doe"))
    a.failed(AccessLogFull("full"))
    for work in (a, b):
        work.done()
        work.done()
    assert [line["event"] for line in lines] == [
        "a stands still",
        "b stands still",
        "a stands still",
        "a goes on",
        "b goes on",
    ]
    assert "PlayWon at position 12" in lines[0]["error"]
    assert (lines[0]["follows"], lines[0]["work"]) == ("nothing new", "a")
    assert lines[1]["error"] == "KeyError"
    assert lines[2]["error"] == "AccessLogFull: full"


def test_what_found_the_store_away_and_then_something_worse_waits_for_the_store_no_more(lines):
    a, b, _ = works(Outages())
    a.failed(AWAY[0])
    b.failed(AWAY[0])
    a.failed(KeyError("k"))
    b.done()
    assert [line["event"] for line in lines] == ["store away", "a stands still", "store back"]
    assert (a.cause, b.cause) == ("KeyError", None)


def test_housekeeping_goes_on_whatever_it_fails_of(lines):
    done = list[int]()

    def work() -> None:
        done.append(len(done))
        if len(done) < 4:
            raise ZeroDivisionError

    with every(0.01, work, "counting", "nobody counts"):
        wait_until(lambda: len(done) > 5)
    assert [(line["event"], line["work"]) for line in lines] == [
        ("housekeeping put off", "counting"),
        ("housekeeping goes on", "counting"),
    ]
