"""What all packs share: the plan they show, the cut, and the audience."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.views.by_section import CutView
from domain.account_plan.reviews import Audience, Review, ReviewKind
from domain.account_plan.stakeholders import Stakeholder
from domain.record import Recorded
from domain.things import Thing

PackKind = Literal["canvas", "weekly", "readout", "qbr", "annual"]

QUARTER = timedelta(days=92)
WEEK = timedelta(days=7)


class Pack(BaseModel):
    """A document for the people in a meeting: the part of the plan at a cut that they need."""

    kind: PackKind
    audience: Audience
    account_name: str
    currency: str
    day: date = Field(description="The day it shows the plan at.")
    plan: str | None = Field(description="The account id; null for customers.")
    plan_id: UUID | None = Field(description="Null for customers.")
    owner: str | None = Field(description="Who answers for the plan; null for customers.")
    as_of: CutView | None = Field(description="The cut it shows the plan at; null for customers.")


class Person(BaseModel):
    """One of the customer's people."""

    id: str | None = Field(description="Null for customers.")
    name: str
    title: str | None = None


def heading_of(kind: PackKind, at: Examined) -> dict[str, Any]:
    """Return the fields with which every internal pack begins."""
    card = at.card
    return {
        "kind": kind,
        "audience": "internal",
        "account_name": card.account_name,
        "currency": card.currency,
        "day": at.day,
        "plan": card.account_id,
        "plan_id": at.known.id,
        "owner": card.owner,
        "as_of": CutView.of(at.cut),
    }


Shown = TypeVar("Shown", bound=BaseModel)


def shown(model: type[Shown], thing: BaseModel, **more: Any) -> Shown:
    """Return a thing as a pack shows it: the fields of the model, with `others` for those that are computed
    elsewhere.
    """
    return model.model_validate({name: getattr(thing, name) for name in model.model_fields if name not in more} | more)


def called(thing: Thing | None, id: str) -> str:
    """Return the title of a thing, else its id."""
    return (thing.known_as if thing else None) or id


def people(at: Examined, ids: Iterable[str]) -> list[str]:
    """Return the names of these stakeholders."""
    known = at.plan.all(Stakeholder)
    return [called(known.get(id), id) for id in ids]


def held(at: Examined) -> list[Review]:
    """Return the held reviews in the order of their days."""
    reviews = (each for each in at.plan.all(Review).values() if each.state == "held")
    return sorted(reviews, key=lambda each: each.held_on or date.min)


def review_meant(at: Examined, kind: ReviewKind) -> Review | None:
    """Return the review that a pack is for: the next planned one of its kind, else the last one by its day, whether it
    was held or is still on the list."""
    days = {
        each.id: day
        for each in at.plan.all(Review).values()
        if each.kind == kind and each.state != "cancelled" and (day := each.held_on or each.planned_on)
    }
    ahead = [id for id, day in days.items() if day >= at.today and at.plan.the(Review, id).state == "scheduled"]
    meant = min(ahead, key=days.__getitem__) if ahead else max(reversed(days), key=days.__getitem__, default=None)
    return at.plan.find(Review, meant) if meant else None


def held_before(at: Examined, review: Review | None, kind: ReviewKind) -> Review | None:
    """Return the last review of a kind that was held before another review."""
    others = [each for each in held(at) if each.kind == kind and (review is None or each.id != review.id)]
    return others[-1] if others else None


def reason_of(records: Sequence[Recorded], kind: type) -> str | None:
    """Return the reason of the last event of a type."""
    return next((record.meta.reason for record in reversed(records) if isinstance(record.event, kind)), None)
