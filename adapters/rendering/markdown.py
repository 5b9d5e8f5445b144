"""Reports as GitHub Markdown. Charts are shown as tables."""

import re
from collections.abc import Iterator, Sequence

from adapters.rendering.document import Block, Cell, Document, Fact, Figure, Section, Sentence, Table

SPECIAL = re.compile(
    r"""[`\[$|]                        # code, links, formulas, cells of tables
    | \\(?=[!-/:-@\[-`{-~]|$)        # escapes
    | \*(?=\S) | (?<=\S)\*            # emphasis
    | ~(?=\S) | (?<=\S)~
    | _(?!\w) | (?<!\w)_              # not within a word
    | <(?=[A-Za-z/!?])                # HTML
    | &(?=\#?\w+;)                    # entities
    """,
    re.VERBOSE,
)
"""Characters that are markup for GitHub where they stand."""
AT_THE_BEGINNING = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([-+*#>=]))")
"""Beginnings that turn a line into a list, a heading or a quotation."""
ADDRESS = re.compile(r"(?i)(://|\bwww(?=[.])|@)")


def markdown(document: Document) -> bytes:
    parts = [
        f"# {plain(document.headline)}",
        f"**{plain(document.title)}**  \n{plain(document.period)}",
        *(f"> {plain(each.text)}" for each in document.remarks),
        "\n".join(fact_line(fact) for fact in document.facts),
        *(part for section in document.sections for part in section_parts(section, document.address)),
    ]
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def fact_line(fact: Fact) -> str:
    note = f" ({plain(fact.note)})" if fact.note else ""
    return f"- {plain(fact.value)} {plain(fact.label)}{note}"


def plain(words: str) -> str:
    """Escape text at the beginning of a line, so that nothing in it is read as Markdown, HTML or a link."""
    begun = AT_THE_BEGINNING.match(words)
    if begun is None:
        return inline(words)
    number, bracket, sign = begun.groups()
    return (rf"\{sign}" if sign else rf"{number}\{bracket}") + inline(words[begun.end() :])


def inline(words: str) -> str:
    """Escape text within a line or a table cell: only what would be markup there."""
    return ADDRESS.sub(broken, SPECIAL.sub(r"\\\g<0>", words))


def broken(address: re.Match[str]) -> str:
    """Break addresses in a text so that they do not become links but read the same."""
    begun = address[1]
    if begun[0] in "wW":
        return f"{begun[0]}&#{ord(begun[1])};{begun[2]}"
    return begun.replace(":", "&#58;").replace("@", "&#64;")


def section_parts(section: Section, address: str) -> Iterator[str]:
    yield f"## {plain(section.title)}"
    for block in section.blocks:
        yield from block_parts(block, address)


def block_parts(block: Block, address: str) -> Iterator[str]:
    match block:
        case Sentence(text=text):
            yield plain(text)
        case Figure(table=table) | (Table() as table):
            yield f"### {plain(table.caption)}"
            yield rows(table, address) if table.rows else f"*{plain(table.empty)}*"


def rows(table: Table, address: str) -> str:
    heads = [inline(column.title) for column in table.columns]
    rules = ["---:" if column.right else "---" for column in table.columns]
    return "\n".join(
        line(each) for each in (heads, rules, *([cell(each, address) for each in row] for row in table.rows))
    )


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(each: Cell, address: str) -> str:
    words = linked(each, address) if address and each.links else inline(each.text)
    if each.tone == "strong" and each.text:
        words = f"**{words}**"
    return f"{words} <br> {inline(each.note)}" if each.note else words


def linked(each: Cell, address: str) -> str:
    return ", ".join(
        f"{inline(link.word)} [{link.number}]({address}/events/{link.event})".strip() for link in each.links
    )
