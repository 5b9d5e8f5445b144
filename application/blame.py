"""Projection: for every current value of a plan, the event that set it, by whom, when and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from application.effects import values_of, walk
from domain.account_plan import THINGS
from domain.language import Section
from domain.record import Recorded
from domain.things import AccountPlan


class Blame(BaseModel):
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
    """Of the plan that these records fold to."""
    set_by: dict[tuple[str, str, str], Recorded] = {}
    for step in walk(records):
        for effect in step.effects:
            set_by[effect.noun, effect.id, effect.field] = step.record
    return [
        Blame(
            section=THINGS[kind.noun].home,
            kind=kind.noun,
            id=id,
            field=field,
            value=value,
            event=record.id,
            type=type(record.event).__name__,
            actor=record.meta.actor,
            recorded_at=record.meta.recorded_at,
            reason=record.meta.reason,
        )
        for kind, things in plan.kinds().items()
        for id, thing in things.items()
        for field, value in values_of(thing).items()
        if (record := set_by.get((kind.noun, id, field)))
    ]
