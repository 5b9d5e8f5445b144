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


class StoreFull(StoreUnavailable):
    """The disk of the store is full: nothing was recorded. Try again once whoever runs the service has made room."""


class StoreBusy(StoreUnavailable):
    """Too many changes are waiting to be recorded: nothing was recorded, try again."""


class ClockAhead(StoreUnavailable):
    """The clock of the machine that serves is more than two minutes ahead of the database's: nothing was recorded, so
    that nothing is stamped from the future. Set it right."""


class ProjectionLag(Exception):
    """The list has not reached the position you asked for in time: ask again in a moment, or without a position."""


class BeyondTheLog(Exception):
    """The log has not reached this position, so no command was answered with it."""

    def __init__(self, end: int) -> None:
        super().__init__(f"The log ends at {end}: give the `position` that a command was answered with.")


class CommandContext(NamedTuple):
    """Who gives a command, through which channel (`source`), and the ids that connect it with other messages. It is
    stored with every resulting event."""

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
    """The stakeholders whose names its text contains."""


class Commit(NamedTuple):
    """What is recorded in one transaction: events of an aggregate that is at the `expected` version, and the answer to
    keep."""

    aggregate_id: UUID
    expected: int
    events: Sequence[ToRecord]
    context: CommandContext
    answer: Answer | None = None
    vacant: Sequence[UUID] = ()
    """Ids that no other aggregate may have, neither as its own id nor as another name."""
    beside: Sequence["Commit"] = ()
    """Commits of other aggregates that are recorded with it, all or none."""


class EventStore(Protocol):
    """The log of all aggregates, and what else commands ask the store."""

    def read(self, aggregate_id: UUID, after: int = 0) -> Sequence[Recorded]:
        """Return the events of an aggregate after a version, in order; none if there is no such aggregate."""

    def read_new_events(self, versions: Mapping[UUID, int]) -> Mapping[UUID, Sequence[Recorded]]:
        """Return the new events of several aggregates, each after a version of its own. Aggregates without new events
        are left out."""

    async def read_async(self, aggregate_id: UUID, after: int) -> Sequence[Recorded] | None:
        """Return what `read` returns, without holding a thread. Returns None if that is not possible, because there are
        many events or some are sealed or forget somebody. Raises `StoreUnavailable`."""

    def append(self, commit: Commit) -> Sequence[Recorded] | None:
        """Record everything or nothing. Returns None if the aggregate has a newer version, or if its answer is on
        record already.

        Raises `StoreUnavailable`; then nothing was recorded, unless the error says that the outcome is unknown.
        """

    async def append_async(self, commit: Commit) -> Sequence[Recorded] | None:
        """Record as `append` does, without holding a thread while the database works."""

    def named_by(self, id: UUID) -> UUID | None:
        """Return the id of the aggregate for which another id, such as an alias, stands; None if there is none. Raises
        `StoreUnavailable`."""

    def answered(self, scope: bytes) -> Answer | None:
        """Return the answer given under an Idempotency-Key within the last 24 hours; None if there is none."""

    def knows(self, ids: Collection[str]) -> bool:
        """Return whether all of these people of ours are known. Only what this process has in memory counts; the
        database is not asked."""

    def meet(self, ids: Collection[str]) -> None:
        """Treat these people of ours as known. They were just put on a team, and the tables that follow the log show
        that only later."""

    def remembers(self, ids: Collection[str]) -> bool:
        """Return whether `strangers` can answer for these people without asking the database."""

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return which of these people of ours have no key, are on no team and have changed nothing, each with the
        nearest ids of those who have. While nobody has, nobody is a stranger. Raises `StoreUnavailable`."""

    def forget(self, forgotten: Recorded, traces: Traces) -> None:
        """Destroy the key of the person that an event forgets, and complete the erasure. `traces` must have been found
        before; they are kept with the erasure.

        It may be repeated. If it raises `StoreUnavailable`, the rest is completed later automatically.
        """


class Heads(Protocol):
    """The current versions of plans. Every read of a plan asks for its version before it uses cached state.

    A store that was restored from a copy has another log, in which the same version may stand for other events. If the
    log has changed, the functions given to `when_another_log` are called before an answer is returned.
    """

    @property
    def seen_log(self) -> UUID | None:
        """The id of the log that the last answer was from; None before the first."""

    async def version(self, plan_id: UUID) -> int:
        """Return the current version of a plan; 0 if there is no such plan. Raises `StoreUnavailable`."""

    def ask(self, plan_id: UUID) -> "Future[int]":
        """Ask for the current version at once, and return an awaitable of what `version` returns."""

    def ask_together(self, *ids: UUID) -> "Future[tuple[int, ...]]":
        """Ask for several versions at once, and return an awaitable of all of them."""

    async def log(self) -> UUID:
        """Return the id of the current log. Raises `StoreUnavailable`."""

    def when_another_log(self, tell: Callable[[], object]) -> None: ...

    async def close(self) -> None: ...
