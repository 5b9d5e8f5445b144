from datetime import date

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.goals import GoalAbandoned, GoalSet
from domain.account_plan.team import (
    Alignment,
    AlignTeam,
    AssignMember,
    Member,
    MemberAssigned,
    MemberReleased,
    ReleaseMember,
    TeamAligned,
)
from tests.given import OPENED, given

JAN_1, JAN_5, MARCH_1, JUNE_1 = date(2026, 1, 1), date(2026, 1, 5), date(2026, 3, 1), date(2026, 6, 1)

ANN = {"person": "ann", "role": "account_executive"}
ASSIGN = AssignMember(**ANN, from_on=JAN_5)
ASSIGNED = MemberAssigned(**ANN, from_on=JAN_5)
RELEASED = MemberReleased(**ANN, until_on=MARCH_1)
BACK = MemberAssigned(**ANN, stint=2, from_on=JUNE_1)
GOAL = GoalSet(
    id="triple",
    kind="revenue",
    statement="Triple the revenue with line B",
    measure="ARR",
    unit="EUR",
    baseline="100",
    target="300",
    due_on=JUNE_1,
    owner="ann",
)
ALIGN = AlignTeam(members=("ann", "bob"), goal="triple")
ALIGNED = TeamAligned(members=("ann", "bob"), goal="triple", agreed_on=JAN_5)


def test_a_member_is_assigned_a_role_from_a_day_on():
    given().when(ASSIGN).then(ASSIGNED)
    given(ASSIGNED).when(ASSIGN).then_nothing_happens()


def test_a_role_may_be_taken_over_and_begin_on_a_day_still_to_come():
    terms = ANN | {"from_on": JUNE_1, "coverage": "shared", "senior": True, "takes_over_from": "bob"}
    given().when(AssignMember(**terms)).then(MemberAssigned(**terms))


@pytest.mark.parametrize(
    ("different", "now"),
    [
        ({"coverage": "dedicated"}, {"coverage": "dedicated"}),
        ({"coverage": "shared", "senior": True, "takes_over_from": None}, {"senior": True, "takes_over_from": None}),
        ({"from_on": JAN_1, "takes_over_from": "bob"}, {"from_on": JAN_1}),
    ],
)
def test_only_what_is_different_about_a_role_is_recorded(different, now):
    shared = MemberAssigned(**ANN, from_on=JAN_5, coverage="shared", takes_over_from="bob")
    again = MemberAssigned(**ANN | {"from_on": JAN_5} | now)
    given(shared).when(AssignMember(**ANN | {"from_on": JAN_5} | different)).then(again)
    member = member_after("ann:account_executive", shared, again)
    assert now.items() <= dict(member).items()
    assert member.coverage == now.get("coverage", "shared")


def test_a_person_may_have_several_roles_and_a_role_several_people():
    other_role = ANN | {"role": "finance"}
    other_person = ANN | {"person": "bob"}
    given(ASSIGNED).when(AssignMember(**other_role, from_on=JAN_5)).then(MemberAssigned(**other_role, from_on=JAN_5))
    given(ASSIGNED).when(AssignMember(**other_person, from_on=JAN_5)).then(
        MemberAssigned(**other_person, from_on=JAN_5)
    )


def test_a_released_member_had_the_role_until_a_day_that_may_lie_ahead():
    given(ASSIGNED).when(ReleaseMember(**ANN, until_on=MARCH_1)).then(RELEASED)
    given(ASSIGNED).when(ReleaseMember(**ANN, until_on=JAN_5)).then(MemberReleased(**ANN, until_on=JAN_5))
    assert member_after("ann:account_executive", ASSIGNED, RELEASED).until_on == MARCH_1


def test_nobody_is_released_before_they_were_assigned():
    early = ReleaseMember(**ANN, until_on=JAN_1)
    given(ASSIGNED).when(early).then_refused("released-before-assigned", "/until_on")


def test_only_somebody_who_has_the_role_is_released():
    in_another = ReleaseMember(person="ann", role="legal", until_on=MARCH_1)
    given(ASSIGNED).when(in_another).then_refused("unknown-member", "/person")
    given(ASSIGNED, RELEASED).when(ReleaseMember(**ANN, until_on=JUNE_1)).then_refused("member-over", "/person")


def test_who_comes_back_to_a_role_begins_another_stint_and_the_first_stays_as_it_was():
    given(ASSIGNED, RELEASED).when(AssignMember(**ANN, from_on=JUNE_1)).then(BACK)
    history = (ASSIGNED, RELEASED, BACK)
    assert member_after("ann:account_executive", *history).until_on == MARCH_1
    assert member_after("ann:account_executive:2", *history).until_on is None


