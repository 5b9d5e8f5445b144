"""The service when things around it fail: the store, the network, its own end."""

import json
import os
import signal
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.observability.log_format import ALLOWED
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, Store, opened
from tests import plain_http
from tests.api import Api, assert_problem, served
from tests.conftest import KEY, binaries
from tests.examples import TIMES
from tests.forks import COMMAND_LINE, PythonProgram
from tests.patience import soon
from tests.places import ROOT
from tests.stores import ACME, CONTEXT, OPEN_ACME, append_lock_held, log, plans_on, say, wait_until

NOTE = {"section": "plan", "text": "Budget talks in May"}
SOON = 20.0
"""Seconds: a reader's patience and a writer's, one after the other, and what a busy machine adds."""


def timed(call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    begun = monotonic()
    return call(), monotonic() - begun


# A store that is slow


@pytest.mark.torture
def test_while_nothing_can_be_recorded_commands_are_refused_soon_and_all_else_goes_on(api: Api):
    plans = [api.with_a_plan(f"account-{number}") for number in range(90)]
    with ThreadPoolExecutor(100) as pool:
        with append_lock_held(api.store.where.service):
            commands = [pool.submit(timed, partial(plan.do, "write-note", **NOTE)) for plan in plans]
            commands += [pool.submit(timed, partial(plans[0].do, "write-note", **NOTE)) for _ in range(10)]
            while not all(command.done() for command in commands):
                for ask in (plans[0].view, plans[1].view, partial(api.get, "/livez"), partial(api.get, "/readyz")):
                    answer, seconds = timed(ask)
                    assert (answer.status_code, seconds < soon(5)) == (200, True)
        for command in commands:
            answer, seconds = command.result()
            assert answer.json()["type"] in ("/problems/store-busy", "/problems/store-unavailable")
            assert (answer.status_code, seconds < SOON) == (503, True)
            assert int(answer.headers["retry-after"]) >= 1
    assert len(log(api.store.where.service)) == len(plans)
    assert plans[0].do("write-note", **NOTE).status_code == 200


def test_a_command_that_waits_for_a_moment_is_carried_out(acme: Api):
    with ThreadPoolExecutor(1) as pool:
        with append_lock_held(acme.store.where.service):
            command = pool.submit(timed, partial(acme.do, "write-note", **NOTE))
            with pytest.raises(TimeoutError):
                command.result(timeout=1.3)
        answer, _ = command.result()
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


# A store that is down


@pytest.fixture
def own_server(_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("down"), binaries(), durable=False) as server:
        yield server


@contextmanager
def down(server: EmbeddedPostgres) -> Iterator[None]:
    server.stop(force=True)
    try:
        yield
    finally:
        server.start()


def test_without_its_store_the_service_lives_and_says_so_and_goes_on_once_it_is_back(own_server: EmbeddedPostgres):
    where = ConnectionStrings(*(own_server.conninfo(role) for role in ("service", "owner", "keys")))
    with opened(where, KEY) as store, served(store) as api, ThreadPoolExecutor(10) as pool:
        acme, beta = api.with_a_plan("acme"), api.with_a_plan("beta")
        with down(own_server):
            assert acme.get("/livez").status_code == 200
            asked = [
                acme.view, beta.view, partial(acme.view, "/history"), partial(acme.get, "/v1/plans"),
                partial(acme.do, "write-note", **NOTE),
                partial(beta.do, "write-note", headers={"Idempotency-Key": "k"}, **NOTE),
                partial(acme.do_all, ("write-note", NOTE)),
                partial(acme.do, "open-plan", **OPEN_ACME | {"account_id": "gamma"}),
            ]  # fmt: skip
            ready = pool.submit(timed, partial(acme.get, "/readyz"))
            for answer, seconds in pool.map(timed, asked):
                assert answer.json()["type"].startswith(("/problems/store-", "/problems/outcome-unknown")), answer.text
                assert (answer.status_code, seconds < SOON) == (503, True), answer.text
                assert int(answer.headers["retry-after"]) >= 1
                assert "psycopg" not in answer.text
            answer, seconds = ready.result()
            assert_problem(answer, 503, "not-ready")
            assert seconds < SOON
        wait_until(lambda: acme.get("/readyz").status_code == 200)
        assert [plan.view().status_code for plan in (acme, beta)] == [200, 200]
        assert [plan.do("write-note", **NOTE).status_code for plan in (acme, beta)] == [200, 200]
        assert [acme.version, beta.version] == [2, 2]
        assert acme.get("/v1/plans").status_code == 200


@pytest.mark.torture
def test_a_store_that_still_recovers_is_waited_for(own_server: EmbeddedPostgres):
    where = ConnectionStrings(*(own_server.conninfo(role) for role in ("service", "owner", "keys")))
    with psycopg.connect(own_server.conninfo("superuser"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        connection.execute(
            "CREATE TABLE much AS SELECT number, md5(number::text) FROM generate_series(1, 500000) number"
        )
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT")
    with opened(where, KEY) as store, served(store) as api:
        assert api.with_a_plan("acme").version == 1


# A process of its own


@dataclass
class Process:
    """`plantrail serve`, as an operator starts it."""

    popen: PythonProgram
    url: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def end(self, sign: int = signal.SIGTERM, patience: float = 60) -> tuple[int, float]:
        """The exit code, and after how many seconds."""
        begun = monotonic()
        self.popen.send_signal(sign)
        return self.popen.wait(timeout=patience), monotonic() - begun

    def memory(self) -> int:
        """In bytes."""
        pages = int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def process(where: ConnectionStrings | None, folder: Path, **settings: str) -> Iterator[Process]:
    """On this store; without one, on an embedded PostgreSQL of its own."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    environment = os.environ | {"PLANTRAIL_HOME": str(folder), "PYTHONPATH": str(ROOT)} | settings
    if where:
        environment |= {
            "DATABASE_URL": where.service,
            "PLANTRAIL_OWNER_URL": where.owner,
            "PLANTRAIL_KEYS_URL": where.keys,
        }
    told = folder / "log"
    with told.open("wb") as stream:
        words = ("serve", "--port", str(port))
        popen = PythonProgram(COMMAND_LINE, *words, env=environment, cwd=folder, stdout=stream, stderr=stream)
    serving = Process(popen, f"http://127.0.0.1:{port}", told)
    try:
        wait_until(lambda: answers(serving), seconds=90)
        yield serving
    finally:
        popen.kill()
        popen.wait()


def answers(serving: Process) -> bool:
    assert serving.popen.poll() is None, serving.log.read_text()
    try:
        return plain_http.get(f"{serving.url}/readyz").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def serving(store: Store, tmp_path: Path) -> Iterator[Process]:
    with process(store.where, tmp_path) as serving:
        yield serving


def opened_plan(serving: Process) -> str:
    plain_http.post(f"{serving.url}/v1/plans", json=OPEN_ACME).raise_for_status()
    return f"{serving.url}/v1/plans/acme"


def test_what_is_under_way_is_answered_before_the_end(serving: Process, store: Store):
    plan = opened_plan(serving)
    with plain_http.Client() as idle, ThreadPoolExecutor(2) as pool:
        head, get = idle.head(plan), idle.get(plan)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(get.content)))
        with append_lock_held(store.where.service):
            command = pool.submit(plain_http.post, f"{plan}/write-note", json=NOTE, timeout=10)
            wait_until(lambda: is_waited_for(store))
            ended = pool.submit(serving.end)
            wait_until(lambda: any(line["event"] == "Shutting down" for line in serving.lines()))
        assert command.result().json()["version"] == 2
        code, seconds = ended.result()
    assert (code, seconds < soon(5)) == (0, True)
    with pytest.raises(httpx.ConnectError):
        plain_http.get(f"{serving.url}/livez")


def is_waited_for(store: Store) -> bool:
    with store.datastore.connection() as connection:
        return connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None


@pytest.mark.torture
def test_what_cannot_be_answered_in_time_does_not_put_off_the_end(serving: Process, store: Store):
    plan = opened_plan(serving)
    with ThreadPoolExecutor(1) as pool, append_lock_held(store.where.service):
        command = pool.submit(plain_http.post, f"{plan}/write-note", json=NOTE, timeout=10)
        wait_until(lambda: is_waited_for(store))
        code, seconds = serving.end()
        assert (code, seconds < soon(6)) == (0, True)
        assert_problem(command.result(), 503, "shutting-down")
    assert len(log(store.where.service)) == 1


@pytest.mark.torture
@pytest.mark.hypothesis
def test_whatever_comes_over_the_network_the_service_goes_on_and_does_not_grow(serving: Process, store: Store):
    plan = opened_plan(serving)
    with plain_http.Client(timeout=30) as client:
        assert client.post(f"{plan}/write-note", json=NOTE).status_code == 200
        for number in range(20):
            client.get(f"{plan}/history", params={"actor": f"{number}"})
        before = serving.memory()
        for number in range(800 if TIMES > 1 else 200):
            client.get(
                f"{plan}/history", params={"actor": f"{number}", "section": "plan", "entity": "x" * 280, "type": ""}
            )
        for _ in range(10):
            answer = client.post(f"{plan}/write-note", content=pieces(5_000_000), headers=JSON)
            assert_problem(answer, 413, "body-too-large")
        for _ in range(10):
            answer = client.post(f"{plan}/write-note", content=b"[" * 250_000, headers=JSON)
            assert_problem(answer, 400, "malformed-json")
        assert serving.memory() - before < 60_000_000
    for message in RUBBISH:
        said = spoken(serving, message.replace(b"$PLAN", b"/v1/plans/acme"))
        assert b" 500 " not in said
        assert b"Traceback" not in said
    assert plain_http.get(plan).json()["version"] == 2
    lines = serving.lines()
    assert not [line for line in lines if line["event"] == "unhandled"]
    assert {name for line in lines for name in line} <= ALLOWED
    assert {"request"} <= {line["event"] for line in lines}
    assert {"open-plan", "write-note"} <= {line.get("command") for line in lines}
    password = conninfo_to_dict(store.where.service)["password"]
    assert not [word for word in ("Budget", "smuggled", password) if word in serving.log.read_text()]


@pytest.mark.torture
def test_what_goes_on_beside_the_service_is_missed_when_stuck_starts_again_when_killed_and_ends_with_it(
    serving: Process,
):
    plan = opened_plan(serving)
    first, _ = beside(serving)
    first.suspend()
    wait_until(lambda: not answers(serving), 60)
    assert plain_http.get(f"{serving.url}/readyz").json()["reasons"] == ["projection-behind"]
    first.resume()
    wait_until(lambda: answers(serving), 60)
    first.kill()
    position = plain_http.post(f"{plan}/write-note", json=NOTE).json()["position"]
    wait_until(lambda: listed(serving, position), 60)
    _, second = beside(serving)
    ended = [line for line in serving.lines() if line["event"] == "background process ended"]
    assert [line["error"] for line in ended] == ["exit code -9"]
    serving.popen.kill()
    second.wait(timeout=60)


def beside(serving: Process) -> list[psutil.Process]:
    """The processes beside this service in the order in which they were started: of its children those that use the
    store as it does."""
    children = sorted(psutil.Process(serving.popen.pid).children(), key=lambda child: child.create_time())
    return [child for child in children if not any("resource_tracker" in word for word in child.cmdline())]


@pytest.fixture
def of_this_store(store: Store, tmp_path: Path) -> Iterator[Process]:
    """Yield a service that reads what tests have recorded."""
    secret = b64encode(KEY.of(1).secret).decode()
    with process(store.where, tmp_path, PLANTRAIL_KEY_ENCRYPTION_KEY=secret) as serving:
        yield serving


@pytest.mark.torture
def test_what_takes_long_is_answered_by_another_process_and_while_that_is_away_by_the_service(
    of_this_store: Process, store: Store
):
    serving = of_this_store
    plan = opened_plan(serving)
    notes = [say("write-note", section="plan", text=f"note {number}") for number in range(1_001)]
    plans_on(store).handle(ACME, notes, CONTEXT)
    with served(store) as here:
        same = {path: here.get(f"/v1/plans/acme{path}") for path in LONG_VIEWS}
    wait_until(lambda: is_served_elsewhere(serving), 60)
    for sign in (None, signal.SIGKILL):
        views = views_process(serving)
        assert views.nice() > psutil.Process(serving.popen.pid).nice(), "where processors are short, it gives way"
        if sign:
            views.send_signal(sign)
        spent = spent_by(views)
        for path, expected in same.items():
            answer = plain_http.get(plan + path, headers={"X-Request-Id": "the-same"})
            kept = ("etag", "content-type", "vary", "cache-control", "link", "content-security-policy")
            assert [answer.headers.get(name) for name in kept] == [expected.headers.get(name) for name in kept]
            assert answer.headers.get_list("x-request-id", split_commas=True) == ["the-same"]
            assert answer.status_code == expected.status_code
            assert answer.content == expected.content or answer.is_error
        assert spent_by(views) > spent or sign
    tag = plain_http.get(plan).headers["etag"]
    assert plain_http.get(plan, headers={"If-None-Match": tag}).status_code == 304
    wait_until(lambda: is_served_elsewhere(serving), 60)
    read = [line for line in serving.lines() if line["event"] == "request" and line["request_id"] == "the-same"]
    assert len(read) == 2 * len(LONG_VIEWS), "each request is told of once"
    code, _ = serving.end()
    assert (code, psutil.pid_exists(views.pid)) == (0, False)


LONG_VIEWS = (
    "?as_of=version:1001",
    "/blame?as_of=version:900",
    "/history?to=version:900&limit=3",
    "/diff?from=version:2&to=version:900",
    "?as_of=nonsense",
)


def views_process(serving: Process) -> psutil.Process:
    """Of the processes beside a service that which answers what takes long."""
    found = (
        child for child in beside(serving) if any("/views" in each.laddr for each in child.net_connections("unix"))
    )
    return next(found)


def is_complete(serving: Process) -> bool:
    """Return whether both processes beside the service are at work."""
    with suppress(StopIteration, psutil.NoSuchProcess):
        return views_process(serving).is_running()
    return False


def is_served_elsewhere(serving: Process) -> bool:
    try:
        views = views_process(serving)
    except (StopIteration, psutil.NoSuchProcess):
        return False
    before = spent_by(views)
    plain_http.get(f"{serving.url}/v1/plans/acme/blame", params={"as_of": f"version:{900 + int(before * 100) % 100}"})
    return spent_by(views) > before


def spent_by(process: psutil.Process) -> float:
    """Seconds of processor time; of one that has ended none."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def listed(serving: Process, position: int) -> bool:
    return plain_http.get(f"{serving.url}/v1/plans", params={"at_least": str(position)}).status_code == 200


@pytest.fixture
def on_its_own(_programs: None, tmp_path: Path) -> Iterator[Process]:
    with process(None, tmp_path) as serving:
        yield serving
    EmbeddedPostgres(tmp_path, binaries()).stop(force=True)


@pytest.mark.torture
def test_a_service_whose_embedded_postgresql_was_killed_brings_it_back_and_has_lost_nothing(on_its_own: Process):
    plan = opened_plan(on_its_own)
    # A process that is still starting would start the server as well, and tell nothing.
    wait_until(lambda: is_complete(on_its_own))
    acknowledged, back = 1, "embedded PostgreSQL is back"
    for time in range(2):
        killed = postmaster(on_its_own)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(partial(is_served_by_another, on_its_own, killed))
        answer = plain_http.post(f"{plan}/write-note", json=NOTE, timeout=20)
        acknowledged += answer.status_code == 200
        assert plain_http.get(plan).json()["version"] == acknowledged
        # At least the process that has brought it back tells so, when it looks again.
        wait_until(lambda time=time: told_by(on_its_own).count(back) > time)
    events = told_by(on_its_own)
    assert events.count(back) <= 6
    assert "projection stands still" not in events
    assert 1 <= events.count("store away") <= 6
    code, _ = on_its_own.end()
    assert code == 0


def told_by(serving: Process) -> list[str]:
    return [line["event"] for line in serving.lines()]


def is_served_by_another(serving: Process, killed: int) -> bool:
    return postmaster(serving) not in (None, killed) and answers(serving)


def postmaster(serving: Process) -> int | None:
    """The process id of the server; None while there is none."""
    file = serving.log.parent / "postgres" / "data" / "postmaster.pid"
    lines = file.read_text().splitlines() if file.exists() else []
    return int(lines[0]) if lines else None


@pytest.mark.torture
def test_connections_that_say_nothing_or_never_come_to_an_end_keep_nobody_waiting(store: Store, tmp_path: Path):
    with process(store.where, tmp_path, PLANTRAIL_CONNECTIONS_PER_ADDRESS="8") as serving, ExitStack() as opened:
        silent = [opened.enter_context(connected_to(serving)) for _ in range(4)]
        begun = monotonic()
        with ThreadPoolExecutor(2) as pool:
            flood = pool.submit(flooded, serving)
            slowest = 0.0
            while not flood.done() or monotonic() - begun < 3:
                answer, seconds = timed(partial(plain_http.get, f"{serving.url}/livez"))
                assert answer.status_code == 200
                slowest = max(slowest, seconds)
            assert flood.result().startswith(b"HTTP/1.1 431 ")
        assert slowest < soon(2)
        others = [opened.enter_context(connected_to(serving)) for _ in range(4)]
        assert spoken(serving, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(
            b"HTTP/1.1 429 "
        )
        for connection in silent:
            connection.settimeout(30)
            assert connection.recv(1) == b""
        assert 9 < monotonic() - begun < soon(20)
        del others
        assert plain_http.get(f"{serving.url}/livez").status_code == 200


def connected_to(serving: Process) -> socket.socket:
    host, port = serving.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def flooded(serving: Process, size: int = 100_000_000) -> bytes:
    """Return the answer to a client that sends a header of this size and reads in between."""
    said = b""
    with connected_to(serving) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Padding: ")
        connection.setblocking(False)
        part, sent = b"x" * 1_000_000, 0
        while sent < size:
            try:
                sent += connection.send(part)
            except BlockingIOError:
                sleep(0.001)
            except OSError:
                break
            with suppress(BlockingIOError):
                said += connection.recv(65_536)
    return said


JSON = {"Content-Type": "application/json"}
HEAD = b"POST $PLAN/write-note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
RUBBISH = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /\r\n\r\n",
    b"GET $PLAN HTTP/9.9\r\n\r\n",
    b"GET /v1/plans/\xc3\xa4\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET $PLAN?as_of=\xff\x00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET //evil.example/%2e%2e/%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET http://evil.example/v1/plans HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET $PLAN HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n",
    b"GET $PLAN HTTP/1.1\r\nX-Actor: \xe4\r\nHost: x\r\nConnection: close\r\n\r\n",
    HEAD + b"Content-Length: 1000\r\n\r\n{",
    HEAD + b'Content-Length: 2\r\nConnection: close\r\n\r\n{} {"section": "plan", "text": "smuggled"}',
    HEAD + b"Content-Length: -1\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
]  # fmt: skip


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 50_000):
        yield b" " * 50_000


def spoken(serving: Process, message: bytes) -> bytes:
    """Return the answer to these bytes on a connection that is closed afterwards."""
    host, port = serving.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(message)
        if b"Connection: close" not in message:
            connection.shutdown(socket.SHUT_WR)
        said = b""
        while part := connection.recv(65_536):
            said += part
    return said
