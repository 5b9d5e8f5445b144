"""Group commit: callers queue, one committer takes all that wait and records them in one round trip.

The committer is the only writer of its process.  Between processes the append function's lock decides the order, and
its check of every plan's version decides who wins.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Expired
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import Connection
from pydantic_core import from_json, to_json

from application.ports import Answer, StoreBusy, StoreUnavailable

APPEND = (
    "SELECT recorded, head, head_position FROM plantrail.append("
    "%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[], %s::jsonb, %s::int[], %s::bigint[], %s::text[], %s::bytea[])"
)
MOST_WAITING = 1_000
MOST_IN_A_BATCH = 256
PATIENCE = 6.0
"""Seconds a caller waits for its turn, and the committer tries to reach a store that went away."""


class OutcomeUnknown(StoreUnavailable):
    """The store went away before it answered: look whether it was recorded, or repeat with an Idempotency-Key."""


class Appended(NamedTuple):
    """What became of an append: whether it was recorded, and where its plan now stands."""

    recorded: bool
    head: int
    head_position: int


@dataclass(frozen=True)
class Append:
    """Events of one plan that are recorded all or none, if the plan is at the expected version."""

    plan_id: UUID
    expected: int
    command_id: str
    topics: Sequence[str]
    states: Sequence[bytes]
    answer: Answer | None
    outcome: "Future[Appended]" = field(default_factory=Future, compare=False)
    deadline: float = field(default_factory=lambda: monotonic() + PATIENCE, compare=False)

    @property
    def claims(self) -> set[UUID | bytes]:
        """What only one append of a batch may touch: its plan, and its answer."""
        return {self.plan_id, self.answer.scope} if self.answer else {self.plan_id}


def append(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends of different plans in one round trip; each is recorded or drops out whole."""
    events = [
        (place, each.expected + number, topic, state)
        for place, each in enumerate(batch, 1)
        for number, (topic, state) in enumerate(zip(each.topics, each.states, strict=True), 1)
    ]
    answers = [each.answer for each in batch]
    rows = connection.execute(
        APPEND,
        (
            array(each.plan_id for each in batch),
            array(each.expected for each in batch),
            bytes_array(answer.scope if answer else None for answer in answers),
            bytes_array(answer.body if answer else None for answer in answers),
            to_json([answer and answer.content for answer in answers]).decode() if any(answers) else "[]",
            array(event[0] for event in events),
            array(event[1] for event in events),
            array(event[2] for event in events),
            bytes_array(event[3] for event in events),
        ),
        prepare=True,
        binary=True,
    ).fetchall()
    return [Appended(*row) for row in rows]


def array(items: Iterable[object]) -> str:
    """A PostgreSQL array literal of ids, numbers or names, which need no quotes.

    Written by hand because the driver takes as long over adapting lists as PostgreSQL over inserting them.
    """
    return f"{{{','.join(map(str, items))}}}"


def bytes_array(items: Iterable[bytes | None]) -> str:
    return array("NULL" if item is None else f'"\\\\x{item.hex()}"' for item in items)


