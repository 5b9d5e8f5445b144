"""Group commit: callers queue, and one committer records everything that waits in one round trip.

The committer is the only writer of its process. Between processes the lock of the append function decides the order,
and its check of each plan's version decides who wins.
"""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from pydantic_core import to_json

from adapters.observability.outages import Outages, Work
from adapters.postgres import clock
from adapters.postgres.arrays import BYTEA_OID, TEXT_OID, UUID_OID, Array, array, bigints, nulls
from adapters.postgres.datastore import UNUSABLE, why_unavailable
from adapters.postgres.errors import ClockAhead, OutcomeUnknown, StoreBusy, StoreUnavailable
from application.aggregates.ports import Answer

APPEND = (
    "SELECT winners, last_position FROM plantrail.append("
    "%b::uuid[], %b::bigint[], %b::bytea[], %b::bytea[], %t::jsonb, %b::bigint[], %b::bigint[], %b::text[],"
    f" %b::bytea[]) WHERE {clock.IS_NOT_AHEAD}"
)
MOST_WAITING = 1_000
MOST_IN_A_BATCH = 256
APPEND_TIMEOUT_SECONDS = 6.0
"""Seconds for which a caller waits for its turn, and for which the committer tries to reach a store that went away."""


class Appended(NamedTuple):
    """The outcome of an append: whether it was recorded, and the position of its last event, or 0."""

    recorded: bool
    last_position: int


LOST = Appended(False, 0)


def held_lock() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class Append:
    """Events of one plan that are recorded together, if the plan is at the expected version."""

    aggregate_id: UUID
    expected: int
    stored_events: Sequence[StoredEvent]
    """Their versions follow the expected one without a gap."""
    answer: Answer | None = None
    deadline: float = field(default_factory=lambda: monotonic() + APPEND_TIMEOUT_SECONDS)
    _claimed: Lock = field(default_factory=Lock)
    _resolved: Lock = field(default_factory=held_lock)
    _outcome: Appended | Exception = LOST
    awaited: "Future[None] | None" = None
    """What a caller awaits who holds no thread."""

    # Bare locks cost a tenth of futures and conditions, which adds up with a thread for each caller.

    def claim(self) -> bool:
        """Claim the append: the committer to record it, or the caller to withdraw it. Returns False to the second of
        them."""
        return self._claimed.acquire(blocking=False)

    @property
    def claimed(self) -> bool:
        return self._claimed.locked()

    def resolve(self, outcome: Appended | Exception) -> None:
        self._outcome = outcome
        self._resolved.release()

    def wait(self, seconds: float) -> bool:
        """Wait. Returns whether the append was resolved in time."""
        return self._resolved.acquire(timeout=seconds)

    def outcome(self) -> Appended:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def lose_patience(wish: Append, awaited: "Future[None]") -> None:
    """Give an append up that is awaited; once it was claimed to be recorded, only after as long again."""
    if awaited.done():
        return
    if wish.claim():
        awaited.set_exception(StoreBusy(StoreBusy.__doc__))
    else:
        awaited.get_loop().call_later(APPEND_TIMEOUT_SECONDS, give_up, awaited)


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


