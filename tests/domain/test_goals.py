from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.entries import EntryStruck, StrikeEntry
from domain.account_plan.goals import (
    AbandonGoal,
    AchieveGoal,
    Goal,
    GoalAbandoned,
    GoalAchieved,
    Goalposts,
    GoalReopened,
    GoalRevised,
    GoalSet,
    Progress,
    ProgressReported,
    ReopenGoal,
    ReportProgress,
    ReviseGoal,
    SetGoal,
)
from domain.account_plan.plan import plan_id_of
from tests.cases import for_each
from tests.given import OPENED, given

JAN_4, JAN_5, JAN_6, JUNE_30 = date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 6), date(2026, 6, 30)

TERMS = {
    "id": "triple",
    "kind": "revenue",
    "statement": "Three lines run on it",
    "measure": "lines live",
    "unit": "lines",
    "baseline": Decimal(1),
    "target": Decimal(3),
    "due_on": JUNE_30,
    "owner": "ann",
}
SET = GoalSet(**TERMS)
TWO = ProgressReported(id="triple", value=Decimal(2), as_of_on=JAN_5)
THREE = ProgressReported(id="triple", value=Decimal(3), as_of_on=JAN_5)
ACHIEVED = GoalAchieved(id="triple", achieved_on=JAN_5, value=Decimal(4))
ABANDONED = GoalAbandoned(id="triple")
ABANDON = AbandonGoal(id="triple", reason="line C is sold")


def test_a_goal_can_be_set():
    given().when(SetGoal(**TERMS)).then(SET)
    given(SET).when(SetGoal(**TERMS)).then_refused("goal-id-taken", "/id")


def test_a_goal_may_count_downwards_and_below_zero():
    downwards = TERMS | {"baseline": Decimal("1.5"), "target": Decimal(-2)}
    given().when(SetGoal(**downwards)).then(GoalSet(**downwards))


@for_each("field", [name for name in TERMS if name != "id"])
def test_a_goal_without_measure_day_or_owner_is_no_goal(field):
    with pytest.raises(ValidationError, match=field):
        SetGoal(**{name: value for name, value in TERMS.items() if name != field})


def test_a_vague_goal_is_accepted_with_a_warning():
    vague = {"statement": "Grow the account"}
    given().when(SetGoal(**TERMS | vague)).then(GoalSet(**TERMS | vague), warnings=("vague",))
    revised = GoalRevised(id="triple", **vague, former=Goalposts(statement=TERMS["statement"]))
    revise = ReviseGoal(id="triple", **vague, reason="simpler")
    given(SET).when(revise).then(revised, warnings=("vague",))


def test_a_goal_due_more_than_a_year_before_the_plan_was_opened_is_refused():
    early = date(2025, 1, 4)
    given().when(SetGoal(**TERMS | {"due_on": early})).then_refused("due-before-plan-opened", "/due_on")
    revise = ReviseGoal(id="triple", due_on=early, reason="sooner")
    given(SET).when(revise).then_refused("due-before-plan-opened", "/due_on")


def test_a_revised_goal_says_where_the_goalposts_stood():
    revise = ReviseGoal(id="triple", target=Decimal(2), due_on=JUNE_30, owner="bob", reason="line C is sold")
    former = Goalposts(target=Decimal(3), owner="ann")
    revised = GoalRevised(id="triple", target=Decimal(2), owner="bob", former=former)
    given(SET).when(revise).then(revised)
    given(SET, revised).when(revise).then_nothing_happens()
    after = goal_after(revised)
    assert (after.target, after.owner, after.due_on, after.measure) == (Decimal(2), "bob", JUNE_30, "lines live")


def test_every_goalpost_can_be_moved():
    new = {"target": Decimal(5), "due_on": JAN_6, "statement": "Five run", "measure": "lines paid", "owner": "bob"}
    former = Goalposts(**{name: TERMS[name] for name in new})
    given(SET).when(ReviseGoal(id="triple", **new, reason="r")).then(GoalRevised(id="triple", **new, former=former))


@pytest.mark.parametrize("wrong", [{"target": None}, {"owner": None}, {"statement": ""}, {"reason": " "}])
def test_goalposts_are_not_taken_away_and_not_moved_without_a_reason(wrong):
    with pytest.raises(ValidationError):
        ReviseGoal(**{"id": "triple", "measure": "lines paid", "reason": "clearer"} | wrong)


