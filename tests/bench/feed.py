"""The feed over HTTP: pulled a thousand events at a time beside raw page reads, from a commit to a subscriber of the
stream, and what two hundred subscribers cost who wait."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import psutil

from adapters.postgres.store import Store
from application.aggregates.ports import CommandContext, Commit, ToRecord
from domain.account_plan.entries import NoteWritten
from domain.account_plan.plan import plan_id_of
from tests.bench import rebuilding
from tests.bench.history import BEGAN
from tests.bench.serving import prepare, server

PLANS, EVENTS = 200, 300
PAGE = 1_000
RUNS = 12
PAUSE = 1.0
"""Seconds between them: a machine that others use as well is slow for seconds on end."""
COMMITS = 200
IDLE = 200
CONTEXT = CommandContext("ann", "api", "request", "conversation")


def measure(home: Path, store: Store) -> dict[str, Any]:
    prepare(store)
    rebuilding.fill(store, PLANS, EVENTS)
    with server(home) as (port, process):
        raw, pulled = _in_turn(store, port)
        latencies = commits_to_subscriber(store, port)
        idle = waiting(store, port, process)
    return {
        "events_per_second": round(pulled),
        "raw_page_reads_per_second": round(raw),
        "times_raw": round(pulled / raw, 2),
        "commit_to_stream": latencies,
        "idle_subscribers": idle,
    }


def _in_turn(store: Store, port: int) -> tuple[float, float]:
    """Measure each several times in turn, and return the best run of each, because the speed of the machine drifts."""
    runs = []
    for _ in range(RUNS):
        runs.append((per_second(raw_pages(store)), per_second(http_pages(port))))
        sleep(PAUSE)
    return max(raw for raw, _ in runs), max(pulled for _, pulled in runs)


def per_second(pages: Iterator[int]) -> float:
    began = perf_counter()
    events = sum(pages)
    return events / (perf_counter() - began)


def raw_pages(store: Store) -> Iterator[int]:
    """Yield the number of events on each page of the log, read from PostgreSQL directly."""
    position, page = 0, store.feed.page(0, most=PAGE)
    while page.rows:
        yield len(page.rows)
        position = page.next
        page = store.feed.page(position, most=PAGE)


def http_pages(port: int) -> Iterator[int]:
    """Yield the same over HTTP, one request after the other."""
    connection = HTTPConnection("127.0.0.1", port)
    path = f"/v1/events?limit={PAGE}"
    while True:
        connection.request("GET", path)
        answer = connection.getresponse()
        events = answer.read().count(b'{"specversion"')
        if not events:
            break
        yield events
        path = answer.headers["link"].partition(">")[0].removeprefix("<")
    connection.close()


# The stream


@contextmanager
def stream(port: int) -> Iterator[socket.socket]:
    """Open a stream of the events that are recorded from now on."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /v1/events/stream?after=now HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while b"retry:" not in connection.recv(65_536):
            pass
        yield connection


def commits_to_subscriber(store: Store, port: int) -> dict[str, Any]:
    """Measure the time from before a commit until the subscriber has its event, with a pause between commits."""
    plan_id = plan_id_of("latency")
    seen: list[float] = []

    def receive(connection: socket.socket) -> None:
        while len(seen) < COMMITS:
            if connection.recv(65_536).count(b"\ndata: "):
                seen.append(perf_counter())

    with stream(port) as connection:
        receiving = Thread(target=receive, args=(connection,))
        receiving.start()
        began = []
        for version in range(COMMITS):
            event = ToRecord(NoteWritten(id=f"n{version}", section="plan", text="seen"), BEGAN, f"command-{version}")
            began.append(perf_counter())
            store.events.append(Commit(plan_id, version, [event], CONTEXT))
            while len(seen) <= version:
                sleep(0.001)
            sleep(0.02)
        receiving.join()
    took = sorted(end - begin for begin, end in zip(began, seen, strict=True))
    return {f"p{share}_milliseconds": round(took[int(COMMITS * share / 100)] * 1000, 1) for share in (50, 99)}


def waiting(store: Store, port: int, process: psutil.Process) -> dict[str, Any]:
    """Measure how much more is used while they wait than with one of them."""
    with ExitStack() as stack:
        stack.enter_context(stream(port))
        sleep(1)
        memory, connections = process.memory_info().rss, database_connections(store)
        for _ in range(IDLE):
            stack.enter_context(stream(port))
        sleep(1)
        return {
            "subscribers": IDLE,
            "megabytes": round((process.memory_info().rss - memory) / 1024 / 1024, 1),
            "database_connections": database_connections(store) - connections,
        }


def database_connections(store: Store) -> int:
    with store.datastore.connection() as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL").fetchall()
    return int(count)
