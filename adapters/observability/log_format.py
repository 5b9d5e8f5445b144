"""The log on standard error: one JSON object a line, or readable lines in a terminal.

Only fields that are known to hold nobody's words are written, whatever is passed in. Entries of libraries take the same
way.
"""

import logging
import sys
from collections.abc import Callable
from traceback import extract_tb
from typing import Any

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "method",
        "route",
        "status",
        "milliseconds",
        "request_id",
        "actor",
        "plan_id",
        "version",
        "command",
        "commands",
        "outcome",
        "events",
        "error",
        "position",
        "projection",
        "witness",
        "webhook",
        "relay",
        "end",
        "lanes",
        "seconds",
        "exception",
        "exc_info",
        "work",
        "follows",
        "key",
    }
)


def set_up(as_json: bool, colours: bool = False) -> None:
    """Log everything to the current standard error from now on."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            *(_json() if as_json else _readable(colours)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(True)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger().addHandler(FORWARDING)
    # At a terminal the address has been printed already.
    logging.getLogger("uvicorn").setLevel(logging.INFO if as_json else logging.WARNING)


def take_down() -> None:
    """Undo `set_up`."""
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.getLogger().removeHandler(FORWARDING)


class Forwarding(logging.Handler):
    """Passes the log entries of libraries on to ours."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


FORWARDING = Forwarding()


def only_allowed(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    return {name: value for name, value in entry.items() if name in ALLOWED}


def _json() -> list[Processor]:
    return [
        structlog.processors.ExceptionRenderer(origin),
        only_allowed,
        lambda _logger, _method, entry: to_json(entry),
    ]


def _readable(colours: bool) -> list[Processor]:
    render: Callable[..., Any] = structlog.dev.ConsoleRenderer(
        colors=colours, exception_formatter=structlog.dev.plain_traceback
    )
    return [only_allowed, lambda *entry: render(*entry).encode(errors="replace")]


def origin(exc_info: ExcInfo) -> list[str]:
    """Return the types and code locations of an exception and its causes, a line each.

    The message is left out, because it may repeat somebody's words.
    """
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    while error and len(told) < 100:
        told.append(f"{type(error).__module__}.{type(error).__qualname__}")
        frames = extract_tb(error.__traceback__)
        told += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
        error = error.__cause__ or error.__context__
    return told
