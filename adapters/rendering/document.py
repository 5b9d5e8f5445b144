"""A report as a document of sections with tables, figures and sentences. All forms are made from it, so that they say
the same."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["", "good", "bad", "warning", "quiet", "strong"]
Drawing = Literal["outcomes", "rates", "stances", "amounts"]
Form = Literal["json", "md", "html", "pdf", "pptx"]

FOOTER = "plantrail: made from the events of the plan"
STEERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Unicode characters that change the direction of text. A title must not reorder the line in which it stands."""


def clean(words: object) -> str:
    """Return user text on one line, without characters that control terminals or change the direction of text."""
    line = " ".join(STEERING.sub("", str(words)).split())
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in line)


Of = tuple[str, str, str]
"""A value that somebody set: the kind and the id of its thing, and its field."""


def of(kind: str, id: str | None) -> Callable[[str], Of | None]:
    """Return what names the fields of a thing; nothing where its id is not told, as to customers."""
    return lambda field: (kind, id, field) if id else None


@dataclass(frozen=True)
class Link:
    """An event: its type in a word, its number in the plan, and its id for the address of its page."""

    word: str
    number: str
    event: str
    what: str = ""
    """The type, together with the kind of thing."""


@dataclass(frozen=True)
class Cell:
    """A table cell: text, with a note in small print below. If the text names events, `links` contains them."""

    text: str
    note: str = ""
    tone: Tone = ""
    links: Sequence[Link] = ()
    ours: bool = False
    """Whether the text consists of our own words, which pages translate into the reader's language."""
    about: Sequence[tuple[str, str]] = ()
    """How the note begins: one of our words, such as the kind of a thing, and what follows it; or several of these."""
    of: Of | None = None
    """The value that the text says, from which pages lead to who set it."""
    note_of: Of | None = None
    note_parts: Sequence[tuple[str, Of | None]] = ()
    """The note in parts, where each says a value of its own."""
    definition: str = ""
    """The definition of a measure that the text says with the names of this document; pages say it with theirs."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "note", clean(self.note))

    @property
    def after_about(self) -> str:
        """The note without its beginning."""
        return self.note[sum(len(part) for pair in self.about for part in pair) :]


@dataclass(frozen=True)
class Column:
    """A table column. Columns with `wide` > 0 share the remaining width in that proportion."""

    title: str
    wide: int = 0
    right: bool = False


@dataclass(frozen=True)
class Table:
    """A table. Its caption says what the rows are; `empty` is shown if there are none. The first cell of a row names
    it."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str


@dataclass(frozen=True)
class Chart:
    """The kind of a chart and its data, for `adapters.rendering.charts`."""

    kind: Drawing
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Figure:
    """A chart with a table that says the same. Forms without charts show only the table."""

    caption: str
    description: str
    chart: Chart
    table: Table
    table_beside: bool = False
    """Whether the table says more than the chart, so that it is always shown."""


@dataclass(frozen=True)
class Sentence:
    text: str
    tone: Tone = ""
    of: Of | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class Fact:
    """A key figure."""

    label: str
    value: str
    note: str = ""
    ours: bool = False
    """Whether the value is a word of ours, which pages say in the reader's language."""
    of: Of | None = None


Block = Table | Figure | Sentence


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report. `headline` is the first line in every form; `title` and `period` stand on every page."""

    title: str
    period: str
    headline: str
    remarks: Sequence[Sentence]
    facts: Sequence[Fact]
    sections: Sequence[Section] = field(default_factory=tuple)
    one_page: bool = False
    """Whether it should fit on one page of paper, in two columns and small print."""
    footer: str = FOOTER
    """The text at the bottom of every page."""
    address: str = ""
    """The address under which the pages of events are served; empty if there is none."""
    headline_of: Of | None = None

    def __post_init__(self) -> None:
        for name in ("title", "period", "headline"):
            object.__setattr__(self, name, clean(getattr(self, name)))
