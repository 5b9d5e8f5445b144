"""HTTP at 32 clients: commands beside the same route without a store, current plans beside the same bytes from
nowhere."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from adapters.bootstrap.store import account_plans
from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.bench.history import BEGAN, CONTEXT, command, opening, weeks

CLIENTS = 32
SECONDS = 5.0


def prepare(store: Store) -> None:
    """A plan for every client, and a big one of a thousand events."""
    plans = account_plans(store)
    for each in range(CLIENTS):
        plans.handle(plan_id_of(f"bench-{each}"), [opening(f"bench-{each}")], CONTEXT)
    big = plan_id_of("bench-big")
    plans.handle(big, [opening("bench-big")], CONTEXT, at=BEGAN)
    for number in range(1, 112):
        plans.handle(big, weeks(number, BEGAN), CONTEXT, at=BEGAN)
    plans.handle(
        big, [command("add-unit", id="plant", name="Plant", kind="site", buying_center=True)], CONTEXT, at=BEGAN
    )


@contextmanager
def server(home: Path, where: str) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command_line = [sys.executable, "-m", "tests.bench.server", str(home), str(port), where]
    process = subprocess.Popen(command_line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                with urlopen(f"http://127.0.0.1:{port}/livez", timeout=1):
                    break
            except (URLError, ConnectionError):
                sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def loaded(port: int, kind: str, seconds: float = SECONDS) -> dict[str, Any]:
    command_line = [sys.executable, "-m", "tests.bench.load", str(port), str(CLIENTS), str(seconds), kind]
    done = subprocess.run(command_line, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def measure(home: Path, store: Store) -> dict[str, Any]:
    prepare(store)
    with server(home, "store") as (real, process), server(home, "nothing") as (empty, _):
        for port in (real, empty):
            loaded(port, "command", 1.0)
        commands, without = _in_turn((real, "command"), (empty, "command"))
        plan, the_bytes = _in_turn((real, "plan"), (real, "bytes"))
        memory = process.memory_info().rss / 1024 / 1024
    return {
        "command": commands,
        "command_without_store": without,
        "times_without_store": round(commands["per_second"] / without["per_second"], 2),
        "current_plan": plan,
        "same_bytes": the_bytes,
        "times_same_bytes": round(plan["per_second"] / the_bytes["per_second"], 2),
        "server_megabytes": round(memory),
    }


def _in_turn(one: tuple[int, str], other: tuple[int, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each twice, in turn, and its better run: the machine's speed drifts."""
    runs = [(loaded(*one), loaded(*other)) for _ in range(2)]
    return _better(each[0] for each in runs), _better(each[1] for each in runs)


def _better(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return max(runs, key=lambda run: run["per_second"])
