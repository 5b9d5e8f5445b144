"""The formats of days and numbers in a column. The format is determined from all values, and never guessed if two are
possible.

03/04/2026 is the third of April or the fourth of March. One 31/12/2026 in the same column decides; without such a
value, the sender of the file must say it.
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

from adapters.exchange.imports.currencies import currencies_meant
from domain.language import shortened

Readings = Mapping[str, Any]
"""The possible values of a text, by convention."""


class Unreadable(ValueError):
    """What is wrong with a value."""


# Days

DAY_ORDERS = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
TIME = r"(?:[T\s]\s*[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]+)?)?(?:\s*[ap]\.?m\.?)?)?"
"""A time of the day, which may follow a day and is not read."""
ISO = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){TIME}", re.IGNORECASE)
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T\s]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)\s*"
    r"(?:(Z|UTC|GMT)|([+-][0-9]{2}):?([0-9]{2})?)"
)
"""A time with its distance from UTC: which day that is depends on where one is."""
THREE_NUMBERS = re.compile(rf"([0-9]{{1,4}})\s*([-/.])\s*([0-9]{{1,2}})\s*\2\s*([0-9]{{1,4}}){TIME}", re.IGNORECASE)
NAMED_MONTH = re.compile(
    r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[.\s-]*(?P<month>[^\W\d_]{3,9})[.,\s-]*(?P<year>[0-9]{4}|[0-9]{2})"
    r"|(?P<month2>[^\W\d_]{3,9})[.\s]*(?P<day2>[0-9]{1,2})(?:st|nd|rd|th)?[,\s]+(?P<year2>[0-9]{4})"
)
MONTHS = (
    ("jan", "jän"), ("feb",), ("mar", "mär", "mrz"), ("apr",), ("may", "mai"), ("jun",), ("jul",), ("aug",), ("sep",),
    ("oct", "okt"), ("nov",), ("dec", "dez"),
)  # fmt: skip
"""The beginnings of the names of months, in English and in German."""
SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of Excel, which takes 1900 for a leap year; this is right from March 1900 on."""
SERIALS = range(20_000, 80_000)
"""Serial numbers of days from 1954 to 2119."""


def readings_of_day(text: str) -> Readings:
    """Return the days that a text may mean, by order; an instant where it depends on the time zone which day it is.

    Raises `Unreadable`.
    """
    if found := INSTANT.fullmatch(text):
        return dict.fromkeys(DAY_ORDERS, _instant(found))
    if found := ISO.fullmatch(text):
        return _same(_day(*map(int, (found[1], found[3], found[4]))))
    if SERIAL.fullmatch(text) and int(float(text)) in SERIALS:
        return _same(SERIAL_ZERO + timedelta(int(float(text))))
    if found := NAMED_MONTH.fullmatch(text):
        parts = found.groupdict()
        month = _month(parts["month"] or parts["month2"])
        if month:
            return _same(_day(_year(parts["year"] or parts["year2"]), month, int(parts["day"] or parts["day2"])))
    if not (found := THREE_NUMBERS.fullmatch(text)):
        raise Unreadable("is no day; write it as 2026-03-31")
    first, middle, last = (found[place] for place in (1, 3, 4))
    orders = {"dmy": (last, middle, first), "mdy": (last, first, middle), "ymd": (first, middle, last)}
    if found[2] == ".":  # In dates with dots, the day comes first.
        orders = {"dmy": orders["dmy"]}
    days = {}
    for order, (year, month_said, day) in orders.items():
        if len(year) in (2, 4) and len(day) <= 2 and len(month_said) <= 2:
            try:
                days[order] = date(_year(year), int(month_said), int(day)).isoformat()
            except ValueError:
                continue
    if not days:
        raise Unreadable("is no day of the calendar")
    return days


def _instant(found: re.Match[str]) -> datetime | str:
    """Return an instant. An instant at midnight in UTC is returned as its day, because programs that know only instants
    write days this way."""
    day, clock, utc, hours, minutes = found.groups()
    offset = "+00:00" if utc else f"{hours}:{minutes or '00'}"
    try:
        at = datetime.fromisoformat(f"{day}T{clock.replace(',', '.')}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("is no instant of the calendar") from None
    return at.date().isoformat() if at.time() == time() else at


def _same(day: date) -> Readings:
    return dict.fromkeys(DAY_ORDERS, day.isoformat())


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("is no day of the calendar") from None


def _year(said: str) -> int:
    """Return the year; two digits stand for 1970 to 2069."""
    return int(said) if len(said) == 4 else 2000 + int(said) - 100 * (int(said) >= 70)


def _month(word: str) -> int | None:
    begins = word.casefold()[:3]
    return next((number for number, words in enumerate(MONTHS, 1) if begins in words), None)


# Numbers

DECIMAL_SIGNS = {"point": "1,234.50", "comma": "1.234,50"}
NUMBERS = {
    "point": re.compile(
        r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})(?:\.[0-9]*)?|[0-9]*\.?[0-9]+|[0-9]+\."
    ),
    "comma": re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?|[0-9]*,?[0-9]+|[0-9]+,"),
}
MARK = r"[^\s\d.,%()'’+−-]{1,5}\.?"
"""A mark beside a number, such as the sign of a currency."""
AMOUNT = re.compile(
    rf"(?:(?P<outside>{MARK})\s*(?=\())?(?P<open>\()?\s*(?P<sign>[-+−])?\s*(?P<before>{MARK})?\s*(?P<sign2>[-+−])?"
    rf"(?P<number>[0-9.,]+)(?P<sign3>-)?\s*(?P<percent>%)?\s*(?P<after>{MARK})?\s*(?P<close>\))?(?(close)\s*(?P<behind>{MARK})?)"
)
SHORT = frozenset("k t tsd th m mm mn mio mln mill b bn mrd bio".split())
"""Abbreviations for thousands and more."""
THOUSANDS = re.compile(r"(?<=[0-9])[\s\u00a0\u202f'’](?=[0-9]{3}(?![0-9]))")
"""Blanks and apostrophes between groups of three digits."""


