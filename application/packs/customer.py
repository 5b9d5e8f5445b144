"""What of a plan a customer may see: an allow-list of things and fields, and the plan that is left of it.

A pack for customers is made of a plan in which nothing else is left, so that no pack can show by mistake what is
internal: a field that is added to an event is hidden until it is named here.
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
from domain.account_plan.reviews import Review, ReviewKind
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
"""Whether a goal that was achieved is worth something to the customer, or to us alone."""

THEIR_REVIEWS: Mapping[ReviewKind, bool] = {
    "qbr": True,
    "executive_meeting": True,
    "business_value": True,
    "weekly": False,
    "monthly": False,
    "quarterly": False,
    "executive_readout": False,
    "offsite": False,
    "annual": False,
    "red_team": False,
    "ad_hoc": False,
}
"""Whether the customer is at reviews of a kind."""


@dataclass(frozen=True)
class Allowed:
    """What of the things of one kind a customer may see."""

    fields: tuple[str, ...]
    which: Allows = lambda _: True
    names: Mapping[str, type[Thing]] = field(default_factory=dict)
    """The fields that name other things, and their kind: ids are ours, so others stand in their place."""


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
        lambda review: THEIR_REVIEWS[review.kind],
        {"theirs": Stakeholder},
    ),
    Stakeholder: Allowed(("name", "title")),
}
"""Everything that a customer may see.  What is confirmed about a hypothesis is shown with the evidence that speaks for
it; the notes on it are not."""


def as_customers_see_it(at: Examined) -> Examined:
    """Return the plan at its cut with what a customer may see, and nothing else: no record, no id, no other field."""
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
