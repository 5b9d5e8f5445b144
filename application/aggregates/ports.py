"""What the application needs from outside: an event store, and the context of each command."""

from asyncio import Future
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from application.aggregates.traces import Traces
from domain.language import Event
from domain.record import Recorded


class StoreUnavailable(Exception):
    """The store is down, slow or full: nothing was recorded, try again."""


class StoreReadOnly(StoreUnavailable):
    """The store can only be read at the moment: nothing was recorded, try again."""


class StoreBusy(StoreUnavailable):
    """More is waiting to be recorded than can be in good time: nothing was recorded, try again."""


class ClockAhead(StoreUnavailable):
    """The clock of the machine that serves is more than two minutes ahead of the database's: nothing was recorded, so
    that nothing is stamped from the future. Set it right."""


class ProjectionLag(Exception):
    """The list has not come to the position you asked for in time: ask again in a moment, or without a position."""


class BeyondTheLog(Exception):
    """The log has not come to this position, so no command was answered with it."""

    def __init__(self, end: int) -> None:
        super().__init__(f"The log ends at {end}: give the `position` that a command was answered with.")


class CommandContext(NamedTuple):
    """Who gives a command, through what, and in which conversation. It is stored with every resulting event."""

    actor: str
    source: str
    request_id: str
    correlation_id: str
    on_behalf_of: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Answer:
    """The answer given under an Idempotency-Key, kept so that it can be given again.

    `scope` identifies caller, route and key, and `body` the body; neither reveals their content, nor does `content`.
    """

    scope: bytes
    body: bytes
    aggregate_id: UUID
    content: Mapping[str, Any]


class ToRecord(NamedTuple):
    """A decided event that is to be recorded."""

    event: Event
    at: datetime
    command_id: str
    reason: str | None = None
    about: tuple[str, ...] = ()
    """The stakeholders that its free text is about."""
    former_about: tuple[str, ...] = ()
    """The stakeholders that the former text is about, if the event repeats it."""
    named: tuple[str, ...] = ()
    """The stakeholders whose names its text holds."""


class Commit(NamedTuple):
    """What is recorded together: events for an aggregate at the `expected` version, and the answer to keep."""

    aggregate_id: UUID
    expected: int
    events: Sequence[ToRecord]
    context: CommandContext
    answer: Answer | None = None
    vacant: Sequence[UUID] = ()
    """Aggregates that there must be none of, nor another that these ids name."""
    beside: Sequence["Commit"] = ()
    """What is recorded of other aggregates together with it, all or nothing."""


class EventStore(Protocol):
    def read(self, aggregate_id: UUID, after: int = 0) -> Sequence[Recorded]:
        """Return the events of an aggregate after a version, in order; none if there is no such aggregate."""

    def read_new_events(self, versions: Mapping[UUID, int]) -> Mapping[UUID, Sequence[Recorded]]:
        """Return the events of several aggregates, each after a version of its own; nothing of those that have none."""

    async def read_async(self, aggregate_id: UUID, after: int) -> Sequence[Recorded] | None:
        """Do the same as `read` without holding a thread, where the events are few and nothing in them is sealed or
        forgets anybody; else return None. Raises `StoreUnavailable`."""

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        """Record everything or nothing. Returns None if the aggregate has moved on, or its answer is known already.

        Raises `StoreUnavailable`; then nothing was recorded, unless the error says that the outcome is unknown.
        """

    async def append_async(self, commit: Commit) -> Sequence[Recorded] | None:
        """Do the same as `append` without holding a thread while the log is waited for."""

    def named_by(self, id: UUID) -> UUID | None:
        """Return the aggregate that an id names which is that of none itself; None if there is none. Raises
        `StoreUnavailable`."""

    def answered(self, scope: bytes) -> Answer | None:
        """Return the answer given under an Idempotency-Key within the last 24 hours."""

    def knows(self, ids: Collection[str]) -> bool:
        """Return whether all these people of ours are known for sure, as far as this process remembers: the database is
        not asked."""

    def meet(self, ids: Collection[str]) -> None:
        """Remember people of ours who have just been put on a team: a table that follows the log shows them later."""

    def remembers(self, ids: Collection[str]) -> bool:
        """Return whether `strangers` answers for these people without asking the database."""

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return which of these people of ours have no key, are on no team and have changed nothing, each with the
        nearest ids of those who have. While nobody has, nobody is a stranger. Raises `StoreUnavailable`."""

    def forget(self, forgotten: Recorded, traces: Traces) -> None:
        """Destroy the key of the person that an event forgets, and do everything that follows from it. `traces` were
        found before, and are kept with the erasure.

        It can safely be repeated. Raises `StoreUnavailable`; the rest is then completed later by itself.
        """


class Heads(Protocol):
    """The current versions of plans. Every read of a plan asks for its version before cached state is used.

    A store that was restored from a copy has another log, in which the same version may say something else. Before an
    answer from another log than the one before is returned, everybody is told who asked `when_another_log`.
    """

    @property
    def seen_log(self) -> UUID | None:
        """The id of the log that the last answer was from; None before the first."""

    async def version(self, plan_id: UUID) -> int:
        """Return the current version of a plan; 0 if there is no such plan. Raises `StoreUnavailable`."""

    def ask(self, plan_id: UUID) -> "Future[int]":
        """Ask for the current version at once, and return what gives it when it is awaited, as `version` does."""

    async def log(self) -> UUID:
        """Return the id of the log that there is now. Raises `StoreUnavailable`."""

    def when_another_log(self, tell: Callable[[], object]) -> None: ...

    async def close(self) -> None: ...
