"""The command that writes views of the running service as tables for spreadsheets."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from adapters.cli.doing import running_service
from adapters.cli.new_files import TABLES, check_new_file
from adapters.cli.terminal import says_in_json, tell
from adapters.client.paths import plan_path

OfPlan = Literal["plan", "history", "blame", "reviews", "findings"]
PATHS = {
    "plans": "/v1/plans",
    "promises": "/v1/promises",
    "findings-of-all": "/v1/findings",
    "access-events": "/v1/access-events",
}


def add_to(app: typer.Typer) -> None:
    app.command("table")(table)


@says_in_json
def table(
    view: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help=f"What to write down: {', '.join((*PATHS, *get_args(OfPlan)))}.",
            autocompletion=lambda: [*PATHS, *get_args(OfPlan)],
        ),
    ],
    plan: Annotated[str | None, typer.Argument(metavar="PLAN", help="Of which plan, by account id or plan id.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="A new file, .csv or .xlsx.")] = Path("table.csv"),
    as_of: Annotated[str | None, typer.Option(metavar="CUT", help="As of a cut, of a plan.")] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin a CSV with a byte order mark, for Excel.")] = False,
    neutral: Annotated[
        bool, typer.Option("--neutral", help="In a CSV, put an apostrophe before what could be taken for a formula.")
    ] = False,
) -> None:
    """Write a list, or everything of a plan, as CSV or as a workbook."""
    form = output.suffix.removeprefix(".").lower()
    if form not in ("csv", "xlsx"):
        raise typer.BadParameter("must end with .csv or .xlsx", param_hint="--output")
    asked = {"format": form, "bom": str(bom).lower(), "neutral": str(neutral).lower()}
    asked |= {"as_of": as_of} if as_of else {}
    path = path_of(view, plan)
    check_new_file(output, "A table is CSV or a workbook", TABLES)
    with running_service() as service:
        service.download(path, output, **asked)
    tell(f"The table is in {output}.")


def path_of(view: str, plan: str | None) -> str:
    """Return the path of a view. Raises `typer.BadParameter`."""
    if view in PATHS:
        return PATHS[view]
    if view not in get_args(OfPlan):
        views = [*PATHS, *get_args(OfPlan)]
        close = get_close_matches(view, views, 1)
        meant = f"did you mean {close[0]}?" if close else f"it may be {', '.join(views)}"
        raise typer.BadParameter(f"{view} is no table; {meant}", param_hint="TABLE")
    if plan is None:
        raise typer.BadParameter(f"say of which plan: plantrail table {view} PLAN", param_hint="PLAN")
    return plan_path(plan) if view == "plan" else plan_path(plan, f"/{view}")
