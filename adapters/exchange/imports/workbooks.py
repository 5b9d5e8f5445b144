"""XLSX workbooks, read by calamine. Before that, the archive is checked: its unpacked size, and the size of the
sheet.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from adapters.exchange.imports.number_formats import Format, formats_of, formatted_cells
from adapters.exchange.imports.refused import HEAD_BYTES, NO_TEXT, OLD_OFFICE, FileRefused, what_else
from domain.language import shortened

MOST_BYTES = 400_000_000
"""The unpacked size of everything in the archive."""
MOST_PARTS = 5_000
"""The number of files in the archive."""
MOST_CELLS = 5_000_000
"""The number of cells of a sheet, from the first to the last, including empty ones."""
CHUNK_BYTES = 1 << 20
ENCRYPTED = 1
"""The bit that marks an encrypted entry of an archive."""
LONGEST_ROW_BYTES = 32_000_000
"""The size of the XML of one row."""
CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
UNSAVED_RESULT = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A cell with a formula whose result was not saved."""
ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>(?:\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*'
    rb"</(?:\w+:)?f>))?\s*<(?:\w+:)?v>(?!#N/A)([^<]*)<"
)
"""A cell with the error of a formula. The error of a look-up without a result counts as empty."""
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*\shidden="(?:1|true)"')
MERGED_CELLS = re.compile(rb"<(?:\w+:)?mergeCell\b")
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, CalamineError, ElementTree.ParseError, KeyError, OSError,
    EOFError, UnicodeError, NotImplementedError,
)  # fmt: skip
"""What is raised where an archive, or the workbook in it, is damaged."""
OTHER_ARCHIVES = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "content.xml": "an OpenDocument, such as LibreOffice saves as .ods",
    "word/document.xml": "a document of Word",
    "ppt/presentation.xml": "a presentation",
    "Index/Document.iwa": "a document of Numbers or Pages",
}
"""A file in archives that are no XLSX workbooks, and what those are."""


class Workbook:
    """A sheet of a workbook."""

    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        """Raises `FileRefused`."""
        self.notes: list[str] = []
        try:
            with zipfile.ZipFile(path) as archive:
                self._check_size(archive)
                if any(name.endswith("vbaProject.bin") for name in archive.namelist()):
                    self.notes.append("The workbook has macros. They are not run.")
                with CalamineWorkbook.from_path(path) as workbook:
                    self.sheet = _chosen(workbook, sheet)
                    self.counts_from_1904 = _counts_from_1904(archive)
                    self.notes += _check_sheet(archive, self.sheet)
                    self._formats = _formats(archive, self.sheet)
        except DAMAGED:
            raise FileRefused(_why_not_a_workbook(path)) from None
        self._path = path

    def _check_size(self, archive: zipfile.ZipFile) -> None:
        if (parts := len(archive.infolist())) > MOST_PARTS:
            raise FileRefused(f"The workbook has {parts:,} parts; {MOST_PARTS:,} are the most. Save the sheet alone.")
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise FileRefused(
                f"Unpacked, the workbook would have {size // 1_000_000:,} MB; {MOST_BYTES // 1_000_000} MB are the"
                " most. Save the sheet alone, or as CSV."
            )
        for entry in archive.infolist():
            if entry.flag_bits & ENCRYPTED:
                raise FileRefused("The workbook is locked by a password. Save it without one.")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FileRefused(f"The workbook is packed in an unusual way ({entry.filename}). Save it again.")
            if not _is_as_large_as_it_says(archive, entry):
                raise FileRefused(f"The workbook is damaged: {entry.filename} is not what it says. Save it again.")

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield every row with its number. Cells are texts, numbers, booleans, and days. Raises `FileRefused`."""
        with CalamineWorkbook.from_path(self._path) as workbook:
            try:
                sheet = workbook.get_sheet_by_name(self.sheet)
            except CalamineError:
                raise FileRefused(_why_not_a_workbook(self._path)) from None
            first, left = sheet.start or (0, 0)
            for number, cells in enumerate(sheet.iter_rows(), first + 1):
                row = [""] * left + [_plain(cell) for cell in cells]
                for place, format in self._formats.get(number, {}).items():
                    if place < len(row) and isinstance(row[place], int | float) and not isinstance(row[place], bool):
                        row[place] = format.of(row[place])
                yield number, row


def _is_as_large_as_it_says(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Unpack an entry and return whether it has the size that the archive states.

    `ZipFile` stops reading at the stated size, other readers do not. So the entry is read to its actual end.
    """
    unbounded = copy(entry)
    unbounded.file_size = entry.file_size + CHUNK_BYTES
    size = 0
    try:
        with archive.open(unbounded) as file:
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False
    return size == entry.file_size


def _plain(cell: Any) -> Any:
    """Return the value of a cell. An instant becomes its day, because no field of a command has a time."""
    match cell:
        case datetime():
            return cell.date()
        case float() if cell.is_integer():
            return int(cell)
        case time() | timedelta():
            return str(cell)
        case bool() | int() | float() | date() | str():
            return cell
        case _:
            return "" if cell is None else str(cell)


