"""CSV files in any encoding and with any delimiter. Neither is guessed silently."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

from adapters.exchange.imports.refused import HEAD_BYTES, NO_TEXT, FileRefused, what_else
from domain.language import shortened

Cells = list[str]

BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
ENCODINGS = re.compile(
    r"utf-?(8|16|32)(-sig|-[bl]e)?|ascii|cp[0-9]+|iso8859-[0-9]+|mac-[a-z]+|koi8-[a-z]|shift_jis\w*|euc_\w+|big5\w*"
    r"|gb\w+|hz|iso2022_\w+|johab|tis-620|ptcp154|kz1048"
)
"""Encodings of files by their Python names. Others, such as Punycode, are not encodings of files, and slow."""
LIKELY_ENCODINGS = ("cp1252", "mac_roman", "cp850")
"""Common encodings of old files from Western Europe: Windows, Macintosh, DOS."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
CHUNK_BYTES = 1 << 20
LONGEST_CELL = 131_072
LONGEST_ROW = 1_000_000
"""The number of characters in a row, including line breaks inside its cells."""
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
"""The line that tells Excel the delimiter."""


class CsvFile:
    """A CSV file whose encoding and delimiter are known."""

    sheet: str | None = None
    counts_from_1904 = False

    def __init__(self, path: Path, encoding: str | None = None, delimiter: str | None = None) -> None:
        """Raises `FileRefused`."""
        self._path = path
        head = _head_of(path)
        if what := what_else(head):
            raise FileRefused(f"This is {what}.")
        self.encoding = checked_encoding(path, encoding) if encoding else encoding_of(path, head)
        self.notes: list[str] = []
        with self._opened() as file:
            first = _first_line(file)
        said = SEPARATOR_LINE.fullmatch(first)
        self._begins_with_separator = said is not None
        self.delimiter = delimiter or (said[1] if said else _delimiter_of(first))

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        with self._path.open(encoding=self.encoding, newline="") as file:
            yield file

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Yield every row with its number, as a spreadsheet program counts. Raises `FileRefused`."""
        csv.field_size_limit(LONGEST_CELL)
        with self._opened() as file:
            lines = _Lines(file)
            if self._begins_with_separator:
                next(lines)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            number, line = 0, 0
            try:
                for number, cells in enumerate(reader, 1):
                    line, lines.of_this_row = reader.line_num, 0
                    if any("\0" in cell for cell in cells):
                        raise FileRefused(f"Row {number} (line {line}) holds a zero byte: the file is damaged, or in"
                                          " UTF-16. Save it again as CSV in UTF-8.")  # fmt: skip
                    yield number, cells
            except _RowTooLong:
                raise FileRefused(f"Row {number + 1} (line {line + 1}) has more than {LONGEST_ROW:,} characters. If it"
                                  " is many rows, end each with a line break.") from None  # fmt: skip
            except csv.Error as error:
                raise FileRefused(_malformed(str(error), number + 1, line + 1)) from None
            except UnicodeError:
                raise FileRefused(f"Row {number + 1} is not {self.encoding}. Say which encoding it is.") from None


class _RowTooLong(Exception):
    """A row has more than `LONGEST_ROW` characters."""


class _Lines:
    """The lines of a file. No line is read further than a row may be long."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.of_this_row = 0
        """The number of characters read since the last complete row."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next line. Raises `_RowTooLong`."""
        line = self._file.readline(LONGEST_ROW + 1)
        self.of_this_row += len(line)
        if self.of_this_row > LONGEST_ROW:
            raise _RowTooLong
        if not line:
            raise StopIteration
        return line


def _malformed(error: str, row: int, line: int) -> str:
    if "field larger" in error:
        return (
            f"Row {row} (line {line}) has a cell of more than {LONGEST_CELL:,} characters. Shorten it; or, if it is"
            " many cells, close the quote that begins it."
        )
    if "unexpected end of data" in error:
        return (
            f"Row {row} (line {line}) begins a quote that is never closed, so the rest of the file would be one cell."
            " Close it, or write a quote inside of a quoted cell twice."
        )
    return (
        f"Row {row} (line {line}) goes on after a closing quote. Write a quote inside of a quoted cell twice, and a"
        " delimiter after the closing one."
    )


