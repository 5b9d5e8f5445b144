"""`plantrail` on the command line."""

import sys
from typing import Any

import structlog
import typer
from typer.core import TyperGroup

from adapters import logs
from adapters.cli import database, demonstration, loading, reading, serving
from adapters.cli.errors import explained
from adapters.cli.terminal import stop_writing, tell
from adapters.settings import Settings

logger = structlog.get_logger("plantrail")


class Commands(TyperGroup):
    """Whatever goes wrong is told in words, and never by a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except BrokenPipeError:
            stop_writing()
            raise typer.Exit(0) from None
        except Exception as error:
            told = explained(error)
            if told is None:
                logger.exception("unhandled")
                told = f"This is a mistake in plantrail ({type(error).__name__}); please report what is logged above."
            tell(told, "red")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    help="Account plans as events: what was said, what was done, and proof of both.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def set_up(context: typer.Context) -> None:
    """Account plans as events: what was said, what was done, and proof of both.

    Without DATABASE_URL the plans are kept in an embedded PostgreSQL under PLANTRAIL_HOME.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    in_terminal = sys.stderr.isatty()
    logs.set_up(
        as_json=(Settings().log_format or ("console" if in_terminal else "json")) == "json", colours=in_terminal
    )


for group in (serving, demonstration, reading, loading, database):
    group.add_to(app)
