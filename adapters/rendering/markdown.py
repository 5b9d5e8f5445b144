"""Reports as GitHub Markdown. Charts are shown as tables."""

import re
from collections.abc import Iterator, Sequence

from adapters.rendering.document import Block, Cell, Document, Figure, Section, Sentence, Table

SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&^=-])")
ORDERED = re.compile(r"^([0-9]+)[.]")
ADDRESS = re.compile(r"(?i)(://|www|@)")


def markdown(document: Document) -> bytes:
    parts = [
        f"# {plain(document.headline)}",
        f"**{plain(document.title)}**  \n{plain(document.period)}",
        *(f"> {plain(each.text)}" for each in document.remarks),
        "\n".join(f"- {plain(fact.value)} {plain(fact.label)} ({plain(fact.note)})" for fact in document.facts),
        *(part for section in document.sections for part in section_parts(section)),
    ]
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def plain(words: str) -> str:
    """Escape text so that nothing in it is read as Markdown, HTML or a link."""
    escaped = ORDERED.sub(r"\1\\.", SPECIAL.sub(r"\\\1", words))
    return ADDRESS.sub(
        lambda found: (
            found[1].replace(":", "&#58;").replace("@", "&#64;").replace("w", "&#119;", 1).replace("W", "&#87;", 1)
        ),
        escaped,
    )


def section_parts(section: Section) -> Iterator[str]:
    yield f"## {plain(section.title)}"
    for block in section.blocks:
        yield from block_parts(block)


def block_parts(block: Block) -> Iterator[str]:
    match block:
        case Sentence(text=text):
            yield plain(text)
        case Figure(table=table) | (Table() as table):
            yield f"### {plain(table.caption)}"
            yield rows(table) if table.rows else f"*{plain(table.empty)}*"


def rows(table: Table) -> str:
    heads = [plain(column.title) for column in table.columns]
    rules = ["---:" if column.right else "---" for column in table.columns]
    return "\n".join(line(each) for each in (heads, rules, *(list(map(cell, row)) for row in table.rows)))


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(each: Cell) -> str:
    words = f"**{plain(each.text)}**" if each.tone == "strong" and each.text else plain(each.text)
    return f"{words} <br> {plain(each.note)}" if each.note else words
