"""The reason why a whole file cannot be read."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
"""The first bytes of files of old office programs, and of new ones with a password."""
OTHER_FILES = (
    (rb"PK(\x03\x04|\x05\x06)", "a workbook, or another archive: import it by `plantrail import xlsx`"),
    (re.escape(OLD_OFFICE), "an old .xls file: save it as .xlsx or as CSV"),
    (rb"%PDF", "a PDF, not a CSV"),
    (rb"\x1f\x8b", "a file packed by gzip: unpack it first"),
    (rb"{\\rtf", "a text with fonts (RTF): save its table as CSV"),
    (
        rb"(\xef\xbb\xbf)?\s*<",
        "HTML or XML, as some programs call .xls: open it in a spreadsheet program and save it as .xlsx or as CSV",
    ),
    (rb"(\xef\xbb\xbf)?\s*({\s*\"|\[\s*{)", "JSON: send it to `POST /v1/plans/PLAN/commands`"),
)
"""How files begin that people mistake for tables, and what to do with them."""
HEAD_BYTES = 1024
"""The part of a file by which it is known what it is."""
NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1c-\x1f]")
"""Bytes that no text has in an encoding of single bytes, or in UTF-8."""


class FileRefused(Exception):
    """What is wrong with a file, where, and what to do about it, in words for the sender."""


def what_else(head: bytes) -> str | None:
    """Return what a file is instead of a CSV, by its beginning, and what to do with it; None if it may be one."""
    return next((what for begins, what in OTHER_FILES if re.match(begins, head)), None)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a sentence that suggests the nearest of the right words; empty if none is near."""
    close = get_close_matches(word, list(words), 1)
    return f" Did you mean “{close[0]}”?" if close else ""
