"""Group commit: callers queue their appends, and a committer records all waiting appends in one round trip.

Callers that wait in a thread are served by a committer thread, callers in an event loop by a committer in that loop.
Several committers and processes may work at once: the lock of the append function puts their batches in order, and its
check of each plan's version decides which append is recorded.
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


def withdraw_or_wait_on(queued: Append, awaited: "Future[None]") -> None:
    """Withdraw an append that was awaited for too long. If a committer has claimed it already, wait once more as
    long."""
    if awaited.done():
        return
    if queued.claim():
        awaited.set_exception(StoreBusy(StoreBusy.__doc__))
    else:
        awaited.get_loop().call_later(APPEND_TIMEOUT_SECONDS, report_unknown, awaited)


def cancel_timer(timer: TimerHandle, _awaited: "Future[None]") -> None:
    """Cancel the timer of an append that was resolved."""
    timer.cancel()


def report_unknown(awaited: "Future[None]") -> None:
    """Tell the caller that the outcome is unknown, unless it was told before."""
    if not awaited.done():
        awaited.set_exception(OutcomeUnknown(OutcomeUnknown.__doc__))


def notify(batch: Sequence[Append]) -> None:
    """Notify the callers in event loops. All callers of one loop are notified by one call, because each call interrupts
    the loop."""
    by_loop: dict[AbstractEventLoop, list[Future[None]]] = {}
    for each in batch:
        if each.awaited is not None:
            by_loop.setdefault(each.awaited.get_loop(), []).append(each.awaited)
    for loop, awaited in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, so nobody waits in it
            loop.call_soon_threadsafe(resolved, awaited)


def resolved(awaited: Sequence["Future[None]"]) -> None:
    for each in awaited:
        if not each.done():
            each.set_result(None)


def append_unless_found(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends that may have been recorded already, because their acknowledgement was lost.

    This happens under the append lock: a server process that still works on them has either committed before, or will
    find the plans at another version.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
        found = [find(connection, each) for each in batch]
        missing = [each for each, outcome in zip(batch, found, strict=True) if outcome is None]
        appended = iter(append(connection, missing) if missing else ())
        return [outcome or next(appended) for outcome in found]


def find(connection: Connection[Any], wanted: Append) -> Appended | None:
    """Return the outcome of an append if it was recorded, else None. It was recorded if the events after the expected
    version have the same bytes: these contain the id of its command, which occurs only once."""
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
    """The queue of appends of one process, with its committer thread and the committer of its event loop."""

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        most_waiting: int = MOST_WAITING,
        outages: Outages | None = None,
        open_in_loop: Open | None = None,
    ) -> None:
        """Without `open_in_loop`, the thread also records the appends of event loops."""
        self._connect = connect
        self._open_in_loop = open_in_loop
        self._on_the_loop: LoopCommit | None = None
        self._clock = Work(outages, "clock ahead", "clock is right", "commands answer 503")
        """Reports when appends are refused because of the clock, and when they are recorded again."""
        self._most_waiting = most_waiting
        self._queue: SimpleQueue[Append | None] = SimpleQueue()
        """Appends in the order in which they came. None tells the committer to end."""
        self._later: list[Append] = []
        """Appends that could not be part of the current batch, in order. Only the committer uses it."""
        self._closed = False
        self._thread: Thread | None = None
        self._starting = Lock()
        self._connection: Connection[Any] | None = None

    def append(self, queued: Append) -> Appended:
        """Queue an append and wait for its outcome.

        Raises `StoreBusy` if the queue is full or the append waited too long; then it is withdrawn and nothing is
        recorded. Raises `StoreUnavailable` if nothing was recorded, and `OutcomeUnknown` if the store went away during
        the append and did not come back.
        """
        self._enqueue_if_room(queued)
        try:
            if not queued.wait(APPEND_TIMEOUT_SECONDS):
                if queued.claim():
                    raise StoreBusy(StoreBusy.__doc__)
                if not queued.wait(APPEND_TIMEOUT_SECONDS):
                    raise OutcomeUnknown(OutcomeUnknown.__doc__)
        finally:
            queued.claim()
        return queued.outcome()

    async def append_async(self, queued: Append) -> Appended:
        """Do the same as `append`, without holding a thread while it waits."""
        loop = get_running_loop()
        self._check_room()
        queued.awaited = loop.create_future()
        committer = self._committer_of(loop)
        try:
            if committer:
                committer.put(queued)
            else:
                self._hand_over([queued])
            await queued.awaited
        finally:
            queued.claim()
        return queued.outcome()

    def _committer_of(self, loop: AbstractEventLoop) -> LoopCommit | None:
        """Return the committer of a loop; None if another loop has it."""
        if self._on_the_loop and self._on_the_loop.loop is not loop and self._on_the_loop.loop.is_closed():
            self._on_the_loop.close()
            self._on_the_loop = None
        if self._on_the_loop is None and self._open_in_loop:
            self._on_the_loop = LoopCommit(loop, self._open_in_loop, self._hand_over, self._clock.done)
        return self._on_the_loop if self._on_the_loop and self._on_the_loop.loop is loop else None

    def _hand_over(self, appends: Sequence[Append]) -> None:
        """Queue appends of an event loop for the committer thread. They wait as long as appends of other callers."""
        for queued in appends:
            assert queued.awaited is not None
            timer = queued.awaited.get_loop().call_later(
                APPEND_TIMEOUT_SECONDS, withdraw_or_wait_on, queued, queued.awaited
            )
            queued.awaited.add_done_callback(partial(cancel_timer, timer))
            self._enqueue(queued)

    def _enqueue_if_room(self, queued: Append) -> None:
        self._check_room()
        self._enqueue(queued)

    def _enqueue(self, queued: Append) -> None:
        if self._thread is None:
            self._start()
        self._queue.put(queued)

    def _check_room(self) -> None:
        """Raise `StoreBusy` if too many appends wait."""
        on_the_loop = self._on_the_loop.waiting if self._on_the_loop else 0
        if self._closed or self._queue.qsize() + len(self._later) + on_the_loop >= self._most_waiting:
            raise StoreBusy(StoreBusy.__doc__)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._commit_until_closed, name="committer", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Record the appends that wait, then end."""
        self._closed = True
        self._queue.put(None)
        with self._starting:  # another thread may be starting the committer for the first append
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
        """Return the waiting appends, but only one of each plan. The result is empty if the committer must end."""
        while True:
            waiting = self._later or self._wait()
            batch, self._later = next_batch(waiting + self._drained())
            if batch or (self._closed and not self._later):
                return batch

    def _wait(self) -> list[Append]:
        if self._closed:  # `_refuse_waiting` may have removed the signal to end from the queue
            return []
        first = self._queue.get()
        return [first] if first else []

    def _drained(self) -> list[Append]:
        """Take everything out of the queue without waiting."""
        found: list[Append] = []
        try:
            while True:
                if each := self._queue.get_nowait():
                    found.append(each)
        except Empty:
            return found

    def _resolve(self, batch: Sequence[Append]) -> None:
        """Tell every caller of a batch the outcome. No error ends the committer."""
        try:
            for each, outcome in zip(batch, self._recorded(batch), strict=True):
                each.resolve(outcome)
            self._clock.done()
        except StoreUnavailable as error:
            if isinstance(error, ClockAhead):
                self._clock.failed(error)
            for each in batch:
                each.resolve(error)
            self._refuse_waiting()
        except Exception as error:  # noqa: BLE001 - the callers get it
            if len(batch) == 1:
                batch[0].resolve(error)
                return
            # The batch is repeated append by append, so that one that the store rejects does not make the others fail.
            for each in batch:
                self._resolve([each])
        finally:
            notify(batch)

    def _refuse_waiting(self) -> None:
        """Refuse every waiting append, because it would wait as long as the one that has just failed."""
        waiting, self._later = self._later + self._drained(), []
        for each in waiting:
            if each.perhaps_recorded:
                each.resolve(OutcomeUnknown(OutcomeUnknown.__doc__))
            elif each.handed_over or each.claim():
                each.resolve(StoreBusy(StoreBusy.__doc__))
        notify(waiting)

    def _recorded(self, batch: Sequence[Append]) -> list[Appended]:
        """Record a batch, and return the outcomes. If the acknowledgement is lost, find out what was recorded, and
        record the rest."""
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
            # The query plan of the append function does not depend on its arguments. Planning it once saves a third of
            # the time.
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        return self._connection
