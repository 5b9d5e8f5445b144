"""The page of one value: who set it, when, why, and what it was before, back to the first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.languages import Speech
from adapters.web.plan.presenter import PlanHead, head, name_of, plan_path, value_text
from application.views.by_section import ONE_EACH
from application.views.contacts import as_the_team_knows
from application.views.cuts import Cut, plan_at
from application.views.effects import walk
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import the_plan
from domain.record import struck_by


@dataclass(frozen=True)
class ValueStep:
    """An event that set the value."""

    before: str
    after: str
    actor: str
    at: str
    what: str
    reason: str
    event: str
    """The address of the event's page."""
    plan_before: str
    """The address of the plan just before the event."""


@dataclass(frozen=True)
class ValueView:
    head: PlanHead
    thing: str
    kind: str
    field: str
    now: str
    steps: Sequence[ValueStep]
    """The steps, the latest first."""


def value_view(known: LoadedPlan, cut: Cut, kind: str, id: str, field: str, say: Speech) -> ValueView:
    """Return the view. Raises `NoSuchPage` if the plan has no such value at the cut, and `CutBeforePlan`."""
    plan = as_the_team_knows(plan_at(known, cut), cut.date)
    card, thing = the_plan(plan), plan.named(kind, id)
    if thing is None or not hasattr(thing, field) or field.startswith("_"):
        raise NoSuchPage(say("The plan has no such value at this point."))
    records = known.records[: cut.version]
    path = plan_path(card)

    def text(value: Any) -> str:
        return value_text(field, value, card.currency, say)

    steps = [
        ValueStep(
            before=text(effect.before),
            after=text(effect.after),
            actor=step.record.meta.actor,
            at=say.instant(step.record.meta.recorded_at),
            what=say(spaced(type(step.record.event).__name__)),
            reason=step.record.meta.reason or "",
            event=f"/events/{step.record.id}",
            plan_before=f"{path}?as_of=version:{step.record.version - 1}" if step.record.version > 1 else "",
        )
        for step in walk(records, never=struck_by(records).keys())
        for effect in step.effects
        if (effect.kind, effect.id, effect.field) == (kind, id, field)
    ]
    return ValueView(
        head=head(card, cut, say),
        thing=say(spaced(kind)) if kind in ONE_EACH else name_of(thing),
        kind=say(spaced(kind)),
        field=say(spaced(field)),
        now=text(getattr(thing, field)),
        steps=steps[::-1],
    )
