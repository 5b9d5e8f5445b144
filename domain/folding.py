"""Letters as typed on a keyboard without accents. Names are searched, compared and recognised in this form."""

import re
from collections.abc import Iterator
from unicodedata import combining, normalize

_TYPED_PLAIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n"}
)
"""Letters that Unicode does not decompose into a letter and an accent."""

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""Letters that are written as two on keyboards without a key for them."""

_WORD = re.compile(r"[^\W_]+")
_WITHIN_A_WORD = re.compile("['’‘ʼ`´\u00ad\u2010\u2011-]")
"""Signs that join what is one word as well."""

WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Letters of scripts where a word may follow another without a space: Thai, Lao, Khmer, kana, Chinese characters, and
Hangul, whose particles do."""


def folded(text: str) -> str:
    """Return the text without case and accents: “Łódź” and “LODZ” are the same, and so are “Groß” and “gross”."""
    if text.isascii():  # most names are, and to take letters apart takes twenty times as long
        return text.casefold()
    letters = (sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    return "".join(letters).casefold().translate(_TYPED_PLAIN)


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, folded.  A hyphen or an apostrophe ends a word, an underscore too."""
    return _WORD.findall(folded(text))


def spelt_out(text: str) -> str:
    """Return the text in lower case with “ue” for “ü” and the like, as in “Mueller” and “Soeren”."""
    return normalize("NFC", text).casefold().translate(_SPELT_OUT)


def spellings(text: str) -> Iterator[list[str]]:
    """Return the words of a text in every way of writing them, such as “müller” and “mueller”, and “o” “brien” and
    “obrien”."""
    yield words_of(text)
    if spelt_out(text) != normalize("NFC", text).casefold():
        yield words_of(spelt_out(text))
    if _WITHIN_A_WORD.search(text):
        yield words_of(_WITHIN_A_WORD.sub("", text))
