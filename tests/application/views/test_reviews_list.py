"""The reviews of a plan, as the cuts they are."""

import pytest
from pydantic_core import from_json, to_json

from application.views.cuts import CutBeforePlan
from application.views.pages import NoReviewToCompareWith, review_before
from application.views.reviews import reviews
from tests.histories import History, instant, opened

HELD = {"kind": "monthly", "audience": "internal", "ours": ["ann"]}


def with_reviews() -> History:
    history = opened()
    history.on("2026-01-06", "schedule-review", id="R1", kind="monthly", planned_on="2026-01-30")
    history.on("2026-01-06", "schedule-review", id="R2", kind="monthly", planned_on="2026-02-27")
    history.on("2026-01-06", "schedule-review", id="Q1", kind="qbr", planned_on="2026-03-30")
    history.on("2026-02-03", "hold-review", id="R1", held_on="2026-01-30", **HELD)
    history.on("2026-02-10", "hold-review", id="extra", held_on="2026-02-10", **HELD | {"kind": "ad_hoc"})
    history.on("2026-02-11", "cancel-review", id="Q1", moved_to_on="2026-04-07", reason="COO is ill")
    return history


def test_reviews_are_listed_in_the_order_they_came_and_held_ones_are_cuts():
    history = with_reviews()
    listed = reviews(history.known, history.cut("now"))
    assert [(each.review.id, each.review.state, each.cut, each.version) for each in listed] == [
        ("R1", "held", "review:R1", 5),
        ("R2", "scheduled", None, None),
        ("Q1", "cancelled", None, None),
        ("extra", "held", "review:extra", 6),
    ]
    assert [(each.recorded_at, each.recorded_late) for each in listed] == [
        (instant("2026-02-03"), True),
        (None, False),
        (None, False),
        (instant("2026-02-10"), False),
    ]


def test_a_review_is_compared_with_the_one_held_before_it_and_never_with_itself():
    history = with_reviews()
    before = {cut: review_before(history.known, history.cut(cut)) for cut in ("now", "review:extra", "version:6")}
    assert before == {"now": "review:extra", "review:extra": "review:R1", "version:6": "review:R1"}
    for first in ("review:R1", "version:5", "version:4"):
        with pytest.raises(NoReviewToCompareWith):
            review_before(history.known, history.cut(first))


def test_the_list_can_be_written_out():
    history = with_reviews()
    first = from_json(to_json(reviews(history.known, history.cut("now"))))[0]
    assert (first["cut"], first["review"]["planned_on"]) == ("review:R1", "2026-01-30")
    assert first["review"]["held_on"] == "2026-01-30"


def test_a_review_is_listed_as_it_was_at_the_cut():
    history = with_reviews()
    listed = reviews(history.known, history.cut("2026-01-15"))
    assert [(each.review.state, each.cut) for each in listed] == [("scheduled", None)] * 3


def test_a_review_struck_later_is_still_a_cut_in_an_earlier_list():
    history = with_reviews()
    history.on("2026-02-12", "strike-entry", event="5", reason="It was called off")
    history.on("2026-02-13", "strike-entry", event="6", reason="It was called off")
    now = reviews(history.known, history.cut("now"))
    assert [(each.review.id, each.review.state, each.cut) for each in now] == [
        ("R1", "scheduled", None),
        ("R2", "scheduled", None),
        ("Q1", "cancelled", None),
    ]
    before = reviews(history.known, history.cut("2026-02-11"))
    assert [(each.review.id, each.cut, each.version) for each in before if each.cut] == [
        ("R1", "review:R1", 5),
        ("extra", "review:extra", 6),
    ]


def test_before_the_plan_was_opened_there_are_no_reviews_to_list():
    history = with_reviews()
    with pytest.raises(CutBeforePlan):
        reviews(history.known, history.cut("version:0"))