# Encodings


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def encoding_of(path: Path, head: bytes) -> str:
    """Return the encoding that a byte order mark declares, else UTF-8 if the whole file is UTF-8.

    Raises `FileRefused`, which shows how the first other line would read in each common encoding.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return checked_encoding(path, encoding)
    if order := _order_of_utf_16(head):
        raise FileRefused("This looks like UTF-16 without a byte order mark: only every second byte is ever zero. Say"
                          f" --encoding utf-16-{order} if it is.")  # fmt: skip
    odd = _first_odd_line(path)
    if odd is None:
        return "utf-8"
    if NO_TEXT.search(head):
        raise FileRefused("This is no text, but the file of some program, or damaged: save it as CSV in UTF-8.")
    number, line, byte = odd
    previews = "; ".join(f"as {name} “{preview}”" for name in LIKELY_ENCODINGS if (preview := _preview(line, name)))
    raise FileRefused(
        f"The file is not UTF-8: line {number} has the byte 0x{byte:02X}. Read {previews}. Say which it is, such as"
        " --encoding cp1252."
    )


def _order_of_utf_16(head: bytes) -> str | None:
    """Return in which order the bytes are of a text in UTF-16, by the zeros of its delimiters and line breaks; None if
    it is in another encoding."""
    for order, zeros, others in (("le", head[1::2], head[::2]), ("be", head[::2], head[1::2])):
        if zeros.count(0) > 1 and 0 not in others:
            return order
    return None


def _first_odd_line(path: Path) -> tuple[int, bytes, int] | None:
    """Return the number of the first line that is not UTF-8, the part of it that was read, and the byte that shows
    it.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    number = 1
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
                number += chunk.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            before, after = error.object[: error.start], error.object[error.start :]
            line = before.rpartition(b"\n")[2] + after.partition(b"\n")[0]
            return number + before.count(b"\n"), line, after[0]
    return None


def _preview(line: bytes, encoding: str) -> str:
    try:
        text = line.decode(encoding).strip()
    except UnicodeDecodeError:
        return ""
    odd = next((place for place, sign in enumerate(text) if ord(sign) > 127), 0)
    return shortened("".join(sign for sign in text[max(0, odd - 20) :] if sign.isprintable()), 40)


def checked_encoding(path: Path, encoding: str) -> str:
    """Check that the whole file is in an encoding. Raises `FileRefused`."""
    line = 1
    try:
        if not ENCODINGS.fullmatch(codecs.lookup(encoding).name):
            raise LookupError
        with path.open(encoding=encoding, newline="") as file:
            while text := file.read(CHUNK_BYTES):
                line += text.count("\n")
    except LookupError:
        raise FileRefused(
            f"“{shortened(encoding)}” is no encoding that is known here. Such are utf-8, utf-16, cp1252, mac_roman."
        ) from None
    except (UnicodeError, ValueError):
        raise FileRefused(f"The file is not {encoding} throughout: something after line {line} is not.") from None
    return encoding


# Delimiters


def _first_line(file: TextIO) -> str:
    """Return the first line that is not blank. Raises `FileRefused`."""
    left = LONGEST_ROW
    while line := file.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise FileRefused(
                f"The first {LONGEST_ROW:,} characters hold no whole row. The first must name the columns."
            )
        if line.strip():
            return line
    raise FileRefused("The file is empty. Its first row must name the columns.")


def _delimiter_of(line: str) -> str:
    """Return the delimiter of the column names. Raises `FileRefused` if two are possible."""
    outside = re.sub(r'"(?:[^"]|"")*"', "", line)
    found = Counter({sign: outside.count(sign) for sign in DELIMITERS if sign in outside})
    if not found:
        return ","
    (best, most), *others = found.most_common()
    if others and others[0][1] == most:
        names = " and ".join(DELIMITERS[sign] for sign, count in found.items() if count == most)
        raise FileRefused(f"The columns may be separated by {names}. Say which by --delimiter.")
    return best
