"""Blame: for every current value of an aggregate, the event that set it, with who did so, when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from application.views.effects import SectionName, fields_of, fields_that_differ, section_of, touched, values_of
from domain.record import Recorded, struck_by
from domain.things import Aggregate


@dataclass(slots=True)
class Blame:
    """A current value and the event that set it."""

    section: SectionName
    kind: str
    id: str
    field: str
    value: Any
    event: str
    type: str
    actor: str
    recorded_at: datetime
    reason: str | None


class Origin(NamedTuple):
    """The event that set a value."""

    event: str
    type: str
    actor: str
    recorded_at: datetime
    reason: str | None


def blame(aggregate: Aggregate, records: Sequence[Recorded]) -> list[Blame]:
    """Return the blame of an aggregate that was folded from these records. Entries that were struck count as never
    recorded."""
    set_by, origins = versions_that_set(records), dict[int, Origin]()
    found: list[Blame] = []
    for kind, things in aggregate.kinds().items():
        noun = kind.noun
        for id, thing in things.items():
            section, versions = section_of(thing), set_by[noun, id]
            for field, value in values_of(thing).items():
                version = versions[field]
                origin = origins.get(version)
                if origin is None:
                    origin = origins[version] = _origin(records[version - 1])
                found.append(Blame(section, noun, id, field, value, *origin))
    return found


def versions_that_set(records: Sequence[Recorded]) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """Return the last version that set each field, by kind and id of the thing. The event that created a thing has set
    all of its fields, including those it left empty."""
    set_by: dict[tuple[str, str], dict[str, int]] = {}
    for record, touches in touched(records, never=struck_by(records).keys()):
        version = record.version
        for touch in touches:
            thing = touch.kind.noun, touch.id
            if touch.before is None:
                set_by[thing] = dict.fromkeys(fields_of(touch.kind), version)
            else:
                set_by[thing].update(dict.fromkeys(fields_that_differ(touch), version))
    return set_by


def _origin(record: Recorded) -> Origin:
    meta = record.meta
    return Origin(record.id, type(record.event).__name__, meta.actor, meta.recorded_at, meta.reason)
