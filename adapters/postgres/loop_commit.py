"""Group commit in an event loop: the loop records its callers' appends itself, without a thread.

A thread would cost two switches of the interpreter for each batch. This committer handles only success and plain
refusals. After any other error it hands the batch to the committer thread, which finds out what was recorded.
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
"""Seconds for which the committer thread records the appends after an error, before the loop tries again."""

ENOUGH_TOGETHER = 8
SECONDS_FOR_MORE = 0.02
SECONDS_WITHOUT_PAUSE = 1.0
"""After a batch, the committer waits up to `SECONDS_FOR_MORE` until `ENOUGH_TOGETHER` appends wait, because PostgreSQL
needs nearly as long to commit one append as eight. If fewer come, there are few callers, and a pause would only delay
them: then the committer does not pause for `SECONDS_WITHOUT_PAUSE`."""

STATEMENT = Statement.of(APPEND)
double = Struct("!d").pack

Open = Callable[[], Awaitable[LoopConnection]]
HandOver = Callable[[Sequence[Append]], None]


class LoopCommit:
    """The committer of one event loop.

    It sends the first append at once. Appends that come before the answer are recorded together afterwards. The socket
    is read whenever an append comes: a loop that is busy deciding commands reads no sockets in between, and then all of
    them would wait for the same write to disk.
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
        """The batch that was sent; None if there is none, and empty while a connection opens."""
        self._opening: Task[None] | None = None
        self._connection: LoopConnection | None = None
        self._by_thread_until = 0.0
        """Until then the committer thread records all appends, in seconds of `monotonic`."""
        self._pause: TimerHandle | None = None
        """The timer of the pause in which further appends are waited for; None outside of a pause."""
        self._no_pause_until = 0.0
        """Until then batches follow each other without a pause, in seconds of `monotonic`."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, queued: Append) -> None:
        """Queue an append. Its caller awaits `Append.awaited`."""
        self._waiting.append(queued)
        if self._pause:
            if len(self._waiting) >= ENOUGH_TOGETHER:
                self._pause.cancel()
                self._end_pause()
        elif self._under_way is None:
            self._send_next()
        elif self._connection:
            self._connection.read_now()

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def end(self) -> None:
        """Close the connection after its loop has ended, and cancel the batch that is under way: its callers were told
        that the outcome is unknown."""
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
            self._connection.read_now()  # a connection lost while idle is noticed here, before anything is sent
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
            self._leave_to_thread(batch, perhaps_recorded=True)

    async def _open_one(self) -> None:
        try:
            self._connection = await self._open()
            await self._connection.prepare(STATEMENT, APPEND_TIMEOUT_SECONDS)
        except (psycopg.Error, OSError):
            self.close()
            self._leave_to_thread((), perhaps_recorded=False)
        else:
            self._send_next()

    def _answered(self, batch: Sequence[Append], answer: "PGresult | psycopg.Error") -> None:
        if isinstance(answer, psycopg.Error):
            failed = answer.diag.severity_nonlocalized == "ERROR"  # after other errors it is unknown what was recorded
            if failed and isinstance(answer, UNUSABLE):
                self._refuse(batch, answer)
            else:
                self._leave_to_thread(batch, perhaps_recorded=not failed)
            return
        winners, last = answer.get_value(0, 0), answer.get_value(0, 1)
        if winners is None or last is None:  # the clock is ahead, which the thread reports
            self._leave_to_thread(batch, perhaps_recorded=False)
            return
        won = map(int, winners[1:-1].split(b",")) if len(winners) > 2 else ()
        for each, outcome in zip(batch, outcomes(batch, won, int(last)), strict=True):
            tell_outcome(each, outcome)
        self._when_recorded()
        if 0 < len(self._waiting) < ENOUGH_TOGETHER and monotonic() >= self._no_pause_until:
            self._under_way = None
            self._pause = self.loop.call_later(SECONDS_FOR_MORE, self._end_vain_pause)
        else:
            self._send_next()

    def _end_pause(self) -> None:
        self._pause = None
        self._send_next()

    def _end_vain_pause(self) -> None:
        """End a pause in which too few appends came."""
        self._no_pause_until = monotonic() + SECONDS_WITHOUT_PAUSE
        self._end_pause()

    def _refuse(self, batch: Sequence[Append], error: psycopg.Error) -> None:
        """Refuse a batch of which nothing was recorded, and every waiting append, because it would fail in the same
        way."""
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            self.close()  # the next connection may reach another server
        for each in batch:
            tell_outcome(each, why_unavailable(error))
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if each.claim():
                tell_outcome(each, StoreBusy(StoreBusy.__doc__))
        self._send_next()

    def _leave_to_thread(self, batch: Sequence[Append], perhaps_recorded: bool) -> None:
        """Hand a batch over to the committer thread, and for `SECONDS_BY_THREAD` everything that comes after it."""
        self._by_thread_until = monotonic() + SECONDS_BY_THREAD
        for each in batch:
            each.handed_over, each.perhaps_recorded = True, perhaps_recorded
        self._hand_over(batch)
        self._send_next()


def tell_outcome(queued: Append, outcome: Appended | Exception) -> None:
    """Tell the outcome of an append to whoever awaits it."""
    queued.resolve(outcome)
    if queued.awaited and not queued.awaited.done():
        queued.awaited.set_result(None)
