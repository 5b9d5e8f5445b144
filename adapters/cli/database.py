"""Commands for operators of the store: its schema, its tables, and the embedded PostgreSQL."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from adapters.bootstrap.settings import Settings, kept_log_key, key_encryption_keys
from adapters.bootstrap.store import (
    connection_strings,
    erasure_list,
    findings_across_plans,
    open_store,
    promises_across_plans,
    utc_now,
)
from adapters.cli.errors import Told
from adapters.cli.groups import Group
from adapters.cli.new_files import DUMP, check_new_file
from adapters.cli.terminal import err, print_lines, says_in_json, tell
from adapters.postgres.embedded import EmbeddedPostgres, Role
from adapters.postgres.store import ConnectionStrings, begin_another_log, events_in, opened, upgrade
from adapters.postgres.verification import verify
from adapters.privacy.key_encryption import FILE, WrongKeyEncryptionKey
from adapters.proof.checkpoints import VerifierKey
from adapters.rendering.words import counted
from application.proof.ports import LogAltered

db = typer.Typer(cls=Group, help="The embedded PostgreSQL.", no_args_is_help=True)

IN_ITS_PLACE = {
    "start": "Start it the way it is run",
    "stop": "Stop it the way it is run",
    "url": "You have its URL there",
    "dump": "Dump it with pg_dump",
    "restore": "Restore it with pg_restore",
}


def add_to(app: typer.Typer) -> None:
    app.command()(migrate)
    app.command()(rebuild)
    app.command("begin-another-log")(begin_anew)
    app.add_typer(db, name="db")


@says_in_json
def migrate() -> None:
    """Upgrade the schema of the store. Every command does that first; this one does nothing else."""
    with connection_strings(Settings()) as where:
        done = upgrade(where)
    for name in done:
        tell(f"migrated: {name}")
    tell("The schema is up to date.")


@says_in_json
def rebuild() -> None:
    """Build the tables anew from the log while the old ones serve."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with open_store(Settings()) as store, Progress(*columns, console=err()) as progress:
        tables: Mapping[str, Callable[[Callable[[int, int], None]], None]] = {
            "portfolio": partial(store.portfolio.rebuild, utc_now),
            "findings": findings_across_plans(store).rebuild,
            "promises": promises_across_plans(store).rebuild,
            "month ends": partial(store.month_ends.rebuild, utc_now),
        }
        for name, rebuilt in tables.items():
            rebuilt(partial(shown, progress, progress.add_task(name, total=None)))
    tell("The portfolio, the findings, the promises and the month ends are made anew.")


def shown(progress: Progress, task: TaskID, done: int, total: int) -> None:
    progress.update(task, completed=done, total=total)


@says_in_json
def begin_anew() -> None:
    """Declare that a backup was restored by other means than `plantrail db restore`. Subscribers whose cursor lies
    beyond the backup are then told where to go on."""
    with connection_strings(Settings()) as where:
        begin_another_log(where)
    tell("From here on this is a log of its own.")


@db.command()
@says_in_json
def start() -> None:
    """Start it, and let it run until `plantrail db stop`."""
    server = embedded("start")
    server.start()
    server.keep()
    server.stop()
    tell("The database is running. `plantrail db url` says where, `plantrail db stop` ends it.")


@db.command()
@says_in_json
def stop(force: Annotated[bool, typer.Option("--force", help="Stop it even while others use it.")] = False) -> None:
    """Stop it as soon as nobody uses it."""
    server = embedded("stop")
    server.keep_no_longer()
    if server.stop(force):
        tell("The database is stopped.")
    else:
        tell("Others still use the database: it stops when the last of them ends. --force stops it now.")


@db.command()
@says_in_json
def url(
    role: Annotated[
        Role, typer.Option(help="service: serves plans; owner: migrates the schema; keys: reads the people's keys.")
    ] = "service",
) -> None:
    """Print its URL, password included, for psql and other programs."""
    server = embedded("url")
    print_lines([server.url(role).encode() + b"\n"])
    if not server.is_running():
        tell("The database is not running now: `plantrail db start` starts it.", "yellow")


@db.command()
@says_in_json
def dump(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, .dump or .backup.")],
) -> None:
    """Dump the whole database into a file."""
    server = embedded("dump")
    check_new_file(file, "A dump is of PostgreSQL's custom format", DUMP)
    with server:
        server.dump(file)
    tell(f"The database is in {file}. People's words in it open only with {Settings().home / FILE}: keep that apart.")


@db.command()
@says_in_json
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `plantrail db dump` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace what is there without asking.")] = False,
    key: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A verifier key that the log used before; repeat for more.")
    ] = None,
) -> None:
    """Replace the whole database with a dump.

    The dump is restored beside the database first. It replaces it when the key-encryption key opens it, everybody on
    the list of erasures is forgotten in it, and its log is as it was signed; else the database stays as it is.
    """
    server, settings = embedded("restore"), Settings()
    if not file.is_file():
        raise Told(f"There is no file {file}. Name one that `plantrail db dump` wrote.")
    keys, erasures, ours = key_encryption_keys(settings), erasure_list(settings), kept_log_key(settings)
    trusted = [*([ours.verifier("ours")] if ours else []), *map(VerifierKey.read, key or ())]
    again = 0

    def check(database: str) -> None:
        nonlocal again
        where = ConnectionStrings.beside(server, database)
        begin_another_log(where)
        with opened(where, keys, erasures) as store:
            again = len(store.forgotten_again)
            if trusted:
                verify(store.datastore, trusted)

    with server:
        server.check_dump(file)
        if (held := events_in(ConnectionStrings.to(server))) and not yes:
            ask_to_replace(held, settings)
        try:
            server.restore(file, check)
        except (LogAltered, WrongKeyEncryptionKey) as error:
            raise Told(f"The database was not replaced. {' '.join(str(error).split())}") from error
    tell(f"The database is as it was when {file} was written.")
    if again:
        tell(f"{again} who were forgotten since, by the list of erasures, are forgotten in it again.")
    if not trusted:
        tell(f"Its log was not verified: put the log key into {settings.home}, then run `plantrail verify`.", "yellow")


def ask_to_replace(events: int, settings: Settings) -> None:
    """Ask whether to replace the database. Raises `Told` if nobody can answer, `typer.Abort` for a no."""
    there = f"The database in {settings.home} holds {counted(events, 'event')}, which the dump replaces."
    if not sys.stdin.isatty():
        raise Told(f"{there} Say --yes to have it replaced, after `plantrail db dump` if in doubt.")
    typer.confirm(f"{there} Replace them?", abort=True, err=True)


def embedded(command: str) -> EmbeddedPostgres:
    settings = Settings()
    if settings.database_url is not None:
        raise Told(
            f"DATABASE_URL is set, so the database is not ours. {IN_ITS_PLACE[command]}, or unset DATABASE_URL for the"
            " embedded one."
        )
    return EmbeddedPostgres(settings.home, settings.pg_bin)
