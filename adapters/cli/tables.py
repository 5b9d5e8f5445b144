"""Building blocks of terminal output. User text is never read as markup: every cell is a `Text`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from adapters.cli.widths import longest_line, longest_word, needs, shared_out
from adapters.rendering.words import NOTHING

QUIET = "dim"
WARNING = "yellow"
ALARM = "bold red"
GOOD = "green"
TITLE = "bold cyan"

GAP = 2
"""Blanks between two columns, and between a label and its value."""
INDENT = 2
BETWEEN = "   "
LONGEST_SHORT_VALUE = 20
"""The width up to which a value is shown beside others in a line."""


def text(words: Any, style: str = "") -> Text:
    """Return user text as a `Text`; an empty one for None."""
    said = NOTHING if words in (None, "") else str(words)
    return Text(said, QUIET if said == NOTHING and not style else style)


def lines(*parts: Text | None) -> Text:
    return Text("\n").join(part for part in parts if part)


def named(words: str, id: str) -> Text:
    """Return the title of a thing, with the id that commands use."""
    return Text.assemble(words, " ", (id, QUIET))


@dataclass(frozen=True)
class Heading:
    """The heading of a column. With `>` the column aligns right and never wraps, with `!` it never wraps, and the
    column with `*` names the row; without `*`, the first one does."""

    marked: str

    @property
    def title(self) -> str:
        return self.marked.lstrip(">*!")

    @property
    def right(self) -> bool:
        return self.marked.startswith(">")

    @property
    def whole(self) -> bool:
        return self.marked.startswith((">", "!"))

    @property
    def names(self) -> bool:
        return self.marked.startswith("*")


@dataclass(frozen=True)
class Rows:
    """Rows under column headings. If the terminal is so narrow that words would break or rows grow tall, each row is
    shown as a list of labels and values below its name."""

    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self.widths(options.max_width)
        yield Text()
        yield Text(self.title, TITLE)
        if widths:
            yield self.as_table(widths)
        else:
            for row in self.rows:
                yield Text()
                yield from self.as_list(row, options.max_width)

    def widths(self, available: int) -> list[int] | None:
        """Return the width of each column, or None if the rows do not fit beside each other."""
        columns = zip(self.headings, zip(*self.rows, strict=True), strict=True)
        found = [needs(heading.title, cells, heading.whole) for heading, cells in columns]
        return shared_out(available - GAP * (len(found) - 1), found)

    def as_table(self, widths: Sequence[int]) -> Table:
        made = Table(box=RULE, header_style="bold", show_edge=False, padding=(0, GAP - 1, 0, 0), pad_edge=False)
        for heading, width in zip(self.headings, widths, strict=True):
            made.add_column(
                Text(heading.title),
                width=width,
                justify="right" if heading.right else "left",
                overflow="fold",
            )
        for row in self.rows:
            made.add_row(*row)
        return made

    def as_list(self, row: Sequence[Text], width: int) -> Iterator[RenderableType]:
        """Show a row below its name: short values side by side, then each longer one on its own."""
        place = next((place for place, heading in enumerate(self.headings) if heading.names), 0)
        name = row[place].copy()
        name.stylize_before("bold")
        yield name
        beside = [
            (heading.title, cell)
            for at, (heading, cell) in enumerate(zip(self.headings, row, strict=True))
            if at != place and cell.plain not in ("", NOTHING)
        ]
        short = [labelled(*each) for each in beside if is_short(each[1])]
        yield Padding(run_on(short, width - INDENT), (0, 0, 0, INDENT))
        yield Padding(pairs(each for each in beside if not is_short(each[1])), (0, 0, 0, INDENT))


def labelled(label: str, value: Text) -> Text:
    return Text.assemble((label + " ", QUIET), value)


def is_short(value: Text) -> bool:
    return "\n" not in value.plain and value.cell_len <= LONGEST_SHORT_VALUE


def run_on(parts: Sequence[Text], width: int) -> Text:
    """Return parts one after the other, as many per line as fit."""
    made: list[Text] = []
    for part in parts:
        if made and made[-1].cell_len + len(BETWEEN) + part.cell_len <= width:
            made[-1] = Text.assemble(made[-1], BETWEEN, part)
        else:
            made.append(part)
    return Text("\n").join(made)


RULE = box.Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
"""A box with only a line under the headings and a blank between columns."""


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Text]]) -> Rows | None:
    """Return a table, or None if there are no rows. `Heading` explains the marks of columns."""
    listed = list(rows)
    return Rows(title, list(map(Heading, columns)), listed) if listed else None


@dataclass(frozen=True)
class Pairs:
    """Labels with their values, `columns` of them side by side if they fit."""

    rows: Sequence[tuple[str, Text]]
    columns: int = 1

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = (options.max_width - GAP * (self.columns - 1)) // self.columns
        labels = max((len(label) for label, _ in self.rows), default=0) + GAP
        if self.columns > 1 and not all(longest_line(value) <= width - labels for _, value in self.rows):
            yield Pairs(self.rows)
            return
        grid = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
        for _ in range(self.columns):
            grid.add_column(width=width, overflow="fold")
        cells = [self.pair(label, value, labels, width, console) for label, value in self.rows]
        for start in range(0, len(cells), self.columns):
            grid.add_row(*cells[start : start + self.columns])
        yield grid

    @staticmethod
    def pair(label: str, value: Text, labels: int, width: int, console: Console) -> Text:
        """Return a label with its value beside it, or below it if a word of the value would break beside it."""
        below = longest_word(value.plain) > width - labels
        indent = INDENT if below else labels
        wrapped = value.wrap(console, width - indent, overflow="fold")
        first = Text(label + "\n" + " " * indent if below else label.ljust(indent), QUIET)
        return first + Text("\n" + " " * indent).join(wrapped)


def pairs(rows: Iterable[tuple[str, Text]], columns: int = 1) -> Pairs:
    return Pairs(list(rows), columns)


def panel(title: str, content: RenderableType, style: str = "cyan") -> Panel:
    return Panel(content, title=Text(title, TITLE), title_align="left", border_style=style, padding=(0, 1))


def heading(words: str, beside: str = "") -> RenderableType:
    return Padding(Text.assemble((words, TITLE), ("  " + beside if beside else "", QUIET)), (1, 0, 0, 0))
