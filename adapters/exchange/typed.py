"""Values as people type them: days such as “fri”, “+2w”, “tomorrow”, “2027-03-01”, also in German; and numbers."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from adapters.exchange.fields import Kind

WEEKDAYS = (
    ("mon", "mo"),
    ("tue", "di"),
    ("wed", "mi"),
    ("thu", "do"),
    ("fri", "fr"),
    ("sat", "sa"),
    ("sun", "so"),
)
"""The days of the week, abbreviated, in English and in German; Monday is 0."""

NAMES = (
    ("monday", "montag"),
    ("tuesday", "dienstag"),
    ("wednesday", "mittwoch"),
    ("thursday", "donnerstag"),
    ("friday", "freitag"),
    ("saturday", "samstag"),
    ("sunday", "sonntag"),
)

NEAR = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1, "yesterday": -1, "gestern": -1}
DECIMAL = re.compile(r"[+-]?[0-9]*\.[0-9]+")
DISTANCE = re.compile(r"([+-])([0-9]{1,4})([dtwmyj]?)")
"""`d` or `t` stands for days, `w` for weeks, `m` for months, `y` or `j` for years; without a letter, for days."""


def typed_value(kind: Kind, text: str, today: date) -> Any:
    """Return what was typed into a field, as JSON. Malformed text is returned unchanged, so that the command reports
    it."""
    match kind.input:
        case "yes_or_no":
            return {"true": True, "false": False}.get(text, text)
        case "day":
            return typed_day(text, today)
        case "number":
            return typed_number(text)
        case "pairs":
            return typed_pairs(text)
        case _:
            return text


def typed_pairs(text: str) -> Any:
    """Return the values of lines such as `EUR: 1.08`. A name may be nested, as in `strategic.weekly: 7`; a value may be
    a list such as `[a, b]`.

    A line without a colon is returned unchanged.
    """
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        path, colon, value = line.partition(":")
        *above, name = (part.strip() for part in path.split("."))
        inner: Any = found
        for each in above:
            inner = inner.setdefault(each, {}) if isinstance(inner, dict) else None
        if not colon or not isinstance(inner, dict):
            return text
        inner[name] = _typed_part(value.strip())
    return found


def _typed_part(value: str) -> Any:
    if value.startswith("[") and value.endswith("]"):
        return [part for each in value[1:-1].split(",") if (part := each.strip())]
    if value == "{}":
        return {}
    if value in ("true", "false", "", "–"):
        return {"true": True, "false": False}.get(value)
    return typed_number(value)


def lines_of(pairs: Any, above: str = "") -> Iterator[str]:
    """Return the text that `typed_pairs` reads, one line per value."""
    for name, value in pairs.items():
        inner = value.model_dump() if isinstance(value, BaseModel) else value
        if isinstance(inner, Mapping) and inner:
            yield from lines_of(inner, f"{above}{name}.")
        elif isinstance(inner, list | tuple):
            yield f"{above}{name}: [{', '.join(map(str, inner))}]"
        elif isinstance(inner, bool):
            yield f"{above}{name}: {str(inner).lower()}"
        else:
            yield f"{above}{name}: {'' if inner is None else inner}".rstrip()


def typed_number(text: str) -> Any:
    """Return a number in the format of JSON. Digits may be grouped by blanks. Other text is returned unchanged."""
    plain = text.replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
    try:
        return int(plain)
    except ValueError:
        return plain if DECIMAL.fullmatch(plain) else text


def typed_day(text: str, today: date) -> str:
    """Return the day as YYYY-MM-DD. Other text is returned unchanged, so that the command says what is wrong with it.

    A day of the week is the next one after today.
    """
    word = text.strip().casefold()
    if word in NEAR:
        return (today + timedelta(days=NEAR[word])).isoformat()
    if distance := DISTANCE.fullmatch(word):
        sign, number, unit = distance.groups()
        try:
            return _further(today, int(f"{sign}{number}"), unit).isoformat()
        except (OverflowError, ValueError):
            return text
    for weekday, begins in enumerate(WEEKDAYS):
        if word in begins or word in NAMES[weekday]:
            ahead = (weekday - today.weekday() - 1) % 7 + 1
            return (today + timedelta(days=ahead)).isoformat()
    return text.strip()


def _further(day: date, number: int, unit: str) -> date:
    """Return the day so many units later. Raises `ValueError` and `OverflowError` beyond the calendar."""
    match unit:
        case "w":
            return day + timedelta(weeks=number)
        case "m" | "y" | "j":
            months = day.year * 12 + day.month - 1 + number * (1 if unit == "m" else 12)
            year, month = divmod(months, 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        case _:
            return day + timedelta(days=number)
