"""Erasures: who was forgotten, the certificate of it, and how an erasure is repeated in an older copy of the log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from application.aggregates.ports import CommandContext, Commit, EventStore, ToRecord
from application.aggregates.traces import Traces
from domain.aggregates import AggregateType
from domain.language import Event

PURGED = (
    "The person's key: destroyed in the store. Nothing that was sealed for them opens, in no view of whatever past.",
    "Memories of the process that answered: plans, keys and ready answers are dropped.",
    "Memories of all other processes: dropped within two seconds; no answer is given from them meanwhile.",
    "Lists, search, answers kept for repeated requests, queues of subscribers: never held the person's words.",
)
KEPT = (
    "The events keep their shape, their sealed bytes and hash commitments to them, so that versions, counts and proofs"
    " stay as they were. The stakeholder's id stands in them."
)


@dataclass(frozen=True)
class Erasure:
    """An erasure, described by ids only."""

    log: UUID
    plan_id: UUID
    stakeholder: str
    person: str
    """The id of the command that added the person. A copy of the log that contains it means the same person; another
    log may use the same stakeholder id for somebody else."""
    event: str
    """The id of the event that forgot them, in the log where it was recorded first."""
    forgotten_at: datetime
    by: str
    certificate: str
    """The id of the command that forgot them."""


def record_again(store: EventStore, erasure: Erasure, type_of: Callable[[Event], AggregateType[Any]]) -> None:
    """Record an erasure in a copy of the log that is older than it. The event keeps its original time. A legal hold in
    the copy does not prevent it, because it has already happened.

    Raises `StoreUnavailable`.
    """
    records = store.read(erasure.plan_id)
    forgotten = type_of(records[0].event).forgotten(erasure.stakeholder)
    while not any(record.event == forgotten for record in records):
        last = records[-1]
        to_record = ToRecord(
            forgotten,
            max(erasure.forgotten_at, last.meta.recorded_at),
            erasure.certificate,
            "On the list of erasures; this copy of the log was older",
        )
        context = CommandContext(erasure.by, "erasures", erasure.certificate, erasure.certificate)
        store.append(Commit(erasure.plan_id, last.version, [to_record], context))
        records = store.read(erasure.plan_id)


class Remainder(BaseModel):
    """A place where text that can still be decrypted may remain, and what ends that."""

    model_config = ConfigDict(frozen=True)

    where: str
    until: str


class Certificate(BaseModel):
    """Certifies that somebody was forgotten. Once it is `final`, their text cannot be decrypted in any copy of the
    store."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(
        description="The id of this certificate. The list of erasures outside the database has the erasure under it."
    )
    plan_id: str
    stakeholder: str
    event: str = Field(description="The event on the log that forgot them.")
    event_sha256: str = Field(description="SHA-256 of the event as it is stored.")
    forgotten_at: datetime
    forgotten_by: str
    key_made_at: datetime | None
    key_destroyed_at: datetime
    listed_at: datetime
    generations: list[int] = Field(
        description="Generations of the key-encryption key that may have wrapped the person's key and are not"
        " destroyed."
    )
    purged: list[str]
    kept: str
    remains: list[Remainder]
    final: bool
    final_at: datetime | None = Field(description="When the last of those generations was destroyed.")
    traces: Traces | None = Field(
        description="Events whose words went, and events that still name them. Null where it was recorded anew in an"
        " older copy, or a process died in the middle: then their name was known to nobody any more."
    )


@dataclass(frozen=True)
class Erased:
    """An erasure as the store has recorded it."""

    certificate: str
    plan_id: UUID
    stakeholder: str
    event: str
    event_sha256: str
    forgotten_at: datetime
    forgotten_by: str
    generation: int
    """The newest generation that ever wrapped the person's key."""
    key_made_at: datetime | None
    key_destroyed_at: datetime
    listed_at: datetime
    traces: Traces | None = None


@dataclass(frozen=True)
class KeyGeneration:
    """A generation of the key-encryption key."""

    generation: int
    begun_at: datetime
    destroyed_at: datetime | None


def certificate(erased: Erased, generations: Sequence[KeyGeneration]) -> Certificate:
    """Return the certificate of an erasure. `generations` contains every generation of the key-encryption key there
    ever was."""
    made_at = erased.key_made_at
    first = max((each.generation for each in generations if made_at and each.begun_at <= made_at), default=0)
    wrapped_by = [each for each in generations if first <= each.generation <= erased.generation]
    left = [each.generation for each in wrapped_by if each.destroyed_at is None]
    ends = [each.destroyed_at for each in wrapped_by if each.destroyed_at]
    return Certificate(
        id=erased.certificate,
        plan_id=str(erased.plan_id),
        stakeholder=erased.stakeholder,
        event=erased.event,
        event_sha256=erased.event_sha256,
        forgotten_at=erased.forgotten_at,
        forgotten_by=erased.forgotten_by,
        key_made_at=erased.key_made_at,
        key_destroyed_at=erased.key_destroyed_at,
        listed_at=erased.listed_at,
        generations=left,
        purged=list(PURGED),
        kept=KEPT,
        remains=[remainder(generation) for generation in left],
        final=not left,
        final_at=max(erased.key_destroyed_at, *ends) if not left else None,
        traces=erased.traces,
    )


class Erasures(Protocol):
    """The erasures of a store. Every method except `when_forgotten` raises `StoreUnavailable`."""

    def when_forgotten(self, purge: Callable[[UUID], None]) -> None:
        """Call `purge` with the id of a plan whenever somebody in it is forgotten. It must drop everything that this
        process has cached of the plan."""

    def certificate(self, plan_id: UUID, stakeholder: str) -> Certificate | None:
        """Return the certificate of a stakeholder, or None if they were not forgotten, or not completely yet."""

    def confirmed(self, plan_id: UUID, stakeholder: str) -> Certificate | None:
        """Return the certificate of a stakeholder who was forgotten, after completing the erasure if necessary; else
        None."""

    def certificates(self, plan_id: UUID | None = None) -> list[Certificate]:
        """Return the certificates of a plan, or of all plans."""


def remainder(generation: int) -> Remainder:
    return Remainder(
        where=f"Copies of the person's key as generation {generation} of the key-encryption key wrapped it: in dead"
        " rows and free space of the table, in the write-ahead log, in backups made before.",
        until=f"Generation {generation} is destroyed: `plantrail keys rotate`, then"
        f" `plantrail keys destroy-generation {generation}`.",
    )
