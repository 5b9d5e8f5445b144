"""The log on standard error: one JSON object per line, or readable lines in a terminal.

Only fields that are known to contain no text of users are written, whatever is passed in. Log entries of libraries are
treated alike.
"""

import logging
import sys
from asyncio import get_running_loop
from collections.abc import Callable, Sequence
from threading import Lock, local
from time import gmtime, strftime, time_ns
from traceback import extract_tb
from typing import Any, BinaryIO, NamedTuple

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


class Chosen(NamedTuple):
    """The format and destination of log entries."""

    as_json: bool
    colours: bool = False


_chosen: Chosen | None = None
_times_set_up = 0


def chosen() -> Chosen | None:
    """Return the current format, for another process of ours; None if logging is not set up."""
    return _chosen


def set_up(as_json: bool, colours: bool = False) -> None:
    """Log everything to the current standard error from now on."""
    global _chosen, _times_set_up
    _chosen = Chosen(as_json, colours)
    _times_set_up += 1
    lines = BatchedLines(sys.stderr.buffer)
    structlog.configure(
        processors=[in_json] if as_json else _readable(colours),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda name, *_: NamedLogger(name, lines),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(True)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger().addHandler(FORWARDING)
    # In a terminal the address has been printed already.
    logging.getLogger("uvicorn").setLevel(logging.INFO if as_json else logging.WARNING)


def begin_with(processor: Processor) -> None:
    """Let every entry pass through a processor first."""
    global _times_set_up
    structlog.configure(processors=[processor, *structlog.get_config()["processors"]])
    _times_set_up += 1


class BoundOnce:
    """A logger for every request. What structlog is configured with is looked up once, and again only when the log
    format changes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._logger: Any = None
        self._processors: Sequence[Processor] = ()
        self._bound_for: int | None = None

    def info(self, event: str, **entry: Any) -> None:
        if self._bound_for != _times_set_up:
            configured = structlog.get_config()
            self._logger, self._processors = configured["logger_factory"](self._name), configured["processors"]
            self._bound_for = _times_set_up
        line: Any = {**entry, "event": event}
        try:
            for process in self._processors:
                line = process(self._logger, "info", line)
        except structlog.DropEvent:
            return
        self._logger.info(line)


class BatchedLines:
    """Writes lines. Lines from one turn of an event loop are written together at its end, because each write lets other
    threads take the interpreter and delays the loop until it gets it back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = Lock()
        self._of_this_turn = local()

    def write(self, line: bytes) -> None:
        waiting: list[bytes] = self._of_this_turn.__dict__.setdefault("lines", [])
        waiting.append(line + b"\n")
        if len(waiting) > 1:
            return
        try:
            get_running_loop().call_soon(self._write_all)
        except RuntimeError:  # No event loop runs in this thread.
            self._write_all()

    def _write_all(self) -> None:
        waiting: list[bytes] = self._of_this_turn.lines
        lines, waiting[:] = b"".join(waiting), []
        with self._lock:
            self._file.write(lines)
            self._file.flush()


class NamedLogger:
    """The logger to which structlog passes its entries: bytes, one line each."""

    def __init__(self, name: str, lines: BatchedLines) -> None:
        self.name = name
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = lines.write


def take_down() -> None:
    """Undo `set_up`."""
    global _chosen, _times_set_up
    _chosen = None
    _times_set_up += 1
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.getLogger().removeHandler(FORWARDING)


class Forwarding(logging.Handler):
    """Passes the log entries of libraries to our logger."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


FORWARDING = Forwarding()


def only_allowed(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    return {name: value for name, value in entry.items() if name in ALLOWED}


class Stamps:
    """The time of an entry in UTC, to the microsecond. The part up to the seconds is made once a second."""

    def __init__(self) -> None:
        self._made: tuple[int, str] = 0, ""

    def now(self) -> str:
        microseconds = time_ns() // 1000
        second = microseconds // 1_000_000
        of, text = self._made
        if second != of:
            text = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
            self._made = second, text
        return f"{text}.{microseconds % 1_000_000:06}Z"


STAMPS = Stamps()


def in_json(logger: WrappedLogger, level: str, entry: EventDict) -> bytes:
    """Return an entry as one line."""
    exc_info = entry.pop("exc_info", None)
    line = {name: value for name, value in entry.items() if name in ALLOWED}
    line["level"] = "error" if level == "exception" else level
    line["logger"] = logger.name
    if exc_info:
        line["exception"] = origin(exc_info if isinstance(exc_info, tuple) else sys.exc_info())
    line["timestamp"] = STAMPS.now()
    return to_json(line)


def _readable(colours: bool) -> list[Processor]:
    render: Callable[..., Any] = structlog.dev.ConsoleRenderer(
        colors=colours, exception_formatter=structlog.dev.plain_traceback
    )
    return [
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso"),
        only_allowed,
        lambda *entry: render(*entry).encode(errors="replace"),
    ]


def origin(exc_info: ExcInfo) -> list[str]:
    """Return the types and code locations of an exception and its causes, one per line.

    Messages are left out, because they may contain text of users.
    """
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    while error and len(told) < 100:
        told.append(f"{type(error).__module__}.{type(error).__qualname__}")
        frames = extract_tb(error.__traceback__)
        told += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
        error = error.__cause__ or error.__context__
    return told
