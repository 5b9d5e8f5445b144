"""Output: answers go to standard output, everything else to standard error."""

import os
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, signature
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any, NoReturn, TypeVar, cast

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from adapters.cli.errors import Told

WIDTH_OF_A_PIPE = 120


class Terminal(Console):
    """A console with the colours and width of the terminal, or for a plain file. Where somebody wants no colours
    (`NO_COLOR`), it writes text alone: rich would still write the control codes of bold type.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(highlight=False, emoji=False, **given)
        if self.no_color:
            super().__init__(highlight=False, emoji=False, color_system=None, **given)


class Out(Terminal):
    """The console for answers. It ignores that the reader has gone."""

    def on_broken_pipe(self) -> NoReturn:
        stop_writing()
        raise typer.Exit(0)


Command = TypeVar("Command", bound=Callable[..., None])


@dataclass
class Said:
    """What a command printed, for programs: its sentences, and the lines it was asked for, such as a URL."""

    told: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)


class Printed(StringIO):
    """Collects the lines that a command prints."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self._said = said

    def write(self, text: str) -> int:
        self._said.printed += [line for line in text.splitlines() if line.strip()]
        return len(text)


_collected: ContextVar[Said | None] = ContextVar("collected", default=None)


def says_in_json(command: Command) -> Command:
    """Add the option `--json` to a command that has no answer but says what it did; the option prints that as JSON."""

    @wraps(command)
    def run(as_json: bool, **given: Any) -> None:
        if not as_json:
            command(**given)
            return
        said = Said()
        before = _collected.set(said)
        try:
            command(**given)
        finally:
            _collected.reset(before)
        print_json(said)

    option = Annotated[bool, typer.Option("--json", help="Print what it says as JSON, for programs.")]
    own = signature(command, eval_str=True)
    extra = Parameter("as_json", Parameter.KEYWORD_ONLY, default=False, annotation=option)
    parameters = [*own.parameters.values(), extra]
    shown: Any = run
    shown.__signature__ = own.replace(parameters=[each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters])
    shown.__annotations__ = {each.name: each.annotation for each in parameters}
    return cast(Command, run)


def out() -> Out:
    if (said := _collected.get()) is not None:
        return Out(file=Printed(said), width=WIDTH_OF_A_PIPE)
    width = None if sys.stdout.isatty() else get_terminal_size((WIDTH_OF_A_PIPE, 0)).columns
    return Out(width=width)


def err() -> Console:
    return Terminal(stderr=True, soft_wrap=True)


def tell(sentence: str, style: str = "") -> None:
    """Write a sentence to standard error."""
    if (said := _collected.get()) is not None:
        said.told.append(printable(sentence))
        return
    err().print(Text(printable(sentence), style))


def print_json(view: Any) -> None:
    """Write the same bytes as the HTTP view, and a newline."""
    print_lines([to_json(view, by_alias=True) + b"\n"])


def print_lines(lines: Iterable[bytes]) -> None:
    if (said := _collected.get()) is not None:
        Printed(said).write(b"".join(lines).decode())
        return
    for line in lines:
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def text_of(file: Path) -> str:
    """Return the text of a file, or of standard input where it is called `-`. Raises `Told`, `OSError`."""
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Told(
            f"{file} is not UTF-8: line {line} has the byte 0x{content[error.start]:02X}. Save it as UTF-8."
        ) from None


def stop_writing() -> None:
    """Discard all further output, because the reader has gone, which is not an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Remove control characters: text from files or callers must not control the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
