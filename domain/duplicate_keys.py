"""Duplicate keys in objects of a JSON text. Readers take the first or the last of them, so such a text is ambiguous."""

import json
import re
from typing import Any

from pydantic_core import from_json

LONGEST_SHOWN = 80
KEYS = re.compile(rb'"[ \t\r\n]*:')
"""Matches the end of a key, and sometimes the inside of a string."""


class DuplicateKey(ValueError):
    """A key stands twice in one object of a JSON text."""

    def __init__(self, key: str, pointer: str) -> None:
        """`pointer` says where it stands (RFC 6901)."""
        super().__init__(f"The key “{key[:LONGEST_SHOWN]}” stands twice in one object: write it once.")
        self.pointer = pointer


class _Twice(dict[str, Any]):
    """An object that has a key twice."""

    key: str


def check_keys(text: bytes | bytearray | str) -> None:
    """Raise `DuplicateKey` if an object in this JSON text has a key twice. Text that is not JSON is accepted: its
    reader refuses it."""
    if isinstance(text, str):
        text = text.encode(errors="surrogatepass")
    if may_have_a_key_twice(text):
        find_duplicate(text)


def may_have_a_key_twice(text: bytes | bytearray) -> bool:
    """Return False if it is certain that no key occurs twice, because as many keys were read as the text contains. This
    takes a tenth of the time of the search."""
    try:
        return number_of_keys(from_json(bytes(text))) != len(KEYS.findall(text))
    except ValueError:
        return True


def number_of_keys(read: Any) -> int:
    if isinstance(read, dict):
        return len(read) + sum(map(number_of_keys, read.values()))
    return sum(map(number_of_keys, read)) if isinstance(read, list) else 0


def find_duplicate(text: bytes | bytearray) -> None:
    """Raise `DuplicateKey` for the first key that occurs twice."""

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        held = dict(pairs)
        if len(held) == len(pairs):
            return held
        twice = _Twice(held)
        names = [name for name, _ in pairs]
        twice.key = next(name for place, name in enumerate(names) if name in names[:place])
        return twice

    try:
        # Numbers are not converted, because a very long one would be refused.
        found = _find(json.loads(text, object_pairs_hook=read, parse_int=len, parse_float=len), "")
    except (ValueError, RecursionError):
        return
    if found:
        raise DuplicateKey(*found)


def _find(read: Any, pointer: str) -> tuple[str, str] | None:
    if isinstance(read, _Twice):
        return read.key, f"{pointer}/{escaped(read.key)}"
    inner = read.items() if isinstance(read, dict) else enumerate(read) if isinstance(read, list) else ()
    return next((found for name, each in inner if (found := _find(each, f"{pointer}/{escaped(str(name))}"))), None)


def escaped(part: str) -> str:
    """Return a part of a pointer as RFC 6901 writes it."""
    return part.replace("~", "~0").replace("/", "~1")
