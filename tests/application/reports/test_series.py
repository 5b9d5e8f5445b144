"""The time series of a plan, from which the charts of a report are made."""

from datetime import date
from decimal import Decimal

import pytest

from application.reports.series import Stance, series
from application.views.cuts import CutBeforePlan
from tests.histories import opened
from tests.reports import hold

CONTRACT = {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": []}


def test_revenue_and_whitespace_at_every_review_of_the_kind_and_at_the_end():
    plan = opened()
    plan.on("2026-01-06", "add-unit", id="north", name="North", kind="site", buying_center=True)
    plan.on("2026-01-06", "list-offering", id="rota", name="Rota", kind="product")
    hold(plan, "W1", "2026-01-07")
    plan.on("2026-01-08", "set-contract", arr="100.50", **CONTRACT)
    plan.on("2026-01-08", "assess-cell", unit="north", offering="rota", penetration="pilot")
    hold(plan, "M1", "2026-01-09", kind="monthly")
    hold(plan, "W2", "2026-01-14")
    plan.on("2026-01-15", "confirm-section", section="risks")
    standings = series(plan.known, plan.cut("review:W2")).standings
    assert [(each.cut, each.arr, each.whitespace) for each in standings] == [
        ("review:W1", None, {"unknown": 1}),
        ("review:W2", Decimal("100.50"), {"pilot": 1}),
    ]
    ended = series(plan.known, plan.cut("2026-01-09", "2026-02-01")).standings
    assert [(each.cut, each.date) for each in ended] == [
        ("review:W1", date(2026, 1, 7)),
        ("2026-01-09", date(2026, 1, 9)),
    ]
    of_all_kinds = series(plan.known, plan.cut("now", "2026-02-01")).standings
    assert [each.cut for each in of_all_kinds] == ["review:W1", "review:M1", "review:W2", "now"]


def test_what_stakeholders_thought_from_when_on_and_when_they_were_gone():
    plan = opened()
    plan.on("2026-01-06", "add-stakeholder", id="cfo", name="Carla Winter", level="executive")
    plan.on("2026-01-07", "change-sentiment", id="cfo", attitude=-1)
    plan.on("2026-01-12", "change-sentiment", id="cfo", attitude=1)
    plan.on("2026-01-12T15:00:00", "change-sentiment", id="cfo", attitude=2)
    plan.on("2026-01-20", "record-departure", id="cfo", left_on="2026-01-15")
    plan.on("2026-01-25", "return-stakeholder", id="cfo", returned_on="2026-01-24", reason="Came back")
    (carla,) = series(plan.known, plan.cut("now")).sentiments
    assert (carla.stakeholder, carla.name) == ("cfo", "Carla Winter")
    assert carla.stances == [
        Stance(date=date(2026, 1, 6), attitude=None, there=True),
        Stance(date=date(2026, 1, 7), attitude=-1, there=True),
        Stance(date=date(2026, 1, 12), attitude=2, there=True),
        Stance(date=date(2026, 1, 15), attitude=2, there=False),
        Stance(date=date(2026, 1, 24), attitude=2, there=True),
    ]


def test_whoever_was_entered_twice_is_there_no_more_from_the_day_they_became_one():
    plan = opened()
    for id, name in (("cfo", "Carla Winter"), ("cw", "C. Winter")):
        plan.on("2026-01-06", "add-stakeholder", id=id, name=name, level="executive")
    plan.on("2026-01-07", "change-sentiment", id="cw", attitude=1)
    plan.on("2026-01-09", "merge-stakeholder", id="cw", into="cfo")
    ended = {each.stakeholder: each.stances[-1] for each in series(plan.known, plan.cut("now")).sentiments}
    assert ended["cw"] == Stance(date=date(2026, 1, 9), attitude=1, there=False)
    assert ended["cfo"].there


def test_nothing_after_the_cut_is_shown():
    plan = opened()
    plan.on("2026-01-06", "add-stakeholder", id="cfo", level="executive", title="CFO")
    before = series(plan.known, plan.cut("now"))
    plan.on("2026-01-07", "change-sentiment", id="cfo", attitude=-1)
    plan.on("2026-01-07", "set-contract", arr="100", **CONTRACT)
    assert series(plan.known, plan.cut("version:2")).sentiments == before.sentiments
    assert series(plan.known, plan.cut("version:2")).standings[-1].arr is None


def test_there_is_nothing_to_show_before_the_plan_opened():
    plan = opened()
    with pytest.raises(CutBeforePlan):
        series(plan.known, plan.cut("2025-01-01"))
