"""Reports in the terminal. Charts are shown as tables."""

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from adapters.cli.tables import ALARM, GOOD, QUIET, TITLE, WARNING, heading, lines, pairs, table, text
from adapters.rendering.document import Block, Cell, Column, Document, Figure, Sentence, Table, Tone

STYLES: Mapping[Tone, str] = {
    "": "",
    "good": GOOD,
    "bad": ALARM,
    "warning": WARNING,
    "quiet": QUIET,
    "strong": "bold",
}


def terminal(document: Document) -> Iterator[RenderableType]:
    yield Text(document.headline, "bold")
    yield Text.assemble((document.title, TITLE), ("  " + document.period, QUIET))
    yield from (Text(remark.text, STYLES[remark.tone]) for remark in document.remarks)
    if document.facts:
        facts = [
            (fact.label, Text.assemble((fact.value, "bold"), (f"  {fact.note}", QUIET))) for fact in document.facts
        ]
        yield Padding(pairs(facts, columns=2), (1, 0, 0, 0))
    for section in document.sections:
        yield heading(section.title)
        for block in section.blocks:
            yield from shown(block)


def shown(block: Block) -> Iterator[RenderableType]:
    match block:
        case Sentence(text=words, tone=tone):
            yield Text(words, STYLES[tone])
        case Figure(table=rows) | (Table() as rows):
            listed = table(rows.caption, list(map(column, rows.columns)), (list(map(cell, row)) for row in rows.rows))
            yield listed or Text(rows.empty, QUIET)


def column(each: Column) -> str:
    return (">" if each.right else "") + each.title


def cell(each: Cell) -> Text:
    return lines(
        text(each.text, STYLES[each.tone]) if each.text else None, text(each.note, QUIET) if each.note else None
    )
