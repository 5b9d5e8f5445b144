"""A table that is read once from its file, row by row, into a file of its own, from which rows are taken by plan.
Memory holds one number for each row."""

from array import array
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, Self

from pydantic_core import from_json, to_json

from adapters.exchange.imports.columns import PART, Column, Columns, as_text, cleaned, columns_of
from adapters.exchange.imports.footers import MOST_LINES_OF_AN_IMPRINT, Footers, has_one_cell
from adapters.exchange.imports.isolated_workbooks import from_kept, kept
from adapters.exchange.imports.readings import Unreadable
from adapters.exchange.imports.refused import FileRefused
from adapters.exchange.imports.request import ImportRequest
from application.imports.rows import Row, Wrong
from domain.language import shortened

MOST_ROWS = 1_048_576
"""The number of rows in a spreadsheet program, including the row of names and blank rows."""
MOST_COLUMNS = 500
ROWS_LOOKED_AT = 20
"""The number of rows in which an example for a column is looked for."""


class Source(Protocol):
    """A file that contains a table."""

    sheet: str | None
    counts_from_1904: bool
    notes: list[str]

    @property
    def encoding(self) -> str | None:
        """Return the encoding of a CSV."""

    @property
    def delimiter(self) -> str | None:
        """Return the delimiter of a CSV."""

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield every row with its number in spreadsheet programs. Raises `FileRefused`."""


class Table:
    """The rows of a file, by plan. It must be closed."""

    def __init__(self, source: Source, request: ImportRequest, spool: Path) -> None:
        """Read a file. Raises `FileRefused`."""
        self.source = source
        self.header: list[str] = []
        self.rows = 0
        self._places = array("q")
        """The position of each row in the file of rows, by row number; -1 for a blank row."""
        self._by_plan: dict[str, array[int]] = {}
        self._file = spool.open("w+b")
        try:
            self.columns = self._read(request)
            self.columns.check_readings()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self, request: ImportRequest) -> Columns:
        columns: Columns | None = None
        footers, last = Footers(), list[tuple[int, list[Any]]]()
        after_blank = False
        for number, cells in self.source.rows():
            if number > MOST_ROWS:
                raise FileRefused(f"The table has more than {MOST_ROWS:,} rows, blank ones included. Split it.")
            is_blank = not any(cleaned(cell) if isinstance(cell, str) else True for cell in cells)
            if columns is None:
                if len(cells) > MOST_COLUMNS:
                    raise FileRefused(f"The table has {len(cells):,} columns; {MOST_COLUMNS} are the most.")
                if not is_blank:
                    columns = columns_of(request, cells)
                    self.header = [cleaned(as_text(cell)) for cell in cells][: columns.width]
                    self._places.extend([-1] * number)
                continue
            if is_blank or footers.is_total(number, cells, columns.width):
                after_blank = after_blank or is_blank
            elif (last or after_blank) and len(last) < MOST_LINES_OF_AN_IMPRINT and has_one_cell(cells, columns.width):
                last.append((number, cells))  # Whether it is a row shows only at the end of the file.
            else:
                self._keep_all(columns, [*last, (number, cells)])
                last, after_blank = [], False
        if columns is None:
            raise FileRefused("The file is empty. Its first row must name the columns.")
        if not footers.is_imprint(last):
            self._keep_all(columns, last)
        self.source.notes += footers.notes()
        if not self.rows:
            raise FileRefused("There is no row below the names of the columns.")
        return columns

    def _keep_all(self, columns: Columns, rows: Iterable[tuple[int, list[Any]]]) -> None:
        for number, cells in rows:
            self._places.extend([-1] * (number - len(self._places)))
            self._keep(columns, number, cells)

    def _keep(self, columns: Columns, number: int, cells: list[Any]) -> None:
        if self.source.counts_from_1904:
            columns.check_no_day_is_a_number(number, cells)
        columns.look_at(cells)
        place = self._file.tell()
        self._file.write(to_json([kept(cell) for cell in cells]) + b"\n")
        self._places.append(place)
        self._by_plan.setdefault(columns.plan_of(cells), array("q")).append(number)
        self.rows += 1

    def plans(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Yield every plan with its rows, in the order of first occurrence."""
        for plan, numbers in self._by_plan.items():
            yield plan, map(self.row, numbers)

    @property
    def count_of_plans(self) -> int:
        return len(self._by_plan)

    def numbers(self, plan: str) -> Iterator[int]:
        """Return the numbers of a plan's rows."""
        return iter(self._by_plan[plan])

    def examples(self) -> Iterator[tuple[Column, str | None, Any]]:
        """Yield every column that is read, with its first value and what that is read as."""
        firsts = [self.cells(numbers[0]) for numbers in islice(self._by_plan.values(), ROWS_LOOKED_AT)]
        for column in self.columns.read:
            for cells in firsts:
                with suppress(Unreadable, IndexError):
                    if (value := column.value(cells[column.place])) is not None:
                        shown = shortened(value) if isinstance(value, str) else value
                        yield column, shortened(as_text(cells[column.place])), shown
                        break
            else:
                yield column, None, None

    def cells(self, number: int) -> list[Any]:
        """Return the cells of a row."""
        self._file.seek(self._places[number])
        return [from_kept(cell) for cell in from_json(self._file.readline())]

    def row(self, number: int) -> Row:
        """Return the content of a row."""
        columns, cells = self.columns, self.cells(number)
        if any(cleaned(as_text(cell)) for cell in cells[columns.width :]):
            detail = f"has {len(cells)} cells, the first row names {columns.width} columns. Quote what has a delimiter"
            return Row(number, (), wrong=[Wrong(None, detail)])
        cells += [""] * (columns.width - len(cells))
        wrong: list[Wrong] = []
        said: dict[str, tuple[str, str]] = {}
        read: list[Any] = []
        currencies: dict[str, AbstractSet[str]] = {}
        for column in columns.read:
            cell = cells[column.place]
            shown = shortened(as_text(cell))
            said.setdefault(column.field, (column.header, shown))
            try:
                value = column.value(cell)
                if marked := column.currencies(cell):
                    currencies[column.field] = marked
                read.append(value)
            except Unreadable as error:
                read.append(None)
                wrong.append(Wrong(column.header, str(error), shown))
        return Row(number, bodies_of(columns, read), said, wrong, currencies)


def bodies_of(columns: Columns, read: list[Any]) -> list[dict[str, Any]]:
    """Return the bodies of the commands for a row. Empty cells are left out."""
    if columns.grid:
        unit, *penetrations = read
        return [
            {**columns.always, "unit": unit, "offering": offering, "penetration": penetration}
            for (_, offering), penetration in zip(columns.grid, penetrations, strict=True)
            if penetration is not None
        ]
    said: dict[str, Any] = {}
    for column, value in zip(columns.read, read, strict=True):
        if value is not None and value != []:
            is_further_part = column.mapped.read == PART and column.field in said
            said[column.field] = f"{said[column.field]} {value}" if is_further_part else value
    return [{**columns.always, **said}]
