"""Days as people type them: “fri”, “+2w”, “tomorrow”, “2027-03-01”; in German, too."""

import re
from calendar import monthrange
from datetime import date, timedelta

WEEKDAYS = (
    ("mon", "mo"),
    ("tue", "di"),
    ("wed", "mi"),
    ("thu", "do"),
    ("fri", "fr"),
    ("sat", "sa"),
    ("sun", "so"),
)
"""Each day of the week, shortened, in English and in German; Monday is 0."""

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
DISTANCE = re.compile(r"([+-])([0-9]{1,4})([dtwmyj]?)")
"""`d` or `t` is days, `w` weeks, `m` months, `y` or `j` years; without a letter, days."""


def typed_day(text: str, today: date) -> str:
    """The day as YYYY-MM-DD; what is no such day is given back as it is, for the command to say what is wrong with it.

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
    """So many units after a day.  Raises `ValueError` and `OverflowError` beyond the calendar."""
    match unit:
        case "w":
            return day + timedelta(weeks=number)
        case "m" | "y" | "j":
            months = day.year * 12 + day.month - 1 + number * (1 if unit == "m" else 12)
            year, month = divmod(months, 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        case _:
            return day + timedelta(days=number)
