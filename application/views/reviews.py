"""The reviews of a plan. Each is a cut once it was held."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel

from application.views.cuts import Cut, check_there, plan_at, review_cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.reviews import HeldReview, Review, ReviewHeld
from domain.record import Recorded


class ReviewView(BaseModel):
    """A review that is planned, was held or was cancelled. A held review is a cut: `review:ID`."""

    review: Review
    cut: str | None
    version: int | None
    recorded_at: datetime | None
    recorded_late: bool


class ReviewOnRecord(NamedTuple):
    """A held review: its event, and its cut."""

    event: ReviewHeld
    record: Recorded
    cut: Cut


def held_reviews(known: LoadedPlan, until: Cut) -> list[ReviewOnRecord]:
    """Return the reviews that were held and not struck by a cut, in order of recording. Raises `CutBeforePlan`."""
    check_there(known, until)
    records, zone = known.records[: until.version], timezone_of(known)
    struck = known.struck_until(until.version)
    return [
        ReviewOnRecord(record.event, record, review_cut(record.event, record, known, zone))
        for record in records
        if type(record.event) is ReviewHeld and record.version not in struck
    ]


def last_review(reviews: Iterable[ReviewOnRecord], before: Cut | None = None) -> ReviewOnRecord | None:
    """Return the review that was held last, whenever it was recorded. With `before`, only reviews before that cut
    count."""
    return max(
        (each for each in reviews if before is None or each.cut.is_before(before)),
        key=lambda each: HeldReview(each.event.held_on, each.record.version, each.event.id),
        default=None,
    )


def reviews(known: LoadedPlan, cut: Cut) -> list[ReviewView]:
    """Return the reviews in order of recording. Raises `CutBeforePlan`."""
    held = {each.event.id: each.cut for each in held_reviews(known, cut)}
    return [_view(review, held.get(review.id)) for review in plan_at(known, cut).all(Review).values()]


def _view(review: Review, held: Cut | None) -> ReviewView:
    return ReviewView.model_construct(
        review=review,
        cut=held.cut if held else None,
        version=held.version if held else None,
        recorded_at=held.at if held else None,
        recorded_late=held.recorded_late if held else False,
    )
