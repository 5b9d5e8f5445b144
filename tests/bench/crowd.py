"""What others notice while one reader asks for all that is heavy: `python -m tests.bench.crowd [EVENTS]`.

A plan of 10,034 events and a small one, in a service of their own. Others read the small plan and /livez; meanwhile one
reader asks for thirty different cuts of the big one at once, for views of it, and for reports of months. The others
read in processes of their own: else it would count as waiting that the one reader is busy, who takes in megabytes.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, TypeVar

import httpx
import psutil

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, open_store
from adapters.postgres.store import Store
from domain.account_plan.plan import plan_id_of
from tests.bench.history import BEGAN, CONTEXT, opening, weeks
from tests.bench.serving import server

EVENTS = 10_034
AT_ONCE = 30
SECONDS_BEFORE = 4.0

T = TypeVar("T")


def prepare(store: Store, events: int) -> None:
    plans = account_plans(store)
    for name, wanted in {"bench-small": 100, "bench-big": events}.items():
        plan_id, number = plan_id_of(name), 1
        version = plans.handle(plan_id, [opening(name)], CONTEXT, at=BEGAN).version
        while version < wanted:
            version = plans.handle(plan_id, weeks(number, BEGAN), CONTEXT, at=BEGAN).version
            number += 1


READ: Mapping[str, tuple[tuple[str, float], ...]] = {
    "others": (("/v1/plans/bench-small/history?limit=20", 0.01), ("/v1/plans/bench-small", 0.01)),
    "livez": (("/livez", 0.02),),
}
"""What others read: paths, and the seconds between two answers."""


async def read_until(ended: Awaitable[None], address: str, name: str) -> dict[str, Any]:
    """Read until that has ended, and return what was noticed."""
    seconds: list[float] = []
    statuses: Counter[int] = Counter()

    async def read(path: str, pause: float) -> None:
        while True:
            began = perf_counter()
            answer = await client.get(path)
            seconds.append(perf_counter() - began)
            statuses[answer.status_code] += 1
            await asyncio.sleep(pause)

    async with httpx.AsyncClient(base_url=address) as client:
        reading = [asyncio.create_task(read(path, pause)) for path, pause in READ[name]]
        await ended
        for each in reading:
            each.cancel()
    taken = sorted(seconds)
    told: dict[str, Any] = {f"{name}_answers": dict(statuses)}
    told |= {f"{name}_p{share}_ms": round(taken[int(len(taken) * share / 100)] * 1000) for share in (50, 99)}
    return told | {f"{name}_most_ms": round(taken[-1] * 1000)}


def asked(events: int) -> dict[str, list[str]]:
    big, month = "/v1/plans/bench-big", "/v1/reports/said-vs-did?month=2025-02"
    cuts = [events - 17 * each for each in range(AT_ONCE)]
    return {
        "thirty cuts": [f"{big}?as_of=version:{cut}" for cut in cuts],
        "thirty blames": [f"{big}/blame?as_of=version:{cut}" for cut in cuts],
        "thirty reports": [f"{big}/said-vs-did?from=version:{cut // 2}&to=version:{cut}" for cut in cuts],
        "thirty pages": [f"{big}/said-vs-did?from=version:{cut // 2}&to=version:{cut}&format=html" for cut in cuts[:5]],
        "thirty months": [f"{month}&owner=o{each}" for each in range(AT_ONCE)],
        "beyond the end": [f"/v1/plans?at_least={9 * 10**18 + each}" for each in range(150)],
    }


async def crowd(port: int, process: psutil.Process, events: int) -> None:
    limits = httpx.Limits(max_connections=400)
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as one:
        (await one.get("/v1/plans/bench-big")).raise_for_status()
        alone, _ = await beside(address, process, asyncio.sleep(SECONDS_BEFORE))
        print(json.dumps({"alone": alone}), flush=True)
        for name, paths in asked(events).items():
            began = perf_counter()
            found, answers = await beside(address, process, answers_of(one, paths))
            found |= {"answers": dict(Counter(answers)), "seconds": round(perf_counter() - began, 1)}
            print(json.dumps({name: found}), flush=True)
        await asyncio.sleep(3)
        afterwards, _ = await beside(address, process, asyncio.sleep(SECONDS_BEFORE))
        print(json.dumps({"afterwards": afterwards}), flush=True)


async def answers_of(client: httpx.AsyncClient, paths: Iterable[str]) -> Iterable[int | str]:
    async def answer_of(path: str) -> int | str:
        try:
            return (await client.get(path, headers={"X-Actor": "eve"})).status_code
        except httpx.HTTPError as error:
            return type(error).__name__

    return await asyncio.gather(*map(answer_of, paths))


async def beside(address: str, process: psutil.Process, work: Awaitable[T]) -> tuple[dict[str, Any], T]:
    """Do some work. Returns what others noticed meanwhile, and what came of the work."""
    context, lines = get_context("spawn"), []
    for name in READ:
        ours, theirs = context.Pipe()
        lines.append(ours)
        context.Process(target=read_beside, args=(address, name, theirs), daemon=True).start()
    for line in lines:
        await asyncio.to_thread(line.recv)
    done = await work
    told: dict[str, Any] = {}
    for line in lines:
        line.send("enough")
        told |= await asyncio.to_thread(line.recv)
    return told | {"megabytes": round(process.memory_info().rss / 1024 / 1024)}, done


def read_beside(address: str, name: str, line: Connection) -> None:
    """Read in a process of its own until told that it is enough, and tell what was noticed."""
    line.send("reading")
    line.send(asyncio.run(read_until(asyncio.to_thread(line.recv), address, name)))


def main(events: int) -> None:
    with TemporaryDirectory() as home, open_store(Settings(home=Path(home), database_url=None)) as store:
        prepare(store, events)
        with server(Path(home)) as (port, process):
            asyncio.run(crowd(port, process, events))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
