"""Replaces characters that would appear as empty boxes in a document, because none of the fonts has them, with their
names."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from adapters.rendering.document import Document, Sentence
from adapters.rendering.fonts import named, without_a_glyph

MOST_NAMED = 20
"""The number of missing characters that are listed one by one."""


def with_glyphs(document: Document) -> Document:
    """Return the document with the names of missing characters in their place, and a remark that lists them."""
    missing = without_a_glyph(texts_in(document))
    if not missing:
        return document
    shown: Document = spelt_out(document, str.maketrans({sign: named(sign) for sign in missing}))
    return replace(shown, remarks=[*shown.remarks, remark_on(missing)])


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a document."""
    if isinstance(value, str):
        yield value
    else:
        yield from (text for _, each in _parts(value) for text in texts_in(each))


def spelt_out(value: Any, names: Mapping[int, str]) -> Any:
    """Replace the characters that cannot be shown by their names, in all texts."""
    if isinstance(value, str):
        return value.translate(names)
    shown = {key: spelt_out(each, names) for key, each in _parts(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **shown)
    if isinstance(value, Mapping):
        return shown
    return list(shown.values()) if isinstance(value, list | tuple) else value


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if is_dataclass(value):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def remark_on(missing: Sequence[str]) -> Sentence:
    listed = ", ".join(
        f"{named(sign)} {unicodedata.name(sign, 'without a name').lower()}" for sign in missing[:MOST_NAMED]
    )
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return Sentence(
        f"No font of this report has these characters, so they are named instead: {listed}{more}.", "warning"
    )
