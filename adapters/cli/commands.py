"""All commands, and how their errors are shown."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, ClassVar

import structlog
import typer

from adapters.bootstrap.garbage_collection import without_garbage_collection
from adapters.bootstrap.settings import Settings
from adapters.cli.errors import explained
from adapters.cli.groups import Group
from adapters.cli.mistakes import in_our_words
from adapters.cli.terminal import print_lines, stop_writing, tell
from adapters.observability import log_format as logs

logger = structlog.get_logger("plantrail")


MAKES = {
    "serving": "serve work",
    "demonstration": "demo",
    "reading": "plans plan",
    "doing": "do",
    "shortcuts": "open done move drop adopt",
    "handing_over": "handover",
    "findings": "findings",
    "feed": "tail",
    "reports": "said-vs-did report",
    "program": "program",
    "proving": "checkpoint verify audit-bundle",
    "loading": "load",
    "exporting": "export",
    "measures": "measures",
    "packs": "pack",
    "importing": "import",
    "promises": "promises",
    "tabling": "table",
    "calendars": "calendars",
    "assisting": "mcp",
    "webhooks": "webhooks",
    "relaying": "relay",
    "database": "migrate rebuild begin-another-log db",
    "erasures": "erasures",
    "callers": "keys access-events",
}
"""The module that makes each command."""


class MadeWhenAsked(Mapping[str, Any]):
    """The commands by name. The module of a command is imported when the command is first used: all of them need
    libraries that take a second to load, and each needs few of them."""

    def __init__(self) -> None:
        self._modules = {name: module for module, names in MAKES.items() for name in names.split()}

    def __getitem__(self, name: str) -> Any:
        return made_by(self._modules[name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@cache
def made_by(module: str) -> Mapping[str, Any]:
    group = typer.Typer(rich_markup_mode=None)
    with without_garbage_collection():
        import_module(f"adapters.cli.{module}").add_to(group)
    return typer.main.get_group(group).commands


class Commands(Group):
    """The root command. It shows every error as a sentence, never as a stack trace."""

    headings: ClassVar[Mapping[str, str]] = {
        "To begin": "demo serve",
        "To read plans": "plans plan said-vs-did findings promises report measures pack program",
        "To change plans": "open do done move drop adopt handover",
        "In and out": "import table export calendars webhooks tail mcp load",
        "To prove": "checkpoint verify audit-bundle access-events erasures",
        "To run the service": "work relay keys db migrate rebuild begin-another-log",
    }

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = MadeWhenAsked()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse arguments that are not UTF-8. The shell passes them on unchanged, and nothing can be done with
        them."""
        for word in args:
            try:
                word.encode()
            except UnicodeEncodeError:
                shown = word.encode(errors="replace").decode()
                raise typer.BadParameter(
                    f"“{shown}” is not UTF-8; set the terminal to it, or rename the file"
                ) from None
        return list(super().parse_args(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        try:
            begin_to_log()
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except typer.BadParameter as error:
            raise in_our_words(error) from error
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except BrokenPipeError:
            stop_writing()
            raise typer.Exit(0) from None
        except Exception as error:  # noqa: BLE001 - The error is shown in words, and logged if it was not foreseen.
            tell(explained(error) or unforeseen(error), "red")
            raise typer.Exit(1) from None
        finally:
            logs.take_down()


def begin_to_log() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    in_terminal = sys.stderr.isatty()
    wanted = Settings().log_format or ("console" if in_terminal else "json")
    logs.set_up(as_json=wanted == "json", colours=in_terminal)


def unforeseen(error: Exception) -> str:
    logger.exception("unhandled")
    return f"This is a mistake in plantrail ({type(error).__name__}); please report what is logged above."


def show_version(asked: bool) -> None:
    if asked:
        print_lines([f"plantrail {version('plantrail')}\n".encode()])
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    help="Account plans as events: what was said, what was done, and proof of both.\n\n"
    "Without DATABASE_URL the plans are kept in an embedded PostgreSQL under PLANTRAIL_HOME.",
    epilog="`plantrail COMMAND --help` says more, such as `plantrail plan show --help`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version, and exit."),
    ] = False,
) -> None:
    pass
