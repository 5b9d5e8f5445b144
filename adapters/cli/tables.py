"""Building blocks of what is shown in a terminal.  Words of users are never read as markup: every cell is a `Text`."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from adapters.rendering.words import NOTHING

QUIET = "dim"
WARNING = "yellow"
ALARM = "bold red"
GOOD = "green"
TITLE = "bold cyan"


def text(words: Any, style: str = "") -> Text:
    """Words of users, or nothing."""
    said = NOTHING if words in (None, "") else str(words)
    return Text(said, QUIET if said == NOTHING and not style else style)


def lines(*parts: Text | None) -> Text:
    return Text("\n").join(part for part in parts if part)


def named(words: str, id: str) -> Text:
    """What people know it by, and what commands call it."""
    return Text.assemble(words, " ", (id, QUIET))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[RenderableType]]) -> RenderableType | None:
    """None where there are no rows.

    A column that begins with `>` stands to the right, one with `!` is never folded; those with `*` share what is left,
    each as many parts as it has stars.
    """
    listed = list(rows)
    if not listed:
        return None
    made = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title, TITLE),
        title_justify="left",
        header_style="bold",
        expand=True,
        show_edge=False,
    )
    for column in columns:
        header = column.lstrip(">*!")
        made.add_column(
            Text(header),
            min_width=len(header),
            justify="right" if column.startswith(">") else "left",
            ratio=column.count("*") or None,
            no_wrap=column.startswith((">", "!")),
            overflow="fold",
        )
    for row in listed:
        made.add_row(*row)
    return Padding(made, (1, 0, 0, 0))


def pairs(rows: Iterable[tuple[str, Text]], columns: int = 1) -> Table:
    """Labels and values, so many beside each other."""
    grid = Table.grid(padding=(0, 2), expand=True)
    for _ in range(columns):
        grid.add_column(style=QUIET, no_wrap=True)
        grid.add_column(ratio=1)
    cells = [cell for label, value in rows for cell in (Text(label), value)]
    for start in range(0, len(cells), 2 * columns):
        grid.add_row(*cells[start : start + 2 * columns])
    return grid


def panel(title: str, content: RenderableType, style: str = "cyan") -> Panel:
    return Panel(content, title=Text(title, TITLE), title_align="left", border_style=style, padding=(0, 1))


def heading(words: str, beside: str = "") -> RenderableType:
    return Padding(Text.assemble((words, TITLE), ("  " + beside if beside else "", QUIET)), (1, 0, 0, 0))