def readings_of_number(text: str) -> Readings:
    """Return the numbers that a text may stand for, by decimal separator. Raises `Unreadable`.

    “15 %” is 0.15; a number in parentheses is negative, as in accounting.
    """
    found = _amount(text)
    for mark in _marks(found):
        if mark.rstrip(".").casefold() in SHORT:
            raise Unreadable(f"leaves out digits, which “{mark}” stands for: write all of them")
        if currencies_meant(mark) is None:
            raise Unreadable(f"is no number: “{shortened(mark)}” is the sign of no currency")
    negative = bool(found["open"]) or any(found[each] in ("-", "−") for each in ("sign", "sign2", "sign3"))
    bare, percent = found["number"], bool(found["percent"])
    numbers = {
        sign: _written(bare, sign, negative, percent) for sign, number in NUMBERS.items() if number.fullmatch(bare)
    }
    if not numbers:
        raise Unreadable("is no number")
    return numbers


def _amount(text: str) -> re.Match[str]:
    found = AMOUNT.fullmatch(THOUSANDS.sub("", text.strip()))
    if not found or bool(found["open"]) != bool(found["close"]):
        raise Unreadable("is no number")
    return found


def _marks(amount: re.Match[str]) -> list[str]:
    return [mark for place in ("outside", "before", "after", "behind") if (mark := amount[place])]


def currencies_of_number(text: str) -> AbstractSet[str]:
    """Return the currencies that a number may be in; none if it does not say. Raises `Unreadable`."""
    said = [frozenset(currencies_meant(mark) or ()) for mark in _marks(_amount(text))]
    if not said:
        return frozenset()
    if common := frozenset.intersection(*said):
        return common
    raise Unreadable("has the signs of two currencies")


def _written(bare: str, sign: str, negative: bool, percent: bool) -> str:
    plain = bare.replace(",", "") if sign == "point" else bare.replace(".", "").replace(",", ".")
    whole, _, fraction = plain.partition(".")
    if percent:
        whole = whole.zfill(3)
        whole, fraction = whole[:-2], whole[-2:] + fraction
    fraction = fraction.rstrip("0")
    return ("-" if negative else "") + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


# Columns


@dataclass
class ColumnReading:
    """What is known about a column: the conventions by which all its values can be read."""

    what: str
    """What the column contains, in a word for people: days or numbers."""
    option: str
    conventions: Mapping[str, str]
    """Each convention, with its explanation."""
    read: Callable[[str], Readings]
    given: str | None = None
    """The convention that the sender of the file states."""
    possible: set[str] = field(default_factory=set)
    differs: dict[tuple[str, str], tuple[str, Readings]] = field(default_factory=dict)
    """For two conventions, a text that has different values under them."""

    def __post_init__(self) -> None:
        self.possible = set(self.conventions)

    def look_at(self, text: str) -> None:
        """Take a value into account. Unreadable values are reported with their rows."""
        if self.given:
            return
        try:
            found = self.read(text)
        except Unreadable:
            return
        self.possible &= found.keys()
        for one, other in combinations(found, 2):
            if found[one] != found[other]:
                self.differs.setdefault((one, other), (text, found))

    def why_unclear(self) -> str | None:
        """Return why the format is ambiguous; None if it is clear."""
        if self.given:
            return None
        if not self.possible:
            return (
                f"holds {self.what} that are written in different ways. Write them alike, or say {self.option} for"
                " those that count; the others are refused row by row"
            )
        unclear = next((said for pair, said in self.differs.items() if self.possible.issuperset(pair)), None)
        if unclear is None:
            return None
        text, found = unclear
        meanings = " or ".join(
            f"{value} ({self.option} {name})" for name, value in found.items() if name in self.possible
        )
        return f"holds “{shortened(text)}”, which may mean {meanings}. Say which"

    def value(self, text: str) -> Any:
        """Return the value of a text in this column. Raises `Unreadable`."""
        found = self.read(text)
        convention = self.given or next((name for name in self.conventions if name in self.possible & found.keys()), "")
        if convention not in found:
            raise Unreadable(f"is not written as {self.conventions.get(convention, 'the other values are')}")
        return found[convention]


def column_of_days(given: str | None) -> ColumnReading:
    return ColumnReading("days", "--dates", DAY_ORDERS, readings_of_day, given)


def column_of_numbers(given: str | None) -> ColumnReading:
    return ColumnReading("numbers", "--decimal", DECIMAL_SIGNS, readings_of_number, given)
