"""Ids that reveal a person. An id stays in clear for ever, even after the person is forgotten."""

import re
from string import digits

from domain.folding import spellings

SHORTEST_TELLING_WORD = 3
"""The length of the shortest word that reveals a person."""


def tells(id: str, name: str, mailbox: str) -> bool:
    """Return whether a word of an id, without digits at its ends, is a word of the name or the mail address, or the
    whole name. A match inside of a longer word does not count: it is accidental."""
    words = {word for text in (name, mailbox) for written in spellings(text) for word in written}
    named = [written for written in spellings(name) if min(map(len, written), default=0) > 1]
    whole = {"".join(order) for written in named for order in (written, written[::-1])}
    letters = {letters for word in words | whole for letters in _LETTERS.findall(word)}
    said = {word.strip(digits) for written in spellings(id) for word in written}
    return any(len(word) >= SHORTEST_TELLING_WORD for word in letters & said)


_LETTERS = re.compile(r"[^\W\d_]+")