def append_unless_found(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends that may have been recorded already, because their acknowledgement was lost.

    All under the lock, so that a backend that is still at them has either committed or will lose to us.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
        found = [find(connection, each) for each in batch]
        missing = [each for each, outcome in zip(batch, found, strict=True) if outcome is None]
        appended = iter(append(connection, missing) if missing else ())
        return [outcome or next(appended) for outcome in found]


def find(connection: Connection[Any], wanted: Append) -> Appended | None:
    """What became of an append that was recorded: the event after the expected version carries its command's id."""
    last = wanted.expected + len(wanted.topics)
    rows = connection.execute(
        "SELECT state, notification_id FROM plantrail.stored_events WHERE originator_id = %s"
        " AND originator_version IN (%s, %s) ORDER BY originator_version",
        (wanted.plan_id, wanted.expected + 1, last),
    ).fetchall()
    if wanted.topics and rows and from_json(rows[0][0])["meta"]["command_id"] == wanted.command_id:
        return Appended(True, last, rows[-1][1])
    return None


class GroupCommit:
    """The committer of one process and the queue before it."""

    def __init__(self, connect: Callable[[], Connection[Any]], most_waiting: int = MOST_WAITING) -> None:
        self._connect = connect
        self._most_waiting = most_waiting
        self._waiting: deque[Append] = deque()
        self._changed = Condition()
        self._closed = False
        self._thread: Thread | None = None
        self._connection: Connection[Any] | None = None

    def append(self, wish: Append) -> Appended:
        """Queue and wait.  Raises `StoreBusy` when the queue is full or the turn does not come, `StoreUnavailable`, and
        `OutcomeUnknown` when the store went away in the middle and did not come back.

        A caller that gives up before its turn has come can be sure that nothing is recorded.
        """
        with self._changed:
            if self._closed or len(self._waiting) >= self._most_waiting:
                raise StoreBusy(StoreBusy.__doc__)
            if self._thread is None:
                self._thread = Thread(target=self._commit_until_closed, name="committer", daemon=True)
                self._thread.start()
            self._waiting.append(wish)
            self._changed.notify()
        try:
            return wish.outcome.result(timeout=PATIENCE)
        except Expired:
            if wish.outcome.cancel():
                raise StoreBusy(StoreBusy.__doc__) from None
            return self._outcome_of_what_is_under_way(wish)
        finally:
            wish.outcome.cancel()

    def _outcome_of_what_is_under_way(self, wish: Append) -> Appended:
        try:
            return wish.outcome.result(timeout=PATIENCE)
        except Expired:
            raise OutcomeUnknown(OutcomeUnknown.__doc__) from None

    def close(self) -> None:
        """Record what waits, then end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join(timeout=2 * PATIENCE)
        if self._connection:
            self._connection.close()

    def _commit_until_closed(self) -> None:
        while batch := self._next_batch():
            self._settle(batch)

    def _next_batch(self) -> list[Append]:
        """All that wait, but one command of a plan at a time; empty when the committer is to end."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                batch: list[Append] = []
                later: list[Append] = []
                claimed: set[UUID | bytes] = set()
                while self._waiting and len(batch) < MOST_IN_A_BATCH:
                    each = self._waiting.popleft()
                    if not claimed.isdisjoint(each.claims):
                        later.append(each)
                    elif each.outcome.set_running_or_notify_cancel():
                        batch.append(each)
                        claimed |= each.claims
                self._waiting.extendleft(reversed(later))
                if batch or self._closed:
                    return batch

    def _settle(self, batch: Sequence[Append]) -> None:
        """Tell everybody who waits what became of it; whatever happens, the committer goes on."""
        try:
            for each, outcome in zip(batch, self._recorded(batch), strict=True):
                each.outcome.set_result(outcome)
        except StoreUnavailable as error:
            for each in batch:
                each.outcome.set_exception(error)
            self._turn_away_who_waits()
        except Exception as error:  # noqa: BLE001 - whoever it is about is told
            if len(batch) == 1:
                batch[0].outcome.set_exception(error)
                return
            # One that the store cannot take must not take the others along.
            for each in batch:
                self._settle([each])

    def _turn_away_who_waits(self) -> None:
        """They would wait as long again, and in vain."""
        with self._changed:
            waiting, self._waiting = self._waiting, deque()
        for each in waiting:
            if each.outcome.set_running_or_notify_cancel():
                each.outcome.set_exception(StoreBusy(StoreBusy.__doc__))

    def _recorded(self, batch: Sequence[Append]) -> list[Appended]:
        """Append, and when the acknowledgement was lost, find out what was recorded and append the rest."""
        deadline = min(each.deadline for each in batch)
        unsure = False
        while True:
            try:
                connection = self._connected()
                return append_unless_found(connection, batch) if unsure else append(connection, batch)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                failed = error.diag.severity_nonlocalized == "ERROR"
                if self._connection is not None and not failed:
                    self._connection.close()
                    self._connection = None
                    unsure = True
                if failed or monotonic() > deadline:
                    kind = OutcomeUnknown if unsure else StoreUnavailable
                    raise kind(kind.__doc__) from error
                sleep(0.1)

    def _connected(self) -> Connection[Any]:
        if self._connection is not None and self._connection.closed:
            self._connection = None
        if self._connection is None:
            self._connection = self._connect()
            # The append function is the same whatever its arguments: planned once, a third faster.
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        return self._connection
