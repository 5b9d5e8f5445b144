"""The reason why a whole file cannot be read."""

from collections.abc import Iterable
from difflib import get_close_matches

OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
"""The first bytes of files of old office programs, and of new ones with a password."""


class FileRefused(Exception):
    """What is wrong with a file, where, and what to do about it, in words for the sender."""


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a sentence that suggests the nearest of the right words; empty if none is near."""
    close = get_close_matches(word, list(words), 1)
    return f" Did you mean “{close[0]}”?" if close else ""
