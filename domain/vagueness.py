"""Statements by which nobody could tell whether they came true: accepted, but never silently."""

from domain.folding import words_of
from domain.vague_words import VAGUE_WORDS

VAGUE = "This has no object, name, number or date: say what will be different, and for whom, so that a review can tell."


def is_vague(statement: str) -> bool:
    """Return whether a statement has no object, name, number or date. Every word that is not in the list counts as one
    of these, and so does every digit."""
    if any(map(str.isdigit, statement)):
        return False
    return bool(statement) and VAGUE_WORDS.issuperset(words_of(statement.replace("’", "").replace("'", "")))
