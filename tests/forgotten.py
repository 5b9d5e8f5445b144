"""What a view of the past may lose when a person is forgotten: text about them, and nothing else."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from domain.language import FORGOTTEN

SEALED_BESIDE_WORDS = {"topic": "minutes"}
"""By the words of an item of a list, the number that is sealed with them (ADR 24): a list is sealed as a whole."""


def as_json(answer: BaseModel) -> Any:
    return from_json(to_json(answer, by_alias=True))


def differing(before: Any, after: Any, where: str = "") -> list[str]:
    """Return where two answers differ, except for text that was there and can no longer be read."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        gone = {number for words, number in SEALED_BESIDE_WORDS.items() if after.get(words) == FORGOTTEN}
        compared = [name for name in before if name not in gone]
        return [found for name in compared for found in differing(before[name], after[name], f"{where}/{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        found = (differing(*both, f"{where}/{place}") for place, both in enumerate(zip(before, after, strict=True)))
        return [each for several in found for each in several]
    # For a list of sealed texts, one entry shows that there were some.
    words_gone = before and type(before) is type(after) and FORGOTTEN in to_json(after).decode()
    return [] if before == after or words_gone else [f"{where}: {before} is {after}"]
