"""Requests over HTTP beside what a user would pick instead, by a client that takes next to nothing of the machine.

Every row says how many requests a second were answered, what each cost the server, the process beside it and PostgreSQL
in processor time, and how long it took. The service is the one that `plantrail serve` starts, with all that goes on in
it. The references hold none of our code: see `tests.bench.bare`.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil

from adapters.bootstrap.store import account_plans
from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.bench.history import BEGAN, CONTEXT, opening, weeks

OURS = ("-c", "from adapters.cli.main import app; app()", "serve", "--port", "PORT")
SECONDS = 2
ROUNDS = 3
PAUSE_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 60
QUIET = 0.06
"""The share of one core below which the followers of the log have caught up."""
PLANS = 512
BIG = "bench-big"
BODY = json.dumps(
    {"statement": "Send the price for line 3 to procurement", "kind": "task", "owner": "ann", "due_on": "2028-01-31"}
)
POST = """
local body = [==[%s]==]
local count, plan, headers = %d, 0, {["Content-Type"] = "application/json"}
function request()
  plan = (plan + 1) %% count
  %s
  return wrk.format("POST", string.format("/v1/plans/bench-%%d/add-action", plan), headers, body)
end
"""
KEYED = 'sent = (sent or 0) + 1; headers["Idempotency-Key"] = string.format("%s-%%d", sent)'
ANOTHER = """
local version = 600 + %d
function request()
  version = version + 1
  if version > 990 then version = 600 end
  return wrk.format("GET", string.format("/v1/plans/%s/said-vs-did?to=version:%%d", version))
