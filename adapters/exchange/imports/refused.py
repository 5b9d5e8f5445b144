"""Why a whole file cannot be read."""

from collections.abc import Iterable
from difflib import get_close_matches

OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
"""What files of old office programs begin with, and new ones with a password."""


class FileRefused(Exception):
    """What is wrong with a file, where, and what to do about it, in words for whoever sent it."""


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a sentence that asks whether the nearest of the right words was meant; empty where none is near."""
    close = get_close_matches(word, list(words), 1)
    return f" Did you mean “{close[0]}”?" if close else ""
