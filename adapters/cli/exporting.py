"""Commands that export: the log as a file, and Parquet files for a warehouse.

`plantrail export` without a further word exports the log, as in earlier releases.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import findings_across_plans, open_store, promises_across_plans, utc_now
from adapters.cli.asking import note_export
from adapters.cli.errors import Told
from adapters.cli.groups import GroupWithDefault
from adapters.cli.loading import export_log
from adapters.cli.terminal import err, print_json, tell
from adapters.postgres.store import Store
from adapters.rendering.words import counted
from application.findings.across import FindingsQuery, PlanFinding
from application.measures.measure import MEASURE_NAMES
from application.measures.query import MeasuresQuery
from application.measures.series import measures_view
from application.portfolio.promises import PlanPromise, PromisesQuery
from application.reports.months import Month, months_between
from domain.things import day_of

if TYPE_CHECKING:
    from adapters.exchange.warehouse.folder import WarehouseFolder

MOST_MONTHS_BACK = 60


exports = typer.Typer(
    cls=GroupWithDefault,
    help="Write Parquet files for a warehouse; or the log, every event as it is stored: `plantrail export -o FILE`.",
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(exports, name="export")
    exports.command(GroupWithDefault.default)(export_log)
    exports.command()(parquet)


def parquet(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A new folder, or one that this wrote before: what is new is added."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print how many rows were written, as JSON.")] = False,
) -> None:
    """Write events, promises, findings and measures as Parquet files for a warehouse; again, to add what is new."""
    try:
        # The library loads slowly, and is there only if the extra was installed.
        from adapters.exchange.warehouse.folder import FolderRefused, opened
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise Told("Parquet needs one more package: pip install 'plantrail[warehouse]'.") from None

    with open_store(Settings()) as store:
        try:
            with opened(folder) as warehouse:
                note_export(store, "export parquet", None, f"position:{store.events.last_position()}")
                written = write_all(store, warehouse)
        except FolderRefused as error:
            raise Told(str(error)) from None
    if as_json:
        print_json(written)
    else:
        told = ", ".join(counted(rows, name.removesuffix("s")) for name, rows in written.items() if name != "position")
        tell(f"{told} written to {folder}, up to position {written['position']}.")


def write_all(store: Store, warehouse: "WarehouseFolder") -> dict[str, int]:
    """Write what is new, and return the number of rows of each kind."""
    now, terminal, events = utc_now(), err(), 0
    for rows in warehouse.add_events(store.feed):
        events += rows
        if terminal.is_terminal:
            tell(f"{events} events, up to position {warehouse.progress.position}", "dim")
    store.portfolio.catch_up(utc_now)
    promised, found = promises_across_plans(store), findings_across_plans(store)
    promised.catch_up()
    found.catch_up()
    every_promise = PromisesQuery.model_validate({}).in_long_pages()
    promises = warehouse.replace_list("promises", PlanPromise, pages(promised, every_promise))
    findings = warehouse.replace_list(
        "findings", PlanFinding, pages(found, FindingsQuery.model_validate({"limit": 200}))
    )
    store.month_ends.catch_up(utc_now)
    measures = 0
    for month in months_to_write(warehouse, now):
        asked = {"measure": list(MEASURE_NAMES), "from": str(month), "to": str(month), "by": "plan"}
        query = MeasuresQuery.model_validate(asked)
        view = measures_view(query, store.month_ends, now)
        measures += warehouse.add_measures(str(month), view, month.is_over(now))
    return {
        "events": events,
        "promises": promises,
        "findings": findings,
        "measures": measures,
        "position": warehouse.progress.position,
    }


def pages(table: Any, query: Any) -> Iterator[list[BaseModel]]:
    """Yield all pages of a list, one at a time."""
    while True:
        page = table.query(query)
        yield page.items
        if page.next is None:
            return
        query = query.model_copy(update={"cursor": page.next})


def months_to_write(warehouse: "WarehouseFolder", now: datetime) -> list[Month]:
    """Return the months to write: from the first event, or after the last month that was over, to the current month."""
    this = Month.of(day_of(now, "UTC"))
    begun = warehouse.progress.month or warehouse.progress.first_month
    if begun is None:
        return []
    first = Month.of(datetime.strptime(begun, "%Y-%m").date())
    if warehouse.progress.month:
        first = first.before(-1)
    return months_between(max(first, this.before(MOST_MONTHS_BACK)), this) if first <= this else []
