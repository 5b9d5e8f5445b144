"""A cache of what was computed from the current state of plans."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


class Kept(Generic[T]):
    """A cache with a maximum number of entries. Entries with text must be dropped when a person is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[UUID, Hashable], T] = OrderedDict()
        self._lock = Lock()

    def of(self, plan: UUID, made_of: Hashable, make: Callable[[], T]) -> T:
        """Return the cached value of a plan, or make it now. `made_of` contains everything else on which the value
        depends."""
        key = plan, made_of
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def drop(self, plan: UUID) -> None:
        """Drop all entries of a plan."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == plan]:
                del self._kept[key]

    def drop_all(self) -> None:
        with self._lock:
            self._kept.clear()
