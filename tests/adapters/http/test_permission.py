"""A permission that ends also ends, within a second, the streams, long polls and other answers that it allowed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Thread
from time import monotonic, sleep
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters.access.callers import Bearers
from adapters.access.oidc import IssuedTokens
from adapters.bootstrap.http_service import authentication
from adapters.bootstrap.settings import Settings
from adapters.http.guard import Guard
from adapters.http.middleware import RequestMiddleware
from adapters.http.problems import answer_with_problems
from adapters.observability.metrics import Metrics
from adapters.postgres.store import Store
from tests import plain_http
from tests.adapters.access.test_oidc import LocalIssuer
from tests.adapters.http.test_http_feed import Feed, listening
from tests.api import Clock, assert_problem, served
from tests.callers import Known, as_, bearer, caller, given_key, known_keys
from tests.patience import soon
from tests.stores import wait_until

A_SECOND = 1.0
SLACK = 0.5
"""For a machine on which other tests run as well."""


def changed(change: str) -> Callable[[Store, str], None]:
    """Return a function that changes a stored key by SQL, as somebody with access to the table could."""

    def do(store: Store, key: str) -> None:
        with psycopg.connect(store.where.owner) as connection:
            connection.execute(f"UPDATE plantrail.api_keys SET {change} WHERE id = '{key.split('_')[1]}'".encode())

    return do


ENDS: Mapping[str, Callable[[Store, str], None]] = {
    "revoked": lambda store, key: store.api_keys.revoke(key.split("_")[1], datetime.now(UTC)) and None,
    "expired": changed("expires_at = now() + interval '10 milliseconds'"),
    "of another role": changed("role = 'reader'"),
    "without a plan": changed("plans = '{beta}'"),
    "without words about people": changed("personal_data = false"),
    "unreadable": changed("role = 'emperor'"),
}


def ends_in_time(feed: Feed, headers: dict[str, str], end: Callable[[], object]) -> None:
    """A stream and a long poll wait for what is to come; then their right ends, and only then something happens."""
    with ThreadPoolExecutor(1) as pool, feed.stream(headers, after="now") as events:
        next(events)
        polled = pool.submit(
            plain_http.get, f"{feed.url}/v1/events?after=now&timeout=20000", headers=headers, timeout=40
        )
        feed.record()
        assert next(events)["data"]
        assert polled.result().status_code == 200
        polled = pool.submit(
            plain_http.get, f"{feed.url}/v1/events?after=now&timeout=20000", headers=headers, timeout=40
        )
        sleep(0.1)
        end()
        began = monotonic()
        assert [each for each in events if "data" in each] == []
        assert polled.result().status_code in (401, 403)
        assert monotonic() - began < soon(A_SECOND + SLACK)
        feed.record()
    assert plain_http.get(f"{feed.url}/v1/events", headers=headers).status_code in (200, 401, 403)


def test_a_key_that_ends_or_is_good_for_less_ends_streams_and_long_polls(store: Store, tmp_path):
    given_key(store, "root", "admin", sees_all=True)
    with (
        authentication(Settings(home=tmp_path), "192.0.2.1", store) as let_in,
        listening(store, let_in.callers) as feed,
    ):
        for end in ENDS.values():
            key = given_key(store, "dwh", "subscriber", feed.plan, "beta", personal_data=True)
            wait_until(lambda key=key: plain_http.get(f"{feed.url}/v1/events", headers=bearer(key)).status_code == 200)
            ends_in_time(feed, bearer(key), lambda end=end, key=key: end(store, key))


def test_a_stream_that_is_busy_sends_nothing_that_is_recorded_after_its_key_was_revoked(store: Store):
    key = given_key(store, "dwh", "subscriber", sees_all=True)
    known = known_keys(store)
    with listening(store, Bearers(known)) as feed, feed.stream(bearer(key), after="now") as events:
        next(events)
        sleep(0.3)
        feed.record()
        before = next(events)["data"]
        store.api_keys.revoke(key.split("_")[1], datetime.now(UTC))
        known.refresh()
        feed.record()
        assert [each for each in events if "data" in each] == []
        assert before


def test_a_token_ends_its_streams_when_it_expires(store: Store):
    local = LocalIssuer()
    try:
        now = datetime.now(UTC)
        token = local.token(exp=now + timedelta(seconds=3), plantrail_role="subscriber", plantrail_plans="all")
        callers = Bearers(known_keys(store), IssuedTokens(local.trusted, lambda: datetime.now(UTC)))
        with listening(store, callers) as feed:
            ends_in_time(feed, bearer(token), lambda: sleep(max(0.0, 3 - (datetime.now(UTC) - now).total_seconds())))
            answer = plain_http.get(f"{feed.url}/v1/events", headers=bearer(token))
            assert "expired" in assert_problem(answer, 401, "unauthenticated")["detail"]
    finally:
        local.end()


def test_with_the_first_key_nobody_names_themselves_any_more_in_a_service_that_runs(store: Store, tmp_path):
    with (
        authentication(Settings(home=tmp_path), "127.0.0.1", store) as let_in,
        listening(store, let_in.callers) as feed,
    ):
        assert let_in.development
        ends_in_time(feed, {"X-Actor": "ann"}, lambda: given_key(store, "root", "admin", sees_all=True))
        for headers in ({"X-Actor": "ann"}, {}):
            assert_problem(plain_http.get(f"{feed.url}/v1/plans", headers=headers), 401, "unauthenticated")
        assert let_in.development.is_over()
        key = given_key(store, "rob", "reader", sees_all=True)
        wait_until(lambda: plain_http.get(f"{feed.url}/v1/plans", headers=bearer(key)).status_code == 200, 1.5)


def test_a_ticket_opens_a_stream_within_a_minute_and_ends_with_the_right_it_was_given_for(store: Store, tmp_path):
    given_key(store, "root", "admin", sees_all=True)
    key = given_key(store, "dwh", "subscriber", sees_all=True)
    reader = given_key(store, "rob", "reader", sees_all=True)
    clock = Clock(datetime.now(UTC))
    with authentication(Settings(home=tmp_path), "192.0.2.1", store) as let_in:
        with served(store, let_in.callers, clock) as api:
            assert_problem(api.request("POST", "/v1/events/tickets", headers=bearer(reader)), 403, "forbidden")
            made = api.request("POST", "/v1/events/tickets", headers=bearer(key))
            assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
            ticket = made.json()["ticket"]
            assert key.split("_", 2)[2] not in made.text
            for path in ("/v1/events", "/v1/plans", "/v1/events/tickets"):
                assert api.get(path, ticket=ticket).status_code in (401, 405), path
            for wrong in (ticket[:-1], ticket[1:], "x", "", "é", f"{ticket}A"):
                assert_problem(api.get("/v1/events/stream", ticket=wrong), 401, "unauthenticated")
            assert api.request("HEAD", "/v1/events/stream", params={"ticket": ticket}).status_code == 200
            clock.forward(seconds=59)
            assert api.request("HEAD", "/v1/events/stream", params={"ticket": ticket}).status_code == 200
            clock.forward(seconds=1)
            assert (
                "expired"
                in assert_problem(api.get("/v1/events/stream", ticket=ticket), 401, "unauthenticated")["detail"]
            )
        with listening(store, let_in.callers) as feed:
            ticket = plain_http.post(f"{feed.url}/v1/events/tickets", headers=bearer(key)).json()["ticket"]
            with feed.stream(after="now", ticket=ticket) as events:
                next(events)
                feed.record()
                assert next(events)["data"]
                store.api_keys.revoke(key.split("_")[1], datetime.now(UTC))
                began = monotonic()
                assert [each for each in events if "data" in each] == []
                assert monotonic() - began < soon(A_SECOND + SLACK)
            answer = plain_http.get(f"{feed.url}/v1/events/stream", params={"ticket": ticket})
            assert_problem(answer, 401, "unauthenticated")


# Every answer


class Few(Known):
    """These may call, as long as they may."""

    async def identify(self, headers):
        found = await super().identify(headers)
        self.asked = getattr(self, "asked", 0) + 1
        return found

    def without(self, actor: str) -> None:
        del self._callers[actor]


@contextmanager
def slow_answers(callers: Known) -> Iterator[str]:
    """Serve an answer that is sent in parts, and one that takes long to begin. Yields the URL."""

    async def parts() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number
            await asyncio.sleep(0.05)

    async def in_parts(_: Request) -> Response:
        return StreamingResponse(parts())

    async def late(_: Request) -> Response:
        await asyncio.sleep(0.8)
        return Response("at last")

    guard = Guard(callers, lambda *_: asyncio.sleep(0))
    app = FastAPI(routes=[guard.before(Route("/parts", in_parts), "view"), guard.before(Route("/late", late), "view")])
    answer_with_problems(app)
    app.add_middleware(RequestMiddleware, metrics=Metrics(), make_id=lambda: str(uuid4()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.mark.usefixtures("_programs")
def test_an_answer_is_cut_off_or_never_begun_when_its_right_ends_and_the_reader_sees_that():
    callers = Few(caller("ann", "reader", sees_all=True))
    with slow_answers(callers) as url:
        assert plain_http.get(f"{url}/late", headers=as_("ann")).text == "at last"
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(plain_http.get, f"{url}/late", headers=as_("ann"))
            with plain_http.stream("GET", f"{url}/parts", headers=as_("ann")) as answer:
                read = answer.iter_bytes()
                for _ in range(8):
                    next(read)
                callers.without("ann")
                with pytest.raises(httpx.RemoteProtocolError):
                    list(islice(read, 3))
            assert_problem(late.result(), 401, "unauthenticated")
