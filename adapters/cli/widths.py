"""How wide the columns of a table are: no word breaks, and no row grows taller than it must."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from rich.cells import cell_len
from rich.text import Text

UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "BOPOMOFO", "YI")
"""Scripts whose lines may break between any two characters, because words are not divided by blanks."""
WIDEST_CHARACTER = 2
LONGEST_IN_ONE_PIECE = 12
"""A line no longer than this is never broken, not even between words: a day, an amount, a sign with its word."""
MOST_LINES = 6
TALLER = 2
"""A row that takes more than `MOST_LINES`, and this many times the lines of its text on the whole width, is too tall
to be read across."""


@dataclass(frozen=True)
class Needs:
    """What a column needs, in columns of the terminal: at least, at most, and for all the text of its fullest cell."""

    least: int
    most: int
    text: int


def needs(title: str, cells: Sequence[Text], never_wraps: bool) -> Needs:
    most = max(map(longest_line, cells))
    least = most if never_wraps else max(map(longest_piece, cells))
    text = max(sum(map(cell_len, cell.plain.split("\n"))) for cell in cells)
    head = longest_word(title)
    return Needs(max(least, head), max(most, head), text)


def longest_line(cell: Text) -> int:
    return max(map(cell_len, cell.plain.split("\n")))


def longest_piece(cell: Text) -> int:
    """Return the width of the longest part of a cell that must not be broken."""
    lines = cell.plain.split("\n")
    return max(wide if (wide := cell_len(line)) <= LONGEST_IN_ONE_PIECE else longest_word(line) for line in lines)


def longest_word(line: str) -> int:
    return max((cell_len(word) if in_one_piece(word) else WIDEST_CHARACTER for word in line.split()), default=0)


def in_one_piece(word: str) -> bool:
    return word.isascii() or not any(unicodedata.name(sign, "").startswith(UNSPACED) for sign in word)


def shared_out(available: int, columns: Sequence[Needs]) -> list[int] | None:
    """Share the available width out among columns: each character to the one that would take the most lines without it.

    Return None if there is not enough for all, or if a row would be too tall to be read across.
    """
    widths = [each.least for each in columns]
    for _ in range(available - sum(widths)):
        narrow = [at for at, each in enumerate(columns) if widths[at] < each.most]
        if not narrow:
            break
        widths[max(narrow, key=lambda at: columns[at].text / max(widths[at], 1))] += 1
    tall = max(ceil(each.text / max(width, 1)) for each, width in zip(columns, widths, strict=True))
    if sum(widths) > available or tall > max(MOST_LINES, TALLER * ceil(sum(each.text for each in columns) / available)):
        return None
    return widths
