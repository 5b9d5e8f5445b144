"""Commands that bring plans in and take them out: scenarios, and the log as a file."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, aggregates_read, make_id, open_store
from adapters.cli.asking import note_export
from adapters.cli.new_files import JSON_LINES, check_new_file
from adapters.cli.tables import table, text
from adapters.cli.terminal import out, print_lines, says_in_json, tell
from adapters.postgres.store import Store
from adapters.postgres.transfer import export_keys, exported_events, import_events, import_keys
from adapters.rendering.words import counted
from application.scenarios.scenario import told
from application.scenarios.simulation import Loaded
from application.scenarios.simulation import load as load_lines
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan
from domain.things import day_of

Keys = Annotated[Path | None, typer.Option(help="A separate file for the keys that open text about people.")]


def add_to(app: typer.Typer) -> None:
    app.command()(load)


@says_in_json
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenarios: a command as JSON a line.")],
) -> None:
    """Load scenario files into a store without real events: all of them, or none."""
    lines = told((str(file), file.read_bytes()) for file in files)
    with open_store(Settings()) as store:
        plans = account_plans(store)
        loaded = load_lines(lines, store.events, aggregates_read(store), make_id)
        summarise(loaded, len(files), [plans.read(plan_id) for plan_id in loaded.plans])


def summarise(loaded: Loaded, files: int, plans: Iterable[LoadedPlan]) -> None:
    terminal = out()
    terminal.print(
        text(
            f"{counted(loaded.commands, 'command')} from {counted(files, 'file')} loaded:"
            f" {counted(loaded.events, 'event')} in {counted(len(loaded.plans), 'plan')}."
        )
    )
    listed = table("Plans", ["Account", "Name", ">Events", "!From", "!To"], [line_of(known) for known in plans])
    if listed:
        terminal.print(listed)


def line_of(known: LoadedPlan) -> tuple[Text, ...]:
    account, records = the_plan(known.state), known.records
    first, last = (day_of(record.meta.recorded_at, account.timezone) for record in (records[0], records[-1]))
    return text(account.account_id), text(account.account_name), text(len(records)), text(first), text(last)


def export_log(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new file; without it, standard output.")
    ] = None,
    keys: Keys = None,
) -> None:
    """Write every event as it is stored, one as JSON a line. Text about people stays sealed."""
    if output:
        check_new_file(output, "The log is JSON lines", JSON_LINES)
    if keys:
        check_new_file(keys, "The keys are JSON lines", JSON_LINES)
    with open_store(Settings()) as store:
        note_export(store, "export --keys" if keys else "export", None, f"position:{store.events.last_position()}")
        write_events(store, output)
        if keys:
            tell(
                f"{counted(export_keys(store.keys, keys), 'key')} written to {keys}: whoever has it can read all words."
            )


def write_events(store: Store, output: Path | None) -> None:
    with closing(exported_events(store.datastore)) as events:
        if output is None:
            print_lines(events)
            return
        try:
            with output.open("xb") as stream:
                stream.writelines(events)
        except BaseException:
            output.unlink(missing_ok=True)
            raise
    tell(f"The log is written to {output}.")


@says_in_json
def import_log(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `plantrail export` wrote.")],
    keys: Keys = None,
) -> None:
    """Fill an empty store with an exported log, byte for byte."""
    with open_store(Settings()) as store, file.open("rb") as stream:
        # Keys are imported first. Alone they do no harm, but events imported without their keys cannot be imported
        # again.
        opened = import_keys(store.keys, keys) if keys else 0
        events = import_events(store.where.owner, stream)
        again = store.erasures.catch_up(store.events)
    tell(f"{counted(events, 'event')} imported" + (f", and {counted(opened, 'key')}." if keys else "."))
    if again:
        tell(f"{len(again)} who were forgotten since, by the list of erasures, are forgotten in it again.")
    if not keys:
        tell("People's words stay sealed without their keys (--keys).", "dim")
