"""Group commit: callers queue, and one committer records everything that waits in one round trip.

Who holds a thread while they wait is served by a committer in a thread, and who waits in an event loop by one in that
loop. Between committers, as between processes, the lock of the append function decides the order, and its check of each
plan's version decides who wins.
"""

from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import Connection

from adapters.observability.outages import Outages, Work
from adapters.postgres.append import APPEND_TIMEOUT_SECONDS, Append, Appended, append, next_batch
from adapters.postgres.datastore import UNUSABLE, was_lost, why_unavailable
from adapters.postgres.errors import ClockAhead, OutcomeUnknown, StoreBusy, StoreUnavailable
from adapters.postgres.loop_commit import LoopCommit, Open

MOST_WAITING = 1_000


def lose_patience(wish: Append, awaited: "Future[None]") -> None:
    """Give an append up that is awaited; once it was claimed to be recorded, only after as long again."""
    if awaited.done():
        return
    if wish.claim():
        awaited.set_exception(StoreBusy(StoreBusy.__doc__))
    else:
        awaited.get_loop().call_later(APPEND_TIMEOUT_SECONDS, give_up, awaited)


def need_no_patience(patience: TimerHandle, _awaited: "Future[None]") -> None:
    patience.cancel()


def give_up(awaited: "Future[None]") -> None:
    if not awaited.done():
        awaited.set_exception(OutcomeUnknown(OutcomeUnknown.__doc__))


def wake(batch: Sequence[Append]) -> None:
    """Wake the callers who hold no thread: all that wait in one loop by one call, for each call wakes the loop."""
    by_loop: dict[AbstractEventLoop, list[Future[None]]] = {}
    for each in batch:
        if each.awaited is not None:
            by_loop.setdefault(each.awaited.get_loop(), []).append(each.awaited)
    for loop, awaited in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(resolved, awaited)


def resolved(awaited: Sequence["Future[None]"]) -> None:
    for each in awaited:
        if not each.done():
            each.set_result(None)