def test_a_second_stint_in_a_role_begins_after_the_first_is_over():
    for from_on in (JAN_5, MARCH_1):
        again = AssignMember(**ANN, from_on=from_on)
        given(ASSIGNED, RELEASED).when(again).then_refused("stints-overlap", "/from_on")
    next_day = {"from_on": date(2026, 3, 2)}
    second = MemberAssigned(**ANN, stint=2, **next_day)
    given(ASSIGNED, RELEASED).when(AssignMember(**ANN, **next_day)).then(second)
    earlier = AssignMember(**ANN, from_on=MARCH_1)
    given(ASSIGNED, RELEASED, second).when(earlier).then_refused("stints-overlap", "/from_on")
    other = AssignMember(**ANN | {"role": "finance"}, from_on=JAN_5)
    given(ASSIGNED, RELEASED).when(other).then(MemberAssigned(**ANN | {"role": "finance"}, from_on=JAN_5))


def test_who_has_a_role_is_not_given_it_from_a_later_day_as_if_they_had_not_had_it_before():
    given(ASSIGNED).when(AssignMember(**ANN, from_on=JUNE_1)).then_refused("stints-overlap", "/from_on")
    given(ASSIGNED, RELEASED, BACK).when(AssignMember(**ANN, from_on=date(2026, 6, 2))).then_refused("stints-overlap")
    earlier = MemberAssigned(**ANN, from_on=JAN_1)
    given(ASSIGNED).when(AssignMember(**ANN, from_on=JAN_1)).then(earlier)


def test_whose_id_is_an_e_mail_address_has_one_stint_in_whatever_case_it_was_written():
    written = MemberAssigned(person="Ann@Example.com", role="finance", from_on=JAN_5)
    again = AssignMember(person="ann@example.com", role="finance", from_on=JAN_5)
    given(written).when(again).then_nothing_happens()


def test_what_is_said_of_a_role_is_said_of_the_last_stint():
    history = (ASSIGNED, RELEASED, BACK)
    given(*history).when(AssignMember(**ANN, from_on=JUNE_1)).then_nothing_happens()
    senior = MemberAssigned(**ANN, stint=2, from_on=JUNE_1, senior=True)
    given(*history).when(AssignMember(**ANN, from_on=JUNE_1, senior=True)).then(senior)
    assert member_after("ann:account_executive:2", *history, senior).senior
    until_july = MemberReleased(**ANN, stint=2, until_on=date(2026, 7, 1))
    given(*history).when(ReleaseMember(**ANN, until_on=date(2026, 7, 1))).then(until_july)
    third = MemberAssigned(**ANN, stint=3, from_on=date(2026, 8, 1))
    given(*history, until_july).when(AssignMember(**ANN, from_on=date(2026, 8, 1))).then(third)
    assert member_after("ann:account_executive:2", *history, until_july, third).until_on == date(2026, 7, 1)


def test_a_role_is_one_of_those_there_are_and_senior_is_yes_or_no():
    with pytest.raises(ValidationError):
        AssignMember(person="ann", role="chef", from_on=JAN_5)
    with pytest.raises(ValidationError):
        AssignMember(**ANN, from_on=JAN_5, senior=None)


def test_members_of_the_team_agree_on_a_goal():
    given(GOAL).when(ALIGN).then(ALIGNED)
    assert aligned_after(GOAL, ALIGNED) == ("ann", "bob")


def test_the_same_members_in_whatever_order_change_nothing():
    given(GOAL, ALIGNED).when(ALIGN).then_nothing_happens()
    again = AlignTeam(members=("bob", "ann", "bob"), goal="triple")
    given(GOAL, ALIGNED).when(again).then(warnings=("named-again",))


@pytest.mark.parametrize("agreed_on", [date(2025, 12, 31), None])
def test_a_goal_is_agreed_on_anew_in_each_quarter(agreed_on):
    before = TeamAligned(members=("ann", "bob"), goal="triple", agreed_on=agreed_on)
    given(GOAL, before).when(ALIGN).then(ALIGNED)


def test_who_is_left_out_does_not_agree_any_more():
    fewer = TeamAligned(members=("bob",), goal="triple", agreed_on=JAN_5)
    given(GOAL, ALIGNED).when(AlignTeam(members=("bob",), goal="triple")).then(fewer)
    assert aligned_after(GOAL, ALIGNED, fewer) == ("bob",)
    given(GOAL).when(AlignTeam(members=(), goal="triple")).then_nothing_happens()


def test_a_team_agrees_on_a_goal_there_is():
    given().when(ALIGN).then_refused("unknown-goal", "/goal")
    given(GOAL, GoalAbandoned(id="triple")).when(ALIGN).then(ALIGNED)


def member_after(id, *events):
    return fold((OPENED, *events)).the(Member, id)


def aligned_after(*events):
    return fold((OPENED, *events)).the(Alignment, "triple").members
