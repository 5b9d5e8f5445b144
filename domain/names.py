"""Recognises people of the customer by their names in free text.

A name is recognised by whole words, whatever their case and accents, and also where an umlaut is spelt out or a hyphen
or an apostrophe left out.  The first or the last name alone is enough where nobody else in the aggregate has it and it
is no common word, or follows a title.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import pairwise

from domain.common_words import COMMON_WORDS
from domain.folding import WITHOUT_SPACES, folded, spellings
from domain.layers import copied

FEWEST_LETTERS = 3
"""The shortest name, or part of one, that is recognised."""

NO_PART_OF_A_NAME = frozenset(
    "dr prof professor mr mrs ms miss sir herr frau fraulein dipl ing mag phd mba jr sr"
    " von vom van der den de del della di da du la le zu zum zur af av ter ten".split()
)
"""Titles and particles, which are optional."""

TITLES = frozenset("dr prof professor mr mrs ms herr frau".split())
"""Words that stand before a name and hardly before anything else."""


class Names:
    """The names of people, by their ids, in a form in which they are found in texts."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """`names`: id and name of every person; one person may have several names."""
        self._whole: MutableMapping[tuple[str, ...], frozenset[tuple[tuple[str, ...], str]]] = {}
        """All words of a name and whose it is, by its first two words."""
        self._alone: MutableMapping[str, frozenset[str]] = {}
        self._spelt: MutableMapping[str, frozenset[str]] = {}
        """Names in scripts without spaces, whole, and whose they are."""
        self._spelt_alone: MutableMapping[str, frozenset[str]] = {}
        """The parts of those that are written with a space."""
        for id, name in names:
            self._add(id, name)

    def with_more(self, names: Iterable[tuple[str, str]]) -> "Names":
        """Return these names and further ones. To fold all of them again takes a hundred times as long."""
        more = Names(())
        for part in ("_whole", "_alone", "_spelt", "_spelt_alone"):
            setattr(more, part, copied(getattr(self, part)))
        for id, name in names:
            more._add(id, name)
        return more

    def _add(self, id: str, name: str) -> None:
        if WITHOUT_SPACES.search(name):
            parts = name.split()
            whole = folded("".join(parts))
            self._spelt[whole] = self._spelt.get(whole, frozenset()) | {id}
            for part in parts if len(parts) > 1 else ():
                if len(part) >= FEWEST_LETTERS:
                    _put_alone(self._spelt_alone, folded(part), id)
            return
        for words in map(_bare, spellings(name)):
            for word in words:
                _put_alone(self._alone, word, id)
            first_and_last = [*words[:1], *words[-1:]]
            for order in (words, first_and_last) if len(words) > 1 else ():
                _put_alone(self._alone, "".join(order), id)
                self._put_whole((*order,), id)
                if not COMMON_WORDS.issuperset(order):  # “will mark” is a name the other way round, and seldom meant
                    self._put_whole((order[-1], *order[:-1]), id)

    def _put_whole(self, name: tuple[str, ...], id: str) -> None:
        self._whole[name[:2]] = self._whole.get(name[:2], frozenset()) | {(name, id)}

    def __bool__(self) -> bool:
        return bool(self._alone or self._spelt)

    def found_in(self, text: str) -> set[str]:
        """Return the ids of the people whose names a text holds."""
        if not self:
            return set()
        found = set(self._spelt_in(text))
        for said in spellings(text):
            words = _bare(said)
            found.update(self._whole_in(words), self._alone_in(words), self._titled_in(said))
        return found

    def _spelt_in(self, text: str) -> Iterator[str]:
        if self._spelt and WITHOUT_SPACES.search(text):
            plain = "".join(folded(text).split())
            for name, ids in self._spelt.items():
                if len(name) >= FEWEST_LETTERS and name in plain:
                    yield from ids
            for name, ids in self._spelt_alone.items():
                if len(ids) == 1 and name in plain:
                    yield from ids

    def _whole_in(self, words: Sequence[str]) -> Iterator[str]:
        for first_two in set(pairwise(words)):
            for name, id in self._whole.get(first_two, ()):
                if len("".join(name)) >= FEWEST_LETTERS and _holds(words, name):
                    yield id

    def _alone_in(self, words: Sequence[str]) -> Iterator[str]:
        for word in set(words):
            if word not in COMMON_WORDS:
                yield from self._called(word)

    def _titled_in(self, words: Sequence[str]) -> Iterator[str]:
        """Return who is named by a word after a title, even a common one: “Herr Held”, “Ms Price”."""
        for title, word in pairwise(words):
            if title in TITLES:
                yield from self._called(word)

    def _called(self, word: str) -> Iterable[str]:
        ids = self._alone.get(word, ())
        return ids if len(ids) == 1 and len(word) >= FEWEST_LETTERS and word.isalpha() else ()


def _put_alone(into: MutableMapping[str, frozenset[str]], word: str, id: str) -> None:
    ids = into.get(word, frozenset())
    if len(ids) < 2:  # A word that two people are called by names neither, and no more has to be known.
        into[word] = ids | {id}


def _bare(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in NO_PART_OF_A_NAME]


def _holds(words: Sequence[str], name: tuple[str, ...]) -> bool:
    """Return whether these words follow each other among those."""
    starts = (place for place, word in enumerate(words) if word == name[0])
    return any(tuple(words[place : place + len(name)]) == name for place in starts)


def names_in(names: Names, texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the people that each text names, by pointer (RFC 6901). Texts that name nobody are left out."""
    found = {pointer: names.found_in(text) for pointer, text in texts.items()}
    return {pointer: ids for pointer, ids in found.items() if ids}
