"""Turns: in one process commands on one aggregate come one after the other, so that they do not race each other."""

from asyncio import Lock as TurnOnTheLoop
from asyncio import sleep, timeout
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Lock
from uuid import UUID
from weakref import WeakValueDictionary

from application.aggregates.ports import StoreBusy

TURN_TIMEOUT_SECONDS = 2.0
"""Seconds for which a command waits for earlier ones on the same aggregate. If they take longer, the store is slow
too."""


SECONDS_BETWEEN_LOOKS = 0.001
TURNS_AWAITED = 500
"""How often it is looked whether a turn has ended, before a command takes a thread to wait for it."""


class Turns:
    """The turns on aggregates, of threads and of an event loop."""

    def __init__(self) -> None:
        self._turns = [Lock() for _ in range(1024)]
        self._lines = WeakValueDictionary[UUID, TurnOnTheLoop]()
        """Who waits for a turn in the loop, by aggregate: one of them looks, the others wait for that one."""

    @asynccontextmanager
    async def on_the_loop(self, id: UUID) -> AsyncIterator[bool]:
        """Wait for the turn on an aggregate, and have it while the context lasts. Yields False where a thread has it
        for long.

        In the loop those who come first have it first, so that nobody waits in vain; whoever it is the turn of looks
        whether a thread has it.
        """
        line = self._lines.setdefault(id, TurnOnTheLoop())
        try:
            if line.locked():
                async with timeout(TURN_TIMEOUT_SECONDS):
                    await line.acquire()
            else:
                await line.acquire()
        except TimeoutError:
            raise StoreBusy(StoreBusy.__doc__) from None
        turn = self._turns[hash(id) % len(self._turns)]
        try:
            has_it = turn.acquire(blocking=False) or await self._when_a_thread_ends(turn)
            try:
                yield has_it
            finally:
                if has_it:
                    turn.release()
        finally:
            line.release()

    async def _when_a_thread_ends(self, turn: "Lock") -> bool:
        for _ in range(TURNS_AWAITED):
            await sleep(SECONDS_BETWEEN_LOOKS)
            if turn.acquire(blocking=False):
                return True
        return False

    @contextmanager
    def of(self, id: UUID) -> Iterator[None]:
        """Wait for the turn on an aggregate: in one process commands on it come one after the other, so that they do
        not race each other."""
        turn = self._turns[hash(id) % len(self._turns)]
        if not turn.acquire(timeout=TURN_TIMEOUT_SECONDS):
            raise StoreBusy(StoreBusy.__doc__)
        try:
            yield
        finally:
            turn.release()
