"""Sentences about values of the wrong shape: what is expected, what was read, and the nearest word that would be right.

pydantic finds these mistakes; its own messages are never shown. A value is repeated in a sentence only if it looks like
one of our words, because other values may be text about people.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

MOST_WORDS = 25
"""Allowed words that are listed; of more than that, only the nearest are named."""
NEAREST_NAMED = 3

KEY = "[key]"
"""What pydantic adds to the place of a key that is wrong itself, and not what stands under it."""

WORD = re.compile(r"[a-z0-9][a-z0-9._:-]{0,40}")
"""What looks like a word of ours and may be repeated."""

PATTERNS: Mapping[str, str] = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "must be of letters, digits and . _ - alone, and begin with one of the first two,"
    " such as “pilot-2”",
    r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$": "must be of letters, digits and . _ : @ - alone, and begin with one of the first"
    " two, such as “0015-lumen”",
    r"^\S+$": "must be an id without white space, such as “ann” or “ann@example.com”",
    r"^https?://[^\s<>\"]+$": "must be a web address such as “https://example.com/minutes”",
    r"^[^@\s]+@[^@\s]+$": "must be an e-mail address such as “jane.doe@example.com”",
    r"^[A-Z]{3}$": "must be a currency by its three capital letters, such as “EUR”",
    r"^[0-9]{4}-Q[1-4]$": "must be a quarter such as “2026-Q2”",
    r"^[0-9a-f]{64}$": "must be a SHA-256 hash of 64 hexadecimal digits in small letters",
    r"^[^\x00]*$": "holds a NUL",
}
"""What each pattern asks for."""


def sentence(error: ErrorDetails, model: type[BaseModel] | None = None) -> str:
    """Return what is wrong as a sentence about the field."""
    said = predicate(error, model)
    names = [part for part in place(error["loc"]) if isinstance(part, str)]
    return ended(f"“{names[-1]}” {said}" if names else f"What was sent {said}")


def place(location: Sequence[int | str]) -> Sequence[int | str]:
    """Return the place of a mistake in the terms of whoever made it."""
    return location[:-1] if location and location[-1] == KEY else location


def ended(said: str) -> str:
    """Return the sentence with a full stop, unless it is a question."""
    return said if said.endswith("?") else f"{said}."


def predicate(error: ErrorDetails, model: type[BaseModel] | None = None) -> str:
    """Return what is wrong, as words that follow the name of the field. `model` is the model that was to be read; an
    unknown field may have been meant for one of its fields."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return unknown(error["loc"], model)
    return TOLD[kind](error.get("ctx", {}), error.get("input")) if kind in TOLD else "is not what may stand here"


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return which of the known words somebody may have meant."""
    by_spelling = {each.lower().replace("_", "-"): each for each in known}
    close = get_close_matches(str(word).lower().replace("_", "-"), by_spelling, 1)
    return by_spelling[close[0]] if close else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest word; nothing where none is near."""
    found = nearest(word, known)
    return f": did you mean “{found}”?" if found else ""


def unknown(location: Sequence[int | str], model: type[BaseModel] | None) -> str:
    """Return what is wrong with a field that the model does not have."""
    known = [name for each in models_at(model, location[:-1]) for name in names_of(each)]
    if found := nearest(location[-1], known):
        return f"is not a field here: did you mean “{found}”?"
    return f"is not a field here, where there may be {listed(known)}" if 0 < len(known) <= MOST_WORDS else NOT_HERE


NOT_HERE = "is not a field here"