def append_unless_found(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends that may have been recorded already, because their acknowledgement was lost.

    All happens under the lock: a backend that is still working on them has either committed or will lose.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
        found = [find(connection, each) for each in batch]
        missing = [each for each, outcome in zip(batch, found, strict=True) if outcome is None]
        appended = iter(append(connection, missing) if missing else ())
        return [outcome or next(appended) for outcome in found]


def find(connection: Connection[Any], wanted: Append) -> Appended | None:
    """What became of an append that was recorded: the events after the expected version are its own, byte for byte, the
    id of its command among them."""
    if not wanted.stored_events:
        return None
    first, last = wanted.stored_events[0], wanted.stored_events[-1]
    rows = connection.execute(
        "SELECT state, notification_id FROM plantrail.stored_events WHERE originator_id = %s"
        " AND originator_version IN (%s, %s) ORDER BY originator_version",
        (wanted.aggregate_id, first.originator_version, last.originator_version),
    ).fetchall()
    if rows and (rows[0][0], rows[-1][0]) == (first.state, last.state):
        return Appended(True, rows[-1][1])
    return None


class GroupCommit:
    """The committer of one process, and its queue."""

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        most_waiting: int = MOST_WAITING,
        outages: Outages | None = None,
        open_in_loop: Open | None = None,
    ) -> None:
        """Without `open_in_loop`, what loops bring is recorded by the thread too."""
        self._connect = connect
        self._open_in_loop = open_in_loop
        self._on_the_loop: LoopCommit | None = None
        self._clock = Work(outages, "clock ahead", "clock is right", "commands answer 503")
        """Told when appends are refused because of the clock, and when they are recorded again."""
        self._most_waiting = most_waiting
        self._queue: SimpleQueue[Append | None] = SimpleQueue()
        """The queue. None tells the committer to end."""
        self._later: list[Append] = []
        """Appends that could not be part of the current batch, in order. Only the committer uses it."""
        self._closed = False
        self._thread: Thread | None = None
        self._starting = Lock()
        self._connection: Connection[Any] | None = None

    def append(self, wish: Append) -> Appended:
        """Queue an append and wait for its outcome.

        Raises `StoreBusy` if the queue is full or the turn does not come, `StoreUnavailable`, and `OutcomeUnknown` if
        the store went away in the middle and did not come back. If a caller gives up before its turn has come, nothing
        is recorded.
        """
        self._queue_up(wish)
        try:
            if not wish.wait(APPEND_TIMEOUT_SECONDS):
                if wish.claim():
                    raise StoreBusy(StoreBusy.__doc__)
                if not wish.wait(APPEND_TIMEOUT_SECONDS):
                    raise OutcomeUnknown(OutcomeUnknown.__doc__)
        finally:
            wish.claim()
        return wish.outcome()

    async def append_async(self, wish: Append) -> Appended:
        """Do the same as `append`, without holding a thread while it waits."""
        loop = get_running_loop()
        self._check_room()
        wish.awaited = loop.create_future()
        committer = self._committer_of(loop)
        try:
            if committer:
                committer.put(wish)
            else:
                self._hand_over([wish])
            await wish.awaited
        finally:
            wish.claim()
        return wish.outcome()

    def _committer_of(self, loop: AbstractEventLoop) -> LoopCommit | None:
        """Return the committer of a loop; None if another loop has it."""
        if self._on_the_loop and self._on_the_loop.loop is not loop and self._on_the_loop.loop.is_closed():
            self._on_the_loop.close()
            self._on_the_loop = None
        if self._on_the_loop is None and self._open_in_loop:
            self._on_the_loop = LoopCommit(loop, self._open_in_loop, self._hand_over, self._clock.done)
        return self._on_the_loop if self._on_the_loop and self._on_the_loop.loop is loop else None

    def _hand_over(self, wishes: Sequence[Append]) -> None:
        """Queue appends that are awaited in a loop for the thread. They have as much patience as any other."""
        for wish in wishes:
            assert wish.awaited is not None
            patience = wish.awaited.get_loop().call_later(APPEND_TIMEOUT_SECONDS, lose_patience, wish, wish.awaited)
            wish.awaited.add_done_callback(partial(need_no_patience, patience))
            self._put(wish)

    def _queue_up(self, wish: Append) -> None:
        self._check_room()
        self._put(wish)

    def _put(self, wish: Append) -> None:
        if self._thread is None:
            self._start()
        self._queue.put(wish)

    def _check_room(self) -> None:
        """Raises `StoreBusy` if too many wait."""
        on_the_loop = self._on_the_loop.waiting if self._on_the_loop else 0
        if self._closed or self._queue.qsize() + len(self._later) + on_the_loop >= self._most_waiting:
            raise StoreBusy(StoreBusy.__doc__)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._commit_until_closed, name="committer", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Record what is waiting, then end."""
        self._closed = True
        self._queue.put(None)
        with self._starting:  # somebody may be starting it with the first append
            committer = self._thread
        if committer:
            committer.join(timeout=2 * APPEND_TIMEOUT_SECONDS)
        if self._connection:
            self._connection.close()
        if self._on_the_loop:
            self._on_the_loop.end()

    def _commit_until_closed(self) -> None:
        while batch := self._next_batch():
            self._resolve(batch)

    def _next_batch(self) -> list[Append]:
        """Return everything that waits, but only one append of each plan; empty if the committer is to end."""
        while True:
            waiting = self._later or self._wait()
            batch, self._later = next_batch(waiting + self._all_that_wait())
            if batch or (self._closed and not self._later):
                return batch

    def _wait(self) -> list[Append]:
        if self._closed:  # the signal to end may have been removed with the appends that were turned away
            return []
        first = self._queue.get()
        return [first] if first else []

    def _all_that_wait(self) -> list[Append]:
        found: list[Append] = []
        try:
            while True:
                if each := self._queue.get_nowait():
                    found.append(each)
        except Empty:
            return found

    def _resolve(self, batch: Sequence[Append]) -> None:
        """Tell every waiting caller the outcome. The committer continues, whatever happens."""
        try:
            for each, outcome in zip(batch, self._recorded(batch), strict=True):
                each.resolve(outcome)
            self._clock.done()
        except StoreUnavailable as error:
            if isinstance(error, ClockAhead):
                self._clock.failed(error)
            for each in batch:
                each.resolve(error)
            self._turn_away_who_waits()
        except Exception as error:  # noqa: BLE001 - whoever it is about is told
            if len(batch) == 1:
                batch[0].resolve(error)
                return
            # An append that the store rejects must not make the others fail.
            for each in batch:
                self._resolve([each])
        finally:
            wake(batch)

    def _turn_away_who_waits(self) -> None:
        """Refuse everybody who waits: they would wait as long again, and in vain."""
        waiting, self._later = self._later + self._all_that_wait(), []
        for each in waiting:
            if each.perhaps_recorded:
                each.resolve(OutcomeUnknown(OutcomeUnknown.__doc__))
            elif each.handed_over or each.claim():
                each.resolve(StoreBusy(StoreBusy.__doc__))
        wake(waiting)

    def _recorded(self, batch: Sequence[Append]) -> list[Appended]:
        """Append a batch. If the acknowledgement was lost, find out what was recorded, and append the rest."""
        deadline = min(each.since for each in batch) + APPEND_TIMEOUT_SECONDS
        unsure = any(each.perhaps_recorded for each in batch)
        while True:
            try:
                connection = self._connected()
                return append_unless_found(connection, batch) if unsure else append(connection, batch)
            except UNUSABLE as error:
                failed = error.diag.severity_nonlocalized == "ERROR"
                if self._connection is not None and (
                    not failed or isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
                ):
                    self._connection.close()
                    self._connection = None
                    unsure = unsure or not failed
                if unsure and (failed or monotonic() > deadline):
                    raise OutcomeUnknown(OutcomeUnknown.__doc__) from error
                if failed or monotonic() > deadline:
                    raise why_unavailable(error) from error
                sleep(0.1)

    def _connected(self) -> Connection[Any]:
        if self._connection is not None and was_lost(self._connection):
            self._connection = None
        if self._connection is None:
            self._connection = self._connect()
            # The plan of the append function does not depend on its arguments. Planning it once saves a third of the
            # time.
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        return self._connection
