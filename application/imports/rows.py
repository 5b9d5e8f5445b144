"""Rows of a table that is imported: what each says, and what came of it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["recorded", "already there", "failed", "unprocessed"]


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a row: the column, what is wrong there, and what was read there."""

    column: str | None
    detail: str
    read: str | None = None

    def __str__(self) -> str:
        return f"{self.column}: {self.detail}" if self.column else self.detail


@dataclass(frozen=True)
class Row:
    """What a row says, as bodies of commands: nearly always one, of a grid one for each cell."""

    number: int
    """As a spreadsheet program counts: the row of the names of the columns is usually 1."""
    bodies: Sequence[dict[str, Any]]
    cells: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By field, the column that it was read from, and what was read there."""
    wrong: Sequence[Wrong] = ()
    """What could not be read."""
    currencies: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """By field, the codes of the currencies that an amount may be in, where the row says so."""

    def blamed(self, field: str, detail: str) -> Wrong:
        column, read = self.cells.get(field, (field or None, None))
        return Wrong(column, detail, read)


@dataclass(frozen=True)
class RowResult:
    """What came of a row, or would come of it."""

    number: int
    plan: str
    outcome: Outcome
    id: str | None = None
    known_by: str = ""
    """What the id was made of."""
    events: Sequence[str] = ()
    warnings: Sequence[str] = ()
    differs: Sequence[str] = ()
    """Of what is already there: the fields in which the plan says something else by now. They stay as they are."""
    wrong: Sequence[Wrong] = ()
