"""The rows of an imported table, and the result of each."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["recorded", "already there", "failed", "unprocessed"]


@dataclass(frozen=True)
class Wrong:
    """A mistake in a row, or what may be one: the column, the message, and the value that was read."""

    column: str | None
    detail: str
    read: str | None = None

    def __str__(self) -> str:
        return f"{self.column}: {self.detail}" if self.column else self.detail


@dataclass(frozen=True)
class Row:
    """The content of a row as bodies of commands: nearly always one; in a grid, one for each cell."""

    number: int
    """The number of the row as spreadsheet programs count; the row with the column names is usually 1."""
    bodies: Sequence[dict[str, Any]]
    cells: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """For each field, the column from which it was read, and the value that was read."""
    wrong: Sequence[Wrong] = ()
    """What could not be read."""
    currencies: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """For each field, the currency codes that the amount may be in, if the row says so."""

    def blamed(self, field: str, detail: str) -> Wrong:
        column, read = self.cells.get(field, (field or None, None))
        return Wrong(column, detail, read)


@dataclass(frozen=True)
class RowResult:
    """The result of a row, or the result that it would have."""

    number: int
    plan: str
    outcome: Outcome
    id: str | None = None
    known_by: str = ""
    """What the id was derived from."""
    events: Sequence[str] = ()
    warnings: Sequence[Wrong] = ()
    """What is recorded although it looks like a mistake, and what is not recorded because the plan has it otherwise."""
    differs: Sequence[str] = ()
    """If the thing already exists: the fields in which the plan differs from the row. They are not changed."""
    wrong: Sequence[Wrong] = ()
