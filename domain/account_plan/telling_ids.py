"""Ids that tell who somebody is. An id stands in clear for ever, also when the person has been forgotten."""

import re
from string import digits

from domain.folding import spellings

SHORTEST_TELLING_WORD = 3
"""Letters of a word from which on it tells who somebody is."""


def tells(id: str, name: str, mailbox: str) -> bool:
    """Whether a whole word of an id, but for digits at its ends, is a word of a name or of a mail address, or the whole
    name; inside another word it is there by accident."""
    words = {word for text in (name, mailbox) for written in spellings(text) for word in written}
    named = [written for written in spellings(name) if min(map(len, written), default=0) > 1]
    whole = {"".join(order) for written in named for order in (written, written[::-1])}
    letters = {letters for word in words | whole for letters in _LETTERS.findall(word)}
    said = {word.strip(digits) for written in spellings(id) for word in written}
    return any(len(word) >= SHORTEST_TELLING_WORD for word in letters & said)


_LETTERS = re.compile(r"[^\W\d_]+")
