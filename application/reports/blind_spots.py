"""Blind spots: what was recorded only days after it had become true."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import zip_longest
from typing import Literal

from pydantic import BaseModel, Field

from application.reports.promises import Key, Life, lives
from application.views.cuts import Cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.actions import ActionCompleted
from domain.account_plan.opportunities import OpportunityLost, OpportunityWon
from domain.account_plan.plays import PlayLost, PlayWon
from domain.account_plan.reviews import ReviewHeld
from domain.account_plan.risks import RiskClosed
from domain.account_plan.stakeholders import StakeholderLeft, StakeholderMoved, StakeholderReturned
from domain.language import Event
from domain.markers import references
from domain.record import Recorded, struck_by
from domain.things import day_of

What = Literal["departure", "return", "move", "finish", "win", "loss", "closing"]

TRUE_ON: Mapping[type[Event], tuple[What, str]] = {
    StakeholderLeft: ("departure", "left_on"),
    StakeholderReturned: ("return", "returned_on"),
    StakeholderMoved: ("move", "moved_on"),
    PlayWon: ("finish", "finished_on"),
    PlayLost: ("finish", "finished_on"),
    ActionCompleted: ("finish", "finished_on"),
    OpportunityWon: ("win", "won_on"),
    OpportunityLost: ("loss", "lost_on"),
    RiskClosed: ("closing", "closed_on"),
}
"""Events that say something about the world as of a day, and the field that has the day."""


class Promised(BaseModel):
    """A play or an action that named somebody."""

    kind: Literal["play", "action"]
    id: str
    title: str


class BlindSpot(BaseModel):
    """Something that was true for days before anybody recorded it."""

    what: What
    kind: str
    id: str
    event: str
    true_on: date
    recorded_at: datetime
    days: int
    reviews: list[str] = Field([], description="For a departure: the reviews recorded in between.")
    promises: list[Promised] = Field(
        [], description="For a departure: plays and actions that named the person and were open in between."
    )


class BlindSpots(BaseModel):
    """The blind spots of a period, in order of recording."""

    spots: list[BlindSpot]
    on_the_day: int
    """How much was recorded on the very day it became true."""


@dataclass(frozen=True)
class Past:
    """Everything that was recorded and not struck by the second cut."""

    records: tuple[Recorded, ...]
    zone: str

    @cached_property
    def lives(self) -> Mapping[Key, Life]:
        return lives(self.records)

    @cached_property
    def struck(self) -> Mapping[int, str]:
        return struck_by(self.records)

    def day_of(self, record: Recorded) -> date:
        return day_of(record.meta.recorded_at, self.zone)


def blind_spots(known: LoadedPlan, a: Cut, b: Cut) -> BlindSpots:
    records = known.records[: b.version]
    past = Past(records, timezone_of(known))
    spots = [_spot(record, past) for record in records[a.version :] if type(record.event) in TRUE_ON]
    late = [spot for spot in spots if spot.days >= 1]
    return BlindSpots(spots=late, on_the_day=len(spots) - len(late))


def _spot(record: Recorded, past: Past) -> BlindSpot:
    what, field = TRUE_ON[type(record.event)]
    true_on: date = getattr(record.event, field)
    departed = isinstance(record.event, StakeholderLeft)
    return BlindSpot(
        what=what,
        kind=record.event.noun,
        id=record.event.subject(),
        event=record.id,
        true_on=true_on,
        recorded_at=record.meta.recorded_at,
        days=(past.day_of(record) - true_on).days,
        reviews=list(_reviews(record, true_on, past)) if departed else [],
        promises=list(_promises(record, true_on, past)) if departed else [],
    )


def _reviews(departure: Recorded, left_on: date, past: Past) -> Iterator[str]:
    for record in past.records[: departure.version - 1]:
        held = isinstance(record.event, ReviewHeld) and record.version not in past.struck
        if held and past.day_of(record) >= left_on:
            yield record.event.subject()


def _promises(departure: Recorded, left_on: date, past: Past) -> Iterator[Promised]:
    """Yield the promises that named the person while they were open, at any time from the departure until it was
    recorded."""
    who = departure.event.subject()
    for (kind, id), life in past.lives.items():
        lasting = life.until(departure.version - 1).moments
        for moment, following in zip_longest(lasting, lasting[1:]):
            # What ended on that day was still open on it.
            still_was = following is None or past.day_of(following.record) >= left_on
            if still_was and moment.promise.is_open and _names(moment.promise, who):
                yield Promised.model_validate({"kind": kind, "id": id, "title": lasting[-1].promise.known_as})
                break


def _names(promise: BaseModel, who: str) -> bool:
    return any((kind, id) == ("stakeholder", who) for kind, id, _ in references(promise))
