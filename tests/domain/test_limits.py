"""How much may be said in a command: every limit there is, as whoever sends it reads it in the schema."""

from collections.abc import Iterator
from typing import Any

from domain.account_plan.reviews import MOST_MINUTES
from domain.account_plan.vision import MOST_PRIORITIES
from domain.language import LONGEST_PERSON_ID, LONGEST_TEXT, MOST_ITEMS
from domain.program.library_plays import MOST_DAYS
from domain.program.rounds import MOST_ACCOUNTS
from domain.registry import REGISTRY

WORDS = {"maximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "maxItems", "minItems"}


def limits(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        yield from ((word, value) for word, value in schema.items() if word in WORDS and isinstance(value, int | float))
        for each in schema.values():
            yield from limits(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from limits(each)


def test_the_limits_of_what_may_be_said_are_these():
    schemas = (command.model_json_schema() for type in REGISTRY.types for command in type.commands.values())
    said = {each for schema in schemas for each in limits(schema)}
    found = {word: sorted(value for each, value in said if each == word) for word in WORDS}
    assert found == {
        "exclusiveMinimum": [0.0],
        "maxItems": [3, 100, 10000],
        "maxLength": [64, 128, 200, 254, 2000, 10000],
        "maximum": [1.0, 2, 3, 5, 10, 12, 100.0, 1440, 3660, 10000, 2000000000],
        "minItems": [1],
        "minLength": [1],
        "minimum": [-100.0, -2, 0.0, 1],
    }
    named = {MOST_MINUTES, MOST_PRIORITIES, LONGEST_PERSON_ID, LONGEST_TEXT, MOST_ITEMS, MOST_DAYS, MOST_ACCOUNTS}
    assert named <= {value for _, value in said}, "each limit that has a name is one of them"
