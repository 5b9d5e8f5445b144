"""Group commit: callers queue, one committer takes all that wait and records them in one round trip.

The committer is the only writer of its process.  Between processes the append function's lock decides the order, and
its check of every plan's version decides who wins.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures import TimeoutError as Expired
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb
from pydantic_core import from_json

from adapters.postgres.datastore import configured
from application.ports import Answer, StoreBusy, StoreUnavailable

APPEND = (
    "SELECT recorded, head, head_position FROM plantrail.append("
    "%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[], %s::jsonb[], %s::int[], %s::bigint[], %s::text[], %s::bytea[])"
)
MOST_WAITING = 1_000
MOST_IN_A_BATCH = 256
PATIENCE = 6.0
"""Seconds a caller waits, and the committer tries to reach a store that went away."""


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
            [each.plan_id for each in batch],
            [each.expected for each in batch],
            [answer and answer.scope for answer in answers],
            [answer and answer.body for answer in answers],
            [answer and Jsonb(answer.content) for answer in answers],
            *([event[column] for event in events] for column in range(4)),
        ),
        prepare=True,
        binary=True,
    ).fetchall()
    return [Appended(*row) for row in rows]


class GroupCommit:
    """The committer of one process and the queue before it."""

    def __init__(self, conninfo: str, most_waiting: int = MOST_WAITING) -> None:
        self._conninfo = conninfo
        self._most_waiting = most_waiting
        self._waiting: deque[Append] = deque()
        self._changed = Condition()
        self._closed = False
        self._thread: Thread | None = None
        self._connection: Connection[Any] | None = None

    def append(self, wish: Append) -> Appended:
        """Queue and wait.  Raises `StoreBusy` when the queue is full or the wait too long, `StoreUnavailable`, and
        `OutcomeUnknown` when the store went away in the middle and did not come back."""
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
        except (Expired, CancelledError):
            if wish.outcome.cancel():
                raise StoreBusy(StoreBusy.__doc__) from None
            return wish.outcome.result(timeout=2 * PATIENCE)

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
            try:
                self._settle(batch)
            except Exception as error:  # noqa: BLE001 - those who wait are told, and the committer goes on
                for each in batch:
                    with suppress(InvalidStateError):
                        each.outcome.set_exception(error)

    def _next_batch(self) -> list[Append]:
        """All that wait, but one command of a plan at a time; empty when the committer is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch: dict[UUID, Append] = {}
            later: list[Append] = []
            while self._waiting and len(batch) < MOST_IN_A_BATCH:
                each = self._waiting.popleft()
                if each.plan_id in batch:
                    later.append(each)
                elif each.outcome.set_running_or_notify_cancel():
                    batch[each.plan_id] = each
            self._waiting.extendleft(reversed(later))
        return list(batch.values()) if batch or self._closed else self._next_batch()

    def _settle(self, batch: Sequence[Append]) -> None:
        """Append, and when the acknowledgement was lost, find out what was recorded and append the rest."""
        deadline = monotonic() + PATIENCE
        unsure = False
        while batch:
            try:
                connection = self._connected()
                if unsure:
                    batch = self._without_recorded(connection, batch)
                outcomes = append(connection, batch) if batch else []
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                lost = self._connection is not None and self._connection.closed
                if self._connection is not None and not lost:
                    raise StoreUnavailable(str(error).partition("\n")[0]) from error
                unsure = unsure or self._connection is not None
                self._connection = None
                if monotonic() > deadline:
                    kind = OutcomeUnknown if unsure else StoreUnavailable
                    raise kind(kind.__doc__) from error
                sleep(0.1)
                continue
            for each, outcome in zip(batch, outcomes, strict=True):
                each.outcome.set_result(outcome)
            return

    def _connected(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(self._conninfo, connect_timeout=3)
            configured(connection)
            self._connection = connection
        return self._connection

    def _without_recorded(self, connection: Connection[Any], batch: Sequence[Append]) -> list[Append]:
        """Settle what turns out to be recorded: the event after the expected version carries our command's id.

        Under the lock, so that a backend which is still at it has either committed or will lose to us.
        """
        rest = []
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
            for each in batch:
                last = each.expected + len(each.topics)
                rows = connection.execute(
                    "SELECT state, notification_id FROM plantrail.stored_events WHERE originator_id = %s"
                    " AND originator_version IN (%s, %s) ORDER BY originator_version",
                    (each.plan_id, each.expected + 1, last),
                ).fetchall()
                if each.topics and rows and from_json(rows[0][0])["meta"]["command_id"] == each.command_id:
                    each.outcome.set_result(Appended(True, last, rows[-1][1]))
                else:
                    rest.append(each)
        return rest
