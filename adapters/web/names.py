"""What people call a thing, and the things that its values name by their ids."""

from collections.abc import Mapping
from typing import Any

from adapters.rendering.words import spaced
from adapters.web.languages import Speech, words_of
from domain.language import FORGOTTEN
from domain.markers import Refers, marked
from domain.things import Aggregate, Thing

CALLED_BY_WORDS: Mapping[str, str] = {"member": "role", "phase": "phase", "agenda": "kind"}
"""Kinds of things whose ids end in a word of ours, and the field that word stands in."""

LIES_BETWEEN: Mapping[str, tuple[str, str]] = {
    "cell": ("offering", "unit"),
    "influence": ("influencer", "influenced"),
    "pairing": ("stakeholder", "member"),
}
"""Kinds of things without a name of their own, and the fields with the two that they lie between."""


def kinds_named(kind: type[Thing]) -> Mapping[str, str]:
    """Return the fields of a kind of thing that name other things, each with the noun of those."""
    return {field: marker.kind for field, marker in marked(kind, Refers)}


def name_of(thing: Thing) -> str:
    """Return the title of a thing, else its id."""
    return thing.known_as or thing.id


def id_in_words(kind: str, id: str, say: Speech) -> str:
    """An id as people say it, where a kind of thing is called by words of ours: `ann:legal` and `stand_up`."""
    if kind not in CALLED_BY_WORDS:
        return id
    *whom, word = id.split(":")
    return " · ".join([*whom, say(spaced(word)) if word in words_of(CALLED_BY_WORDS[kind]) else word])


def called(state: Aggregate, kind: str, id: str, say: Speech) -> str:
    """Return what people call a thing: its name, the names of the two that it lies between, else its id."""
    thing = state.named(kind, id)
    if thing and kind in LIES_BETWEEN:
        refers = kinds_named(type(thing))
        ends = [(refers.get(field, ""), getattr(thing, field)) for field in LIES_BETWEEN[kind]]
        return " · ".join(_named(state, *end) or end[1] for end in ends)
    return _named(state, kind, id) or id_in_words(kind, id, say)


def _named(state: Aggregate, kind: str, id: str) -> str:
    """Return the name of a thing; nothing if it has none, was forgotten, or is no thing but a word."""
    thing = state.named(kind, id)
    name = thing.known_as if thing else None
    return name if name and name != FORGOTTEN else ""


def names_in(state: Aggregate, kind: str, value: Any) -> str:
    """Return the names of what a value names by its id or ids; nothing if it names nothing with a name."""
    ids = [value] if isinstance(value, str) else [each for each in value if isinstance(each, str)]
    names = [_named(state, kind, id) for id in ids]
    return ", ".join(name or id for name, id in zip(names, ids, strict=True)) if any(names) else ""
