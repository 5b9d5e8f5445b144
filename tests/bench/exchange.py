"""A hundred thousand rows in and out: an import tried, applied and sent again, and the same rows as CSV, as a workbook
and as Parquet.

Each step is a process of its own, so that its memory is its own: seconds are of the clock, megabytes the most that the
process held at once. The database is another process and is not counted.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.bootstrap.importing import importing
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, open_store, promises_across_plans, the_program, utc_now
from adapters.exchange.imports.jobs import Imports
from adapters.exchange.imports.request import ImportRequest
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.library.from_library import LibraryReader
from tests.api import served

ROWS = 100_000
ROWS_A_PLAN = 100
CALLER = Caller("bench", "developer", plans=None, personal_data=True)


def measure(home: Path, _store: Store, rows: int = ROWS) -> dict[str, Any]:
    """Measure all steps on one store, in their order."""
    figures: dict[str, Any] = {"rows": rows}
    for name in STEPS:
        words = [sys.executable, "-m", "tests.bench.exchange", name, str(home), str(rows)]
        figures[name] = json.loads(
            subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        )
    return figures


def portfolio(store: Store, home: Path, rows: int) -> int:
    lines = (f"account-{number},Account {number},growth,ann,EUR\n" for number in range(rows // ROWS_A_PLAN))
    file = written(home / "portfolio.csv", "Account id,Account name,Tier,Owner,Currency\n", lines)
    return imported(store, file, kind="portfolio", dry_run=False)


def tried(store: Store, home: Path, rows: int) -> int:
    return imported(store, actions(home, rows), dry_run=True)


def applied(store: Store, home: Path, rows: int) -> int:
    return imported(store, actions(home, rows), dry_run=False)


def sent_again(store: Store, home: Path, rows: int) -> int:
    return imported(store, actions(home, rows), dry_run=False)


def tables_brought_up_to_date(store: Store, _home: Path, _rows: int) -> int:
    store.portfolio.catch_up(utc_now)
    promises_across_plans(store).catch_up()
    return store.events.last_position()


def csv(store: Store, home: Path, _rows: int) -> int:
    return table(store, home, "csv")


def xlsx(store: Store, home: Path, _rows: int) -> int:
    return table(store, home, "xlsx")


def parquet(store: Store, home: Path, _rows: int) -> int:
    from adapters.exchange.warehouse.folder import opened

    with opened(home / "warehouse") as folder:
        return sum(folder.add_events(store.feed))


STEPS: Mapping[str, Callable[[Store, Path, int], int]] = {
    step.__name__: step
    for step in (portfolio, tried, applied, sent_again, tables_brought_up_to_date, csv, xlsx, parquet)
}


def actions(home: Path, rows: int) -> Path:
    plans = rows // ROWS_A_PLAN
    lines = (
        f"account-{number % plans},a{number},Send the offer {number} to the buyer,task,ann,{date_of(number)}\n"
        for number in range(rows)
    )
    return written(home / "actions.csv", "Plan,Id,Statement,Kind,Owner,Due on\n", lines)


def date_of(number: int) -> str:
    return f"{utc_now().year + 1}-{number % 12 + 1:02}-{number % 28 + 1:02}"


def written(file: Path, header: str, lines: Any) -> Path:
    with file.open("w") as out:
        out.write(header)
        out.writelines(lines)
    return file


def imported(store: Store, file: Path, kind: str = "actions", dry_run: bool = True) -> int:
    """Import a file as the service does. Returns how many rows were taken."""
    asked: dict[str, Any] = {"kind": kind, "dry_run": dry_run, "format": "csv"}
    asked |= {} if kind == "portfolio" else {"plan_column": "Plan"}
    library = LibraryReader(the_program(store), utc_now, uuid4)
    carried_out = importing(account_plans(store), library, store.secrets.of("imports"))
    imports = Imports(carried_out, utc_now, uuid4)
    job = imports.begin(CALLER, ImportRequest.model_validate(asked))
    job.file.write_bytes(file.read_bytes())
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
