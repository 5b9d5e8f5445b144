"""Group commit on an event loop: what it brings is recorded by the loop itself, without a thread.

A thread costs the loop two hand-overs of the interpreter for each batch. It takes the straight way alone: whatever goes
wrong is handed over to the committer in its thread, which finds out what was recorded.
"""

from asyncio import AbstractEventLoop, Task, get_running_loop
from collections.abc import Awaitable, Callable, Sequence
from struct import Struct
from time import monotonic

import psycopg

from adapters.postgres import clock
from adapters.postgres.append import APPEND, APPEND_TIMEOUT_SECONDS, Append, Appended, next_batch, outcomes, parameters
from adapters.postgres.loop_connection import LoopConnection, Statement

SECONDS_BY_THREAD = 1.0
"""For how long appends are handed over after something went wrong, before the loop tries again."""

STATEMENT = Statement.of(APPEND)
double = Struct("!d").pack

Open = Callable[[], Awaitable[LoopConnection]]
HandOver = Callable[[Sequence[Append]], None]


class LoopCommit:
    """The committer of one event loop."""

    def __init__(self, loop: AbstractEventLoop, open: Open, hand_over: HandOver) -> None:
        self.loop = loop
        self._open = open
        self._hand_over = hand_over
        self._waiting: list[Append] = []
        self._committing: Task[None] | None = None
        self._connection: LoopConnection | None = None
        self._by_thread_until = 0.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, wish: Append) -> None:
        """Queue an append. What comes in one turn of the loop, and while a batch is under way, is recorded together."""
        self._waiting.append(wish)
        if self._committing is None or self._committing.done():
            self._committing = get_running_loop().create_task(self._commit())

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    async def _commit(self) -> None:
        while self._waiting:
            if monotonic() < self._by_thread_until:
                waiting, self._waiting = self._waiting, []
                self._hand_over(waiting)
                return
            batch, self._waiting = next_batch(self._waiting)
            try:
                appended = await self._recorded(batch) if batch else []
            except BaseException as error:
                self._by_thread_until = monotonic() + SECONDS_BY_THREAD
                for each in batch:
                    each.perhaps_recorded = True
                self._hand_over(batch)
                if not isinstance(error, (psycopg.Error, OSError)):
                    raise
            else:
                for each, outcome in zip(batch, appended, strict=True):
                    each.resolve(outcome)
                    if each.awaited and not each.awaited.done():
                        each.awaited.set_result(None)

    async def _recorded(self, batch: Sequence[Append]) -> list[Appended]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._open()
        given = [each.encode() if isinstance(each, str) else each for each in parameters(batch)]
        answer = await self._connection.run(
            STATEMENT, [*given, double(clock.wall_clock())], seconds=APPEND_TIMEOUT_SECONDS
        )
        winners, last = answer.get_value(0, 0), answer.get_value(0, 1)
        if winners is None or last is None:  # the clock is ahead, and nothing was recorded
            raise psycopg.DataError("Nothing was answered.")
        return outcomes(batch, map(int, winners[1:-1].split(b",")) if len(winners) > 2 else (), int(last))
