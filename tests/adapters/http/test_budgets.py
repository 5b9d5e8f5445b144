"""Slow requests of one caller do not keep others waiting: they take turns, and the queues are bounded."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from adapters.http import budgets
from adapters.http.budgets import Budget, Budgets, TooMuchAtOnce
from adapters.postgres.store import Store
from tests import plain_http
from tests.adapters.http.test_http_feed import listening
from tests.api import Api, assert_problem, served
from tests.patience import soon
from tests.stores import OPEN_ACME, wait_until


class Work:
    """Something that lasts until it is let go, and notes who had their turn."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.go = Event()

    @contextmanager
    def let_go_at_last(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.go.set()

    def of(self, who: str) -> str:
        assert self.go.wait(10)
        self.done.append(who)
        return who


def test_lines_take_turns_and_whoever_wants_more_than_a_line_holds_is_told_when_to_come_again():
    async def story() -> None:
        lines, work = Budgets({"folding": Budget(1, most=8, most_per_caller=5, seconds=2.0)}), Work()  # type: ignore[typeddict-item]
        asked = [asyncio.create_task(lines.do("folding", "eve", lambda: work.of("eve"))) for _ in range(5)]
        await asyncio.sleep(0.05)
        with pytest.raises(TooMuchAtOnce) as too_much:
            await lines.do("folding", "eve", lambda: work.of("eve"))
        assert too_much.value.seconds >= 2
        others = [asyncio.create_task(lines.do("folding", who, lambda who=who: work.of(who))) for who in ("ann", "ben")]
        given_up = asyncio.create_task(lines.do("folding", "rob", lambda: work.of("rob")))
        await asyncio.sleep(0.05)
        with pytest.raises(TooMuchAtOnce):
            await lines.do("folding", "kim", lambda: work.of("kim"))
        given_up.cancel()
        await asyncio.sleep(0.05)
        late = asyncio.create_task(lines.do("folding", "kim", lambda: work.of("kim")))
        await asyncio.sleep(0.05)
        work.go.set()
        await asyncio.gather(*asked, *others, late)
        assert work.done[:5] == ["eve", "eve", "ann", "ben", "kim"]
        assert sorted(work.done) == ["ann", "ben", *["eve"] * 5, "kim"]
        assert await lines.do("folding", "eve", lambda: work.of("eve")) == "eve"

    asyncio.run(story())


def test_a_failure_passes_the_turn_on_and_parts_are_made_in_turn():
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    async def story() -> None:
        lines = Budgets()
        for _ in range(20):
            with pytest.raises(ZeroDivisionError):
                await lines.do("rendering", "eve", lambda: 1 // 0)
        assert [part async for part in lines.parts("folding", "eve", iter("abc"))] == ["a", "b", "c"]
        with pytest.raises(ZeroDivisionError):
            assert [part async for part in lines.parts("folding", "eve", broken())]
        one, other = lines.parts("folding", "eve", iter("abc")), lines.parts("folding", "ann", iter("xyz"))
        assert [await anext(each) for each in (one, other, one, other)] == ["a", "x", "b", "y"]

    asyncio.run(story())


@pytest.fixture
def large(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Yield a service with a plan that counts as large and a small one."""
    monkeypatch.setattr(budgets, "FEW_EVENTS", 20)
    with served(store) as api:
        for account in ("acme", "small"):
            api.of(account).done("open-plan", **OPEN_ACME | {"account_id": account})
        notes: Any = [("write-note", {"section": "plan", "text": "x"})] * 50
        assert api.do_all(*notes).status_code == 200
        yield api


def test_one_reader_of_a_large_plan_is_told_to_come_again_and_nobody_else_waits(large: Api, monkeypatch):
    work, made = Work(), []
    folded = budgets.releasing_memory
    monkeypatch.setattr(budgets, "releasing_memory", lambda what: (work.of("x"), made.append(1), folded(what))[-1])
    with ThreadPoolExecutor(40) as pool, work.let_go_at_last():
        asked = [pool.submit(large.view, "", None, as_of=f"version:{30 + each % 20}") for each in range(12)]
        wait_until(lambda: sum(each.done() for each in asked) == 4)
        refused = [each.result() for each in asked if each.done()]
        for answer in refused:
            assert_problem(answer, 429, "too-many-requests")
            assert int(answer.headers["retry-after"]) >= 1
        began = monotonic()
        assert large.of("small").view().status_code == 200
        assert large.get("/livez").status_code == 200
        assert monotonic() - began < soon(5)
        work.go.set()
        assert sorted(each.result().status_code for each in asked) == [200] * 8 + [429] * 4


def test_a_report_that_breaks_off_is_seen_to_be_broken(store: Store, monkeypatch):
    with listening(store) as feed:
        zone = "Europe/Berlin"
        for name in ("one", "two", "three"):
            body = OPEN_ACME | {"account_id": name, "timezone": zone}
            assert plain_http.post(f"{feed.url}/v1/plans", json=body).status_code == 201
        histories = store.events.histories

        def broken(_: Any, *asked: Any, **more: Any) -> Iterator[Any]:
            found = histories(*asked, **more)
            yield next(found)
            yield next(found)
            raise ConnectionResetError("the server closed the connection unexpectedly")

        monkeypatch.setattr(type(store.events), "histories", broken)
        month = datetime.now(ZoneInfo(zone))
        path = f"/v1/reports/said-vs-did?month={month:%Y-%m}"
        with pytest.raises(httpx.RemoteProtocolError):
            plain_http.get(feed.url + path)
        host, port = feed.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            heard = b""
            while part := connection.recv(65_536):
                heard += part
        assert heard.startswith(b"HTTP/1.1 200")
        assert not heard.endswith(b"0\r\n\r\n")
