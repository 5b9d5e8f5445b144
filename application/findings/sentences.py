"""The parts of sentences in findings: names, days, numbers and lists."""

from collections.abc import Iterable
from decimal import Decimal

from domain.things import Thing


def called(thing: Thing) -> str:
    """Return the title of a thing, else its id."""
    return f"“{thing.known_as or thing.id}”"


def person(thing: Thing) -> str:
    """Return the name of a stakeholder, else their id."""
    return thing.known_as or thing.id


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 day`, `2 days`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def days(number: int) -> str:
    return counted(number, "day")


def listed(words: Iterable[str], joined_by: str = "and") -> str:
    """Return a list of names: `Ann`, `Ann and Ben`, `Ann, Ben and Eve`; `nobody` if there are none."""
    *others, last = list(words) or ["nobody"]
    return f"{', '.join(others)} {joined_by} {last}" if others else last


def spaced(word: str) -> str:
    """Return `economic_buyer` as `economic buyer`, and `qbr` as `QBR`."""
    return "QBR" if word == "qbr" else word.replace("_", " ")


def percent(share: Decimal | float) -> str:
    return f"{round(share * 100)} %"
