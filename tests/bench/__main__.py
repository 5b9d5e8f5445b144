"""`python -m tests.bench`: everything measured in one run, a table for people and `bench.json` for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.main import open_store
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.settings import Settings
from tests.bench import appending, folding, rebuilding, reporting, serving

Reading = Callable[[dict[str, Any]], float]

FLOORS: list[tuple[str, float, Reading]] = [
    ("append, 1 caller, times the library", 0.9, lambda f: f["append"]["1"]["times_library"]),
    ("append, 32 callers, times the library", 8, lambda f: f["append"]["32"]["times_library"]),
    ("append, 32 callers, times pgbench's one-row inserts", 0.5, lambda f: f["append"]["32"]["times_pgbench"]),
    ("command over HTTP, times the route without a store", 0.5, lambda f: f["http"]["times_without_store"]),
    ("decode and fold, events a second", 150_000, lambda f: f["as_of"]["events_per_second"]),
    ("rebuild of the portfolio, events a second", 50_000, lambda f: f["rebuild"]["events_per_second"]),
    ("month report of a hundred plans, free of 2 s", 0, lambda f: round(2 - f["month"]["seconds"], 2)),
    ("memory of the server, free of 250 MB", 0, lambda f: 250 - f["http"]["server_megabytes"]),
]


def measure() -> dict[str, Any]:
    figures: dict[str, Any] = {"as_of": folding.measure()}
    with TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        with open_store(Settings(home=home, database_url=None)) as store, EmbeddedPostgres(home) as server:
            figures["append"] = appending.measure(server, store)
        home = home / "serving"
        with open_store(Settings(home=home, database_url=None)) as store:
            figures["http"] = serving.measure(home, store)
        home = home / "rebuilding"
        with open_store(Settings(home=home, database_url=None)) as store:
            figures["rebuild"] = rebuilding.measure(store)
        home = home / "reporting"
        with open_store(Settings(home=home, database_url=None)) as store:
            figures["month"] = reporting.measure(store)
    return figures


def show(figures: dict[str, Any]) -> None:
    table = Table(title="Floors")
    for heading in ("what", "floor", "measured", ""):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, floor, reading in FLOORS:
        value = reading(figures)
        table.add_row(what, f"{floor:,}", f"{value:,}", "[green]✓" if value >= floor else "[red]below")
    console = Console()
    console.print_json(json.dumps(figures))
    console.print(table)


if __name__ == "__main__":
    measured = measure()
    Path("bench.json").write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    show(measured)
