"""The feed over HTTP, on real sockets: pulled, waited for and streamed; what subscribers cost, and how they are let
go."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from threading import Thread
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from structlog.testing import capture_logs

from adapters.access.callers import Callers, Development
from adapters.bootstrap.http_service import Authentication, Server, http_app
from adapters.http import event_stream, live
from adapters.postgres.store import Store, begin_another_log, opened
from application.aggregates.handle import Aggregates
from application.feed.ports import ALL
from domain.account_plan.goals import GoalAbandoned
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, NameProgramOwner, OpenProgram
from tests import plain_http
from tests.adapters.http.test_http_service import Process, process
from tests.adapters.postgres.test_log_watch import without_notifications
from tests.api import assert_problem
from tests.callers import Known, as_, caller
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.patience import soon
from tests.stores import ACME, CONTEXT, commit, handle, log, note, opened_acme, plans_on, wait_until

BATCH = "application/cloudevents-batch+json"
ABANDONED = "plantrail.goal-abandoned.v1"
Sent = dict[str, str]


@dataclass
class Feed:
    """A service on a socket of its own, its store, and what is recorded there meanwhile."""

    store: Store
    url: str
    plan: str = field(default_factory=lambda: f"plan-{os.urandom(6).hex()}")

    def record(self, *events: Any) -> list[str]:
        """Something more happens on the plan of the test; the ids."""
        plan_id = plan_id_of(self.plan)
        version = max((row.version for row in log(self.store.where.service) if row.plan_id == plan_id), default=0)
        self.store.events.append(commit(plan_id, version, *(events or (note(),))))
        return [f"{plan_id}:{version + place}" for place in range(1, len(events or "1") + 1)]

    def get(self, path: str = "", **parameters: Any) -> httpx.Response:
        return plain_http.get(f"{self.url}/v1/events{path}", params=parameters, timeout=40)

    def pulled(self, **parameters: Any) -> list[dict[str, Any]]:
        answer = self.get(**parameters)
        assert (answer.status_code, answer.headers["content-type"]) == (200, BATCH), answer.text
        return list(answer.json())

    def all_pages(self, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        """From page to page by their links, until there is nothing yet."""
        path = str(httpx.URL("/v1/events", params=parameters))
        while path:
            answer = plain_http.get(self.url + path)
            following = answer.links["next"]["url"]
            assert answer.status_code == 200, answer.text
            yield answer.json()
            path = "" if following.endswith(path.partition("after=")[2] or "after") else following

    @property
    def end(self) -> str:
        return f"{log(self.store.where.service)[-1].position:020}"

    @contextmanager
    def stream(self, headers: dict[str, str] | None = None, **parameters: Any) -> Iterator[Iterator[Sent]]:
        url = f"{self.url}/v1/events/stream"
        with plain_http.stream("GET", url, params=parameters, headers=headers, timeout=30) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield sent(answer.iter_lines())


def sent(lines: Iterator[str]) -> Iterator[Sent]:
    """Server-sent events as the standard reads them; comments as `comment`."""
    block: Sent = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line:
            block[name or "comment"] = value.strip()
        elif block:
            yield block
            block = {}


@contextmanager
def listening(store: Store, callers: Callers | None = None) -> Iterator[Feed]:
    app = http_app(store, Authentication(callers or Development()), b"secret")
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False)
    server = Server(config, store.watch)
    with capture_logs(), socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield Feed(store, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture(scope="module")
def shared(stores: Stores) -> Iterator[Feed]:
    with stores.lend() as where, opened(where, KEY) as store, listening(store) as feed:
        yield feed


@pytest.fixture
def subscriber(shared: Feed) -> Feed:
    """Return the service with a plan that only this test uses."""
    return Feed(shared.store, shared.url)


# Pulled


def test_from_zero_everything_is_there_in_its_order_and_a_cursor_goes_on_after_its_event(subscriber: Feed):
    ids = subscriber.record(*[note()] * 7)
    everything = subscriber.pulled(limit=1000)
    assert [event["sequence"] for event in everything] == sorted(event["sequence"] for event in everything)
    mine = [event for event in everything if event["subject"] == str(plan_id_of(subscriber.plan))]
    assert [event["id"] for event in mine] == ids
    for name in ("after", "lastEventId"):
        for cursor in (mine[3]["id"], mine[3]["sequence"], str(int(mine[3]["sequence"]))):
            assert subscriber.pulled(**{name: cursor}) == everything[everything.index(mine[3]) + 1 :]
    assert subscriber.pulled(after=mine[-1]["id"], source=mine[-1]["source"]) == []


def test_links_lead_through_the_whole_log_and_then_wait_at_its_end(subscriber: Feed):
    ids = subscriber.record(*[note()] * 7)
    pages = list(subscriber.all_pages(plan_id=subscriber.plan, limit=3))
    assert [[event["id"] for event in page] for page in pages] == [ids[:3], ids[3:6], ids[6:], []]


def test_what_is_filtered_out_is_passed_over_by_the_link(subscriber: Feed, monkeypatch):
    monkeypatch.setattr("adapters.postgres.feed.MOST_LOOKED_AT", 10)
    subscriber.record(*[note()] * 25)
    [wanted] = subscriber.record(GoalAbandoned(id="g1"))
    subscriber.record(*[note()] * 15)
    for type in (ABANDONED, "goal-abandoned", "GoalAbandoned", f"plantrail.plan-opened.v1,{ABANDONED}"):
        pages = list(subscriber.all_pages(type=type, after=int(subscriber.end) - 41))
        assert len(pages) > 3
        assert [event["id"] for page in pages for event in page] == [wanted]
    repeated = subscriber.get(type=["plan-opened", ABANDONED], after=int(subscriber.end) - 17)
    assert [event["id"] for event in repeated.json()] == [wanted]


def test_of_one_subject_which_may_be_the_program(subscriber: Feed):
    mine = subscriber.record()
    program = Aggregates(PROGRAM, subscriber.store.events, lambda: datetime.now(UTC), uuid4)
    opening = OpenProgram(name="Strategic accounts", currency="EUR")
    program.handle(PROGRAM_ID, [opening, NameProgramOwner(owner="vera")], CONTEXT)
    told = subscriber.pulled(subject="program")
    assert {event["subject"] for event in told} == {event["partitionkey"] for event in told} == {str(PROGRAM_ID)}
    assert [event["type"] for event in told] == ["plantrail.program-opened.v1", "plantrail.program-owner-named.v1"]
    assert subscriber.pulled(subject=str(PROGRAM_ID)) == told
    assert [event["id"] for event in subscriber.pulled(subject=subscriber.plan)] == mine
    assert subscriber.pulled(subject="program", plan_id=subscriber.plan) == []


def test_of_one_plan_by_its_id_or_that_of_its_account(subscriber: Feed):
    other = Feed(subscriber.store, subscriber.url)
    mine, others = [], []
    for _ in range(3):
        mine += subscriber.record()
        others += other.record()
    for name in (subscriber.plan, str(plan_id_of(subscriber.plan))):
        assert [event["id"] for event in subscriber.pulled(plan_id=name)] == mine
    assert [event["id"] for event in subscriber.pulled(plan_id=other.plan, type="note-written")] == others
    assert subscriber.pulled(plan_id=str(uuid4())) == []


@for_each(
    ("parameters", "status", "type", "pointer"),
    [
        ({"after": "yesterday"}, 422, "malformed-cursor", "/after"),
        ({"lastEventId": "acme:1"}, 422, "malformed-cursor", "/lastEventId"),
        ({"after": "1", "lastEventId": "1"}, 422, "invalid-parameters", "/lastEventId"),
        ({"after": "1", "source": "elsewhere"}, 422, "invalid-parameters", "/source"),
        ({"type": "plantrail.play-sung.v1"}, 422, "unknown-type", "/type"),
        ({"last_event_id": "1"}, 422, "invalid-parameters", "/last_event_id"),
        ({"limit": "0"}, 422, "invalid-parameters", "/limit"),
        ({"limit": "1001"}, 422, "invalid-parameters", "/limit"),
        ({"timeout": "30001"}, 422, "invalid-parameters", "/timeout"),
        ({"plan": "acme"}, 422, "invalid-parameters", "/plan"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_name(subscriber: Feed, parameters, status, type, pointer):
    answer = subscriber.get(**parameters)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{type}")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_cursor_of_another_log_is_gone_and_says_where_to_go_on(subscriber: Feed):
    subscriber.record()
    for path in ("", "/stream"):
        for gone in ({"after": f"{uuid4()}:1"}, {"after": str(10**15)}):
            problem = subscriber.get(path, **gone)
            assert (problem.status_code, problem.json()["type"]) == (410, "/problems/cursor-gone")
            assert problem.json()["last_common_position"] == subscriber.end
    unknown = subscriber.get(after=subscriber.end, source=f"/logs/{uuid4()}")
    assert (unknown.status_code, unknown.json()["last_common_position"]) == (410, "0" * 20)


def test_who_waits_gets_an_event_when_it_is_recorded(subscriber: Feed):
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(subscriber.pulled, after=subscriber.end, timeout=20_000, plan_id=subscriber.plan)
        in_vain = pool.submit(subscriber.pulled, after=subscriber.end, timeout=1_000, type=ABANDONED)
        sleep(0.3)
        began = monotonic()
        ids = subscriber.record()
        assert [event["id"] for event in waiting.result()] == ids
        assert monotonic() - began < soon(2)
        assert in_vain.result() == []


# Streamed


def test_a_stream_begins_after_its_cursor_and_goes_on_with_what_is_recorded(subscriber: Feed):
    ids = subscriber.record(*[note()] * 3)
    with subscriber.stream(after=ids[0]) as events:
        first = next(events)
        assert first["retry"] == "3000"
        got = list(islice(events, 2))
        later = subscriber.record(*[note()] * 2)
        got += list(islice(events, 2))
    assert [json.loads(each["data"])["id"] for each in got] == ids[1:] + later
    pulled = subscriber.pulled(after=ids[0])
    for each, event in zip(got, pulled, strict=True):
        assert each == {"id": event["sequence"], "event": event["type"], "data": each["data"]}
        assert json.loads(each["data"]) == event


def test_a_stream_that_was_broken_off_goes_on_where_it_was(subscriber: Feed):
    ids = subscriber.record(*[note()] * 6)
    with subscriber.stream(plan_id=subscriber.plan) as events:
        last = list(islice(events, 1, 4))[-1]
    headers = {"Last-Event-ID": last["id"]}
    with subscriber.stream(headers, plan_id=subscriber.plan, after="0") as events:
        assert [json.loads(each["data"])["id"] for each in islice(events, 1, 4)] == ids[3:]


def test_a_stream_has_what_is_wanted_and_tells_how_far_it_has_looked(subscriber: Feed, monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.3)
    with subscriber.stream(type=ABANDONED, after="now") as events:
        next(events)
        subscriber.record(*[note()] * 3)
        heard = next(each for each in events if "id" in each)
        assert heard == {"comment": "", "id": subscriber.end}
        assert next(events) == {"comment": ""}
        [wanted] = subscriber.record(GoalAbandoned(id="g1"))
        assert json.loads(next(each for each in events if "data" in each)["data"])["id"] == wanted


def test_who_lags_misses_nothing_and_who_keeps_up_is_not_read_for_again(subscriber: Feed, monkeypatch):
    monkeypatch.setattr(live, "MOST_KEPT", 5)
    monkeypatch.setattr(event_stream, "MOST_STREAMED", 7)
    ids: list[str] = []
    with ExitStack() as stack:
        streams = [stack.enter_context(subscriber.stream(after="now", plan_id=subscriber.plan)) for _ in range(5)]
        for each in streams:
            next(each)
        for burst in (1, 30, 3, 12):
            ids += subscriber.record(*[note()] * burst)
        for each in streams:
            assert [json.loads(one["data"])["id"] for one in islice(each, len(ids))] == ids


def test_all_who_have_come_to_the_end_of_the_log_share_one_read(store):
    with listening(store) as shared:
        page, read = store.feed.page, []
        object.__setattr__(store.feed, "page", lambda *asked, **more: read.append(asked) or page(*asked, **more))
        with ExitStack() as stack:
            streams = [stack.enter_context(shared.stream()) for _ in range(20)]
            for each in streams:
                next(each)
            sleep(0.2)
            read.clear()
            for _ in range(3):
                [id] = shared.record()
                assert {json.loads(next(each)["data"])["id"] for each in streams} == {id}
            assert len(read) <= 6


def test_no_event_is_kept_for_longer_than_it_says_however_much_is_recorded(store, monkeypatch):
    monkeypatch.setattr(live, "SECONDS_KEPT", 0.2)
    recorded, read = Feed(store, ""), []

    def read_on(after, wanted, most):
        read.append(after)
        page = store.feed.page(after, wanted, most)
        return live.Part(page.rows, [row.state for row in page.rows], page.next, page.end)

    async def listen() -> None:
        end = live.Live(read_on, store.watch)
        recorded.record()
        at = int(recorded.end)
        with end.subscribed("dwh"):
            for position in range(at, at + 6):
                await asyncio.to_thread(recorded.record)
                assert await end.moved(position, 5)
                await asyncio.sleep(0.1)
            read.clear()
            for lag, reads in ((1, 0), (5, 1)):
                assert len((await end.part(at + 6 - lag, ALL, 10)).documents) == lag
                assert len(read) == reads

    asyncio.run(listen())


def test_without_notifications_a_stream_has_an_event_within_a_second_and_a_half(store):
    without_notifications(store)
    with listening(store) as shared, shared.stream() as events:
        next(events)
        for _ in range(2):
            began = monotonic()
            shared.record()
            next(events)
            assert monotonic() - began < soon(1.5)


def test_nobody_keeps_more_streams_and_long_polls_open_than_one_may_have(subscriber: Feed, monkeypatch):
    monkeypatch.setattr(live, "MOST_OF_ONE", 2)
    more, others = {"X-Actor": "dwh"}, {"X-Actor": "crm"}
    with ExitStack() as stack:
        for _ in range(2):
            last = stack.enter_context(ExitStack())
            last.enter_context(subscriber.stream(more, after="now"))
        for asked in ("/stream?after=now", "?after=now&timeout=20000"):
            refused = plain_http.get(f"{subscriber.url}/v1/events{asked}", headers=more)
            assert_problem(refused, 429, "too-many-requests")
            assert "streams" in refused.json()["detail"]
            assert int(refused.headers["retry-after"]) > 0
        assert plain_http.get(f"{subscriber.url}/v1/events?after=now", headers=more).status_code == 200
        stack.enter_context(subscriber.stream(others, after="now"))
        last.close()
        again = f"{subscriber.url}/v1/events?after=now&timeout=1"
        wait_until(lambda: plain_http.get(again, headers=more).status_code == 200)


def test_to_head_a_stream_is_its_headers(subscriber: Feed):
    answer = plain_http.head(f"{subscriber.url}/v1/events/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_stream_goes_on_into_the_log_that_takes_the_place_of_one_it_has_seen_all_of(store):
    with listening(store) as shared:
        shared.record()
        with shared.stream() as events:
            [_, former] = islice(events, 2)
            begin_another_log(store.where)
            shared.record()
            ours = next(events)
        assert json.loads(ours["data"])["source"] != json.loads(former["data"])["source"]
        assert [event["id"][-2:] for event in shared.pulled(after=former["id"])] == [":2"]
        assert shared.get(after="2").status_code == 410


# Who may have what


def test_subscribers_have_events_of_their_plans_and_words_about_people_only_if_they_may(store):
    everything = replace(caller("all", "subscriber", sees_all=True), personal_data=True)
    known = Known(caller("acme", "subscriber", "acme"), everything, caller("ann", "editor", "acme"))
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", id="coo", name="Jane Doe", level="executive")
    with listening(store, known) as shared:
        shared.record()

        def pulled(actor: str, **parameters: str) -> list[dict[str, Any]]:
            answer = plain_http.get(f"{shared.url}/v1/events", params=parameters, headers=as_(actor))
            return list(answer.json())

        assert [event["subject"] for event in pulled("acme")] == [str(ACME)] * 2
        assert pulled("acme", plan_id=shared.plan) == []
        assert "name" not in pulled("acme")[1]["data"]
        assert len(pulled("all")) == 3
        assert pulled("all", plan_id="acme")[1]["data"]["name"] == "Jane Doe"
        with (
            shared.stream(as_("acme"), after="now") as theirs,
            shared.stream(as_("all"), after="now") as all_of_them,
        ):
            next(theirs), next(all_of_them)
            shared.record()
            handle(plans, "add-stakeholder", id="cfo", name="Max Roe", level="executive")
            assert "Max Roe" not in (heard := next(theirs)["data"])
            assert json.loads(heard)["data"]["id"] == "cfo"
            assert "Max Roe" in [next(all_of_them) for _ in range(2)][1]["data"]
            store.keys.destroy(ACME, "coo")
            assert pulled("all", plan_id="acme")[1]["data"]["name"] == "[forgotten]"
        for other in (f"{plan_id_of(shared.plan)}:1", f"{plan_id_of(shared.plan)}:99"):
            for path in ("", "/stream"):
                answer = plain_http.get(f"{shared.url}/v1/events{path}", params={"after": other}, headers=as_("acme"))
                assert_problem(answer, 410, "cursor-gone")
        for path in ("", "/stream"):
            assert plain_http.get(f"{shared.url}/v1/events{path}", headers=as_("ann")).status_code == 403
            assert plain_http.get(f"{shared.url}/v1/events{path}", headers=as_("nobody")).status_code == 401


# A process of its own


SUBSCRIBERS = 200


@pytest.mark.torture
def test_two_hundred_who_wait_cost_little_hold_nobody_back_when_they_lag_and_are_let_go_in_time(store, tmp_path):
    with process(store.where, tmp_path) as serving, ExitStack() as stack:
        shared = Feed(store, serving.url)
        stack.enter_context(listener(serving))
        memory, connections = settled(serving), database_connections(store)
        waiting = [stack.enter_context(listener(serving)) for _ in range(SUBSCRIBERS)]
        # The pool that all share may have grown meanwhile, for whatever reason: not with the subscribers.
        assert database_connections(store) - connections < 8
        assert settled(serving) - memory < 20_000_000
        [id] = shared.record()
        for each in waiting:
            assert id.encode() in each.recv(65_536)

        # From here on nobody of them reads any more, though there are five megabytes for each.
        shared.record(*[note("x" * 5_000)] * 1_000)
        with shared.stream(after=shared.end) as events:
            next(events)
            [id] = shared.record()
            heard = next(each for each in events if "data" in each)  # a heartbeat may come before it
            assert json.loads(heard["data"])["id"] == id
        assert settled(serving) - memory < 100_000_000

        with ThreadPoolExecutor(1) as pool:
            polling = pool.submit(shared.get, after="now", timeout=30_000)
            sleep(0.5)
            code, seconds = serving.end()
            assert (code, seconds < soon(5)) == (0, True)
            assert (polling.result().status_code, polling.result().json()) == (200, [])
        requests = [line for line in serving.lines() if line.get("route") == "/v1/events/stream"]
        assert len(requests) == SUBSCRIBERS + 2
        assert {line["status"] for line in requests} == {200}


@contextmanager
def listener(serving: Process, path: str = "/stream?after=now", buffer: int = 16_384) -> Iterator[socket.socket]:
    """Somebody whose stream has begun, and who reads no more of it than they are made to."""
    host, port = serving.url.removeprefix("http://").split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(10)
        connection.connect((host, int(port)))
        connection.sendall(f"GET /v1/events{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert connection.recv(10).startswith(b"HTTP/1.1 2")
        heard = b""
        while b"retry" not in heard:
            heard += connection.recv(100)
        yield connection


def settled(serving: Process) -> int:
    """Its memory in bytes, once it has stopped growing for a moment."""
    before, now = -1, serving.memory()
    while now > before:
        sleep(0.2)
        before, now = now, serving.memory()
    return now


def database_connections(store: Store) -> int:
    with store.datastore.connection() as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    return int(count)
