"""Turns: within one process, commands on one aggregate are carried out one after the other, so that they do not
race.
"""

from asyncio import CancelledError, Future, get_running_loop, sleep, timeout
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from uuid import UUID

from application.aggregates.ports import StoreBusy

TURN_TIMEOUT_SECONDS = 2.0
"""Seconds for which a command waits for earlier ones on the same aggregate. If they take longer, the store is slow
too."""


SECONDS_BETWEEN_LOOKS = 0.001
TURNS_AWAITED = 500
"""How often it is looked whether a turn has ended, before a command takes a thread to wait for it."""


class Turns:
    """The turns on aggregates, for threads and for an event loop."""

    def __init__(self) -> None:
        self._turns = [Lock() for _ in range(1024)]
        self._lines: dict[UUID, deque[Future[None]]] = {}
        """Who waits in the loop for a turn that somebody in the loop has, by aggregate, in the order they came."""

    def on_the_loop(self, id: UUID) -> "LoopTurn":
        """Return a context in which an event loop waits for the turn on an aggregate, and has it while that lasts."""
        return LoopTurn(id, self._turns[hash(id) % len(self._turns)], self._lines)

    @contextmanager
    def of(self, id: UUID) -> Iterator[None]:
        """Wait for the turn on an aggregate, and hold it while the context lasts."""
        turn = self._turns[hash(id) % len(self._turns)]
        if not turn.acquire(timeout=TURN_TIMEOUT_SECONDS):
            raise StoreBusy(StoreBusy.__doc__)
        try:
            yield
        finally:
            turn.release()


class LoopTurn:
    """The turn of a task of the event loop. Tasks get their turns in the order in which they came; the first of them
    checks whether a thread holds the turn, which is rare."""

    __slots__ = ("_has_it", "_id", "_lines", "_turn")

    def __init__(self, id: UUID, turn: Lock, lines: dict[UUID, deque[Future[None]]]) -> None:
        self._id = id
        self._turn = turn
        self._lines = lines
        self._has_it = False

    async def __aenter__(self) -> bool:
        """Return False if a thread holds the turn for long. Raises `StoreBusy`."""
        line = self._lines.get(self._id)
        if line is None:
            self._lines[self._id] = deque()
        else:
            await self._wait_in(line)
        self._has_it = self._turn.acquire(blocking=False)
        if not self._has_it:
            try:
                self._has_it = await self._when_a_thread_ends()
            except CancelledError:
                self._pass_on()
                raise
        return self._has_it

    async def __aexit__(self, *_: object) -> None:
        if self._has_it:
            self._turn.release()
        self._pass_on()

    async def _wait_in(self, line: deque[Future[None]]) -> None:
        place: Future[None] = get_running_loop().create_future()
        line.append(place)
        try:
            async with timeout(TURN_TIMEOUT_SECONDS):
                await place
        except (CancelledError, TimeoutError) as error:
            if not place.cancelled():  # the turn had just been passed on to it
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise StoreBusy(StoreBusy.__doc__) from None
            raise

    def _pass_on(self) -> None:
        line = self._lines[self._id]
        while line:
            place = line.popleft()
            if not place.done():  # those that are done have gone
                place.set_result(None)
                return
        del self._lines[self._id]

    async def _when_a_thread_ends(self) -> bool:
        for _ in range(TURNS_AWAITED):
            await sleep(SECONDS_BETWEEN_LOOKS)
            if self._turn.acquire(blocking=False):
                return True
        return False
