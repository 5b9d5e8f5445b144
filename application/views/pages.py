"""The lists of a plan, as HTTP and the command line both answer them."""

import re
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from application.views.blame import Blame, blame
from application.views.current_plan import CutView
from application.views.cuts import Cut, CutRefused, check_there, cut_at, plan_at
from application.views.history import Entry, Filter, history
from application.views.list_cursors import cursor_after
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewView, held_reviews, last_review, reviews
from domain.account_plan import EVENTS
from domain.account_plan.language import Section
from domain.language import kebab_case


class HistoryPage(BaseModel):
    items: list[Entry]
    next: str | None
    """The cursor of the page that follows; null at the end."""


class BlameList(BaseModel):
    as_of: CutView
    items: list[Blame]
    next: None = None
    """Always null: this list is complete."""


class ReviewList(BaseModel):
    as_of: CutView
    items: list[ReviewView]
    next: None = None
    """Always null: this list is complete."""


class NoReviewToCompareWith(CutRefused):
    """No review was held before; say from which cut to compare."""

    type = "no-review-to-compare-with"


def history_page(known: LoadedPlan, wanted: Filter, until: Cut, after: int = 0, limit: int = 100) -> HistoryPage:
    """Return the selected events after a version, up to a cut. Raises `CutBeforePlan`."""
    check_there(known, until)
    items, last = history(known.records[: until.version], wanted.leaves_in, after, limit)
    return HistoryPage.model_construct(items=items, next=cursor_after(last) if last else None)


def blame_list(
    known: LoadedPlan, cut: Cut, section: Section | None = None, kind: str | None = None, id: str | None = None
) -> BlameList:
    """Return the blame at a cut, of a section, a kind or one thing. Raises `CutBeforePlan`."""
    items = [
        each
        for each in blame(plan_at(known, cut), known.records[: cut.version])
        if section in (None, each.section) and kind in (None, each.kind) and id in (None, each.id)
    ]
    return BlameList.model_construct(as_of=CutView.of(cut), items=items)


def review_list(known: LoadedPlan, cut: Cut) -> ReviewList:
    """Return the reviews up to a cut. Raises `CutBeforePlan`."""
    return ReviewList.model_construct(as_of=CutView.of(cut), items=reviews(known, cut))


def review_before(known: LoadedPlan, cut: Cut) -> str:
    """Return the last review before a cut, the default to compare with.

    Raises `NoReviewToCompareWith`, `CutBeforePlan`.
    """
    last = last_review(held_reviews(known, cut), before=cut)
    if last is None:
        raise NoReviewToCompareWith(NoReviewToCompareWith.__doc__)
    return last.cut.cut


def version_before(cut: str | None, known: LoadedPlan, now: datetime) -> int:
    """Return the version after which a history begins. A day stands for its beginning: what was recorded on it is
    included."""
    if cut is None:
        return 0
    found = cut_at(cut, known, now)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cut) and found.date > date.min:
        return cut_at((found.date - timedelta(days=1)).isoformat(), known, now).version
    return found.version


_EVENTS = {name: name for name in EVENTS} | {kebab_case(name): name for name in EVENTS}


def event_named(type: str) -> str | None:
    """Return the name of an event that is given as `PlayStarted`, `play-started` or `plantrail.play-started.v1`."""
    return _EVENTS.get(re.sub(r"^plantrail\.|\.v\d+$", "", type))
