"""Appends: events that are recorded together, and the one statement that records a batch of appends."""

from asyncio import Future
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from pydantic_core import to_json

from adapters.postgres import clock
from adapters.postgres.arrays import BYTEA_OID, TEXT_OID, UUID_OID, Array, array, bigints, nulls
from adapters.postgres.errors import ClockAhead
from application.aggregates.ports import Answer

APPEND = (
    "SELECT winners, last_position FROM plantrail.append("
    "%b::uuid[], %b::bigint[], %b::bytea[], %b::bytea[], %t::jsonb, %b::bigint[], %b::bigint[], %b::text[],"
    f" %b::bytea[]) WHERE {clock.IS_NOT_AHEAD}"
)
MOST_IN_A_BATCH = 256
APPEND_TIMEOUT_SECONDS = 6.0
"""Seconds for which a caller waits in the queue, and for which the committer tries to reach a store that went away."""


class Appended(NamedTuple):
    """The outcome of an append: whether it was recorded, and the position of its last event, or 0."""

    recorded: bool
    last_position: int


LOST = Appended(False, 0)
"""The outcome of an append that was not recorded, because its plan was at another version or its answer known."""


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
    since: float = field(default_factory=monotonic)
    _claimed: Lock = field(default_factory=Lock)
    _resolved: Lock = field(default_factory=held_lock)
    _outcome: Appended | Exception = LOST
    awaited: "Future[None] | None" = None
    """The future that a caller without a thread awaits; None if the caller waits in `wait`."""
    handed_over: bool = False
    """Whether a committer that had claimed it handed it to another committer."""
    perhaps_recorded: bool = False
    """Whether it was sent before without an answer, so that nobody knows yet whether it was recorded."""

    # These are bare locks because they cost a tenth of what futures and conditions cost, which matters where each
    # caller has a thread.

    def claim(self) -> bool:
        """Claim the append, the committer to record it or the caller to withdraw it. Returns True to whoever claims it
        first, else False."""
        return self._claimed.acquire(blocking=False)

    @property
    def claimed(self) -> bool:
        return self._claimed.locked()

    def resolve(self, outcome: Appended | Exception) -> None:
        """Store the outcome and end `wait`."""
        self._outcome = outcome
        self._resolved.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the outcome for at most these seconds. Returns whether it came in time."""
        return self._resolved.acquire(timeout=seconds)

    def outcome(self) -> Appended:
        """Return the outcome, or raise it if it is an error."""
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def parameters(batch: Sequence[Append]) -> tuple[Array, Array, Array, Array, str, Array, Array, Array, Array]:
    """Return the parameters of `APPEND` except the last one, the time of our clock."""
    events = [
        (place, event.originator_version, event.topic, event.state)
        for place, each in enumerate(batch, 1)
        for event in each.stored_events
    ]
    return (
        array(UUID_OID, [each.aggregate_id.bytes for each in batch]),
        bigints([each.expected for each in batch]),
        *_answers([each.answer for each in batch]),
        bigints([event[0] for event in events]),
        bigints([event[1] for event in events]),
        array(TEXT_OID, [event[2].encode() for event in events]),
        array(BYTEA_OID, [event[3] for event in events]),
    )


def append(connection: Connection[Any], batch: Sequence[Append]) -> list[Appended]:
    """Carry out appends of different plans in one round trip. Each append is recorded or dropped as a whole.

    Raises `ClockAhead`; then nothing was recorded.
    """
    row = connection.execute(APPEND, (*parameters(batch), clock.wall_clock()), prepare=True, binary=True).fetchone()
    if row is None:
        raise ClockAhead(ClockAhead.__doc__)
    return outcomes(batch, *row)


def _answers(answers: Sequence[Answer | None]) -> tuple[Array, Array, str]:
    """Return the scopes, bodies and contents of the answers as parameters of `APPEND`. Most appends have no answer."""
    if not any(answers):
        none = nulls(BYTEA_OID, len(answers))
        return none, none, "[]"
    return (
        array(BYTEA_OID, [answer.scope if answer else None for answer in answers]),
        array(BYTEA_OID, [answer.body if answer else None for answer in answers]),
        to_json([answer and answer.content for answer in answers]).decode(),
    )


def outcomes(batch: Sequence[Append], winners: Iterable[int], last_position: int) -> list[Appended]:
    """Return the outcome of each append, given the indexes of those that were recorded, counted from 1. Their positions
    are consecutive, because they were drawn under the append lock."""
    found = [LOST] * len(batch)
    position = last_position
    for winner in reversed(list(winners)):
        events = len(batch[winner - 1].stored_events)
        found[winner - 1] = Appended(True, position if events else 0)
        position -= events
    return found


def next_batch(waiting: Iterable[Append]) -> tuple[list[Append], list[Append]]:
    """Claim the appends that can be recorded together. A batch contains only one append of each plan.

    Returns the batch and the remaining appends, both in their order. Appends that their callers have withdrawn are
    dropped.
    """
    batch: list[Append] = []
    later: list[Append] = []
    claimed: set[UUID | bytes] = set()
    for each in waiting:
        claims = (each.aggregate_id, each.answer.scope) if each.answer else (each.aggregate_id,)
        if len(batch) == MOST_IN_A_BATCH or not claimed.isdisjoint(claims):
            later.append(each)
        elif each.handed_over or each.claim():
            batch.append(each)
            claimed.update(claims)
    return batch, later