def test_progress_is_kept_in_the_order_of_recording():
    given(SET).when(ReportProgress(id="triple", value=Decimal(2), as_of_on=JAN_5)).then(TWO)
    before = ProgressReported(id="triple", value=Decimal(1), as_of_on=JAN_4)
    kept = (Progress(value=Decimal(2), as_of_on=JAN_5), Progress(value=Decimal(1), as_of_on=JAN_4))
    assert goal_after(TWO, before).progress == kept


def test_the_same_value_for_the_same_day_is_reported_once():
    two = ReportProgress(id="triple", value=Decimal("2.0"), as_of_on=JAN_5)
    given(SET, TWO).when(two).then_nothing_happens()
    corrected_back = ProgressReported(id="triple", value=Decimal("2.0"), as_of_on=JAN_5)
    given(SET, TWO, THREE).when(two).then(corrected_back)
    day_before = ReportProgress(id="triple", value=Decimal(2), as_of_on=JAN_4)
    given(SET, TWO).when(day_before).then(ProgressReported(id="triple", value=Decimal(2), as_of_on=JAN_4))


def test_progress_of_tomorrow_is_not_known_today():
    tomorrow = ReportProgress(id="triple", value=Decimal(2), as_of_on=JAN_6)
    given(SET).when(tomorrow).then_refused("day-in-the-future", "/as_of_on")


def test_progress_entered_by_mistake_can_be_struck():
    struck = EntryStruck(event=f"{plan_id_of('acme')}:3", entry="progress", section="goals")
    given(SET, TWO, THREE).when(StrikeEntry(event="3", reason="typo")).then(struck)
    assert goal_after(TWO, THREE, struck).progress == (Progress(value=Decimal(3), as_of_on=JAN_5),)


def test_a_goal_is_achieved_only_once():
    achieve = AchieveGoal(id="triple", achieved_on=JAN_5, value=Decimal(4))
    given(SET).when(achieve).then(ACHIEVED)
    given(SET, ACHIEVED).when(achieve).then_refused("goal-over", "/id")
    valueless = AchieveGoal(id="triple", achieved_on=JAN_5, value=None)
    given(SET).when(valueless).then(GoalAchieved(id="triple", achieved_on=JAN_5))
    tomorrow = AchieveGoal(id="triple", achieved_on=JAN_6)
    given(SET).when(tomorrow).then_refused("day-in-the-future", "/achieved_on")


def test_a_goal_is_abandoned_with_a_reason():
    given(SET).when(ABANDON).then(ABANDONED)
    given(SET, ABANDONED).when(ABANDON).then_refused("goal-over", "/id")
    with pytest.raises(ValidationError, match="reason"):
        AbandonGoal.model_validate({"id": "triple"})


@pytest.mark.parametrize("over", [ACHIEVED, ABANDONED])
def test_a_reopened_goal_is_open_again(over):
    again = ReopenGoal(id="triple", reason="not so")
    given(SET, over).when(again).then(GoalReopened(id="triple"))
    given(SET).when(again).then_refused("goal-not-over", "/id")
    after = goal_after(TWO, over, GoalReopened(id="triple"))
    assert (after.state, after.ending, after.achieved_on, after.value) == ("open", None, None, None)
    assert len(after.progress) == 1


def test_an_unknown_goal_cannot_be_changed():
    given().when(ABANDON).then_refused("unknown-goal", "/id")


def test_how_far_a_goal_has_come_is_what_was_said_last_of_the_latest_day():
    def reported(value: int, day: date) -> ProgressReported:
        return ProgressReported(id="triple", value=Decimal(value), as_of_on=day)

    assert goal_after().reached is None
    assert goal_after(reported(2, JAN_5), reported(1, JAN_4)).reached == 2
    assert goal_after(reported(2, JAN_5), reported(3, JAN_5)).reached == 3
    achieved = GoalAchieved(id="triple", achieved_on=JAN_5, value=Decimal(4))
    assert goal_after(reported(2, JAN_5), achieved).reached == 4
    assert goal_after(reported(2, JAN_5), achieved, GoalReopened(id="triple")).reached == 2


def goal_after(*events):
    return fold((OPENED, SET, *events)).the(Goal, "triple")
