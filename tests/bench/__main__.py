"""`python -m tests.bench`: everything measured in one run, a table for people and `bench.json` for programs.

`python -m tests.bench feed` measures that alone, for people. `python -m tests.bench exchange` measures a hundred
thousand rows in and out; it takes many minutes, and is left out where nothing is named.
"""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import Store
from tests.bench import (
    appending,
    exchange,
    feed,
    folding,
    growing,
    judging,
    measuring,
    paging,
    rebuilding,
    reporting,
    sealing,
    serving,
    several,
    verifying,
)

Reading = Callable[[dict[str, Any]], float]
Measure = Callable[[Path, Store], dict[str, Any]]


def append(home: Path, store: Store) -> dict[str, Any]:
    with EmbeddedPostgres(home) as server:
        return appending.measure(server, store)


MEASURES: dict[str, Measure] = {
    "as_of": lambda _home, _store: folding.measure(),
    "append": append,
    "http": serving.measure,
    "several": several.measure,
    "feed": feed.measure,
    "sealed": lambda _home, store: sealing.measure(store),
    "growth": lambda _home, store: growing.measure(store),
    "rebuild": lambda _home, store: rebuilding.measure(store),
    "proof": lambda _home, store: verifying.measure(store),
    "month": lambda _home, store: reporting.measure(store),
    "measures": lambda _home, store: measuring.measure(store),
    "findings": lambda _home, store: judging.measure(store),
    "pages": lambda _home, _store: paging.measure(),
}
"""Each on a new store of its own."""
WHEN_NAMED: dict[str, Measure] = {"exchange": exchange.measure}
"""What takes many minutes, and is measured only where it is asked for."""


def times(what: str, reference: str) -> Reading:
    """Return a function that gives the rate of a row as a multiple of another row's rate."""

    def read(figures: dict[str, Any]) -> float:
        rows = figures["http"]["rows"]
        return float(rows[what]["per_second"] / rows[reference]["per_second"])

    return read


def below(most: float, what: str, reference: str) -> Reading:
    """Return a function that gives how far the processor time of a row, as a multiple of another's, is below the most
    it may be."""

    def read(figures: dict[str, Any]) -> float:
        rows = figures["http"]["rows"]
        return float(most - rows[what]["server_us"] / rows[reference]["server_us"])

    return read


FLOORS: list[tuple[str, float, Reading]] = [
    ("append, 1 caller, times the library", 0.9, lambda f: f["append"]["1"]["times_library"]),
    ("append, 32 callers, times the library", 8, lambda f: f["append"]["32"]["times_library"]),
    ("append, 32 callers, times pgbench's one-row inserts", 0.5, lambda f: f["append"]["32"]["times_pgbench"]),
    ("command over HTTP, 32 connections, times a bare POST", 0.4, times("command × 32", "bare POST × 32")),
    ("its processor time, bare POSTs below 2.4", 0, below(2.4, "command × 32", "bare POST × 32")),
    ("ready plan, times FastAPI's bytes", 0.95, times("ready plan × 32", "bare bytes × 32")),
    ("its processor time, FastAPI's bytes below 1.05", 0, below(1.05, "ready plan × 32", "bare bytes × 32")),
    ("unchanged plan, times FastAPI's bytes", 1.2, times("unchanged plan (304) × 32", "bare bytes × 32")),
    ("list of plans, times FastAPI's bytes", 0.45, times("list of plans × 32", "bare bytes × 32")),
    ("two processes, plans apart, times one", 1.3, lambda f: f["several"]["times_one_apart"]),
    ("two processes, plans mixed, times one", 1.3, lambda f: f["several"]["times_one_mixed"]),
    ("decode and fold, events a second", 150_000, lambda f: f["as_of"]["events_per_second"]),
    ("rebuild of the portfolio, events a second", 50_000, lambda f: f["rebuild"]["events_per_second"]),
    ("month report of a hundred plans, free of 2 s", 0, lambda f: round(2 - f["month"]["seconds"], 2)),
    ("a measure of 10,000 plans in a month, free of 0.5 s", 0, lambda f: 0.5 - f["measures"]["one_measure_seconds"]),
    ("findings of a plan, folds below 2", 0, lambda f: 2 - f["findings"]["findings_in_folds"]),
    ("a page of the findings of 1,000 plans, free of 20 ms", 0, lambda f: 20 - f["findings"]["page_milliseconds"]),
    ("plans that a midnight leaves alone, of 10,000", 9_000, lambda f: 10_000 - f["findings"]["touched_at_midnight"]),
    (
        "page of a plan of 1,000 events, its JSON below 2",
        0,
        lambda f: 2 - f["pages"]["thousand_events"]["anew_in_json"],
    ),
    ("memory of the server, free of 250 MB", 0, lambda f: 250 - f["http"]["server_megabytes"]),
    ("feed pulled over HTTP, events a second", 60_000, lambda f: f["feed"]["events_per_second"]),
    ("page of a thousand sealed events: times without words, below 6", 0, lambda f: 6 - f["sealed"]["times"]),
    (
        "appends, reads, pages in a million events: times in ten thousand, below 2",
        0,
        lambda f: 2 - max(f["growth"]["times"].values()),
    ),
    ("commit to stream, p50, free of 10 ms", 0, lambda f: 10 - f["feed"]["commit_to_stream"]["p50_milliseconds"]),
    ("commit to stream, p99, free of 50 ms", 0, lambda f: 50 - f["feed"]["commit_to_stream"]["p99_milliseconds"]),
    ("200 idle subscribers, free of 20 MB", 0, lambda f: 20 - f["feed"]["idle_subscribers"]["megabytes"]),
    (
        "200 idle subscribers, free of any connection",
        0,
        lambda f: -f["feed"]["idle_subscribers"]["database_connections"],
    ),
]


def measure(names: Iterable[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name in names:
        with TemporaryDirectory(prefix="bench-") as folder:
            home = Path(folder)
            with open_store(Settings(home=home, database_url=None)) as store:
                figures[name] = (MEASURES | WHEN_NAMED)[name](home, store)
    return figures


def show(figures: dict[str, Any]) -> None:
    table = Table(title="Floors")
    for heading in ("what", "floor", "measured", ""):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, floor, reading in FLOORS:
        try:
            value = round(reading(figures), 2)
        except KeyError:
            continue  # not among what was to be measured
        table.add_row(what, f"{floor:,}", f"{value:,}", "[green]✓" if value >= floor else "[red]below")
    console = Console()
    console.print_json(json.dumps(figures))
    console.print(table)


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(MEASURES)
    measured = measure(chosen)
    if chosen == list(MEASURES):
        Path("bench.json").write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    show(measured)
