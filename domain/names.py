"""Recognises people of the customer by their names in free text.

A name is recognised by whole words, whatever their case and accents.  The first or the last name alone is enough where
nobody else in the aggregate has it and it is no common word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from domain.common_words import COMMON_WORDS
from domain.folding import folded, words_of

T = TypeVar("T")

FEWEST_LETTERS = 3
"""A name, or the part of one, is recognised from this length on."""

NO_PART_OF_A_NAME = frozenset(
    "dr prof professor mr mrs ms miss sir herr frau fraulein dipl ing mag phd mba jr sr"
    " von vom van der den de del della di da du la le zu zum zur af av ter ten".split()
)
"""Titles and particles, which may be there or not."""

WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Khmer, kana and Chinese characters."""


class Names:
    """The names of people, by their ids, in a form in which they are found in texts."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """`names`: id and name of every person; one person may have several names."""
        self._whole: dict[str, frozenset[tuple[tuple[str, ...], str]]] = {}
        """By the first word of a name, all its words and whose it is."""
        self._alone: dict[str, frozenset[str]] = {}
        self._spelt: dict[str, frozenset[str]] = {}
        for id, name in names:
            self._add(id, name)

    def with_more(self, names: Iterable[tuple[str, str]]) -> "Names":
        """Return these names and further ones. To fold all of them again takes a hundred times as long."""
        more = Names(())
        more._whole, more._alone, more._spelt = dict(self._whole), dict(self._alone), dict(self._spelt)
        for id, name in names:
            more._add(id, name)
        return more

    def _add(self, id: str, name: str) -> None:
        if WITHOUT_SPACES.search(name):
            _put(self._spelt, "".join(folded(name).split()), id)
            return
        words = _bare(words_of(name))
        for word in words:
            _put(self._alone, word, id)
        for order in (words, [*words[-1:], *words[:-1]], [*words[:1], *words[-1:]], [*words[-1:], *words[:1]]):
            if len(order) > 1:
                _put(self._whole, order[0], (tuple(order), id))

    def __bool__(self) -> bool:
        return bool(self._alone or self._spelt)

    def found_in(self, text: str) -> set[str]:
        """Return the ids of the people whose names a text holds."""
        if not self:
            return set()
        words = _bare(words_of(text))
        return {*self._spelt_in(text), *self._whole_in(words), *self._alone_in(words)}

    def _spelt_in(self, text: str) -> Iterator[str]:
        if self._spelt and WITHOUT_SPACES.search(text):
            plain = "".join(folded(text).split())
            for name, ids in self._spelt.items():
                if len(name) >= FEWEST_LETTERS and name in plain:
                    yield from ids

    def _whole_in(self, words: Sequence[str]) -> Iterator[str]:
        for word in set(words):
            for name, id in self._whole.get(word, ()):
                if len("".join(name)) >= FEWEST_LETTERS and _holds(words, name):
                    yield id

    def _alone_in(self, words: Sequence[str]) -> Iterator[str]:
        for word in set(words):
            ids = self._alone.get(word, ())
            if len(ids) == 1 and len(word) >= FEWEST_LETTERS and word.isalpha() and word not in COMMON_WORDS:
                yield from ids


def _put(into: dict[str, frozenset[T]], key: str, value: T) -> None:
    into[key] = into.get(key, frozenset()) | {value}


def _bare(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in NO_PART_OF_A_NAME]


def _holds(words: Sequence[str], name: tuple[str, ...]) -> bool:
    """Whether these words stand one after the other among those."""
    starts = (place for place, word in enumerate(words) if word == name[0])
    return any(tuple(words[place : place + len(name)]) == name for place in starts)


def names_in(names: Names, texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return by pointer (RFC 6901) the people that each text names; texts that name nobody are left out."""
    found = {pointer: names.found_in(text) for pointer, text in texts.items()}
    return {pointer: ids for pointer, ids in found.items() if ids}
