"""Promises and dates as packs list them: what is to be done, by whom and by when."""

from collections.abc import Iterator
from datetime import date, timedelta

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.packs.pack import people
from domain.account_plan.actions import Action
from domain.account_plan.health import Contract
from domain.account_plan.language import Side
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plays import Play
from domain.account_plan.requests import Request
from domain.account_plan.reviews import Review


class Dated(BaseModel):
    """Something with a date: a promise, a next step, a request, a review, or the end of the contract."""

    kind: str
    id: str
    what: str
    owner: str | None = Field(description="Who of ours it is up to; of a review, who of ours takes part.")
    side: Side
    on: date
    overdue: bool
    with_whom: list[str] = Field(description="The customer's people it names.")
    expected: str | None = Field(default=None, description="What is to come of it, as far as anybody said.")
    stage: str | None = Field(default=None, description="The stage that a milestone belongs to.")


def promised(at: Examined) -> Iterator[Dated]:
    """Yield open plays and actions, and open requests to other departments that have a due date."""
    promises: list[Play | Action] = [*at.plan.open(Play), *at.plan.open(Action)]
    for promise in promises:
        yield Dated(
            kind=promise.noun,
            id=promise.id,
            what=promise.known_as or promise.id,
            owner=promise.owner,
            side=promise.side,
            on=promise.due_on,
            overdue=promise.is_overdue(at.today),
            with_whom=people(at, promise.stakeholders),
            expected=promise.expected,
            stage=promise.stage if isinstance(promise, Action) else None,
        )
    for request in at.plan.open(Request):
        if request.due_on and request.is_waiting:
            yield Dated(
                kind="request",
                id=request.id,
                what=f"{request.statement} ({request.function.replace('_', ' ')})",
                owner=request.owner,
                side="us",
                on=request.due_on,
                overdue=request.is_overdue(at.today),
                with_whom=[],
            )


def scheduled(at: Examined) -> Iterator[Dated]:
    """Yield planned reviews, closing dates of opportunities, and the renewal date of the contract."""

    def dated(kind: str, id: str, what: str, on: date, owner: str | None, with_whom: list[str]) -> Dated:
        past = on < at.today
        return Dated(kind=kind, id=id, what=what, owner=owner, side="us", on=on, overdue=past, with_whom=with_whom)

    for review in at.plan.open(Review):
        if review.state == "scheduled" and review.planned_on:
            what = f"{review.kind.replace('_', ' ')} review".capitalize()
            ours = ", ".join(review.ours) or None
            yield dated("review", review.id, what, review.planned_on, ours, people(at, review.theirs))
    for each in at.plan.open(Opportunity):
        yield dated("opportunity", each.id, f"{each.name} closes", each.close_on, None, people(at, each.engaged))
    contract = at.plan.find(Contract, "contract")
    if contract:
        yield dated("contract", "contract", "The contract renews", contract.renews_on, at.card.owner, [])


def in_the_days(dated: Iterator[Dated], first: date, days: timedelta) -> list[Dated]:
    """Return those in the period that begins with a day and lasts so many days, the earliest first."""
    return sorted((each for each in dated if first <= each.on <= first + days), key=lambda each: each.on)
