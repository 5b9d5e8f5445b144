"""Blind spots: what was recorded only days after it had become true."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, Field

from application.reports.period import Period
from application.reports.promises import Key, Life
from domain.account_plan.actions import ActionCompleted
from domain.account_plan.opportunities import OpportunityLost, OpportunityWon
from domain.account_plan.play_states import PlayLost, PlayWon
from domain.account_plan.risks import RiskClosed
from domain.account_plan.stakeholders import StakeholderLeft, StakeholderMoved, StakeholderReturned
from domain.language import STAKEHOLDER, Event
from domain.markers import references
from domain.record import Recorded

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


def blind_spots(period: Period, events: Collection[type[Event]] = TRUE_ON.keys()) -> BlindSpots:
    """Return those that events of these types tell of."""
    told = _Told(period)
    recorded = (record for record in period.records if type(record.event) in events)
    spots = [told.spot(record) for record in recorded if record.version not in period.struck]
    late = [spot for spot in spots if spot.days >= 1]
    return BlindSpots(spots=late, on_the_day=len(spots) - len(late))


@dataclass(frozen=True)
class _Told:
    """Makes blind spots. Finds what was recorded while somebody was gone, by day and by person."""

    period: Period

    def spot(self, record: Recorded) -> BlindSpot:
        what, field = TRUE_ON[type(record.event)]
        true_on = self._corrected(record, field)
        departed = isinstance(record.event, StakeholderLeft)
        return BlindSpot(
            what=what,
            kind=record.event.noun,
            id=record.event.subject(),
            event=record.id,
            true_on=true_on,
            recorded_at=record.meta.recorded_at,
            days=(self.period.day_of(record) - true_on).days,
            reviews=self._reviews(record, true_on) if departed else [],
            promises=list(self._promises(record, true_on)) if departed else [],
        )

    def _corrected(self, record: Recorded, field: str) -> date:
        """Return the day that an event says, as it was corrected last before the same happened again."""
        event = record.event
        day: date = getattr(event, field)
        for later in self._about[event.noun, event.subject()]:
            if later.version > record.version and type(later.event) is type(event):
                break
            if later.version > record.version and later.event.corrects and field in later.event.model_fields_set:
                day = getattr(later.event, field)
        return day

    @cached_property
    def _about(self) -> Mapping[Key, Sequence[Recorded]]:
        """By kind and id, what was recorded as true on some day and the corrections of it, in order of recording."""
        found: dict[Key, list[Recorded]] = defaultdict(list)
        for record in self.period.known.records:
            if type(record.event) in TRUE_ON or record.event.corrects:
                found[record.event.noun, record.event.subject()].append(record)
        return found

    def _reviews(self, departure: Recorded, left_on: date) -> list[str]:
        reviews = self.period.reviews
        first = bisect_left(reviews, left_on, key=lambda review: self.period.day_of(review.record))
        last = bisect_left(reviews, departure.version, key=lambda review: review.record.version)
        return [review.event.id for review in reviews[first:last]]

    def _promises(self, departure: Recorded, left_on: date) -> Iterator[Promised]:
        """Yield the promises that named the person while they were open, at any time from the day of the departure
        until it was recorded."""
        who = departure.event.subject()
        for life in self._naming.get(who, ()):
            moments = life.until(departure.version).moments
            # What ended on that day was still open on it.
            since = bisect_left(moments, left_on, key=lambda moment: self.period.day_of(moment.record)) - 1
            if any(each.promise.is_open and who in _people(each.promise) for each in moments[max(since, 0) :]):
                kind, id = life.key
                yield Promised.model_validate({"kind": kind, "id": id, "title": moments[-1].promise.known_as})

    @cached_property
    def _naming(self) -> Mapping[str, Sequence[Life]]:
        """The promises that ever named a stakeholder, by the stakeholder's id and in order of creation."""
        found: dict[str, list[Life]] = defaultdict(list)
        for life in self.period.lives.values():
            for who in {who for moment in life.moments for who in _people(moment.promise)}:
                found[who].append(life)
        return found


def _people(promise: BaseModel) -> Iterator[str]:
    return (id for kind, id, _ in references(promise) if kind == STAKEHOLDER)
