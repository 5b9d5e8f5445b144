"""Ten thousand rows and a hundred thousand, in and out: a CSV tried, applied and sent again; the rows as CSV, as
a workbook and as Parquet; a workbook tried and applied.

Each step is a process of its own, so that its memory is its own: seconds are of the clock, megabytes the most that the
process held at once. The database is another process and is not counted.
"""

import csv
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import xlsxwriter

from adapters.bootstrap.imports import importing
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, open_store, promises_across_plans, the_program, utc_now
from adapters.exchange.imports.jobs import Imports
from adapters.exchange.imports.request import ImportRequest
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.library.from_library import LibraryReader
from tests.api import served

FEW, MANY = 10_000, 100_000
ROWS_A_PLAN = 100
HEADER = ("Plan", "Id", "Statement", "Kind", "Owner", "Due on")
CALLER = Caller("bench", "developer", plans=None, personal_data=True)


def measure(home: Path, _store: Store) -> dict[str, Any]:
    """Measure all steps in their order, of few rows and of many, each on a store of its own."""
    figures: dict[str, Any] = {f"{rows} rows": steps(home / str(rows), rows) for rows in (FEW, MANY)}
    few, many = figures.values()
    figures["megabytes more"] = {name: many[name]["megabytes"] - few[name]["megabytes"] for name in STEPS}
    return figures


def steps(home: Path, rows: int) -> dict[str, Any]:
    home.mkdir()
    write_files(home, rows)
    return {name: step(name, home, rows) for name in STEPS}


def step(name: str, home: Path, rows: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.bench.exchange", name, str(home), str(rows)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def portfolio(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "portfolio.csv", kind="portfolio", dry_run=False)


def csv_tried(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "actions.csv")


def csv_applied(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "actions.csv", dry_run=False)


def csv_sent_again(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "actions.csv", dry_run=False)


def xlsx_tried(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "actions.xlsx")


def xlsx_applied(store: Store, home: Path, _rows: int) -> int:
    return imported(store, home / "actions.xlsx", dry_run=False)


def tables_brought_up_to_date(store: Store, _home: Path, _rows: int) -> int:
    store.portfolio.catch_up(utc_now)
    promises_across_plans(store).catch_up()
    return store.events.last_position()


def csv_out(store: Store, home: Path, _rows: int) -> int:
    return table(store, home, "csv")


def xlsx_out(store: Store, home: Path, _rows: int) -> int:
    return table(store, home, "xlsx")


def parquet_out(store: Store, home: Path, _rows: int) -> int:
    from adapters.exchange.warehouse.folder import opened

    with opened(home / "warehouse") as folder:
        return sum(folder.add_events(store.feed))


STEPS: Mapping[str, Callable[[Store, Path, int], int]] = {
    step.__name__: step
    for step in (
        portfolio, csv_tried, csv_applied, csv_sent_again, tables_brought_up_to_date, csv_out, xlsx_out, parquet_out,
        xlsx_tried, xlsx_applied,
    )
}  # fmt: skip


def write_files(home: Path, rows: int) -> None:
    """Write the accounts, and twice as many actions as rows: half of them as CSV, the others as a workbook."""
    plans = range(rows // ROWS_A_PLAN)
    accounts = [(f"account-{number}", f"Account {number}", "growth", "ann", "EUR") for number in plans]
    write_csv(home / "portfolio.csv", ("Account id", "Account name", "Tier", "Owner", "Currency"), accounts)
    write_csv(home / "actions.csv", HEADER, (action("c", number, len(plans)) for number in range(rows)))
    with xlsxwriter.Workbook(home / "actions.xlsx", {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for place, cells in enumerate((HEADER, *(action("x", number, len(plans)) for number in range(rows)))):
            sheet.write_row(place, 0, cells)


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)


def action(of: str, number: int, plans: int) -> Sequence[str]:
    due_on = f"{utc_now().year + 1}-{number % 12 + 1:02}-{number % 28 + 1:02}"
    return (f"account-{number % plans}", f"{of}{number}", f"Send the offer {of}{number}", "task", "ann", due_on)


def imported(store: Store, file: Path, kind: str = "actions", dry_run: bool = True) -> int:
    """Import a file as the service does. Returns how many rows were taken."""
    asked: dict[str, Any] = {"kind": kind, "dry_run": dry_run, "format": file.suffix.removeprefix(".")}
    asked |= {} if kind == "portfolio" else {"plan_column": "Plan"}
    library = LibraryReader(the_program(store), utc_now, uuid4)
    carried_out = importing(account_plans(store), store.portfolio, library, store.secrets.of("imports"))
    imports = Imports(carried_out, utc_now, uuid4)
    job = imports.begin(CALLER, ImportRequest.model_validate(asked), lambda: True)
    shutil.copyfile(file, job.file)
    imports.start(job)
    while job.status.state in ("waiting", "reading", "importing"):
        time.sleep(0.05)
    status = job.status
    assert (status.state, status.failed) == ("finished", 0), status
    imports.close()
    return status.recorded + status.already_there


def table(store: Store, home: Path, form: str) -> int:
    with served(store) as api:
        answer = api.get("/v1/promises", format=form)
        assert answer.status_code == 200, answer.text
        (home / f"promises.{form}").write_bytes(answer.content)
    return len(answer.content)


if __name__ == "__main__":
    name, folder, many = sys.argv[1:]
    with open_store(Settings(home=Path(folder), database_url=None)) as store:
        began, used = time.perf_counter(), time.process_time()
        count = STEPS[name](store, Path(folder), int(many))
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "processor_seconds": round(processor, 2),
                "megabytes": round(megabytes),
                "count": count,
            }
        ),
        file=sys.__stdout__,
    )
