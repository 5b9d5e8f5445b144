"""Commands that import: tables of a CRM or a spreadsheet through the running service, and a log into an empty store.

`plantrail import FILE` without a further word imports a log, as in earlier releases.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import Parameter, Signature, signature
from pathlib import Path
from tempfile import TemporaryFile
from time import sleep
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapters.cli.asking import AsJson
from adapters.cli.doing import running_service
from adapters.cli.errors import Told
from adapters.cli.groups import GroupWithDefault
from adapters.cli.loading import import_log
from adapters.cli.new_files import check_folder
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, table, text
from adapters.cli.terminal import err, out, print_json, tell, text_of
from adapters.rendering.words import counted
from application.imports.kinds import KINDS

if TYPE_CHECKING:
    from adapters.cli.service import Service

SECONDS_BETWEEN_LOOKS = 0.2


class Imports(GroupWithDefault):
    """The group `import`, in which a file name stands for importing a log."""

    def is_meant_by(self, args: list[str]) -> bool:
        return bool(args) and super().is_meant_by(args)


imports = typer.Typer(
    cls=Imports,
    help="Bring in a table of a CRM or a spreadsheet; or fill an empty store with a log: `plantrail import FILE`.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(imports, name="import")
    imports.command(GroupWithDefault.default)(import_log)


Kind = Annotated[
    str,
    typer.Argument(metavar="KIND", help=f"What the rows are: {', '.join(KINDS)}.", autocompletion=lambda: [*KINDS]),
]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help="The table, or - for standard input. Its first row names the columns.")
]
Plan = Annotated[str | None, typer.Option(help="The plan that all rows are of: account id or plan id.")]
PlanColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column that names the plan of each row, by account id.")
]
Apply = Annotated[bool, typer.Option("--apply", help="Record it. Without this, only what would happen is shown.")]
AllOrNothing = Annotated[bool, typer.Option("--all-or-nothing", help="Of each plan, record all rows or none.")]
Dates = Annotated[
    Literal["dmy", "mdy", "ymd"] | None, typer.Option(help="The order in which days are written, where it is unclear.")
]
Decimal = Annotated[
    Literal["point", "comma"] | None, typer.Option(help="What stands before the decimals, where it is unclear.")
]
Map = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="A ready mapping, such as salesforce-contact, or one of your own in TOML."),
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A column to leave out; repeat for more.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="The same for every row; repeat for more.")
]
Grid = Annotated[bool, typer.Option("--grid", help="Cells: a row for each unit, a column for each offering.")]
Results = Annotated[
    Path | None, typer.Option(help="A folder for the results as CSV: the rows that succeeded, failed, were left over.")
]


def importing(read: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Return the command that imports files of one format. `read` has the options of this format and says how files are
    read; the command adds the options of all formats."""
    own, common = signature(read).parameters, signature(options).parameters

    def command(file: Path, results: Path | None, as_json: bool, **given: Any) -> None:
        asked = read(**{name: given.pop(name) for name in own}) | options(**given)
        carry_out(file, asked, results, as_json)

    file_named = Parameter("file", Parameter.POSITIONAL_OR_KEYWORD, annotation=File)
    last = [
        Parameter("results", Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Results),
        Parameter("as_json", Parameter.POSITIONAL_OR_KEYWORD, default=False, annotation=AsJson),
    ]
    kind, *others = common.values()
    parameters = [kind, file_named, *others, *own.values(), *last]
    command.__dict__["__signature__"] = Signature(parameters)
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__doc__ = read.__doc__
    return command


def options(
    kind: Kind,
    plan: Plan = None,
    plan_column: PlanColumn = None,
    apply: Apply = False,
    all_or_nothing: AllOrNothing = False,
    dates: Dates = None,
    decimal: Decimal = None,
    map: Map = None,
    ignore: Ignore = None,
    set_: Set = None,
    grid: Grid = False,
) -> dict[str, Any]:
    """Return the options of all formats for the service. Raises `typer.BadParameter`, `OSError`."""
    if wrong := [pair for pair in set_ or () if "=" not in pair]:
        raise typer.BadParameter(f"“{wrong[0]}” is no FIELD=VALUE", param_hint="--set")
    return {
        "kind": kind,
        "plan": plan,
        "plan_column": plan_column,
        "dry_run": not apply,
        "all_or_nothing": all_or_nothing,
        "dates": dates,
        "decimal": decimal,
        "mapping": text_of(Path(map)) if map and map.endswith(".toml") else map,
        "ignore": ignore or [],
        "always": dict(pair.partition("=")[::2] for pair in set_ or ()),
        "grid": grid,
    }


