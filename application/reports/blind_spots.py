"""Blind spots: facts that were recorded days after they had become true."""

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
"""Events that state a fact as of a day, with the kind of fact and the field that contains the day."""


class Promised(BaseModel):
    """A play or action that named a person who had left."""

    kind: Literal["play", "action"]
    id: str
    title: str


class BlindSpot(BaseModel):
    """A fact that was true for days before anybody recorded it."""

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
    """The number of facts that were recorded on the day they became true."""


def blind_spots(period: Period, events: Collection[type[Event]] = TRUE_ON.keys()) -> BlindSpots:
    """Return the blind spots that events of these types show."""
    told = _Told(period)
    recorded = (record for record in period.records if type(record.event) in events)
    spots = [told.spot(record) for record in recorded if record.version not in period.struck]
    late = [spot for spot in spots if spot.days >= 1]
    return BlindSpots(spots=late, on_the_day=len(spots) - len(late))


@dataclass(frozen=True)
class _Told:
    """Makes blind spots. It indexes by person what was recorded while somebody was already gone."""

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
        """Return the day that an event states, with the corrections that were made before the same kind of event came
        again."""
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
        """The events that state a fact as of a day, and their corrections, by kind and id and in order of recording."""
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
        """Yield the promises that were open and named the person, at any time from the day of the departure until it
        was recorded."""
        who = departure.event.subject()
        for life in self._naming.get(who, ()):
            moments = life.until(departure.version).moments
            # A promise that ended on that day was still open on it.
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