def _chosen(workbook: CalamineWorkbook, named: str | None) -> str:
    """Return the name of the requested sheet. Raises `FileRefused` if it is ambiguous."""
    sheets = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    listed = ", ".join(f"“{shortened(name)}”" for name in sheets)
    if named is not None:
        if named not in sheets:
            raise FileRefused(f"There is no sheet “{shortened(named)}” in the workbook. It has {listed}.")
        return named
    if not sheets:
        raise FileRefused("The workbook has no sheet with cells.")
    if len(sheets) != 1:
        raise FileRefused(f"The workbook has {len(sheets)} sheets: {listed}. Say which by --sheet.")
    return sheets[0]


def _check_sheet(archive: zipfile.ZipFile, sheet: str) -> list[str]:
    """Check the size of a sheet, and that the results of its formulas were saved. Raises `FileRefused`.

    Two cells in opposite corners make a small file, but a table of 17 thousand million cells in memory.
    """
    wide, high, hidden, merged = 0, 0, False, False
    with archive.open(_file_of(archive, sheet)) as file:
        for part in _by_rows(file):
            if unsaved := UNSAVED_RESULT.search(part):
                raise FileRefused(
                    f"{unsaved[1].decode()} holds a formula whose result was not saved with it. Open the workbook in a"
                    " spreadsheet program, save it, and try again."
                )
            if error := ERROR.search(part):
                raise FileRefused(
                    f"{error[1].decode()} holds {error[2].decode(errors='replace')}, the error of a formula. Mend the"
                    " formula, or empty the cell."
                )
            hidden = hidden or HIDDEN_ROW.search(part) is not None
            merged = merged or MERGED_CELLS.search(part) is not None
            for letters, digits in CELL.findall(part):
                wide, high = max(wide, _column(letters)), max(high, int(digits))
    if wide * high > MOST_CELLS:
        raise FileRefused(
            f"The sheet reaches to column {wide:,} and row {high:,}, {wide * high:,} cells;"
            f" {MOST_CELLS:,} are the most. Delete what is beside and below the table, or save it as CSV."
        )
    said = {
        "The sheet has hidden rows. They are read as the others are.": hidden,
        "The sheet has merged cells. The first of them is read, and the others as empty.": merged,
    }
    return [sentence for sentence, is_so in said.items() if is_so]


def _formats(archive: zipfile.ZipFile, sheet: str) -> Mapping[int, Mapping[int, Format]]:
    """Return the formats that show more than a number, by row and column. Raises `FileRefused`."""
    found: dict[int, dict[int, Format]] = {}
    if formats := formats_of(archive):
        with archive.open(_file_of(archive, sheet)) as file:
            for part in _by_rows(file):
                for row, letters, format in formatted_cells(part, formats):
                    found.setdefault(row, {})[_column(letters) - 1] = format
    return found


def _by_rows(file: Any) -> Iterator[bytes]:
    """Yield a file in parts that end at the end of a row, so that no cell is cut in two. Raises `FileRefused`."""
    left = b""
    while chunk := file.read(CHUNK_BYTES):
        whole, end, left = (left + chunk).rpartition(b"row>")
        if len(left) > LONGEST_ROW_BYTES:
            raise FileRefused(f"A row of the sheet has more than {LONGEST_ROW_BYTES // 1_000_000} MB. Save it as CSV.")
        if whole:
            yield whole + end
    yield left


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _counts_from_1904(archive: zipfile.ZipFile) -> bool:
    """Return whether days count from 1904, as in old workbooks of a Macintosh. Raises `KeyError`."""
    properties = next((each for each in _book(archive).iter() if each.tag.endswith("}workbookPr")), None)
    return properties is not None and properties.get("date1904") in ("1", "true")


def _book(archive: zipfile.ZipFile) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read("xl/workbook.xml"))


def _file_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of a sheet's file in the archive. Raises `KeyError`."""
    book = _book(archive)
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    files = {link.get("Id"): str(link.get("Target")) for link in links}
    ids = {each.get("name"): each.get(RELATION_ID) for each in book.iter() if each.tag.endswith("}sheet")}
    target = files[ids[sheet]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _why_not_a_workbook(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(OLD_OFFICE):
        return "This is an old .xls file, or one with a password. Save it as .xlsx, without a password."
    if head.startswith(b"PK"):
        with suppress(*DAMAGED), zipfile.ZipFile(path) as archive:
            if other := next((what for name, what in OTHER_ARCHIVES.items() if name in archive.namelist()), None):
                return f"This is {other}, and no .xlsx. Save its table as .xlsx, or as CSV."
    elif what := what_else(head):
        return f"This is {what}."
    elif head and not NO_TEXT.search(head):
        return "This is text, and no workbook. If it is CSV, import it by `plantrail import csv`."
    return "This is no XLSX workbook, or a damaged one. Save it again as .xlsx, or as CSV."
