"""What a report shows, before it takes a form: sections of tables, figures and sentences.  Every form is made of it, so
that all of them say the same."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["", "good", "bad", "warning", "quiet", "strong"]
Drawing = Literal["outcomes", "rates", "stances", "amounts", "whitespace"]
Form = Literal["json", "md", "html", "pdf"]

STEERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what follows: a title must not reorder the line it stands in."""


def clean(words: object) -> str:
    """Words of users on one line, without signs that steer terminals or turn lines around."""
    line = " ".join(STEERING.sub("", str(words)).split())
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in line)


@dataclass(frozen=True)
class Cell:
    """Words in a table, and what stands below them in small."""

    text: str
    note: str = ""
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "note", clean(self.note))


@dataclass(frozen=True)
class Column:
    """Of those that are wide, each takes its share of the width the others leave."""

    title: str
    wide: int = 0
    right: bool = False


@dataclass(frozen=True)
class Table:
    """`empty` is said where there are no rows.  The first cell of a row names the row."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str


@dataclass(frozen=True)
class Chart:
    """What `charts` draws: a kind of chart and its data."""

    kind: Drawing
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Figure:
    """A chart where the form can show one; the table says the same in words and stands alone where it cannot."""

    caption: str
    description: str
    chart: Chart | None
    table: Table
    table_beside: bool = False
    """Whether the table says more than the chart and is always shown."""


@dataclass(frozen=True)
class Sentence:
    text: str
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class Fact:
    """A number that is worth a place of its own."""

    label: str
    value: str
    note: str = ""


Block = Table | Figure | Sentence


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """`headline` is the first line of every form; `title` and `period` stand on every page."""

    title: str
    period: str
    headline: str
    remarks: Sequence[Sentence]
    facts: Sequence[Fact]
    sections: Sequence[Section] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for name in ("title", "period", "headline"):
            object.__setattr__(self, name, clean(getattr(self, name)))
