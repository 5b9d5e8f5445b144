"""What number formats show beside the value of a cell of a workbook: leading zeros, fixed signs, currencies, per cent.

The value of a cell that shows 00123 may be the number 123, and that of one that shows “5 €” is 5.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from xml.etree import ElementTree

from adapters.exchange.imports.currencies import currencies_meant

STYLES = "xl/styles.xml"
CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
STYLE = re.compile(rb'\bs="([0-9]{1,6})"')
SIGN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)(?:-[^\]]*)?\]|\[[^\]]*\]|(.)', re.DOTALL)
"""A part of a number format: a quoted text, a quoted sign, room, a currency, a condition, or any other sign."""
SEPARATORS = frozenset("-/() +:")
"""Signs that a number format shows although they are not quoted."""
BETWEEN_DIGITS = frozenset("#?.,%@ ")
"""Signs of a number format that are the mark of no currency."""


PERCENT = "%"
BUILT_IN = {"9": "0%", "10": "0.00%"}
"""Number formats that a workbook need not declare, by number."""


class FormattedNumber(float):
    """A number that is shown as more than its digits: as a text, or with a mark, of a currency or of per cent."""

    shown: str | None
    mark: str | None

    @classmethod
    def of(cls, number: float, shown: str | None = None, mark: str | None = None) -> Self:
        formatted = cls(number)
        formatted.shown, formatted.mark = shown, mark
        return formatted

    def __str__(self) -> str:
        return self.shown or f"{float(self) * (100 if self.is_percent else 1):.15g} {self.mark}"

    @property
    def is_percent(self) -> bool:
        return self.mark == PERCENT


@dataclass(frozen=True)
class FixedSigns:
    """A format with a fixed number of digits, such as 00000 or "K-"0000."""

    parts: tuple[str, ...]
    """Texts, and an empty one for each digit."""

    def of(self, number: float) -> float:
        if number < 0 or number != int(number):
            return number
        plain = str(int(number))
        digits = list(plain.zfill(self.parts.count("")))
        first = self.parts.index("")
        said = []
        for place in reversed(range(len(self.parts))):
            # What is longer than the format is shown whole, where its first digit is.
            said.append("".join(digits) if place == first else self.parts[place] or digits.pop())
        text = "".join(reversed(said))
        return number if text == plain else FormattedNumber.of(number, shown=text)


@dataclass(frozen=True)
class Mark:
    """A format with the mark of a currency or of per cent."""

    mark: str

    def of(self, number: float) -> float:
        return FormattedNumber.of(number, mark=self.mark)


Format = FixedSigns | Mark


def format_of(code: str) -> Format | None:
    """Return what a number format shows beside the digits of a positive number; None if it is nothing that counts."""
    parts: list[tuple[bool, str]] = []
    for found in SIGN.finditer(code):
        quoted, escaped, currency, sign = found.groups()
        if sign == ";":
            break
        if (text := next((each for each in (quoted, escaped, currency) if each is not None), None)) is not None:
            parts.append((True, text))
        elif sign is not None:
            parts.append((False, sign))
    if (False, PERCENT) in parts:
        return Mark(PERCENT)
    texts = [text.strip() for is_text, text in parts if is_text] + [
        sign for is_text, sign in parts if not is_text and not sign.isalnum() and sign not in BETWEEN_DIGITS
    ]
    for text in filter(None, texts):
        if currencies_meant(text) is not None:
            return Mark(text)
    digits = [sign for is_text, sign in parts if not is_text and sign not in SEPARATORS]
    has_texts = any(is_text and any(map(str.isalnum, text)) for is_text, text in parts)
    if set(digits) != {"0"} or not (len(digits) > 1 or has_texts):
        return None
    return FixedSigns(tuple("" if not is_text and text == "0" else text for is_text, text in parts))


def formats_of(archive: zipfile.ZipFile) -> Mapping[int, Format]:
    """Return the formats that count, by the number of the style in cells. Raises `KeyError`, `ParseError`."""
    if STYLES not in archive.namelist():
        return {}
    styles = ElementTree.fromstring(archive.read(STYLES))
    codes = BUILT_IN | {
        each.get("numFmtId") or "": each.get("formatCode") or "" for each in styles.iter() if _is(each, "numFmt")
    }
    cells = next((each for each in styles if _is(each, "cellXfs")), ())
    found = {place: format_of(codes.get(each.get("numFmtId") or "", "")) for place, each in enumerate(cells)}
    return {place: format for place, format in found.items() if format is not None}


def _is(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


def formatted_cells(part: bytes, formats: Mapping[int, Format]) -> Iterator[tuple[int, bytes, Format]]:
    """Yield row, column letters and format of the cells in a part of a sheet that have one of these formats."""
    for said in CELL.findall(part):
        if (
            (style := STYLE.search(said))
            and (format := formats.get(int(style[1])))
            and (place := PLACE.search(said))
            and b't="' not in said.replace(b't="n"', b"")
        ):
            yield int(place[2]), place[1], format
