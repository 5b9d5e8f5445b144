"""One look-up for all requests that need the same value at the same time."""

from asyncio import Task, create_task, shield
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class BatchedLookup(Generic[T]):
    """Looks a value up once for all tasks of an event loop that wait for it. A task that comes while a look-up is under
    way waits for the next one, so that no answer is older than the question."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._under_way: Task[T] | None = None
        self._next: Task[T] | None = None

    async def answer(self) -> T:
        """Return the value. Raises what the look-up raises."""
        if self._next is None:
            self._next = create_task(self._asked_after(self._under_way))
        return await shield(self._next)

    async def _asked_after(self, before: "Task[T] | None") -> T:
        if before is not None:
            with suppress(Exception):  # it is raised where that was asked
                await before
        self._under_way, self._next = self._next, None
        return await self._ask()
