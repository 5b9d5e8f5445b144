"""How findings put things: names as people know them, days, numbers and lists in whole sentences."""

from collections.abc import Iterable
from decimal import Decimal

from domain.things import Thing


def called(thing: Thing) -> str:
    """A thing by the words that people know it by, else by its id."""
    return f"“{thing.known_as or thing.id}”"


def person(thing: Thing) -> str:
    """One of the customer's people, by name, else by id."""
    return thing.known_as or thing.id


def counted(number: int, one: str, many: str = "") -> str:
    """`1 day`, `2 days`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def days(number: int) -> str:
    return counted(number, "day")


def listed(words: Iterable[str], joined_by: str = "and") -> str:
    """`Ann`, `Ann and Ben`, `Ann, Ben and Eve`; `nobody` where there are none."""
    *others, last = list(words) or ["nobody"]
    return f"{', '.join(others)} {joined_by} {last}" if others else last


def spaced(word: str) -> str:
    """`economic_buyer` as it reads in a sentence."""
    return word.replace("_", " ")


def percent(share: Decimal | float) -> str:
    return f"{round(share * 100)} %"
