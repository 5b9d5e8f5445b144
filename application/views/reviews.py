"""Projection: the reviews of a plan, as the cuts they are."""

from datetime import datetime

from pydantic import BaseModel

from application.views.cuts import Cut, cut_at, known_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.reviews import Review


class ReviewView(BaseModel):
    """A review that is planned, was held or was cancelled; a held one is a cut: `review:ID`."""

    review: Review
    cut: str | None
    version: int | None
    recorded_at: datetime | None
    recorded_late: bool


def reviews(known: LoadedPlan, cut: Cut) -> list[ReviewView]:
    """In the order they came.  Raises `CutBeforePlan`."""
    known = known_at(known, cut)
    return [_view(known, review, cut) for review in known.state.all(Review).values()]


def _view(known: LoadedPlan, review: Review, cut: Cut) -> ReviewView:
    held = cut_at(f"review:{review.id}", known, cut.at) if review.state == "held" else None
    return ReviewView.model_construct(
        review=review,
        cut=held.cut if held else None,
        version=held.version if held else None,
        recorded_at=held.at if held else None,
        recorded_late=held.recorded_late if held else False,
    )
