"""What others notice while one reader asks for all that is heavy: `python -m tests.bench.crowd [EVENTS]`.

A plan of 10,034 events and a small one, in a service of their own. Others read the small plan and /livez; meanwhile one
reader asks for thirty different cuts of the big one at once, for views of it, and for reports of months.
"""

import asyncio
import json
import sys
from collections import Counter
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


def prepare(store: Store, events: int) -> None:
    plans = account_plans(store)
    for name, wanted in {"bench-small": 100, "bench-big": events}.items():
        plan_id, number = plan_id_of(name), 1
        version = plans.handle(plan_id, [opening(name)], CONTEXT, at=BEGAN).version
        while version < wanted:
            version = plans.handle(plan_id, weeks(number, BEGAN), CONTEXT, at=BEGAN).version
            number += 1


class Others:
    """Two readers of a small plan, and somebody who asks whether the service lives."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.seconds: dict[str, list[float]] = {"others": [], "livez": []}
        self.statuses: Counter[int] = Counter()

    async def read(self, name: str, path: str, pause: float) -> None:
        while True:
            began = perf_counter()
            answer = await self._client.get(path)
            self.seconds[name].append(perf_counter() - began)
            self.statuses[answer.status_code] += 1
            await asyncio.sleep(pause)

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"statuses": dict(self.statuses)}
        for name, seconds in self.seconds.items():
            taken = sorted(seconds)
            told |= {f"{name}_p{share}_ms": round(taken[int(len(taken) * share / 100)] * 1000) for share in (50, 99)}
            told[f"{name}_most_ms"] = round(taken[-1] * 1000)
        return told


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
    one, others = (httpx.AsyncClient(base_url=address, timeout=120, limits=limits) for _ in range(2))
    async with one, others:
        (await one.get("/v1/plans/bench-big")).raise_for_status()
        print(json.dumps({"alone": await beside(others, process, asyncio.sleep(SECONDS_BEFORE))}), flush=True)
        for name, paths in asked(events).items():
            began = perf_counter()
            answers: list[Any] = []

            async def ask(path: str, answers: list[Any] = answers) -> None:
                try:
                    answer = await one.get(path, headers={"X-Actor": "eve"})
                    answers.append(answer.status_code)
                except httpx.HTTPError as error:
                    answers.append(type(error).__name__)

            found = await beside(others, process, asyncio.gather(*map(ask, paths)))
            found |= {"answers": dict(Counter(answers)), "seconds": round(perf_counter() - began, 1)}
            print(json.dumps({name: found}), flush=True)
        await asyncio.sleep(3)
        print(json.dumps({"afterwards": await beside(others, process, asyncio.sleep(SECONDS_BEFORE))}), flush=True)


async def beside(client: httpx.AsyncClient, process: psutil.Process, work: Any) -> dict[str, Any]:
    others = Others(client)
    reading = [
        asyncio.create_task(others.read("others", "/v1/plans/bench-small/history?limit=20", 0.01)),
        asyncio.create_task(others.read("others", "/v1/plans/bench-small", 0.01)),
        asyncio.create_task(others.read("livez", "/livez", 0.02)),
    ]
    await work
    for each in reading:
        each.cancel()
    return others.told() | {"megabytes": round(process.memory_info().rss / 1024 / 1024)}


def main(events: int) -> None:
    with TemporaryDirectory() as home, open_store(Settings(home=Path(home), database_url=None)) as store:
        prepare(store, events)
        with server(Path(home)) as (port, process):
            asyncio.run(crowd(port, process, events))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
