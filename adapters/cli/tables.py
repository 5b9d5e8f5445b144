"""Building blocks of terminal output. User text is never read as markup: every cell is a `Text`."""

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
    """Return user text as a `Text`; an empty one for None."""
    said = NOTHING if words in (None, "") else str(words)
    return Text(said, QUIET if said == NOTHING and not style else style)


def lines(*parts: Text | None) -> Text:
    return Text("\n").join(part for part in parts if part)


def named(words: str, id: str) -> Text:
    """Return the title of a thing, with the id that commands use."""
    return Text.assemble(words, " ", (id, QUIET))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[RenderableType]]) -> RenderableType | None:
    """Return a table, or None if there are no rows.

    A column title that begins with `>` aligns right, one with `!` never wraps. Columns that begin with stars share the
    remaining width, in proportion to the number of stars.
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
    """Return labels with their values, `columns` of them beside each other."""
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
