"""Commands that report what was said and what was done: in one plan between two cuts, and in many plans in a month."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from adapters.bootstrap.settings import Settings, public_url
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli.asking import AsJson, PlanName, found
from adapters.cli.documents import terminal
from adapters.cli.errors import Told
from adapters.cli.groups import Group
from adapters.cli.terminal import WIDTH_OF_A_PIPE, Terminal, err, out, print_lines, tell
from adapters.rendering.pool import RenderingPool
from adapters.rendering.reports import document
from adapters.rendering.streamed import written
from application.reports.month_report import MonthReportBuilder
from application.reports.months import month_named
from application.reports.said_vs_did import cuts_meant, last_position, said_vs_did
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier
from domain.program.charter import PROGRAM_ID

Format = Literal["text", "json", "md", "html", "pdf", "pptx"]
SUFFIXES: Mapping[str, Format] = {
    ".json": "json",
    ".md": "md",
    ".html": "html",
    ".pdf": "pdf",
    ".pptx": "pptx",
    ".txt": "text",
}

report = typer.Typer(cls=Group, help="Reports across plans.", no_args_is_help=True)

InFormat = Annotated[
    Format | None, typer.Option("--format", help="Default: as the name of the file ends; text without a file.")
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="A file; without it, standard output.")]


def add_to(app: typer.Typer) -> None:
    app.command("said-vs-did")(of_a_plan)
    app.add_typer(report, name="report")


def of_a_plan(
    plan: PlanName,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="CUT", help="The cut at which it was said; default: the review before."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="CUT", help="The cut by which it was done; default: the last review.")
    ] = None,
    format: InFormat = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Compare what was said at one cut of a plan with what was done by another."""
    form = form_of("json" if as_json else format, output)
    with found(plan) as (store, asked):
        a, b = (asked.cut(cut) for cut in cuts_meant(asked.known, asked.now, from_, to))
        head = store.tree.head_over(last_position(asked.known, b))
    report = said_vs_did(asked.known, a, b, asked.program).model_copy(update={"log_head": head})
    deliver("said-vs-did", to_json(report, by_alias=True), form, output)


@report.command()
def month(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-03.")],
    owner: Annotated[
        str | None, typer.Option(help="Only plans that this person owned at the end of the month.")
    ] = None,
    tier: Annotated[
        Tier | None, typer.Option(help="Only plans that were of this tier at the end of the month.")
    ] = None,
    format: InFormat = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Compare what was said with what was done in a month, across plans."""
    form, now = form_of("json" if as_json else format, output), utc_now()
    asked = month_named(month, now)
    with open_store(Settings()) as store:
        making = MonthReportBuilder(asked, now, owner, tier, store.events.read(PROGRAM_ID))
        if store.month_ends.state(asked, now):
            plans = (making.add_kept(*kept) for kept in store.month_ends.kept(asked))
        else:
            plans = (making.add(known) for known in watched(store.events.histories()))
        made = b"".join(written(making, plans, store.events.history))
    deliver("month", made, form, output)


TEXTS = frozenset({"text", "json", "md"})
"""The formats of text files."""


def form_of(format: Format | None, output: Path | None) -> Format:
    """Return the requested form, else the one for the ending of the file's name.

    Raises `Told` if there is no form for the file's name, or if the terminal cannot show the form.
    """
    form = format or form_named(output)
    ends_as = SUFFIXES.get(output.suffix.lower(), form) if output else form
    if ends_as not in (form, "text") or (ends_as == "text" and form not in TEXTS):
        raise Told(f"{output} is to be of the form {form}, but ends as {ends_as}: name one of the two.")
    if form in ("pdf", "pptx") and output is None and out().is_terminal:
        raise Told(f"A {form.upper()} is not for a terminal. Name a file with -o, or send it on with a pipe.")
    return form


def form_named(output: Path | None) -> Format:
    if output is None:
        return "text"
    form = SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise Told(
            f"No form of the report ends in “{output.suffix or output.name}”. Name a file that ends in"
            f" {', '.join(SUFFIXES)}, or say --format."
        )
    return form


def watched(histories: Iterable[LoadedPlan]) -> Iterator[LoadedPlan]:
    """Show a progress bar. Plan ids are hashes and come in order, so an id shows how much of the work is done."""
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[plans]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Reading plans", total=2**128, plans="")
        for number, known in enumerate(histories, 1):
            progress.update(bar, completed=known.id.int, plans=f"{number} plans")
            yield known


def deliver(name: str, report: bytes, form: Format, output: Path | None) -> None:
    if form == "text":
        show(name, report, output)
    else:
        with RenderingPool(address=event_pages(), slides_template=Settings().slides_template) as press:
            content = report + b"\n" if form == "json" else press.made(name, form, report)
        if output is None:
            print_lines([content])
        else:
            output.write_bytes(content)
    if output:
        tell(f"The report is written to {output}.")


def event_pages() -> str:
    """Return the address of the pages of events; empty if no public URL is configured."""
    settings = Settings()
    return public_url(settings) if settings.public_url else ""


def show(name: str, report: bytes, output: Path | None) -> None:
    parts = terminal(document(name, json.loads(report)))
    if output is None:
        console: Console = out()
        for part in parts:
            console.print(part)
        return
    with output.open("w", encoding="utf-8") as file:
        console = Terminal(file=file, width=WIDTH_OF_A_PIPE)
        for part in parts:
            console.print(part)
