"""Shortens a document that is to fit on one page of paper and does not even in the smallest print. Whatever is left out
of it is in the other forms."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from adapters.rendering.document import Block, Cell, Document, Figure, Sentence, Table

T = TypeVar("T")

LIMITS: Sequence[tuple[int, int]] = ((400, 30), (200, 15), (120, 8), (60, 5), (30, 3))
"""How many letters a text and how many rows a table may have, the gentlest first."""
MOST_COLUMNS = 12

SHORTENED = Sentence("Shortened to fit on one page: the other forms of this document say everything.", "warning")


def on_one_page(document: Document, pages: Callable[[Document], int]) -> Document:
    """Return the document, shortened as little as it takes to fit on one page by the number of `pages` it would have;
    as much as it may be where even that is not enough."""
    shorter = document
    for letters, rows in LIMITS:
        shorter = shortened(document, letters, rows)
        if pages(shorter) == 1:
            break
    return shorter


def shortened(document: Document, letters: int, rows: int) -> Document:
    sections = [
        replace(each, blocks=[_shorter(block, letters, rows) for block in each.blocks]) for each in document.sections
    ]
    return replace(
        document,
        headline=cut(document.headline, letters),
        remarks=[*document.remarks, SHORTENED],
        sections=sections,
    )


def _shorter(block: Block, letters: int, rows: int) -> Block:
    match block:
        case Sentence(text=text):
            return replace(block, text=cut(text, letters))
        case Figure(table=table):
            return replace(block, table=_table(table, letters, rows))
        case Table():
            return _table(block, letters, rows)


def _table(table: Table, letters: int, most: int) -> Table:
    titles = [replace(each, title=cut(each.title, letters)) for each in _ends(table.columns, MOST_COLUMNS)]
    return replace(
        table,
        columns=titles,
        rows=[[_cell(each, letters) for each in _ends(row, MOST_COLUMNS)] for row in _some(table.rows, most)],
    )


def _some(rows: Sequence[Sequence[Cell]], most: int) -> Iterator[Sequence[Cell]]:
    """Yield the first rows, how many there are beside them, and the sums in the last row if there are any."""
    sums = rows[-1:] if len(rows) > most and rows[-1][0].ours else []
    others = rows[: len(rows) - len(sums)]
    yield from others[:most]
    if (more := len(others) - most) > 0:
        yield [Cell(f"and {more} more", tone="quiet"), *(Cell("") for _ in rows[0][1:])]
    yield from sums


def _ends(row: Sequence[T], most: int) -> Sequence[T]:
    """Return the first ones and the last, which are the names and the sums of a table."""
    return row if len(row) <= most else (*row[: most - 1], *row[-1:])


def _cell(cell: Cell, letters: int) -> Cell:
    return replace(cell, text=cut(cell.text, letters), note=cut(cell.note, letters))


def cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
