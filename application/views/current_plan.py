"""The plan as it stands at a cut: section by section, with its freshness and the metrics that follow from it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from application.views.cuts import Cut, plan_at, timezone_of
from application.views.effects import section_of
from application.views.freshness import Duty, Freshness, duties, freshness
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import Metrics, metrics
from application.views.policy_in_force import policy_at
from domain.account_plan import THINGS
from domain.account_plan.entries import Note
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import Plan, the_plan
from domain.record import Recorded

ONE_EACH = {"plan", "summary", "overview", "contract", "health", "vision"}
"""Kinds of things that a plan has one of. They are null until something was said."""

PLURALS = {
    "opportunity": "opportunities",
    "hypothesis": "hypotheses",
    "news": "news",
    "touch": "touches",
    "priorities": "priorities",
}


class CutView(BaseModel):
    """The cut that a view shows."""

    cut: str
    version: int
    at: datetime
    date: date
    recorded_late: bool = False
    provisional: bool = Field(
        False, description="Whether the day of the cut is not over, so that the view is judged as of now."
    )
    struck: bool = Field(
        False, description="Whether the cut is a review that was struck later. It still names the same point."
    )

    @classmethod
    def of(cls, cut: Cut) -> "CutView":
        return cls(
            cut=cut.cut,
            version=cut.version,
            at=cut.at,
            date=cut.date,
            recorded_late=cut.recorded_late,
            provisional=cut.provisional,
            struck=cut.struck,
        )


def plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")


def _section_model(section: Section) -> type[BaseModel]:
    fields: dict[str, Any] = {"freshness": Freshness}
    for thing in sorted(THINGS.values(), key=lambda thing: thing is Note):
        if thing.noun in ONE_EACH and thing.home == section:
            fields[thing.noun] = (thing | None, None)
        elif thing is Note or thing.home == section:
            fields[plural(thing.noun)] = (list[thing], [])  # type: ignore[valid-type]
    return create_model(f"{section.capitalize()}Section", **fields)


SECTIONS: dict[Section, type[BaseModel]] = {section: _section_model(section) for section in get_args(Section)}

Sections: type[BaseModel] = create_model("Sections", **{name: (model, ...) for name, model in SECTIONS.items()})  # type: ignore[call-overload]


class CurrentPlan(BaseModel):
    """A plan at a cut: everything that was said and still holds."""

    plan_id: UUID
    version: int
    as_of: CutView
    account: Plan
    sections: Sections  # type: ignore[valid-type]
    metrics: Metrics
    duties: list[Duty] = Field(description="Recent events after which the plan should be updated.")


def current_plan(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> CurrentPlan:
    """Return the plan at a cut, judged by the policy in force then, which is in the program's records.

    Raises `CutBeforePlan`.
    """
    plan = plan_at(known, cut)
    card, records, zone = the_plan(plan), known.records[: cut.version], timezone_of(known)
    fresh = freshness(records, card.tier, zone, cut.date, policy_at(program, cut).policy)
    things = _by_section(plan)
    sections: dict[str, Any] = {
        section: model.model_construct(freshness=fresh[section], **things[section])
        for section, model in SECTIONS.items()
    }
    return CurrentPlan.model_construct(
        plan_id=known.id,
        version=cut.version,
        as_of=CutView.of(cut),
        account=card,
        sections=Sections.model_construct(**sections),
        metrics=metrics(plan, cut.today),
        duties=duties(records, zone, cut.today),
    )


def _by_section(plan: AccountPlan) -> dict[Section, dict[str, Any]]:
    """Group all things by section and by the plural of their kind. A thing that exists once stands by itself."""
    found: dict[Section, dict[str, Any]] = {section: {} for section in SECTIONS}
    for kind, things in plan.kinds().items():
        for thing in things.values():
            if kind.noun in ONE_EACH:
                found[section_of(thing)][kind.noun] = thing
            else:
                found[section_of(thing)].setdefault(plural(kind.noun), []).append(thing)
    return found