def names_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def models_at(model: type[BaseModel] | None, location: Sequence[int | str]) -> list[type[BaseModel]]:
    """Return the models that may be at a place inside a model."""
    found = [model] if model else []
    for part in location:
        fields = [
            field
            for each in found
            for name, field in each.model_fields.items()
            if isinstance(part, str) and part in (name, field.alias)
        ]
        # A place in a list, and the key of a mapping, lead to what it holds.
        found = [inner for field in fields for inner in models_in(field.annotation)] if fields else found
    return found


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def listed(words: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def read(value: Any) -> str:
    """Return what was read, by its kind."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "text" if value else "empty"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def must_be(what: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda _, value: f"must be {what}, and this is {read(value)}"


def one_of(context: Mapping[str, Any], value: Any) -> str:
    words = re.findall(r"'((?:[^'\\]|\\.)*)'", str(context["expected"]))
    if len(words) > MOST_WORDS:
        some = get_close_matches(str(value), words, NEAREST_NAMED, 0)
        said = f"must be one of {len(words)} words, such as {listed(some, 'or')}"
    else:
        said = f"must be one of {listed(words, 'or')}"
    if not isinstance(value, str):
        return f"{said}, and this is {read(value)}"
    this = f"“{value}”" if WORD.fullmatch(value) else "this"
    return f"{said}, and {this} is none of them{did_you_mean(value, words)}"


def of_pattern(context: Mapping[str, Any], _: Any) -> str:
    return PATTERNS.get(str(context["pattern"]), "is not written as it must be")


def too_long(context: Mapping[str, Any], value: Any) -> str:
    return f"may have {counted(context['max_length'], value)} at most, and this has {len(value)}"


def too_short(context: Mapping[str, Any], value: Any) -> str:
    said = f"must have {counted(context['min_length'], value)} at least"
    # Where a list must have entries, null is read as the list that has none.
    return f"{said}, and this has {len(value)}" if isinstance(value, Sized) else f"{said}, and this is {read(value)}"


def counted(number: int, value: Any) -> str:
    one, many = ("sign", "signs") if isinstance(value, str) else ("entry", "entries")
    return f"{number} {one if number == 1 else many}"


def limit(words: str, name: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda context, _: f"must be {words} {context[name]}"


def of_calendar(what: str, example: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda _, __: f"must be {what} such as {example}"


WHOLE_NUMBER, TRUTH, TEXT = must_be("a whole number"), must_be("true or false"), must_be("text")
LIST, OBJECT, NUMBER = must_be("a list"), must_be("an object, as in {…}"), must_be("a number")
DAY = of_calendar("a day", "2026-03-31")
INSTANT = of_calendar("an instant with its distance from UTC,", "2026-03-31T17:00:00Z")

TOLD: Mapping[str, Callable[[Mapping[str, Any], Any], str]] = {
    "missing": lambda _, __: "is missing",
    "value_error": lambda context, _: str(context["error"]),
    "wrong_field": lambda context, _: str(context["detail"]),
    "literal_error": one_of,
    "enum": one_of,
    "string_type": TEXT,
    "string_unicode": lambda _, __: "holds signs that are no Unicode",
    "string_pattern_mismatch": of_pattern,
    "string_too_long": too_long,
    "string_too_short": too_short,
    "too_long": too_long,
    "too_short": too_short,
    "int_type": WHOLE_NUMBER,
    "int_parsing": WHOLE_NUMBER,
    "int_parsing_size": lambda _, __: "is a larger number than can be kept",
    "int_from_float": WHOLE_NUMBER,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": lambda _, __: "must be a number that is not infinite",
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "decimal_max_digits": lambda context, _: f"may have {context['max_digits']} digits at most",
    "decimal_max_places": lambda context, _: f"may have {context['decimal_places']} digits after the point at most",
    "decimal_whole_digits": lambda context, _: f"may have {context['whole_digits']} digits before the point at most",
    "greater_than_equal": limit("at least", "ge"),
    "greater_than": limit("more than", "gt"),
    "less_than_equal": limit("at most", "le"),
    "less_than": limit("less than", "lt"),
    "bool_type": TRUTH,
    "bool_parsing": TRUTH,
    "list_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "uuid_type": lambda _, __: "must be an id such as 1cc8ea04-5a0a-5e4b-8a4f-7f5ac93a7d2e",
    "uuid_parsing": lambda _, __: "must be an id such as 1cc8ea04-5a0a-5e4b-8a4f-7f5ac93a7d2e",
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "timezone_aware": INSTANT,
}
"""What to say, by the kind that pydantic names: its own wording is English of programmers."""


UNCOUNTED = frozenset({"news", "health", "priorities"})


def with_article(noun: str) -> str:
    """Return “an action”, “a play” and, as it is spoken, “a unit”; “news”, of which there is not one, as it is."""
    if noun in UNCOUNTED:
        return noun
    return f"{'an' if noun[0] in 'aeiou' and not noun.startswith('uni') else 'a'} {noun}"
