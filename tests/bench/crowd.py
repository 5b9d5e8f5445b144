"""What others notice while one reader asks for all that is heavy: `python -m tests.bench.crowd [EVENTS]`.

A plan of 10,034 events and a small one, in a service of their own. Others read the small plan and /livez; meanwhile one
reader asks for thirty different cuts of the big one at once, for views of it, and for reports of months, and asks again
for others until what the others notice says something. These read in processes of their own: else it would count as
waiting that the one reader is busy, who takes in megabytes.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

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
SECONDS_AT_LEAST = 6.0
"""So long the one reader goes on asking: the others get several hundred answers meanwhile."""


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


async def read_until(line: Connection, address: str, name: str) -> dict[str, Any]:
    """Tell the line once reading has begun, read until it says that it is enough, and return what was noticed."""
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
        for path, _ in READ[name]:
            (await client.get(path)).raise_for_status()  # what connecting takes is not what anybody notices later
        reading = [asyncio.create_task(read(path, pause)) for path, pause in READ[name]]
        line.send("reading")
        await asyncio.to_thread(line.recv)
        for each in reading:
            each.cancel()
    taken = sorted(seconds)
    told: dict[str, Any] = {f"{name}_answers": dict(statuses)}
    told |= {f"{name}_p{share}_ms": round(taken[int(len(taken) * share / 100)] * 1000) for share in (50, 99)}
    return told | {f"{name}_most_ms": round(taken[-1] * 1000)}


def asked(events: int, time: int = 0) -> dict[str, list[str]]:
    """What the one reader asks for at once; other cuts and months each time, so that nothing is at hand already."""
    big, month = "/v1/plans/bench-big", "/v1/reports/said-vs-did?month=2025-02"
    cuts = [events - 17 * each - time for each in range(AT_ONCE)]
    return {
        "thirty cuts": [f"{big}?as_of=version:{cut}" for cut in cuts],
        "thirty blames": [f"{big}/blame?as_of=version:{cut}" for cut in cuts],
        "thirty reports": [f"{big}/said-vs-did?from=version:{cut // 2}&to=version:{cut}" for cut in cuts],
        "thirty pages": [f"{big}/said-vs-did?from=version:{cut // 2}&to=version:{cut}&format=html" for cut in cuts[:5]],
        "thirty months": [f"{month}&owner=o{time}-{each}" for each in range(AT_ONCE)],
        "beyond the end": [f"/v1/plans?at_least={9 * 10**18 + each}" for each in range(150)],
    }


async def crowd(port: int, process: psutil.Process, events: int) -> None:
    limits = httpx.Limits(max_connections=400)
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as one:
        (await one.get("/v1/plans/bench-big")).raise_for_status()
        await told("alone", beside(address, process, nothing))
        for name in asked(events):
            await told(name, beside(address, process, partial(answers_for_long, one, name, events)))
        await asyncio.sleep(3)
        await told("afterwards", beside(address, process, nothing))


async def told(name: str, found: Awaitable[dict[str, Any]]) -> None:
    print(json.dumps({name: await found}), flush=True)


async def nothing() -> dict[str, Any]:
    await asyncio.sleep(SECONDS_BEFORE)
    return {}


async def answers_for_long(client: httpx.AsyncClient, name: str, events: int) -> dict[str, Any]:
    """Ask for all of it at once, and again for others once all is answered, for so many seconds."""
    began, answers = perf_counter(), Counter[int | str]()
    for time in count():
        answers.update(await answers_of(client, asked(events, time)[name]))
        if (seconds := perf_counter() - began) >= SECONDS_AT_LEAST:
            return {"answers": dict(answers), "times": time + 1, "seconds": round(seconds, 1)}
    raise AssertionError


async def answers_of(client: httpx.AsyncClient, paths: Iterable[str]) -> Iterable[int | str]:
    async def answer_of(path: str) -> int | str:
        try:
            return (await client.get(path, headers={"X-Actor": "eve"})).status_code
        except httpx.HTTPError as error:
            return type(error).__name__

    return await asyncio.gather(*map(answer_of, paths))


async def beside(
    address: str, process: psutil.Process, work: Callable[[], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """Do some work once others are reading. Returns what they noticed meanwhile, and what came of the work."""
    context, lines = get_context("spawn"), []
    for name in READ:
        ours, theirs = context.Pipe()
        lines.append(ours)
        context.Process(target=read_beside, args=(address, name, theirs), daemon=True).start()
    for line in lines:
        await asyncio.to_thread(line.recv)
    done = await work()
    noticed: dict[str, Any] = {}
    for line in lines:
        line.send("enough")
        noticed |= await asyncio.to_thread(line.recv)
    return noticed | {"megabytes": round(process.memory_info().rss / 1024 / 1024)} | done


def read_beside(address: str, name: str, line: Connection) -> None:
    """Read in a process of its own until told that it is enough, and tell what was noticed."""
    line.send(asyncio.run(read_until(line, address, name)))


def main(events: int) -> None:
    with TemporaryDirectory() as home, open_store(Settings(home=Path(home), database_url=None)) as store:
        prepare(store, events)
        with server(Path(home)) as (port, process):
            asyncio.run(crowd(port, process, events))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
