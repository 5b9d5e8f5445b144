"""Mappings that share what they hold with the mapping they were copied from.

An aggregate is copied for every command. To copy a large mapping takes longer than to decide, so a copy of one holds
only what changed since, above what both share.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from itertools import chain
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SMALL = 256
"""The most entries of a mapping that is copied as a whole: then a dict is quicker to copy and to read."""


def copied(of: Mapping[K, V]) -> "dict[K, V] | Layered[K, V]":
    """Return a copy that may be altered. From then on the mapping itself must not be."""
    if isinstance(of, Layered):
        return of.copied()
    return Layered(of, {}, len(of)) if isinstance(of, dict) and len(of) > SMALL else dict(of)


class Layered(MutableMapping[K, V]):
    """A mapping of two layers: what it shares, and above it what is its own.

    Its order is that of a dict: an entry keeps its place when its value changes, and new ones come last.
    """

    __slots__ = ("_above", "_below", "_length")

    def __init__(self, below: dict[K, V], above: dict[K, V], length: int) -> None:
        self._below = below
        self._above = above
        self._length = length

    def copied(self) -> "Layered[K, V]":
        """Return a copy. The layers become one when what is above takes as long to copy as the whole does by turns."""
        if len(self._above) ** 2 <= self._length:
            return Layered(self._below, dict(self._above), self._length)
        return Layered({**self._below, **self._above}, {}, self._length)

    def __getitem__(self, key: K) -> V:
        above = self._above
        return above[key] if key in above else self._below[key]

    def get(self, key: K, default: Any = None) -> Any:
        above = self._above
        return above[key] if key in above else self._below.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._above or key in self._below

    def __setitem__(self, key: K, value: V) -> None:
        if key not in self:
            self._length += 1
        self._above[key] = value

    def __delitem__(self, key: K) -> None:
        rest = {**self._below, **self._above}
        del rest[key]
        self._below, self._above, self._length = rest, {}, len(rest)

    def __iter__(self) -> Iterator[K]:
        return chain(self._below, self._new())

    def __reversed__(self) -> Iterator[K]:
        return chain(reversed(self._new()), reversed(self._below))

    def __len__(self) -> int:
        return self._length

    def _new(self) -> list[K]:
        return [key for key in self._above if key not in self._below]
