"""`python -m tests.bench.document` writes docs/performance.md from bench.json, which `make bench` leaves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.__main__ import FLOORS
from tests.places import ROOT

HEAD = """# Performance

Made by `python -m tests.bench.document` from the bench.json that a run of `make bench` leaves: do not edit it. Rates
depend on the machine and on what else it does, so compare rows of one run. The client is `wrk` with one thread;
references are processes of their own that hold none of our code (`tests/bench/bare.py`): the framework with the same
body model, its ready bytes, an ASGI app that does nothing, and the library's own application behind the framework.

`python -m tests.bench http` measures requests alone; the other names are in `tests/bench/__main__.py`.

## Requests

The median of interleaved rounds, with the lowest and highest rate. Processor time is that of the serving process, of
the processes beside it, and of PostgreSQL, per request. "Later" is what the processes beside it and PostgreSQL take
after the last request, per request, until the lists of plans, promises and findings have followed; the next row begins
then.

| × connections | a second | lowest – highest | server µs | beside µs | PostgreSQL µs | later µs | p50 ms | p99 ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""

LIMITS = """
## What limits it

- A command is one round trip to PostgreSQL and one write to its disk, shared by all that wait at the time. The rest is
  the rules, in Python: a flat profile, in which no function takes more than a twentieth.
- A view asks PostgreSQL for the plan's version before ready bytes are sent, so nothing stale is ever shown. All that
  ask at the same time share one question.
- One process answers. Several on one database are correct; where any plan comes to any of them, each looks before it
  decides what the others have recorded (`python -m tests.bench several`).

## What did not help

- A thread for each command: the hop costs as much as deciding, encoding and folding together. A thread that commits
  for the loop still costs it two hand-overs of the interpreter for each batch.
- Committing all that one turn of the loop brings together: while it is written to the disk nothing is decided.
- Waiting in the committer's thread for more appends, as the loop does: 32 threads record less, the longer it waits.
- Another server or event loop under the same application.
- Building events without validation: slower than validating.
- Followers in the serving process, however patient: they hold the interpreter when a command wants it.
- Huge pages for the memory of the interpreter: nothing that could be told from noise.
- Fewer calls a command, one by one: each step of the rules costs two to four times beside all others what it costs
  alone, so that what is not done at all helps, and what is done a little faster hardly.
"""


def requests(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, row in rows.items():
        cells = (
            f"{row['per_second']:,}",
            f"{row['from']:,} – {row['to']:,}",
            *(f"{row[each]:,}" for each in ("server_us", "beside_us", "postgres_us", "later_us")),
            *(f"{row[each]:,}" for each in ("p50_ms", "p99_ms")),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def floors(figures: dict[str, Any]) -> Iterator[str]:
    for what, floor, reading in FLOORS:
        try:
            value = round(reading(figures), 2)
        except KeyError:
            continue
        yield f"| {what} | {floor:,} | {value:,} | {'reached' if value >= floor else 'missed'} |"


def document(figures: dict[str, Any]) -> str:
    table = "\n".join(requests(figures["http"].get("rows", {})))
    judged = "\n".join(floors(figures))
    memory = "\n\nMemory after the run, of the service and the two processes beside it:"
    memory += f" {figures['http'].get('server_megabytes')} MB.\n"
    head = "\n## Floors\n\n| what | floor | measured | |\n|---|--:|--:|---|\n"
    return f"{HEAD}{table}{memory}{head}{judged}\n{of_an_event(figures['as_of'])}{LIMITS}"


def of_an_event(figures: dict[str, Any]) -> str:
    """Say what reading an event takes, and how much of that validating it takes alone."""
    parse, validate, decode, fold = (
        figures[f"{each}_microseconds_an_event"] for each in ("parse", "validate", "decode", "fold")
    )
    at_most = round(1e6 / (validate + fold), -3)
    return f"""
## An event

An event of {figures["bytes_an_event"]} bytes is decoded in {decode} µs and folded in {fold} µs:
{figures["events_per_second"]:,} a second. To read its payload as JSON takes {parse} µs, and as a validated event
{validate} µs. Even if nothing else had to be done to decode it, no more than {at_most:,.0f} a second were folded.
What is remembered of plans makes both rare.
"""


if __name__ == "__main__":
    (ROOT / "docs" / "performance.md").write_text(document(json.loads(Path("bench.json").read_text("utf-8"))), "utf-8")
