"""The page of one value: who set it, when, why, and what it was before, back to the first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.names import called, kinds_named
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import PlanHead, value_text
from application.views.by_section import ONE_EACH
from application.views.effects import walk
from domain.record import struck_by

VALUE_PATH = "/values/{kind}/{id}/{field}"


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
    before_it: str
    """The address of everything just before the event."""


@dataclass(frozen=True)
class ValueView:
    head: PlanHead
    thing: str
    field: str
    now: str
    steps: Sequence[ValueStep]
    """The steps, the latest first."""


def value_twin(asked: AggregateRequest[Any], _: ValueView) -> str:
    """Return the address of the history of the thing that has the value."""
    kind, id = (quote(asked.request.path_params[name], safe="") for name in ("kind", "id"))
    return asked.as_json(f"/entities/{kind}/{id}/history")


def value_view(asked: AggregateRequest[Any]) -> ValueView:
    """Return the view. Raises `NoSuchPage` if there is no such value at the cut, and `CutBeforePlan`."""
    kind, id, field = (asked.request.path_params[name] for name in ("kind", "id", "field"))
    say, state = asked.say, asked.as_known
    thing = state.named(kind, id)
    if thing is None or not hasattr(thing, field) or field.startswith("_"):
        raise NoSuchPage(say("There is no such value at this point."))
    records = asked.known.records[: asked.cut.version]

    def text(value: Any) -> str:
        return value_text(field, value, asked.currency, say, state, kinds_named(type(thing)).get(field, ""))

    steps = [
        ValueStep(
            before=text(effect.before),
            after=text(effect.after),
            actor=step.record.meta.actor,
            at=say.instant(step.record.meta.recorded_at),
            what=say(spaced(type(step.record.event).__name__)),
            reason=step.record.meta.reason or "",
            event=f"/events/{step.record.id}",
            before_it=f"{asked.path}?as_of=version:{step.record.version - 1}" if step.record.version > 1 else "",
        )
        for step in walk(records, never=struck_by(records).keys())
        for effect in step.effects
        if (effect.kind, effect.id, effect.field) == (kind, id, field)
    ]
    return ValueView(
        head=asked.head,
        thing=say(spaced(kind)) if kind in ONE_EACH else called(state, kind, id, say),
        field=say(spaced(field)),
        now=text(getattr(thing, field)),
        steps=steps[::-1],
    )
