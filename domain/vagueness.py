"""Statements by which nobody could tell whether they came true: accepted, but never silently."""

from collections.abc import Iterator

from domain.folding import words_of
from domain.vague_words import VAGUE_WORDS

VAGUE = "This has no object, name, number or date: say what will be different, and for whom, so that a review can tell."

ENDINGS = ("s", "es", "ed", "d", "ing")
"""What English puts at the end of a word."""
SHORTEST_STEM = 3


def is_vague(statement: str) -> bool:
    """Return whether a statement has no object, name, number or date. Every word that is not in the list counts as one
    of these, in whatever form, and so does every digit."""
    if any(map(str.isdigit, statement)):
        return False
    return bool(statement) and all(map(_says_nothing, words_of(statement.replace("’", "").replace("'", ""))))


def _says_nothing(word: str) -> bool:
    return word in VAGUE_WORDS or not VAGUE_WORDS.isdisjoint(_stems(word))


def _stems(word: str) -> Iterator[str]:
    """Yield what a word may be a form of: “agreed”, “planning” and “advised” of “agree”, “plan” and “advise”."""
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST_STEM:
            yield stem
            yield f"{stem}e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]
