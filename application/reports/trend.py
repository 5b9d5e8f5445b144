"""The trend: how much of what was said was done from one review to the next, up to a cut."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import AliasChoices, BaseModel, Field

from application.reports.outcomes import Case
from application.reports.period import Period
from application.reports.promises import Key, Life, Moment
from application.reports.scores import Score, score
from application.views.by_section import CutView
from application.views.cuts import Cut, judged_from
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, last_review
from domain.account_plan.reviews import ReviewKind


class Pair(BaseModel):
    """Two consecutive reviews of one kind, and how much of what was said at the first was done by the second."""

    kind: ReviewKind
    from_: CutView = Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from")
    to: CutView
    score: Score


def pairs(reviews: Sequence[ReviewOnRecord]) -> Iterator[tuple[ReviewOnRecord, ReviewOnRecord]]:
    """Yield consecutive reviews of the same kind, in the order of the second."""
    last: dict[ReviewKind, ReviewOnRecord] = {}
    for review in reviews:
        if review.event.kind in last:
            yield last[review.event.kind], review
        last[review.event.kind] = review


def trend(period: Period) -> list[Pair]:
    """Return each pair of reviews that ends before the second cut. The reviews are of the closing review's kind, else
    of the opening one's kind, else of every kind."""
    kind = period.b.kind or period.a.kind
    found = [
        (first, second)
        for first, second in pairs(period.reviews)
        if second.cut.is_before(period.b) and kind in (None, second.event.kind)
    ]
    scores = said_scores(period.lives, [(first.cut, second.cut) for first, second in found], period.zone)
    return [
        Pair(kind=second.event.kind, from_=CutView.of(first.cut), to=CutView.of(second.cut), score=score)
        for (first, second), score in zip(found, scores, strict=True)
    ]


def kept_since(known: LoadedPlan, now: Cut) -> list[Score]:
    """Return the scores of all pairs of consecutive reviews of the kind that was held last, the oldest first. The list
    is empty before there are two."""
    period = Period.between(known, now, now)
    last = last_review(period.reviews)
    cuts = [
        (first.cut, second.cut)
        for first, second in pairs(period.reviews)
        if last and second.event.kind == last.event.kind
    ]
    return said_scores(period.lives, cuts, period.zone) if cuts else []


def said_scores(lives: Mapping[Key, Life], periods: Sequence[tuple[Cut, Cut]], zone: str) -> list[Score]:
    """Return the score of what was said in each period.

    Only promises with an event in a period are judged one by one. The others are the same at its end as at its
    beginning, so their due days tell how many of them were missed and how many are pending.
    """
    touched = sorted(
        ((moment.record.version, key, moment) for key, life in lives.items() for moment in life.moments),
        key=lambda each: each[0],
    )
    versions = [version for version, _, _ in touched]
    open_ones, place = OpenPromises(), 0
    scores: dict[tuple[Cut, Cut], Score] = {}
    for a, b in sorted(set(periods), key=lambda period: period[0].version):
        begins, ends = bisect_right(versions, a.version), bisect_right(versions, b.version)
        open_ones.follow((key, moment) for _, key, moment in touched[place:begins])
        place = begins
        keys = dict.fromkeys(key for _, key, _ in touched[begins:ends])
        closing = judged_from(a, b)
        cases = (Case(lives[key].until(b.version), a, closing, zone) for key in keys)
        scores[a, b] = said_score([case for case in cases if case.was_said_by_us], open_ones, a, closing)
    return [scores[period] for period in periods]


def said_score(touched: Sequence[Case], open_at_a: "OpenPromises", a: Cut, b: Cut) -> Score:
    """Return the score of the promises that were open at the first cut. `touched` are those with an event since."""
    due = [case.baseline.due_on for case in touched]
    said, due_by_b = open_at_a.due_from(a.today), open_at_a.due_from(a.today) - open_at_a.due_from(b.today)
    missed = due_by_b - sum(day < b.today for day in due)
    return score((case.judged for case in touched), missed=missed, pending=said - len(due) - missed)


@dataclass
class OpenPromises:
    """The promises of our side that are open at a version, ordered by the day they are due."""

    _due_on: dict[Key, date] = field(default_factory=dict)
    _days: list[date] = field(default_factory=list)

    def follow(self, moments: Iterable[tuple[Key, Moment]]) -> None:
        """Apply further events."""
        for key, moment in moments:
            if key in self._due_on:
                del self._days[bisect_left(self._days, self._due_on.pop(key))]
            if moment.promise.is_open and moment.promise.side == "us":
                self._due_on[key] = moment.promise.due_on
                insort(self._days, moment.promise.due_on)

    def due_from(self, day: date) -> int:
        """Return how many are due on a day or later."""
        return len(self._days) - bisect_left(self._days, day)
