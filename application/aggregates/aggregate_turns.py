"""Turns: within one process, commands on the same aggregate are carried out one after the other. Otherwise they would
lose races against each other and would have to be decided again."""

from asyncio import CancelledError, Future, get_running_loop, sleep, timeout
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from uuid import UUID

from application.aggregates.ports import StoreBusy

TURN_TIMEOUT_SECONDS = 2.0
"""Seconds for which a command waits for earlier commands on the same aggregate. If they take longer, the store is slow,
and the caller is told that it is busy."""


SECONDS_BETWEEN_LOOKS = 0.001
TURNS_AWAITED = 500
"""How often an event loop checks whether a thread has finished its turn, before it leaves the command to a thread."""


class Turns:
    """The turns on aggregates, for commands in threads and in one event loop."""

    def __init__(self) -> None:
        self._turns = [Lock() for _ in range(1024)]
        self._lines: dict[UUID, deque[Future[None]]] = {}
        """By aggregate, the tasks of the event loop that wait for a turn of another task, in the order in which they
        came."""

    def on_the_loop(self, id: UUID) -> "LoopTurn":
        """Return a context that waits in the event loop for the turn on an aggregate, and holds it."""
        return LoopTurn(id, self._turns[hash(id) % len(self._turns)], self._lines)

    @contextmanager
    def of(self, id: UUID) -> Iterator[None]:
        """Wait for the turn on an aggregate, and hold it for the length of the context. Raises `StoreBusy` after
        `TURN_TIMEOUT_SECONDS`."""
        turn = self._turns[hash(id) % len(self._turns)]
        if not turn.acquire(timeout=TURN_TIMEOUT_SECONDS):
            raise StoreBusy(StoreBusy.__doc__)
        try:
            yield
        finally:
            turn.release()


class LoopTurn:
    """The turn of a task in the event loop. Tasks get their turns in the order in which they came. The first task
    checks whether a thread holds the turn, which is rare."""

    __slots__ = ("_has_it", "_id", "_lines", "_turn")

    def __init__(self, id: UUID, turn: Lock, lines: dict[UUID, deque[Future[None]]]) -> None:
        self._id = id
        self._turn = turn
        self._lines = lines
        self._has_it = False

    async def __aenter__(self) -> bool:
        """Wait for the turn. Returns False if a thread holds it too long to wait for. Raises `StoreBusy` if other tasks
        do."""
        line = self._lines.get(self._id)
        if line is None:
            self._lines[self._id] = deque()
        else:
            await self._wait_in(line)
        self._has_it = self._turn.acquire(blocking=False)
        if not self._has_it:
            try:
                self._has_it = await self._taken_from_threads()
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
            if not place.cancelled():  # it got the turn at the moment it stopped waiting
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise StoreBusy(StoreBusy.__doc__) from None
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next task that waits."""
        line = self._lines[self._id]
        while line:
            place = line.popleft()
            if not place.done():  # those that are done no longer wait
                place.set_result(None)
                return
        del self._lines[self._id]

    async def _taken_from_threads(self) -> bool:
        """Wait until no thread holds the turn, and take it. Returns False if that takes too long."""
        for _ in range(TURNS_AWAITED):
            await sleep(SECONDS_BETWEEN_LOOKS)
            if self._turn.acquire(blocking=False):
                return True
        return False
