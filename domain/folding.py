"""Letters as somebody types them on a keyboard without accents: what names are searched, compared and recognised by."""

import re
from unicodedata import combining, normalize

_TYPED_PLAIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n"}
)
"""Letters of their own that Unicode does not take apart into a letter and an accent."""

_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """The text without case and accents: “Łódź” and “LODZ” are the same, and so are “Groß” and “gross”."""
    if text.isascii():  # most names are, and to take letters apart takes twenty times as long
        return text.casefold()
    letters = (sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    return "".join(letters).casefold().translate(_TYPED_PLAIN)


def words_of(text: str) -> list[str]:
    """The words of a text in their order, folded.  A hyphen or an apostrophe ends a word, an underscore too."""
    return _WORD.findall(folded(text))
