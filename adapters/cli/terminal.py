"""Output: answers go to standard output, everything else to standard error."""

import os
import sys
from collections.abc import Iterable
from shutil import get_terminal_size
from typing import Any, NoReturn

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

WIDTH_OF_A_PIPE = 120


class Out(Console):
    """A console with the colours and width of the terminal, or for a plain file. It stays silent when the reader has
    gone."""

    def on_broken_pipe(self) -> NoReturn:
        stop_writing()
        raise typer.Exit(0)


def out() -> Out:
    width = None if sys.stdout.isatty() else get_terminal_size((WIDTH_OF_A_PIPE, 0)).columns
    return Out(width=width, highlight=False, emoji=False)


def err() -> Console:
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def tell(sentence: str, style: str = "") -> None:
    """Write a sentence to standard error."""
    err().print(Text(printable(sentence), style))


def print_json(view: Any) -> None:
    """Write the same bytes as the HTTP view answers, and a newline."""
    print_lines([to_json(view, by_alias=True) + b"\n"])


def print_lines(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def stop_writing() -> None:
    """Discard all further output: the reader has gone, and that is no error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Remove control characters: text from files or callers must not control the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
