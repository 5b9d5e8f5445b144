"""Workbooks are read in a separate process with limited memory and time.

A small archive can unpack to more than a machine's memory, in more ways than a check can find, and the library that
reads it ends its process when memory runs out. That process must not be the service.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from adapters.exchange.imports.number_formats import FormattedNumber
from adapters.exchange.imports.refused import FileRefused
from adapters.exchange.imports.workbooks import MOST_BYTES, Workbook

MOST_MEMORY_BYTES = 1_000_000_000
MOST_PROCESSOR_SECONDS = 120
TOO_LARGE = (
    f"The workbook takes more than {MOST_MEMORY_BYTES // 1_000_000:,} MB of memory or {MOST_PROCESSOR_SECONDS} seconds"
    " to read. Save the sheet as CSV, or split it."
)
DAY = "$day"
"""The key that marks a day in a file of rows, because JSON has no type for days."""
NUMBER = "$number"
"""The key that marks a number together with how it is shown."""
ROOT = Path(__file__).parents[3]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {__name__} as it; it.read(*sys.argv[1:])"


class IsolatedWorkbook:
    """A sheet of a workbook that another process has read into a file of rows."""

    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, path: Path, sheet: str | None, rows: Path) -> None:
        """Read a sheet into the file `rows`. Raises `FileRefused`."""
        words = [sys.executable, "-P", "-c", START, str(path), str(rows), json.dumps(sheet)]
        done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode < 0:
            raise FileRefused(TOO_LARGE)
        if done.returncode > 0:
            raise RuntimeError(f"the process that reads workbooks failed: {done.stderr.decode(errors='replace')}")
        answer = json.loads(done.stdout)
        if "refused" in answer:
            raise FileRefused(answer["refused"])
        self.sheet: str | None = answer["sheet"]
        self.counts_from_1904: bool = answer["counts_from_1904"]
        self.notes: list[str] = answer["notes"]
        self._rows = rows

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield every row with its number. The file of rows is deleted after the last."""
        with self._rows.open("rb") as file:
            for line in file:
                number, *cells = from_json(line)
                yield number, [from_kept(cell) for cell in cells]
        self._rows.unlink()


def kept(cell: Any) -> Any:
    """Return the form of a cell in a file of rows."""
    if isinstance(cell, FormattedNumber):
        return {NUMBER: [float(cell), cell.shown, cell.mark]}
    return {DAY: cell.isoformat()} if isinstance(cell, date) else cell


def from_kept(cell: Any) -> Any:
    """Return the cell for its form in a file of rows."""
    if not isinstance(cell, dict):
        return cell
    return date.fromisoformat(cell[DAY]) if DAY in cell else FormattedNumber.of(*cell[NUMBER])


# In the other process


def read(path: str, rows: str, sheet: str) -> None:
    """Read a workbook into the file `rows`. Print as JSON what is known about it, or why it is refused."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_PROCESSOR_SECONDS, MOST_PROCESSOR_SECONDS))
    try:
        workbook = Workbook(Path(path), json.loads(sheet))
        _write(workbook, Path(rows))
    except (FileRefused, MemoryError) as error:
        print(json.dumps({"refused": str(error) or TOO_LARGE}))
    else:
        said = {"sheet": workbook.sheet, "counts_from_1904": workbook.counts_from_1904, "notes": workbook.notes}
        print(json.dumps(said))


def _write(workbook: Workbook, rows: Path) -> None:
    """Write every row that has a cell, with its number. Raises `FileRefused`."""
    left = MOST_BYTES
    with rows.open("wb") as file:
        for number, cells in workbook.rows():
            line = to_json([number, *map(kept, cells)]) + b"\n"
            left -= len(line)
            if left < 0:
                raise FileRefused(TOO_LARGE)
            file.write(line)
