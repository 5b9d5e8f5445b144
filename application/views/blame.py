"""Projection: for every current value of a plan, the event that set it, by whom, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.views.effects import section_of, values_of, walk
from domain.account_plan.language import AccountPlan, Section
from domain.record import Recorded, struck_by
from domain.things import Thing


@dataclass(slots=True)
class Blame:
    """One value as it stands and where it comes from."""

    section: Section
    kind: str
    id: str
    field: str
    value: Any
    event: str
    type: str
    actor: str
    recorded_at: datetime
    reason: str | None


def blame(plan: AccountPlan, records: Sequence[Recorded]) -> list[Blame]:
    """Of the plan that these records fold to.  An entry that was struck set nothing."""
    set_by: dict[tuple[str, str, str], Recorded] = {}
    for record, effects, _ in walk(records, never=struck_by(records).keys()):
        for effect in effects:
            set_by[effect.kind, effect.id, effect.field] = record
    return [
        _blame(thing, field, value, set_by[kind.noun, id, field])
        for kind, things in plan.kinds().items()
        for id, thing in things.items()
        for field, value in values_of(thing).items()
    ]


def _blame(thing: Thing, field: str, value: Any, record: Recorded) -> Blame:
    return Blame(
        section=section_of(thing),
        kind=thing.noun,
        id=thing.id,
        field=field,
        value=value,
        event=record.id,
        type=type(record.event).__name__,
        actor=record.meta.actor,
        recorded_at=record.meta.recorded_at,
        reason=record.meta.reason,
    )
