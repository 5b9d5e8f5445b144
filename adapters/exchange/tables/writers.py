"""Tables as CSV (RFC 4180) and as XLSX workbooks, written row by row."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from adapters.exchange.tables.columns import Column, Type

TableForm = Literal["csv", "xlsx"]
MEDIA_TYPES: Mapping[TableForm, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BEGINS_A_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""Blanks before a sign do not keep every program from calculating."""
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
LONGEST_CELL = 32_767
"""Of Excel, in units of UTF-16: a sign beyond the first 65,536 counts twice."""
FIRST_DAY = date(1900, 3, 1)
"""From which on Excel and other programs count alike. Days before are written as text."""
MOST_ROWS = 1_048_575
"""The number of rows in a sheet of Excel, below the row of names."""
MOST_DIGITS = 15
"""The number of digits that Excel keeps. A number with more is written as text."""
NUMBER_FORMATS: Mapping[Type, str | None] = {
    "text": None,
    "number": "General",
    "day": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm:ss",
    "yes_or_no": None,
}
"""The Excel number format for each type of value."""
WIDTHS: Mapping[Type, int] = {"text": 28, "number": 14, "day": 12, "instant": 20, "yes_or_no": 8}


class TableWriter(Protocol):
    """Writes one or several tables into a file."""

    def begin(self, name: str, columns: Sequence[Column]) -> None:
        """Begin a table. A CSV has only one."""

    def add(self, row: Any) -> None:
        """Add a row of JSON. Raises `TooManyRows`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class TooManyRows(Exception):
    """A sheet of Excel has 1,048,576 rows at most: ask for less, or for CSV."""


class CsvWriter:
    """Writes a CSV.

    With `neutral`, texts that a spreadsheet program would take for formulas begin with an apostrophe. Without it the
    file contains exactly the values of the view, so that it can be imported again.
    """

    def __init__(self, path: Path, bom: bool = False, neutral: bool = False) -> None:
        self._file = path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._neutral = neutral
        self._columns: Sequence[Column] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(self, _name: str, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._writer.writerow([column.name for column in columns])

    def add(self, row: Any) -> None:
        self._writer.writerow([self._cell(column, column.cell(row)) for column in self._columns])

    def _cell(self, column: Column, value: Any) -> str:
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if self._neutral and column.type == "text" and BEGINS_A_FORMULA.match(text) and not NUMBER.fullmatch(text):
            return f"'{text}"
        return text


class XlsxWriter:
    """Writes a workbook with one sheet per table, with real numbers and days and without formulas."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter  # The library loads slowly, and most processes write no workbook.

        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(path, options)
        self._header = self._book.add_format({"bold": True, "bottom": 1})
        self._formats = {
            type: self._book.add_format({"num_format": shown}) for type, shown in NUMBER_FORMATS.items() if shown
        }
        self._columns: Sequence[Column] = ()
        self._row = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def begin(self, name: str, columns: Sequence[Column]) -> None:
        self._sheet = self._book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
        self._columns, self._row = columns, 0
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self._sheet.set_column(place, place, WIDTHS[column.type])
            self._sheet.write_string(0, place, column.name, self._header)

    def add(self, row: Any) -> None:
        if self._row == MOST_ROWS:
            raise TooManyRows(TooManyRows.__doc__)
        self._row += 1
        for place, column in enumerate(self._columns):
            value = column.cell(row)
            if value is not None:
                self._write(place, column, value)

    def _write(self, place: int, column: Column, value: Any) -> None:
        sheet, row = self._sheet, self._row
        if isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif (column.type == "number" or isinstance(value, int | float)) and (number := exact(value)) is not None:
            sheet.write_number(row, place, number, self._formats["number"])
        elif column.type == "day" and (day := date.fromisoformat(value)) >= FIRST_DAY:
            sheet.write_datetime(row, place, day, self._formats["day"])
        elif column.type == "instant":
            at = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
            sheet.write_datetime(row, place, at, self._formats["instant"])
        else:
            sheet.write_string(row, place, fitting(str(value)))


def exact(value: Any) -> float | None:
    """Return a number if Excel keeps it exactly, else None."""
    number = Decimal(str(value))
    return float(number) if len(number.normalize().as_tuple().digits) <= MOST_DIGITS else None


def fitting(text: str) -> str:
    """Return a text as long as a cell of Excel may be; one that had to be cut ends with an ellipsis."""
    if len(text) * 2 <= LONGEST_CELL or len(text.encode("utf-16-le")) <= LONGEST_CELL * 2:
        return text
    return text.encode("utf-16-le")[: (LONGEST_CELL - 1) * 2].decode("utf-16-le", errors="ignore") + "…"


def writer(form: TableForm, path: Path, bom: bool = False, neutral: bool = False) -> TableWriter:
    return XlsxWriter(path) if form == "xlsx" else CsvWriter(path, bom, neutral)
