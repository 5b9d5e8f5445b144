"""Limits on connections to a real server, before the caller is known."""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.bootstrap.http_service import server_config
from adapters.http import connections
from adapters.http.conditional import Written, length
from adapters.http.connections import Connections, Limits, network_of
from adapters.http.whole_answers import answer_with
from adapters.observability.metrics import Metrics
from tests.cases import for_each
from tests.patience import soon
from tests.stores import wait_until

SMALL = Limits(head_seconds=0.6, body_seconds=0.8, idle_seconds=1, of_one_address=4, in_all=6)
LONG = Limits(head_seconds=30, body_seconds=30, idle_seconds=30)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Running:
    """A service of a few routes behind the bounds of ours."""

    port: int
    connections: Connections
    metrics: Metrics
    next_part: Event
    """Lets the slow route go on with its next part."""

    def open(self, address: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(address, 0))

    @property
    def count(self) -> float:
        return self.metrics.registry.get_sample_value("plantrail_connections") or 0


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def origin(request: Request) -> Response:
    assert request.client
    return PlainTextResponse(f"{request.url.scheme} {request.client.host}")


class Whole:
    """Answers with one message, as the fast path does, after whatever was sent has been read."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = await Request(scope, receive).body()
        content = b"whole" + sent
        await answer_with(Written(content, [(b"etag", b'"1"'), length(content)]), scope, receive, send)


async def body(request: Request) -> Response:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        return PlainTextResponse("gone")


async def endless(_: Request) -> Response:
    async def parts() -> Any:
        for _ in range(100_000):
            yield b"x" * 65_536

    return StreamingResponse(parts())


def slowly(next_part: Event) -> Callable[[Request], Awaitable[Response]]:
    async def slow(_: Request) -> Response:
        async def parts() -> Any:
            for part in (b"first", b"second", b""):
                while not next_part.is_set():
                    await asyncio.sleep(0.001)
                next_part.clear()
                yield part

        return StreamingResponse(parts())

    return slow


@contextmanager
def running(limits: Limits) -> Iterator[Running]:
    next_part = Event()
    app = Starlette(
        routes=[
            Route("/", hello),
            Route("/body", body, methods=["POST"]),
            Route("/endless", endless),
            Route("/slow", slowly(next_part)),
            Route("/origin", origin),
            Route("/whole", Whole(), methods=["GET", "POST"]),
        ]
    )
    metrics = Metrics()
    among = Connections(limits, metrics, lambda: str(uuid4()))
    server = uvicorn.Server(server_config(app, "127.0.0.1", 0, among))  # type: ignore[arg-type]
    thread = Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    yield Running(server.servers[0].sockets[0].getsockname()[1], among, metrics, next_part)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def patient() -> Iterator[Running]:
    with running(LONG) as service:
        yield service


@pytest.fixture(scope="module")
def impatient() -> Iterator[Running]:
    with running(SMALL) as service:
        yield service


def all_of(connection: socket.socket) -> bytes:
    """Until the server closes; a reset is not an end that anybody could read an answer before."""
    said = b""
    while part := connection.recv(65_536):
        said += part
    return said


def said_to(service: Running, message: bytes) -> bytes:
    with service.open() as connection:
        connection.sendall(message)
        return all_of(connection)


def problem(answer: bytes, status: int, type: str) -> dict[str, Any]:
    head, _, document = answer.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    told = dict(json.loads(document))
    assert status_line.split(" ")[1] == str(status)
    assert (told["status"], told["type"]) == (status, f"/problems/{type}")
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(document))
    assert headers["connection"] == "close"
    assert headers["x-request-id"] == told["request_id"]
    assert headers["cache-control"] == "no-store"
    return told


# How large


def with_head_of(size: int) -> bytes:
    head = GET + b"Connection: close\r\nX-Padding: "
    return head + b"x" * (size - len(head) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_head_may_have_64_kib_and_not_a_byte_more(patient, pieces):
    for size, status in ((LONG.head_bytes, b"200"), (LONG.head_bytes + 1, b"431")):
        message = with_head_of(size)
        assert len(message) == size
        with patient.open() as connection:
            step = size // pieces + 1
            for begin in range(0, size, step):
                connection.sendall(message[begin : begin + step])
                sleep(0.01 if pieces > 1 else 0)
            answer = all_of(connection)
        assert answer.split(b" ")[1] == status
    problem(answer, 431, "head-too-large")


@pytest.mark.parametrize(
    "endless_head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        pytest.param(b"GET /", marks=pytest.mark.torture),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 100, marks=pytest.mark.torture),
        pytest.param(b"\r\n" * 1_000, marks=pytest.mark.torture),
        pytest.param(b"GET / HTTP/1.1\r\nX", marks=pytest.mark.torture),
    ],
)
def test_a_head_without_end_is_answered_after_64_kib_and_no_more_is_read_of_it(patient, endless_head):
    filler = (endless_head[-6:] if endless_head.endswith(b"\r\n") else b"xxxxxx") * 20_000
    with patient.open() as connection:
        connection.sendall(endless_head)
        begun = monotonic()
        with suppress(OSError):  # what is refused is taken for two seconds at most
            while monotonic() - begun < 30:
                connection.send(filler)
        assert monotonic() - begun < soon(10)
    answer = said_to(patient, endless_head + filler)
    problem(answer, 431, "head-too-large")


def test_two_heads_on_one_connection_may_have_64_kib_each(patient):
    large = with_head_of(60_000).replace(b"Connection: close", b"Connection: keep ")
    with patient.open() as connection:
        for _ in range(3):
            connection.sendall(large)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


# How long


def seconds_until_closed(connection: socket.socket) -> tuple[bytes, float]:
    begun = monotonic()
    return all_of(connection), monotonic() - begun


def test_who_says_nothing_is_let_go_without_a_word(impatient):
    with impatient.open() as connection:
        answer, seconds = seconds_until_closed(connection)
    assert answer == b""
    assert SMALL.head_seconds * 0.8 < seconds < SMALL.head_seconds + 2


@pytest.mark.parametrize("begun", [GET, b"GET /", b"\r\n", GET + b"\r\n" + GET])
def test_a_head_that_drips_in_is_given_its_time_and_not_longer(impatient, begun):
    with impatient.open() as connection, ThreadPoolExecutor(1) as pool:
        connection.sendall(begun)
        closed = pool.submit(seconds_until_closed, connection)
        drips = b"\r\n" if begun == b"\r\n" else b"x"
        while not closed.done():
            try:
                connection.send(drips)
            except OSError:
                break
            sleep(0.1)
        answer, seconds = closed.result()
    assert SMALL.head_seconds * 0.8 < seconds < SMALL.head_seconds + 3
    if begun.count(b"\r\n\r\n"):
        first, answer = answer[: answer.index(b"hello") + 5], answer[answer.index(b"hello") + 5 :]
        assert first.startswith(b"HTTP/1.1 200")
    problem(answer, 408, "request-timeout")


@pytest.mark.parametrize("sent", [b"", b"some of it"])
def test_a_body_is_waited_for_as_long_and_not_longer(impatient, sent):
    with impatient.open() as connection:
        connection.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + sent)
        answer, seconds = seconds_until_closed(connection)
    assert SMALL.body_seconds * 0.8 < seconds < SMALL.body_seconds + 3
    problem(answer, 408, "request-timeout")


def test_between_two_requests_a_connection_may_be_idle_for_a_while(impatient):
    with impatient.open() as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65_536).endswith(b"hello")
        sleep(SMALL.head_seconds + 0.2)
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65_536).endswith(b"hello")
        answer, seconds = seconds_until_closed(connection)
    assert answer == b""
    assert SMALL.idle_seconds * 0.8 < seconds < SMALL.idle_seconds + 2


def test_who_takes_nothing_of_an_answer_is_let_go(impatient):
    wait_until(lambda: impatient.count == 0)
    with impatient.open() as connection:
        wait_until(lambda: impatient.count == 1)
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: impatient.count == 0)


def test_who_reads_on_is_served_on(impatient):
    with impatient.open() as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        until = monotonic() + 2 * SMALL.idle_seconds
        while monotonic() < until:
            assert connection.recv(1_000_000)


# How many


def test_one_address_has_so_many_connections_and_all_together_so_many(impatient):
    wait_until(lambda: impatient.count == 0)
    with ExitStack() as opened:
        for _ in range(SMALL.of_one_address):
            opened.enter_context(impatient.open())
        wait_until(lambda: impatient.count == SMALL.of_one_address)
        answer = said_to(impatient, GET + b"\r\n")
        problem(answer, 429, "too-many-connections")
        assert b"retry-after: " in answer.lower()
        for number in range(SMALL.in_all - SMALL.of_one_address):
            opened.enter_context(impatient.open(f"127.0.0.{number + 2}"))
        wait_until(lambda: impatient.count == SMALL.in_all)
        with impatient.open("127.0.0.9") as connection:
            problem(all_of(connection), 503, "too-many-connections")
    wait_until(lambda: impatient.count == 0)
    assert said_to(impatient, GET + b"Connection: close\r\n\r\n").endswith(b"hello")


def test_when_there_are_far_too_many_who_is_refused_is_not_even_told(monkeypatch):
    monkeypatch.setattr(connections, "SPARE_FOR_REFUSALS", 1)
    with running(replace(SMALL, of_one_address=100, in_all=1, head_seconds=30)) as service, ExitStack() as opened:
        opened.enter_context(service.open())
        wait_until(lambda: service.count == 1)
        told = opened.enter_context(service.open())
        problem(all_of(told), 503, "too-many-connections")
        late = opened.enter_context(service.open())
        wait_until(lambda: service.count <= 2)
        with suppress(ConnectionResetError):
            assert all_of(late) == b""


@for_each(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_of_ipv6_a_whole_network_counts_as_one_address(address, network):
    assert network_of(address) == network


# What is no HTTP

NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x00\x00\x00\x00",
    b"HELO mail.example.com\r\n",
    b"GET /\xc3\xa4\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n{}",
    b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnothing\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]  # fmt: skip


@for_each("message", NO_HTTP)
def test_what_is_no_http_is_answered_with_a_problem(patient, message):
    problem(said_to(patient, message), 400, "malformed-http")
    assert said_to(patient, GET + b"Connection: close\r\n\r\n").endswith(b"hello")


def test_what_follows_a_request_and_is_no_http_takes_nothing_from_its_answer(patient):
    answer = said_to(patient, GET + b"\r\n" + b"\x00\x00rubbish\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"hello")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("many", [2, 10])
def test_some_requests_may_be_sent_without_waiting(patient, many):
    answer = said_to(patient, (GET + b"\r\n") * (many - 1) + GET + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == answer.count(b"hello") == many


def test_of_too_many_requests_that_were_sent_without_waiting_the_first_are_answered(patient):
    answer = said_to(patient, (GET + b"\r\n") * 5_000)
    assert 1 <= answer.count(b"hello") <= connections.MOST_WAITING_FOR_ANSWERS + 2
    assert b" 500 " not in answer


def test_a_refusal_is_counted_and_logged_as_an_answer(patient):
    def refused() -> float:
        labels = {"method": "OTHER", "route": "unknown", "status": "400"}
        return patient.metrics.registry.get_sample_value("plantrail_requests_total", labels) or 0

    before = refused()
    said_to(patient, b"\x00")
    assert refused() == before + 1


def test_the_bounds_are_those_that_operators_are_told():
    assert Limits() == Limits(65_536, 10.0, 60.0, 75, 500, 2_000)


# In how many parts


def segments_with_data(connection: socket.socket) -> int:
    """How many TCP segments with data have arrived: `tcpi_data_segs_in` of Linux."""
    return int.from_bytes(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 156)[152:], sys.byteorder)


@pytest.mark.skipif(sys.platform != "linux", reason="segments are counted by Linux")
def test_head_and_body_of_an_answer_come_in_one_segment(patient):
    with patient.open() as connection:
        for _ in range(20):
            answer_so_far = b""
            connection.sendall(GET + b"\r\n")
            while not answer_so_far.endswith(b"hello"):
                answer_so_far += connection.recv(65_536)
        assert segments_with_data(connection) == 20


@for_each(
    ("address", "passed_on", "told"),
    [
        ("127.0.0.1", "", "http 127.0.0.1"),
        ("127.0.0.1", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7", "https 192.0.2.7"),
        ("127.0.0.2", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7", "http 127.0.0.2"),
    ],
)
def test_a_proxy_on_this_machine_alone_says_for_whom_it_passes_a_request_on(patient, address, passed_on, told):
    headers = f"Host: x\r\nConnection: close\r\n{passed_on}".rstrip()
    with patient.open(address) as connection:
        connection.sendall(f"GET /origin HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        assert all_of(connection).decode().endswith(told)


@for_each(
    ("request_line", "headers", "begins", "body"),
    [
        ("GET /whole HTTP/1.1", "Connection: close", "HTTP/1.1 200 OK", "whole"),
        ("GET /whole HTTP/1.0", "Accept: */*", "HTTP/1.1 200 OK", "whole"),
        ("HEAD /whole HTTP/1.1", "Connection: close", "HTTP/1.1 200 OK", ""),
        ("POST /whole HTTP/1.1", "Connection: close\r\nContent-Length: 2", "HTTP/1.1 200 OK", "wholeok"),
        (
            "POST /whole HTTP/1.1",
            "Connection: close\r\nContent-Length: 2\r\nExpect: 100-continue",
            "HTTP/1.1 100 Continue",
            "wholeok",
        ),
    ],
)
def test_an_answer_sent_as_one_message_is_the_same_to_who_reads_it(patient, request_line, headers, begins, body):
    sent = b"ok" if request_line.startswith("POST") else b""
    said = said_to(patient, f"{request_line}\r\nHost: x\r\n{headers}\r\n\r\n".encode() + sent)
    head, _, read = said.partition(b"\r\n\r\n")
    assert head.decode().startswith(begins)
    if begins.endswith("Continue"):
        head, _, read = read.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {'etag: "1"', f"content-length: {5 + len(sent)}", "connection: close"} <= set(lines[1:])
    assert read.decode() == body


def test_answers_sent_as_one_message_keep_their_order_on_one_connection(patient):
    several = b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + GET + b"Connection: close\r\n\r\n"
    said = said_to(patient, several)
    assert said.count(b"HTTP/1.1 200 OK") == 4
    assert said.count(b"whole") == 3
    assert said.endswith(b"hello")
    assert said.count(b"connection: close") == 1


def test_a_part_of_a_stream_is_sent_before_the_next_one_is_made(patient):
    with patient.open() as connection:
        connection.sendall(GET.replace(b" / ", b" /slow ") + b"\r\n")
        assert connection.recv(65_536).endswith(b"\r\n\r\n")
        for part in (b"first", b"second"):
            patient.next_part.set()
            assert connection.recv(65_536) == b"%x\r\n%s\r\n" % (len(part), part)
        patient.next_part.set()
        assert connection.recv(65_536) == b"0\r\n\r\n"
