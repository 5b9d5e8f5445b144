"""What the application needs of the world: a record of events, and word of who asks for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.language import Event
from domain.record import Recorded


class StoreUnavailable(Exception):
    """The store is down, slow or full: nothing was recorded, try again."""


class StoreBusy(StoreUnavailable):
    """More is waiting to be recorded than can be in good time: nothing was recorded, try again."""


class ProjectionLag(Exception):
    """The list has not come to the position you asked for in time: ask again in a moment, or without a position."""


@dataclass(frozen=True)
class CommandContext:
    """Who commands, through what, and in which conversation: stored with every event that follows."""

    actor: str
    source: str
    request_id: str
    correlation_id: str
    on_behalf_of: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Answer:
    """What was answered under an Idempotency-Key, so that it can be answered again.

    `scope` stands for caller, route and key, `body` for the body; neither holds their words, nor does `content`.
    """

    scope: bytes
    body: bytes
    aggregate_id: UUID
    content: Mapping[str, Any]


class ToRecord(NamedTuple):
    """An event that was decided and is to be recorded."""

    event: Event
    at: datetime
    command_id: str
    reason: str | None = None
    about: tuple[str, ...] = ()
    """The stakeholders its free text speaks of."""
    former_about: tuple[str, ...] = ()
    """The stakeholders the words before spoke of, where the event repeats them."""


class Commit(NamedTuple):
    """All or nothing: what is to be recorded on an aggregate at the `expected` version, and the answer to keep."""

    aggregate_id: UUID
    expected: int
    events: Sequence[ToRecord]
    context: CommandContext
    answer: Answer | None = None


class EventStore(Protocol):
    def read(self, aggregate_id: UUID, after: int = 0) -> Sequence[Recorded]:
        """The events of an aggregate after a version, in order; none where there is no such aggregate."""

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        """Record all or nothing; None when the aggregate has moved on or its answer is known already.

        Raises `StoreUnavailable`, and then nothing was recorded, unless it says that the outcome is unknown.
        """

    def answered(self, scope: bytes) -> Answer | None:
        """What was answered under an Idempotency-Key within the last 24 hours."""

    def forget(self, forgotten: Recorded) -> None:
        """Destroy the key of the person of whom an event says that they were forgotten, and whatever follows from that.

        Doing it again does no harm.  Raises `StoreUnavailable`: it is gone on with by itself.
        """


class Heads(Protocol):
    """Where plans stand.  Every read of a plan asks this before it uses what is remembered."""

    async def version(self, plan_id: UUID) -> int:
        """The version of a plan now; 0 where there is no such plan.  Raises `StoreUnavailable`."""

    async def close(self) -> None: ...
