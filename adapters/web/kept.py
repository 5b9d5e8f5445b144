"""What was made of plans as they stand, kept for whoever asks next."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


class Kept(Generic[T]):
    """Keeps what was asked for last, so many in all. What holds words has to be dropped when somebody is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[UUID, Hashable], T] = OrderedDict()
        self._lock = Lock()

    def of(self, plan: UUID, made_of: Hashable, make: Callable[[], T]) -> T:
        """What is kept of a plan, or is made now; `made_of` names everything else that it depends on."""
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
        """Drop everything of a plan."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == plan]:
                del self._kept[key]

    def drop_all(self) -> None:
        with self._lock:
            self._kept.clear()
