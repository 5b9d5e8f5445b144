"""Lists of one plan or program, as HTTP and the command line answer them alike."""

import re
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from application.aggregates.loaded import LoadedAggregate
from application.views.blame import Blame, blame
from application.views.by_section import CutView
from application.views.cuts import Cut, CutRefused, check_there, cut_at, plan_at
from application.views.history import Entry, Filter, history
from application.views.list_cursors import cursor_after
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewView, held_reviews, last_review, reviews
from domain.aggregates import AggregateType
from domain.language import kebab_case, shortened


class HistoryPage(BaseModel):
    items: list[Entry]
    next: str | None
    """The cursor of the next page; null on the last one."""


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


class UnknownKind(ValueError):
    """No kind of thing has the name that was given."""


class NoReviewToCompareWith(CutRefused):
    """No review was held before; say from which cut to compare."""

    type = "no-review-to-compare-with"


def history_page(
    known: LoadedAggregate[Any], wanted: Filter, until: Cut, after: int = 0, limit: int = 100
) -> HistoryPage:
    """Return the events after a version and up to a cut. Raises `CutBeforePlan`."""
    check_there(known, until)
    items, last = history(known.records[: until.version], wanted.leaves_in, after, limit)
    return HistoryPage.model_construct(items=items, next=cursor_after(last) if last else None)


def blame_list(
    known: LoadedAggregate[Any], cut: Cut, section: str | None = None, kind: str | None = None, id: str | None = None
) -> BlameList:
    """Return the blame at a cut, for a section, a kind or one thing. Raises `CutBeforePlan`."""
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
    """Return the last review before a cut, which is compared with by default.

    Raises `NoReviewToCompareWith`, `CutBeforePlan`.
    """
    last = last_review(held_reviews(known, cut), before=cut)
    if last is None:
        raise NoReviewToCompareWith(NoReviewToCompareWith.__doc__)
    return last.cut.cut


def version_before(cut: str | None, known: LoadedAggregate[Any], now: datetime) -> int:
    """Return the version after which a history begins. A day includes everything that was recorded on it."""
    if cut is None:
        return 0
    found = cut_at(cut, known, now)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cut) and found.date > date.min:
        return cut_at((found.date - timedelta(days=1)).isoformat(), known, now).version
    return found.version


def event_named(name: str, type: AggregateType[Any]) -> str | None:
    """Return the name of the event of a type, given as `PlayStarted`, `play-started` or `plantrail.play-started.v1`."""
    wanted = re.sub(r"^plantrail\.|\.v\d+$", "", name)
    return next((event for event in type.events if wanted in (event, kebab_case(event))), None)


def thing_named(text: str | None, type: AggregateType[Any]) -> tuple[str | None, str | None]:
    """Return the kind and id in `play:pilot`; the id is None in `play`.

    Raises `UnknownKind`, which names the nearest kind that exists.
    """
    kind, _, id = (text or "").partition(":")
    kinds = {*type.things, *(event.noun for event in type.events.values())}
    if text and kind not in kinds:
        near = get_close_matches(kind, kinds, 1)
        known = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(sorted(kinds))}."
        raise UnknownKind(f"“{shortened(kind)}” is no kind of thing of a {type.noun}; {known}")
    return kind or None, id or None
