"""What a customer may see of a plan: an allow-list of kinds and fields, and the plan reduced to it.

A pack for customers is made from a plan that contains nothing else, so that no pack can show internal data by mistake.
A field that is added to an event is hidden until it is listed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from application.findings.examined import Examined
from domain.account_plan.actions import Action
from domain.account_plan.goals import Goal, GoalKind
from domain.account_plan.health import Contract, Health
from domain.account_plan.hypotheses import Hypothesis
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import Plan
from domain.account_plan.reviews import Review
from domain.account_plan.stakeholders import Stakeholder
from domain.things import Thing

Allows = Callable[[Any], bool]

THEIR_GOALS: Mapping[GoalKind, bool] = {
    "strategic": True,
    "reference": True,
    "revenue": False,
    "logo": False,
    "relationship": False,
}
"""Whether achieving a goal of this kind is valuable to the customer, or to us alone."""


@dataclass(frozen=True)
class Allowed:
    """The fields of one kind of thing that a customer may see."""

    fields: tuple[str, ...]
    which: Allows = lambda _: True
    names: Mapping[str, type[Thing]] = field(default_factory=dict)
    """The fields that refer to other things, and the kind of these. Ids are internal, so titles replace them."""


ALLOWED: Mapping[type[Thing], Allowed] = {
    Plan: Allowed(("account_name", "currency")),
    Contract: Allowed(("arr", "starts_on", "renews_on", "products")),
    Health: Allowed(("as_of_on", "adoption", "usage", "success_metrics")),
    Goal: Allowed(
        ("kind", "statement", "measure", "unit", "baseline", "target", "state", "achieved_on", "value", "progress"),
        lambda goal: goal.state == "achieved" and THEIR_GOALS[goal.kind],
    ),
    Hypothesis: Allowed(
        ("outcome", "metric", "unit", "baseline", "expected", "observed", "evidence", "state"),
        lambda hypothesis: hypothesis.state == "confirmed",
    ),
    Action: Allowed(
        ("statement", "kind", "owner", "side", "due_on", "state", "finished_on", "acknowledged_on"),
        lambda action: action.kind == "joint",
    ),
    Review: Allowed(
        ("kind", "state", "planned_on", "held_on", "agenda", "ours", "theirs", "metrics"),
        lambda review: review.kind == "qbr",
        {"theirs": Stakeholder},
    ),
    Stakeholder: Allowed(("name", "title")),
}
"""Everything that a customer may see. For a confirmed hypothesis the evidence in its favour is shown, but not the
notes."""


def as_customers_see_it(at: Examined) -> Examined:
    """Return the plan at its cut with only what a customer may see: no records, no ids, no other fields."""
    return replace(at, known=replace(at.known, records=(), state=_allowed(at.plan)))


def _allowed(plan: AccountPlan) -> AccountPlan:
    ids = {
        (kind, id): kind.noun if id == kind.noun else f"{kind.noun}-{number}"
        for kind in ALLOWED
        for number, id in enumerate(plan.all(kind), 1)
    }
    values = {
        kind: {
            ids[kind, id]: _values(thing, allowed, ids) | {"id": ids[kind, id]}
            for id, thing in plan.all(kind).items()
            if allowed.which(thing)
        }
        for kind, allowed in ALLOWED.items()
    }
    return AccountPlan(values, plan.version)


def _values(thing: Thing, allowed: Allowed, ids: Mapping[tuple[type[Thing], str], str]) -> dict[str, Any]:
    said = {name: getattr(thing, name) for name in allowed.fields}
    for name, kind in allowed.names.items():
        said[name] = tuple(ids[kind, id] for id in said[name] if (kind, id) in ids)
    if isinstance(thing, Hypothesis):
        said["evidence"] = tuple(each.model_copy(update={"note": None}) for each in thing.evidence if each.supports)
    return said