end
"""
GET = 'function request() return wrk.format("GET", "%s", %s) end'


class Service(NamedTuple):
    """A server that is measured, and the processes that work for it."""

    port: int
    processes: Sequence[psutil.Process]


class Row(NamedTuple):
    """What is sent, to whom, by how many connections at once."""

    name: str
    service: str
    connections: int
    script: str


def prepare(store: Store) -> None:
    """Plans to be changed, and one of a thousand events to be shown."""
    plans = account_plans(store)
    for each in range(PLANS):
        plans.handle(plan_id_of(f"bench-{each}"), [opening(f"bench-{each}")], CONTEXT)
    plans.handle(plan_id_of(BIG), [opening(BIG)], CONTEXT, at=BEGAN)
    for number in range(1, 112):
        plans.handle(plan_id_of(BIG), weeks(number, BEGAN), CONTEXT, at=BEGAN)


@contextmanager
def serving(arguments: Sequence[str], path: str, **environment: str) -> Iterator[Service]:
    """Start a server on a free port, which stands for `PORT` among the arguments, and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *(str(port) if each == "PORT" else each for each in arguments)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1):
                    break
            except (URLError, ConnectionError):
                sleep(0.1)
        found = psutil.Process(process.pid)
        yield Service(port, [found, *found.children(recursive=True)])
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def server(home: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Start the service as `plantrail serve` does. Yields its port and its process."""
    with serving(OURS, "/livez", PLANTRAIL_HOME=str(home)) as service:
        yield service.port, service.processes[0]


def postgres_of(home: Path) -> Service:
    """Return the processes of the PostgreSQL under a home."""
    file = next(home.rglob("postmaster.pid"))
    postmaster = psutil.Process(int(file.read_text().split()[0]))
    return Service(0, [postmaster, *postmaster.children(recursive=True)])


def processor_seconds(processes: Sequence[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def run(row: Row, services: dict[str, Service], home: Path, script: Path) -> dict[str, float]:
    script.write_text(row.script)
    service, postgres = services[row.service], postgres_of(home)
    serving, beside = service.processes[:1], service.processes[1:]
    measured = {"server_us": serving, "beside_us": beside, "postgres_us": postgres.processes}
    before = {name: processor_seconds(processes) for name, processes in measured.items()}
    client = ["wrk", "-t1", f"-c{row.connections}", f"-d{SECONDS}s", "--latency", f"-s{script}"]
    done = subprocess.run(
        [*client, f"http://127.0.0.1:{service.port}/"], capture_output=True, text=True, check=True, timeout=60
    )
    taken = {name: (processor_seconds(processes) - before[name]) * 1e6 for name, processes in measured.items()}
    followers = [*beside, *postgres.processes]
    return read(done.stdout) | taken | {"later_us": processor_seconds_until_quiet(followers) * 1e6}


def processor_seconds_until_quiet(processes: Sequence[psutil.Process]) -> float:
    """Wait until these processes have next to nothing to do, and return the processor seconds they took meanwhile.

    What follows the log falls behind while many callers record, and catches up afterwards: that belongs to the row that
    recorded, not to the next one.
    """
    began = now = processor_seconds(processes)
    for _ in range(round(LONGEST_WAIT_SECONDS / PAUSE_SECONDS)):
        sleep(PAUSE_SECONDS)
        now, before = processor_seconds(processes), now
        if now - before < QUIET * PAUSE_SECONDS:
            break
    return now - began


UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def read(said: str) -> dict[str, float]:
    """Read what the client says: its rate, its latencies in milliseconds, and how many were not answered well."""
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not (requests and rate):
        raise ValueError(said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    latency = {
        f"p{share}_ms": float(value) * UNITS[unit]
        for share, value, unit in re.findall(r"\s(50|99)%\s+([\d.]+)(us|ms|s|m)", said)
    }
    return {"requests": float(requests[1]), "per_second": float(rate[1]), **latency} | (
        {"refused": float(refused[1])} if refused else {}
    )


def rows(tag: str) -> list[Row]:
    commands = POST % (BODY, PLANS, "")
    same = GET % (f"/v1/plans/{BIG}", "nil")
    unchanged = GET % (f"/v1/plans/{BIG}", json_table({"If-None-Match": tag}))
    return [
        *(Row("command", "ours", each, commands) for each in (1, 4, 32)),
        *(Row("bare POST", "bare", each, commands) for each in (1, 4, 32)),
        Row("command, Idempotency-Key", "ours", 32, POST % (BODY, PLANS, KEYED % os.urandom(4).hex())),
        Row("command, one hot plan", "ours", 32, POST % (BODY, 1, "")),
        Row("library's POST", "library", 32, commands),
        Row("ready plan", "ours", 32, same),
        Row("bare bytes", "bare", 32, GET % ("/bytes", "nil")),
        Row("unchanged plan (304)", "ours", 32, unchanged),
        Row("list of plans", "ours", 32, GET % ("/v1/plans?limit=50", "nil")),
        Row("said-vs-did, ready", "ours", 32, GET % (f"/v1/plans/{BIG}/said-vs-did", "nil")),
        Row("said-vs-did, another each time", "ours", 4, ANOTHER % (os.getpid() % 300, BIG)),
        Row("feed at its end", "ours", 32, GET % ("/v1/events?after=now", "nil")),
        Row("/livez", "ours", 32, GET % ("/livez", "nil")),
        Row("bare hello", "bare", 32, GET % ("/hello", "nil")),
        Row("bare ASGI", "asgi", 32, GET % ("/", "nil")),
    ]


def json_table(headers: dict[str, str]) -> str:
    return "{" + ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()) + "}"


def measure(home: Path, store: Store) -> dict[str, Any]:
    if not shutil.which("wrk"):
        return {"skipped": "wrk is not installed: a client that costs more than the server measures itself"}
    prepare(store)
    with ExitStack() as stack:
        ours = stack.enter_context(serving(OURS, "/livez", PLANTRAIL_HOME=str(home)))
        with urlopen(Request(f"http://127.0.0.1:{ours.port}/v1/plans/{BIG}")) as answer:
            ready, tag = answer.read(), answer.headers["ETag"]
        held = home / "ready.json"
        held.write_bytes(ready)
        services = {
            "ours": ours,
            "bare": stack.enter_context(serving(["-m", "tests.bench.bare", "PORT", "fastapi", str(held)], "/hello")),
            "asgi": stack.enter_context(serving(["-m", "tests.bench.bare", "PORT", "asgi"], "/")),
            "library": stack.enter_context(
                serving(["-m", "tests.bench.bare", "PORT", "library"], "/docs", **settings_of_the_library(store))
            ),
        }
        taken: dict[str, list[dict[str, float]]] = {}
        for _ in range(ROUNDS):
            for row in rows(tag):
                figures = run(row, services, home, home / "wrk.lua")
                taken.setdefault(f"{row.name} × {row.connections}", []).append(figures)
        # What several of them share counts once.
        megabytes = sum(process.memory_full_info().pss for process in ours.processes) / 1024 / 1024
    return {"rows": {name: summed_up(runs) for name, runs in taken.items()}, "server_megabytes": round(megabytes)}


def settings_of_the_library(store: Store) -> dict[str, str]:
    """Return what the stock recorder takes to keep its events in a schema of its own of the same PostgreSQL."""
    from psycopg.conninfo import conninfo_to_dict

    where = conninfo_to_dict(store.where.owner)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(where["dbname"]),
        "POSTGRES_HOST": str(where["host"]),
        "POSTGRES_PORT": str(where.get("port", 5432)),
        "POSTGRES_USER": str(where["user"]),
        "POSTGRES_PASSWORD": str(where["password"]),
        "POSTGRES_SCHEMA": "public",
        "POSTGRES_POOL_SIZE": "32",
    }


def summed_up(runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return medians of the rounds, and the lowest and highest rate."""
    rates = [run["per_second"] for run in runs]
    return {
        "per_second": round(median(rates)),
        "from": round(min(rates)),
        "to": round(max(rates)),
        **{
            name: round(median(run[name] / run["requests"] for run in runs))
            for name in ("server_us", "beside_us", "postgres_us", "later_us")
        },
        "p50_ms": round(median(run["p50_ms"] for run in runs), 2),
        "p99_ms": round(median(run["p99_ms"] for run in runs), 2),
        "refused": round(sum(run.get("refused", 0) for run in runs)),
    }
