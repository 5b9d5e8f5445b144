"""What is written where: answers to standard output, everything else to standard error."""

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
    """A terminal with its colours and width, or a plain file.  Whoever stops reading has read enough."""

    def on_broken_pipe(self) -> NoReturn:
        stop_writing()
        raise typer.Exit(0)


def out() -> Out:
    width = None if sys.stdout.isatty() else get_terminal_size((WIDTH_OF_A_PIPE, 0)).columns
    return Out(width=width, highlight=False, emoji=False)


def err() -> Console:
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def tell(sentence: str, style: str = "") -> None:
    """Something beside the answer."""
    err().print(Text(printable(sentence), style))


def print_json(view: Any) -> None:
    """The very bytes the HTTP view answers, and the end of a line."""
    print_lines([to_json(view, by_alias=True) + b"\n"])


def print_lines(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def stop_writing() -> None:
    """Nobody reads any more: what is still to be written goes nowhere, without a complaint at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """What a file or a caller brought along must not steer the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
