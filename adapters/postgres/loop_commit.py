"""Group commit on an event loop: what it brings is recorded by the loop itself, without a thread.

A thread costs the loop two hand-overs of the interpreter for each batch. It takes the straight way alone: whatever goes
wrong is handed over to the committer in its thread, which finds out what was recorded.
"""

from asyncio import AbstractEventLoop, Task, TimerHandle
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from struct import Struct
from time import monotonic

import psycopg
from psycopg.pq.abc import PGresult

from adapters.postgres import clock
from adapters.postgres.append import APPEND, APPEND_TIMEOUT_SECONDS, Append, Appended, next_batch, outcomes, parameters
from adapters.postgres.datastore import UNUSABLE, why_unavailable
from adapters.postgres.errors import StoreBusy
from adapters.postgres.loop_connection import LoopConnection, Statement

SECONDS_BY_THREAD = 1.0
"""For how long appends are handed over after something went wrong, before the loop tries again."""

ENOUGH_TOGETHER = 8
SECONDS_FOR_MORE = 0.02
SECONDS_WITHOUT_PAUSE = 1.0
"""After a batch, the committer waits up to `SECONDS_FOR_MORE` until `ENOUGH_TOGETHER` appends wait: a commit costs
PostgreSQL nearly as much for one append as for eight. If so many do not come, callers are few and each would only wait
longer: then it does not pause for `SECONDS_WITHOUT_PAUSE`."""

STATEMENT = Statement.of(APPEND)
double = Struct("!d").pack

Open = Callable[[], Awaitable[LoopConnection]]
HandOver = Callable[[Sequence[Append]], None]


class LoopCommit:
    """The committer of one event loop.

    The first append is sent as it comes, and what comes while it is under way is recorded together after it. The answer
    is looked for with each that comes: while many are decided, one after the other, the loop does not look, and all of
    them would wait for one write to the disk.
    """

    def __init__(
        self, loop: AbstractEventLoop, open: Open, hand_over: HandOver, when_recorded: Callable[[], object]
    ) -> None:
        """`when_recorded` is called after each batch."""
        self.loop = loop
        self._open = open
        self._hand_over = hand_over
        self._when_recorded = when_recorded
        self._waiting: list[Append] = []
        self._under_way: Sequence[Append] | None = None
        self._opening: Task[None] | None = None
        self._connection: LoopConnection | None = None
        self._by_thread_until = 0.0
        self._pause: TimerHandle | None = None
        """Set while nothing is under way and more appends are waited for."""
        self._no_pause_until = 0.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, wish: Append) -> None:
        """Queue an append, which is awaited."""
        self._waiting.append(wish)
        if self._pause:
            if len(self._waiting) >= ENOUGH_TOGETHER:
                self._pause.cancel()
                self._end_pause()
        elif self._under_way is None:
            self._send_next()
        elif self._connection:
            self._connection.look()

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def end(self) -> None:
        """Close the connection after its loop has ended, and stop what is under way on it: whoever asked for that was
        told that its outcome is not known."""
        if self._connection and self._under_way:
            self._connection.cancel()
        self.close()

    def _send_next(self) -> None:
        self._under_way = None
        if not self._waiting:
            return
        if monotonic() < self._by_thread_until:
            waiting, self._waiting = self._waiting, []
            self._hand_over(waiting)
            return
        if self._connection:
            self._connection.look()  # one that was lost while it was idle has lost nothing of ours
        if self._connection is None or self._connection.closed:
            self._under_way = ()
            self._opening = self.loop.create_task(self._open_one())
            return
        batch, self._waiting = next_batch(self._waiting)
        if not batch:
            self._send_next()
            return
        self._under_way = batch
        try:
            given = [each.encode() if isinstance(each, str) else each for each in parameters(batch)]
            asked = [*given, double(clock.wall_clock())]
            self._connection.send(STATEMENT, asked, APPEND_TIMEOUT_SECONDS, partial(self._answered, batch))
        except psycopg.Error:
            self._give_up(batch, perhaps_recorded=True)

    async def _open_one(self) -> None:
        try:
            self._connection = await self._open()
            await self._connection.prepare(STATEMENT, APPEND_TIMEOUT_SECONDS)
        except (psycopg.Error, OSError):
            self.close()
            self._give_up((), perhaps_recorded=False)
        else:
            self._send_next()

    def _answered(self, batch: Sequence[Append], answer: "PGresult | psycopg.Error") -> None:
        if isinstance(answer, psycopg.Error):
            failed = answer.diag.severity_nonlocalized == "ERROR"  # else it is not known what was recorded
            if failed and isinstance(answer, UNUSABLE):
                self._refuse(batch, answer)
            else:
                self._give_up(batch, perhaps_recorded=not failed)
            return
        winners, last = answer.get_value(0, 0), answer.get_value(0, 1)
        if winners is None or last is None:  # the clock is ahead, which the thread tells of
            self._give_up(batch, perhaps_recorded=False)
            return
        won = map(int, winners[1:-1].split(b",")) if len(winners) > 2 else ()
        for each, outcome in zip(batch, outcomes(batch, won, int(last)), strict=True):
            settle(each, outcome)
        self._when_recorded()
        if 0 < len(self._waiting) < ENOUGH_TOGETHER and monotonic() >= self._no_pause_until:
            self._under_way = None
            self._pause = self.loop.call_later(SECONDS_FOR_MORE, self._end_pause_in_vain)
        else:
            self._send_next()

    def _end_pause(self) -> None:
        self._pause = None
        self._send_next()

    def _end_pause_in_vain(self) -> None:
        self._no_pause_until = monotonic() + SECONDS_WITHOUT_PAUSE
        self._end_pause()

    def _refuse(self, batch: Sequence[Append], error: psycopg.Error) -> None:
        """Refuse a batch of which nothing was recorded, and all that wait: they would wait as long, and in vain."""
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            self.close()  # the next connection may find another server
        for each in batch:
            settle(each, why_unavailable(error))
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if each.claim():
                settle(each, StoreBusy(StoreBusy.__doc__))
        self._send_next()

    def _give_up(self, batch: Sequence[Append], perhaps_recorded: bool) -> None:
        """Hand a batch over, and for a time all that comes after it."""
        self._by_thread_until = monotonic() + SECONDS_BY_THREAD
        for each in batch:
            each.handed_over, each.perhaps_recorded = True, perhaps_recorded
        self._hand_over(batch)
        self._send_next()


def settle(wish: Append, outcome: Appended | Exception) -> None:
    """Tell whoever awaits an append what became of it."""
    wish.resolve(outcome)
    if wish.awaited and not wish.awaited.done():
        wish.awaited.set_result(None)