@imports.command("csv")
@importing
def import_csv(
    encoding: Annotated[str | None, typer.Option(help="Of a file that is not UTF-8, such as cp1252.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the columns, where it is unclear.")] = None,
) -> dict[str, Any]:
    """Import a CSV: show what would come of each row, and with --apply record it."""
    return {"format": "csv", "encoding": encoding, "delimiter": delimiter}


@imports.command("xlsx")
@importing
def import_xlsx(
    sheet: Annotated[str | None, typer.Option(help="The sheet, where there are several.")] = None,
) -> dict[str, Any]:
    """Import a sheet of an XLSX workbook: show what would come of each row, and with --apply record it."""
    return {"format": "xlsx", "sheet": sheet}


def carry_out(file: Path, asked: Mapping[str, Any], results: Path | None, as_json: bool) -> None:
    """Send a file, wait until it is read and carried out, and show the results. Raises `Told`."""
    if results:
        check_folder(results, "--results")
    with running_service() as service, opened(file) as stream:
        form = {"data": {"options": json.dumps(asked)}, "files": {"file": (file.name, stream)}}
        sent = service.request("POST", "/v1/imports", **form).json()
        status = watched(service, sent["id"])
        if status["state"] == "refused":
            raise Told(f"{file}: {status['detail']}")
        if results:
            fetch(service, status["id"], results)
    if as_json:
        print_json(status)
    else:
        show(status, results)
    if status["failed"] or status["unprocessed"]:
        raise typer.Exit(1)


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a table. Standard input, named `-`, is first copied to a file, because the length of the request must be
    known. Raises `OSError`."""
    if str(file) != "-":
        with file.open("rb") as stream:
            yield stream
        return
    with TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.seek(0)
        yield kept


def watched(service: "Service", id: str) -> dict[str, Any]:
    """Show the progress of an import until it is over, and return its status."""
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=err(), transient=True, disable=not err().is_terminal) as progress:
        task = progress.add_task("reading", total=None)
        while True:
            status: dict[str, Any] = service.get(f"/v1/imports/{id}")
            progress.update(task, description=status["state"], completed=status["done"], total=status["rows"] or None)
            if status["state"] in ("finished", "refused", "stopped"):
                return status
            sleep(SECONDS_BETWEEN_LOOKS)


def fetch(service: "Service", id: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("successful", "failed", "unprocessed"):
        service.download(f"/v1/imports/{id}/{part}", folder / f"{part}.csv")


def show(status: Mapping[str, Any], results: Path | None) -> None:
    terminal, dry = out(), status["dry_run"]
    rows = [
        (text(each["column"]), text(each["field"]), text(each["read"], QUIET), text(each["value"]))
        for each in status["columns"]
    ]
    terminal.print(table("How it is read", ["Column", "Field", "**Reads", "**Means"], rows) or Text())
    how = [f"encoding {status['encoding']}"] if status["encoding"] else []
    how += [f"sheet “{status['sheet']}”"] if status["sheet"] else []
    how += [f"not read: {', '.join(status['not_read'])}"] if status["not_read"] else []
    how += [f"rows known again by {', '.join(status['known_by'])}"] if status["known_by"] else []
    for line in (", ".join(how), *status["notes"]):
        terminal.print(text(line, QUIET))
    would = "would be " if dry else ""
    counts = f"{counted(status['rows'], 'row')} of {counted(status['plans'], 'plan')}:"
    terminal.print(
        Text.assemble(
            f"{counts} ",
            (f"{status['recorded']} {would}recorded", GOOD),
            f", {status['already_there']} already there, ",
            (f"{status['failed']} failed", ALARM if status["failed"] else ""),
            f", {status['unprocessed']} not carried out.",
        )
    )
    for title, found in (("What is wrong", status["problems"]), ("Is that meant?", status["warnings"])):
        problems = [
            (text(each["row"]), text(each["column"]), text(each["detail"]), text(each["read"], QUIET)) for each in found
        ]
        if shown := table(title, [">Row", "*Column", "****What", "**Read"], problems):
            terminal.print(shown)
    if status["failed"] > len(status["problems"]) or status["warned"] > len(status["warnings"]):
        tell("That is not all: --results FOLDER writes down every row.", WARNING)
    if status["detail"]:
        tell(status["detail"], "red")
    if results:
        tell(f"The results are in {results}. Mend the rows of failed.csv, and send that file.")
    if dry:
        tell("Nothing was recorded. Add --apply to record it." if status["recorded"] else "Nothing was recorded.")
