"""Sentences that come to the pages filled in already, as findings and reports do, in another language.

The catalogue holds what such a sentence says around its places.  A sentence is known by that again, and what stands in
its places is put into the translation: words of ours translated, days as the reader writes them, and whatever somebody
wrote as they wrote it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from babel.messages.catalog import Catalog

FILLED_IN = "filled in"
"""The context such sentences have in the catalogue."""

PLACE = re.compile("{([a-z_]+)([0-9]*)}")
OF_OURS = frozenset(
    "before counted days engaged given how last needs noun section since spaced tier too_many wanted was what"
    " where within".split()
)
"""Places in which words and clauses of ours stand."""

LISTS_OF_OURS = frozenset({"missing", "sections", "words"})
LISTS = LISTS_OF_OURS | {"listed", "named"}
"""Places with “a, b and c” in them."""

HOLDS: Mapping[str, str] = {
    "called": "“[^“”]*”",
    "spaced": "[A-Za-z ]+?",
    "noun": "[a-z ]+",
    "tier": "[a-z]+",
    "number": "[^ ]+",
    "event": "[^ ]+",
    "wanted": "asked for .+?",
    "was": ".*?",
    "where": ".*?",
}
"""What can stand in a place; in any other, anything but nothing."""

MORE = re.compile("[0-9]+ more")

JOINED = re.compile(r"(?P<others>.*)(?P<joined> and | or )(?P<last>“[^“”]*”(?: at “[^“”]*”)?|[^“”]*)", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A sentence by what it says around its places."""

    known_by: re.Pattern[str]
    said: str
    """In the other language."""

    @classmethod
    def of(cls, sentence: str, said: str) -> "Pattern":
        *parts, rest = _parts(sentence)
        expression = "".join(
            f"{re.escape(text)}(?P<{name}{nth}>{HOLDS.get(name, '.+?')})" for text, name, nth in parts
        )  # fmt: skip
        return cls(re.compile(expression + re.escape(rest[0]), re.DOTALL), said)


def _parts(sentence: str) -> Sequence[tuple[str, str, str]]:
    """The text before each place with the place's name, and last the text after all of them."""
    found, at = [], 0
    for place in PLACE.finditer(sentence):
        found.append((sentence[at : place.start()], place[1], place[2]))
        at = place.end()
    return [*found, (sentence[at:], "", "")]


@cache
def patterns(catalogue: Catalog) -> Sequence[Pattern]:
    """All of a catalogue, those that say most first."""
    found = [
        (one, said)
        for message in catalogue
        if message.context == FILLED_IN
        for one, said in zip(_all(message.id), _all(message.string), strict=True)
    ]
    found.sort(key=lambda each: -len(PLACE.sub("", each[0])))
    return [Pattern.of(*each) for each in found]


def _all(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else text or []


@dataclass(frozen=True)
class Sentences:
    """Says them in the language of a catalogue; whatever is in none of its patterns is looked up as it is."""

    patterns: Sequence[Pattern]
    look_up: Callable[[str], str]

    def told(self, text: str) -> str:
        whole = self.look_up(text)
        if whole != text:
            return whole
        for pattern in self.patterns:
            found = pattern.known_by.fullmatch(text)
            if found:
                places = {name: self._put(name.rstrip("0123456789"), held) for name, held in found.groupdict().items()}
                return pattern.said.format(**places)
        return text

    def _put(self, place: str, held: str) -> str:
        if place in LISTS:
            return self._listed(held, place in LISTS_OF_OURS)
        return self.told(held) if place in OF_OURS else held

    def _listed(self, held: str, is_ours: bool) -> str:
        joined = JOINED.fullmatch(held)
        if not joined:
            return self._item(held, is_ours)
        others = ", ".join(self._item(each, is_ours) for each in joined["others"].split(", "))
        return f"{others}{self.look_up(joined['joined'].strip()).join('  ')}{self._item(joined['last'], is_ours)}"

    def _item(self, item: str, is_ours: bool) -> str:
        return self.told(item) if is_ours or item.startswith("“") or MORE.fullmatch(item) else item
