from datetime import date

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.vision import Priorities, PrioritiesSet, SetPriorities, StateVision, Vision, VisionStated
from tests.given import OPENED, given, given_nothing

TERMS = {"horizon_on": date(2029, 1, 5), "statement": "Every plant runs on it", "investments": ("a team on site",)}
STATED = VisionStated(**TERMS)
SECOND = {"quarter": "2026-Q2", "statements": ("Line B live", "CFO convinced")}
SET = PrioritiesSet(**SECOND)


def test_a_vision_can_be_stated_once_the_plan_is_open():
    given().when(StateVision(**TERMS)).then(STATED)
    given_nothing().when(StateVision(**TERMS)).then_refused("unknown-plan")


def test_the_same_vision_is_recorded_once():
    given(STATED).when(StateVision(**TERMS)).then_nothing_happens()


@pytest.mark.parametrize(
    "new", [{"horizon_on": date(2030, 1, 5)}, {"statement": "Half of them do"}, {"investments": ("two teams",)}]
)
def test_another_vision_takes_the_place_of_the_one_before(new):
    given(STATED).when(StateVision(**TERMS | new)).then(VisionStated(**TERMS | new))


def test_a_vision_is_stated_whole():
    bare = {"horizon_on": TERMS["horizon_on"], "statement": TERMS["statement"]}
    given(STATED).when(StateVision(**bare)).then(VisionStated(**bare))
    given(VisionStated(**bare)).when(StateVision(**bare)).then_nothing_happens()
    assert fold((OPENED, STATED, VisionStated(**bare))).the(Vision, "vision") == Vision(id="vision", **bare)


def test_a_horizon_may_have_been_reached():
    reached = TERMS | {"horizon_on": date(2026, 1, 5)}
    given().when(StateVision(**reached)).then(VisionStated(**reached))


def test_each_quarter_has_its_priorities():
    third = SECOND | {"quarter": "2026-Q3"}
    given().when(SetPriorities(**SECOND)).then(SET)
    given(SET).when(SetPriorities(**third)).then(PrioritiesSet(**third))
    assert list(fold((OPENED, SET, PrioritiesSet(**third))).all(Priorities)) == ["2026-Q2", "2026-Q3"]


def test_priorities_are_replaced_whole_and_recorded_only_when_they_change():
    given(SET).when(SetPriorities(**SECOND)).then_nothing_happens()
    reordered = SECOND | {"statements": ("CFO convinced", "Line B live")}
    given(SET).when(SetPriorities(**reordered)).then(PrioritiesSet(**reordered))
    after = fold((OPENED, SET, PrioritiesSet(**reordered))).the(Priorities, "2026-Q2")
    assert after == Priorities(id="2026-Q2", **reordered)


def test_priorities_belong_to_the_goals():
    assert (SET.subject(), SET.refreshes(), STATED.subject(), STATED.refreshes()) == (
        "2026-Q2",
        "goals",
        "vision",
        "vision",
    )


@pytest.mark.parametrize(
    "wrong",
    [{"quarter": "2026-Q5"}, {"quarter": "Q2 2026"}, {"statements": None}, {"statements": ("a", "b", "c", "d")}],
)
def test_a_quarter_has_three_priorities_at_most(wrong):
    with pytest.raises(ValidationError):
        SetPriorities(**SECOND | wrong)


def test_the_priorities_of_a_quarter_can_be_taken_back():
    none = SECOND | {"statements": ()}
    given(SET).when(SetPriorities(**none)).then(PrioritiesSet(**none))
    given(SET, PrioritiesSet(**none)).when(SetPriorities(**none)).then_nothing_happens()
    given().when(SetPriorities(**none)).then_nothing_happens()