def append(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends of different plans in one round trip. Each is recorded or dropped as a whole.

    Raises `ClockAhead`; then nothing was recorded.
    """
    events = [
        (place, event.originator_version, event.topic, event.state)
        for place, each in enumerate(batch, 1)
        for event in each.stored_events
    ]
    row = connection.execute(
        APPEND,
        (
            array(UUID_OID, [each.aggregate_id.bytes for each in batch]),
            bigints([each.expected for each in batch]),
            *_answers([each.answer for each in batch]),
            bigints([event[0] for event in events]),
            bigints([event[1] for event in events]),
            array(TEXT_OID, [event[2].encode() for event in events]),
            array(BYTEA_OID, [event[3] for event in events]),
            clock.wall_clock(),
        ),
        prepare=True,
        binary=True,
    ).fetchone()
    if row is None:
        raise ClockAhead(ClockAhead.__doc__)
    return outcomes(batch, *row)


def _answers(answers: Sequence[Answer | None]) -> tuple[Array, Array, str]:
    """Their scopes, bodies and contents; mostly there are none."""
    if not any(answers):
        none = nulls(BYTEA_OID, len(answers))
        return none, none, "[]"
    return (
        array(BYTEA_OID, [answer.scope if answer else None for answer in answers]),
        array(BYTEA_OID, [answer.body if answer else None for answer in answers]),
        to_json([answer and answer.content for answer in answers]).decode(),
    )


def outcomes(batch: Sequence[Append], winners: Iterable[int], last_position: int) -> list[Appended]:
    """Return the outcome of each append, given the indexes of the winners. Under the lock their positions are
    consecutive."""
    found = [LOST] * len(batch)
    position = last_position
    for winner in reversed(list(winners)):
        events = len(batch[winner - 1].stored_events)
        found[winner - 1] = Appended(True, position if events else 0)
        position -= events
    return found


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
        self, connect: Callable[[], Connection[Any]], most_waiting: int = MOST_WAITING, outages: Outages | None = None
    ) -> None:
        self._connect = connect
        self._clock = Work(outages, "clock ahead", "clock is right", "commands answer 503")
        """Told when appends are refused because of the clock, and when they are recorded again."""
        self._most_waiting = most_waiting
        self._queue: SimpleQueue[Append | None] = SimpleQueue()
        """The queue. None tells the committer to end."""
        self._later: list[Append] = []
        """Appends that could not be part of the current batch, in order. Only the committer uses it."""
        self._of_this_turn: list[Append] = []
        """Those of the loop that come in this turn of it."""
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

    async def append_soon(self, wish: Append) -> Appended:
        """Do the same as `append`, without holding a thread while it waits."""
        loop = get_running_loop()
        wish.awaited = loop.create_future()
        patience = loop.call_later(APPEND_TIMEOUT_SECONDS, lose_patience, wish, wish.awaited)
        try:
            self._queue_up_together(wish, loop)
            await wish.awaited
        finally:
            patience.cancel()
            wish.claim()
        return wish.outcome()

    def _queue_up(self, wish: Append) -> None:
        self._check_room()
        self._queue.put(wish)

    def _queue_up_together(self, wish: Append, loop: AbstractEventLoop) -> None:
        """Queue what one turn of a loop brings at its end: to wake the committer for each would cost more."""
        self._check_room(len(self._of_this_turn))
        self._of_this_turn.append(wish)
        if len(self._of_this_turn) == 1:
            loop.call_soon(self._put_together)

    def _put_together(self) -> None:
        together, self._of_this_turn = self._of_this_turn, []
        for wish in together:
            self._queue.put(wish)

    def _check_room(self, beside: int = 0) -> None:
        """Raises `StoreBusy` if too many wait."""
        if self._closed or self._queue.qsize() + len(self._later) + beside >= self._most_waiting:
            raise StoreBusy(StoreBusy.__doc__)
        if self._thread is None:
            self._start()

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

    def _commit_until_closed(self) -> None:
        while batch := self._next_batch():
            self._resolve(batch)

    def _next_batch(self) -> list[Append]:
        """Return everything that waits, but only one append of each plan; empty if the committer is to end."""
        while True:
            waiting, self._later = self._later or self._wait(), []
            waiting += self._all_that_wait()
            batch: list[Append] = []
            claimed: set[UUID | bytes] = set()
            for each in waiting:
                claims = (each.aggregate_id, each.answer.scope) if each.answer else (each.aggregate_id,)
                if len(batch) == MOST_IN_A_BATCH or not claimed.isdisjoint(claims):
                    self._later.append(each)
                elif each.claim():
                    batch.append(each)
                    claimed.update(claims)
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
            if each.claim():
                each.resolve(StoreBusy(StoreBusy.__doc__))
        wake(waiting)

    def _recorded(self, batch: Sequence[Append]) -> list[Appended]:
        """Append a batch. If the acknowledgement was lost, find out what was recorded, and append the rest."""
        deadline = min(each.deadline for each in batch)
        unsure = False
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
        if self._connection is not None and self._connection.closed:
            self._connection = None
        if self._connection is None:
            self._connection = self._connect()
            # The plan of the append function does not depend on its arguments. Planning it once saves a third of the
            # time.
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        return self._connection
