"""Adoption: what was open in plans that were merged into another one, with the commands that create it there."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from application.views.loaded_plan import LoadedPlan
from domain.account_plan import TOPICS
from domain.account_plan.actions import Action
from domain.account_plan.goals import Goal
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play
from domain.account_plan.requests import Request
from domain.account_plan.risks import Risk
from domain.language import GRAMMAR, Command
from domain.markers import Belongs, Refers, marked
from domain.things import Thing

KINDS: tuple[type[Thing], ...] = (Goal, Opportunity, Risk, Play, Action, Request)
"""The kinds that are adopted, in an order in which each may refer to earlier ones."""
MADE_BY: Mapping[type[Thing], type[Command]] = {
    mistakes.thing: mistakes.made_by for topic in TOPICS for mistakes in topic.mistakes if mistakes.thing in KINDS
}


class LeftOpen(BaseModel):
    """Something that is open in a merged plan and does not exist in this plan yet."""

    plan_id: UUID = Field(description="Of the plan it stands in.")
    account_id: str
    kind: str
    id: str
    title: str | None
    owner: str | None
    due_on: date | None
    command: str = Field(description="The command that adopts it here.")
    body: dict[str, Any] = Field(description="What the command says; of what it is linked to, only what is here.")
    missing: list[str] = Field(description="The fields that are still to be said.")


class Adoption(BaseModel):
    items: list[LeftOpen]
    next: None = None


def merged_accounts(plan: AccountPlan) -> tuple[str, ...]:
    """Return the accounts whose plans were merged into a plan."""
    return the_plan(plan).merged


def to_adopt(plan: AccountPlan, others: Iterable[LoadedPlan]) -> Adoption:
    """Return what is open in other plans and does not exist in this one under its kind and id."""
    return Adoption(items=[each for other in others for each in _left_open(plan, other)])


def _left_open(plan: AccountPlan, other: LoadedPlan) -> Iterator[LeftOpen]:
    for kind in KINDS:
        for thing in other.state.open(kind):
            if plan.find(kind, thing.id) is None:
                command, body = MADE_BY[kind], adoption_body(plan, thing)
                fields = command.model_fields.items()
                yield LeftOpen(
                    plan_id=other.id,
                    account_id=the_plan(other.state).account_id,
                    kind=thing.noun,
                    id=thing.id,
                    title=thing.known_as,
                    owner=getattr(thing, "owner", None),
                    due_on=getattr(thing, "due_on", None),
                    command=command.called(),
                    body=body,
                    missing=[name for name, field in fields if field.is_required() and name not in body],
                )


def adoption_body(plan: AccountPlan, thing: Thing) -> dict[str, Any]:
    """Return the body of the command that creates the same thing in this plan, without references to things it does not
    have."""
    command, linked = MADE_BY[type(thing)], dict(marked(MADE_BY[type(thing)], Refers))
    said = {name: getattr(thing, name) for name in command.model_fields if name not in GRAMMAR and hasattr(thing, name)}
    for name, belongs in marked(command, Belongs):
        if said.get("kind") not in belongs.kinds:
            said.pop(name, None)
    for name, marker in linked.items():
        said[name] = _there(plan, marker.kind, said.get(name))
    # Of numbers, 0 says something: a goal that begins at nothing does so here as well.
    return {name: value for name, value in said.items() if value is not None and value is not False and value != ()}


def _there(plan: AccountPlan, kind: str, named: Any) -> Any:
    """Return those of the referenced things that exist in this plan."""
    if isinstance(named, tuple):
        return tuple(each for each in named if plan.named(kind, each))
    return named if named is not None and plan.named(kind, named) else None
