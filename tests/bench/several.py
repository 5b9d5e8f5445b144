"""Several processes of the service on one database: `python -m tests.bench several`.

Half of the connections go to each. Where plans are apart, each process is asked about its own half of them; where they
are mixed, any plan comes to any process, and each has to look what the other has recorded.
"""

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

from adapters.postgres.store import Store
from tests.bench import serving

ROUNDS = 3
CONNECTIONS = 32
SECONDS_TO_WARM_UP = 5
EVERY_SECOND = "plan = (plan + 1) % count; if plan % 2 ~= {half} then plan = (plan + 1) % count end"


def measure(home: Path, store: Store) -> dict[str, Any]:
    if not shutil.which("wrk"):
        return {"skipped": "wrk is not installed: a client that costs more than the server measures itself"}
    serving.prepare(store)
    mixed = serving.POST % (serving.BODY, serving.PLANS, "")
    apart = [serving.POST % (serving.BODY, serving.PLANS, EVERY_SECOND.format(half=half)) for half in (0, 1)]
    with ExitStack() as stack:
        ours = [
            stack.enter_context(serving.serving(serving.OURS, "/livez", PLANTRAIL_HOME=str(home))).port
            for _ in range(2)
        ]
        sleep(SECONDS_TO_WARM_UP)
        rates = dict[str, list[float]]()
        for _ in range(ROUNDS):
            for name, ports, scripts in (
                ("one", ours[:1], [mixed]),
                ("two, plans mixed", ours, [mixed, mixed]),
                ("two, plans apart", ours, apart),
            ):
                rates.setdefault(name, []).append(together(ports, scripts, home))
    found = {name: round(median(each)) for name, each in rates.items()}
    return {
        "commands_per_second": found,
        "times_one_mixed": round(found["two, plans mixed"] / found["one"], 2),
        "times_one_apart": round(found["two, plans apart"] / found["one"], 2),
    }


def together(ports: Sequence[int], scripts: Sequence[str], home: Path) -> float:
    """Return how many are answered in a second in all."""
    clients = []
    for port, script in zip(ports, scripts, strict=True):
        file = home / f"{port}.lua"
        file.write_text(script)
        connections = CONNECTIONS // len(ports)
        arguments = ["wrk", "-t1", f"-c{connections}", f"-d{serving.SECONDS}s", "--latency", f"-s{file}"]
        address = f"http://127.0.0.1:{port}/"
        clients.append(subprocess.Popen([*arguments, address], stdout=subprocess.PIPE, text=True))
    return sum(serving.read(client.communicate(timeout=60)[0])["per_second"] for client in clients)
