"""The history of an aggregate: who did what when, what changed, and why. A new event needs no code here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel
from pydantic_core import from_json

from application.aggregates.loaded import LoadedAggregate
from application.views.effects import Effect, SectionName, Step, walk
from domain.language import same_person
from domain.markers import references
from domain.record import Recorded, struck_by


@dataclass(slots=True)
class Concern:
    """The thing that an event is about."""

    kind: str
    id: str


class Entry(BaseModel):
    """A recorded event."""

    id: str
    version: int
    position: int
    type: str
    section: SectionName
    entity: Concern
    recorded_at: datetime
    actor: str
    on_behalf_of: str | None
    source: str
    reason: str | None
    data: dict[str, Any]
    changes: list[Effect]
    sealed_for: list[str]
    """The stakeholders whose keys open the event's sealed text."""
    struck_by: str | None
    """The event that struck this entry, because it had been recorded by mistake."""
    command_id: str
    request_id: str
    correlation_id: str
    causation_id: str | None


class Filter(BaseModel):
    """Selects entries. A criterion that is not given selects everything."""

    section: str | None = None
    type: str | None = None
    actor: str | None = None
    """The person who recorded it, or on whose behalf it was recorded."""
    kind: str | None = None
    id: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def leaves_in(self, record: Recorded, records: Sequence[Recorded]) -> bool:
        """Return whether the filter selects an event of this history."""
        event, meta = record.event, record.meta
        return (
            self.section in (None, event.refreshes())
            and self.type in (None, type(event).__name__)
            and self._leaves_in_actor(meta.actor, meta.on_behalf_of)
            and self._leaves_in_thing(record, records)
            and (self.since is None or meta.recorded_at >= self.since)
            and (self.until is None or meta.recorded_at <= self.until)
        )

    def _leaves_in_actor(self, *actors: str | None) -> bool:
        return self.actor is None or same_person(self.actor) in {same_person(actor) for actor in actors if actor}

    def _leaves_in_thing(self, record: Recorded, records: Sequence[Recorded]) -> bool:
        if self.kind is None and self.id is None:
            return True
        return any(self.kind in (None, kind) and self.id in (None, id) for kind, id in concerned(record, records))


def concerned(record: Recorded, records: Sequence[Recorded] = ()) -> Iterator[tuple[str, str]]:
    """Yield kind and id of everything that an event is about or names. The history of a thing consists of these events.

    What a struck entry was about is looked up in the history, if it is given.
    """
    event = record.event
    yield event.noun, event.subject()
    for kind, id, _ in references(event):
        yield kind, id
    struck = event.strikes()
    if struck and records:
        yield from concerned(records[struck - 1])


def history(
    records: Sequence[Recorded],
    wanted: Callable[[Recorded, Sequence[Recorded]], bool],
    after: int = 0,
    limit: int = 100,
) -> tuple[list[Entry], int | None]:
    """Return the selected entries after a version, the oldest first, and the version to continue after if there are
    more."""
    entries: list[Entry] = []
    struck = struck_by(records)
    for step in walk(records, after):
        if wanted(step.record, records):
            if len(entries) == limit:
                return entries, step.record.version - 1
            entries.append(entry(step, struck))
    return entries, None


def entry(step: Step, struck: Mapping[int, str]) -> Entry:
    record, event = step.record, step.record.event
    meta = from_json(record.stored)["meta"]
    return Entry(
        id=record.id,
        version=record.version,
        position=record.position,
        type=type(event).__name__,
        section=event.refreshes(),
        entity=Concern(kind=event.noun, id=event.subject()),
        recorded_at=record.meta.recorded_at,
        actor=record.meta.actor,
        on_behalf_of=record.meta.on_behalf_of,
        source=meta["source"],
        reason=record.meta.reason,
        data=event.model_dump(mode="json", exclude_unset=True),
        changes=list(step.effects),
        sealed_for=sorted({who for part in record.sealed for who in part.about}),
        struck_by=struck.get(record.version),
        command_id=meta["command_id"],
        request_id=meta["request_id"],
        correlation_id=meta["correlation_id"],
        causation_id=meta.get("causation_id"),
    )


MOST_SINCE = 50


def since(known: LoadedAggregate[Any], wanted: Sequence[Recorded]) -> list[Entry]:
    """Return the entries of these events, for somebody who must know what happened meanwhile."""
    versions = {record.version for record in wanted}
    after = min(versions, default=1) - 1
    return history(known.records, lambda record, _: record.version in versions, after, MOST_SINCE)[0]
