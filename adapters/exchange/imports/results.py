"""Result files: the result of each row, as in bulk APIs.

`failed` and `unprocessed` contain the original rows with their errors, so that they can be corrected and sent again.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_args

from adapters.exchange.imports.columns import OF_RESULTS
from application.imports.rows import Outcome, RowResult

Part = Literal["successful", "failed", "unprocessed"]
PARTS: tuple[Part, ...] = get_args(Part)
PART_OF: dict[Outcome, Part] = {
    "recorded": "successful",
    "already there": "successful",
    "failed": "failed",
    "unprocessed": "unprocessed",
}
COLUMNS: dict[Part, Sequence[str]] = {
    "successful": ("row", "plan", "outcome", "id", "id_of", "events", "differs", "warnings"),
    "failed": ("row", "column", "problem", "read"),
    "unprocessed": ("row",),
}
"""The columns that are added to those of the table."""


class ResultFiles:
    """Writes the result of each row to the file to which it belongs."""

    def __init__(self, folder: Path, header: Sequence[str], cells: Callable[[int], Sequence[Any]]) -> None:
        self._cells = cells
        self._files = {part: file_of(folder, part).open("w", encoding="utf-8-sig", newline="") for part in PARTS}
        self._writers = {part: csv.writer(file) for part, file in self._files.items()}
        for part, writer in self._writers.items():
            writer.writerow([*(OF_RESULTS + name for name in COLUMNS[part]), *header])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def add(self, result: RowResult) -> None:
        part = PART_OF[result.outcome]
        self._writers[part].writerow([result.number, *beside(result, part), *self._cells(result.number)])


def beside(result: RowResult, part: Part) -> Sequence[Any]:
    """Return the cells that are added to a row."""
    match part:
        case "successful":
            events, differs = " ".join(result.events), " ".join(result.differs)
            warnings = " ".join(f"{each}" if f"{each}".endswith((".", "?")) else f"{each}." for each in result.warnings)
            return (result.plan, result.outcome, result.id or "", result.known_by, events, differs, warnings)
        case "failed":
            columns = ", ".join(each.column for each in result.wrong if each.column)
            read = ", ".join(each.read for each in result.wrong if each.read)
            return (columns, " ".join(f"{each}." for each in result.wrong), read)
        case _:
            return ()


def file_of(folder: Path, part: Part) -> Path:
    return folder / f"{part}.csv"
