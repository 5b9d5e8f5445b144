from datetime import UTC, date, datetime
from typing import get_args

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.actions import (
    AcknowledgeAction,
    Action,
    ActionAcknowledged,
    ActionAdded,
    ActionCompleted,
    ActionDropped,
    ActionKind,
    ActionReassigned,
    ActionRelinked,
    ActionReopened,
    ActionRescheduled,
    ActionRestated,
    AddAction,
    CompleteAction,
    DateHeld,
    DropAction,
    HoldDate,
    ReassignAction,
    RelinkAction,
    ReopenAction,
    RescheduleAction,
    RestateAction,
)
from domain.account_plan.play_states import PlayDropped
from domain.account_plan.plays import PlayPlanned
from domain.account_plan.reviews import ReviewScheduled
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderLeft
from tests.cases import for_each
from tests.given import OPENED, given, given_nothing

JAN_5, JAN_6, FEB_1, MARCH_1 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 2, 1), date(2026, 3, 1)

TERMS = {
    "id": "offer",
    "statement": "Send the offer for line B",
    "kind": "task",
    "owner": "bob",
    "due_on": MARCH_1,
}
ADDED = ActionAdded(**TERMS)
JOINT = ActionAdded(**TERMS | {"kind": "joint", "side": "customer"})
MILESTONE = ActionAdded(**TERMS | {"kind": "milestone"})
HELD = DateHeld(id="offer")
DONE = ActionCompleted(id="offer", finished_on=JAN_5, result="sent")
COMPLETE = CompleteAction(id="offer", finished_on=JAN_5, result="sent")
DROPPED = ActionDropped(id="offer")
COO = StakeholderAdded(id="coo", name="Dana", level="executive")
COO_LEFT = StakeholderLeft(id="coo", left_on=JAN_5)
JANUARY = ReviewScheduled(id="jan", kind="monthly", planned_on=FEB_1)
TOUR = PlayPlanned(
    id="tour", title="Plant tour", kind="discovery", owner="bob", due_on=MARCH_1, success_measure="They come"
)
NO_LINKS = {
    "play": None,
    "risk": None,
    "goal": None,
    "opportunity": None,
    "review": None,
    "via": None,
    "stakeholders": (),
}


# Adding


def test_an_action_can_be_added():
    given().when(AddAction(**TERMS)).then(ADDED)
    given_nothing().when(AddAction(**TERMS)).then_refused("unknown-plan")
    given(ADDED).when(AddAction(**TERMS)).then_refused("action-id-taken", "/id")
    added = action_after(ADDED)
    assert (added.state, added.side, added.calendar_hold, added.ending) == ("open", "us", False, None)


def test_an_action_says_all_it_is_about():
    more = {"kind": "introduction", "expected": "A meeting", "play": "tour", "via": "coo", "stakeholders": ("coo",)}
    given(COO, TOUR).when(AddAction(**TERMS | more)).then(ActionAdded(**TERMS | more))


@pytest.mark.parametrize("missing", ["statement", "kind", "owner", "due_on"])
def test_no_promise_is_accepted_without_its_day_or_its_owner(missing):
    with pytest.raises(ValidationError, match=missing):
        AddAction(**{name: value for name, value in TERMS.items() if name != missing})


def test_a_vague_statement_is_accepted_with_a_warning():
    vague = {"statement": "Follow up with the customer"}
    given().when(AddAction(**TERMS | vague)).then(ActionAdded(**TERMS | vague), warnings=("vague",))
    given(ADDED).when(RestateAction(id="offer", **vague)).then(ActionRestated(id="offer", **vague), warnings=("vague",))


def test_an_action_due_more_than_a_year_before_the_plan_was_opened_is_refused():
    early = date(2025, 1, 4)
    given().when(AddAction(**TERMS | {"due_on": early})).then_refused("due-before-plan-opened", "/due_on")
    given(ADDED).when(RescheduleAction(id="offer", due_on=early)).then_refused("due-before-plan-opened", "/due_on")


BELONGS = {
    "introduction": {"via": "coo"},
    "milestone": {"stage": "scoping", "calendar_hold": True},
    "joint": {"side": "customer", "review": "jan"},
}
MISPLACED = [
    (kind, field, value)
    for owner, fields in BELONGS.items()
    for field, value in fields.items()
    for kind in get_args(ActionKind)
    if kind != owner
]


@for_each(("kind", "field", "value"), MISPLACED)
def test_a_field_is_said_only_where_it_belongs(kind, field, value):
    with pytest.raises(ValidationError) as wrong:
        AddAction(**TERMS | {"kind": kind, field: value})
    [error] = wrong.value.errors()
    assert error["loc"] == (field,)
    assert f"this is of kind {kind}" in error["msg"]


def test_our_own_side_is_said_of_what_was_promised_together_only():
    with pytest.raises(ValidationError, match="belongs to joint only"):
        AddAction(**TERMS, side="us")


@pytest.mark.parametrize("kind", BELONGS)
def test_a_field_is_taken_where_it_belongs(kind):
    terms = TERMS | {"kind": kind} | BELONGS[kind]
    given(COO, JANUARY).when(AddAction(**terms)).then(ActionAdded(**terms))


def test_a_field_that_says_nothing_is_in_nobodys_way():
    AddAction(**TERMS, via=None, stage=" ", review=None, calendar_hold=False)


@pytest.mark.parametrize(("field", "value"), [("via", "coo"), ("review", "jan")])
def test_an_action_is_not_relinked_to_what_does_not_belong_to_it(field, value):
    relink = RelinkAction(id="offer", **{field: value})
    given(COO, JANUARY, ADDED).when(relink).then_refused("misplaced", f"/{field}")


def test_what_was_promised_together_can_be_the_customers_to_do():
    given().when(AddAction(**TERMS | {"kind": "joint"}, side="customer")).then(JOINT)


def test_an_action_may_only_be_linked_to_what_is_there():
    given().when(AddAction(**TERMS, play="tour")).then_refused("unknown-play", "/play")
    follow_up = TERMS | {"play": "tour"}
    given(TOUR, PlayDropped(id="tour")).when(AddAction(**follow_up)).then(ActionAdded(**follow_up))
    given(COO).when(AddAction(**TERMS, stakeholders=("coo", "cfo"))).then_refused(
        "unknown-stakeholder", "/stakeholders/1"
    )


# Dates


def test_a_rescheduled_action_says_the_former_day():
    moved = ActionRescheduled(id="offer", due_on=FEB_1, former=MARCH_1, calendar_hold=False)
    given(ADDED).when(RescheduleAction(id="offer", due_on=FEB_1)).then(moved)
    given(ADDED).when(RescheduleAction(id="offer", due_on=MARCH_1)).then_nothing_happens()
    assert action_after(ADDED, moved).due_on == FEB_1


def test_an_action_moved_into_the_past_is_overdue_from_the_start_and_the_answer_says_so():
    moved = ActionRescheduled(id="offer", due_on=JAN_6, former=MARCH_1, calendar_hold=False)
    late = datetime(2026, 2, 1, tzinfo=UTC)
    given(ADDED).when(RescheduleAction(id="offer", due_on=JAN_6), at=late).then(moved, warnings=("due-in-the-past",))


def test_the_date_of_a_milestone_is_held_in_the_calendar():
    given(MILESTONE).when(HoldDate(id="offer")).then(HELD)
    given(MILESTONE, HELD).when(HoldDate(id="offer")).then_nothing_happens()
    held = TERMS | {"kind": "milestone", "calendar_hold": True}
    given().when(AddAction(**held)).then(ActionAdded(**held))
    assert action_after(MILESTONE, HELD).calendar_hold


def test_only_the_date_of_a_milestone_is_held():
    given(ADDED).when(HoldDate(id="offer")).then_refused("only-milestones-are-held", "/id")
    held = RescheduleAction(id="offer", due_on=FEB_1, calendar_hold=True)
    given(ADDED).when(held).then_refused("misplaced", "/calendar_hold")


@pytest.mark.parametrize("said", [{}, {"calendar_hold": False}])
def test_a_new_day_ends_the_hold_of_a_milestone(said):
    moved = ActionRescheduled(id="offer", due_on=FEB_1, former=MARCH_1, calendar_hold=False)
    given(MILESTONE, HELD).when(RescheduleAction(id="offer", due_on=FEB_1, **said)).then(moved)
    assert not action_after(MILESTONE, HELD, moved).calendar_hold


def test_a_new_day_may_be_held_at_once():
    moved = ActionRescheduled(id="offer", due_on=FEB_1, former=MARCH_1, calendar_hold=True)
    given(MILESTONE, HELD).when(RescheduleAction(id="offer", due_on=FEB_1, calendar_hold=True)).then(moved)
    assert action_after(MILESTONE, HELD, moved).calendar_hold


# Owner, words and links


def test_a_reassigned_action_says_the_former_owner():
    reassigned = ActionReassigned(id="offer", owner="cem", former="bob")
    given(ADDED).when(ReassignAction(id="offer", owner="cem")).then(reassigned)
    given(ADDED).when(ReassignAction(id="offer", owner="bob")).then_nothing_happens()
    assert action_after(ADDED, reassigned).owner == "cem"


def test_only_what_is_restated_is_recorded():
    expected = ActionRestated(id="offer", expected="An order")
    given(ADDED).when(RestateAction(id="offer", statement=TERMS["statement"], expected="An order")).then(expected)
    given(ADDED, expected).when(RestateAction(id="offer", expected=None)).then(
        ActionRestated(id="offer", expected=None)
    )
    given(ADDED).when(RestateAction(id="offer")).then_nothing_happens()


def test_the_statement_of_an_action_cannot_be_emptied():
    with pytest.raises(ValidationError):
        RestateAction(id="offer", statement=None)


def test_relinking_replaces_all_links():
    linked = ActionRelinked(id="offer", **NO_LINKS | {"play": "tour"})
    given(TOUR, ADDED).when(RelinkAction(id="offer", play="tour")).then(linked)
    given(TOUR, ADDED, linked).when(RelinkAction(id="offer")).then(ActionRelinked(id="offer", **NO_LINKS))
    given(ADDED).when(RelinkAction(id="offer")).then_nothing_happens()


def test_a_link_the_action_has_already_need_not_be_justified_again():
    linked = ActionRelinked(id="offer", **NO_LINKS | {"play": "tour"})
    both = {"play": "tour", "stakeholders": ("coo",)}
    given(COO, TOUR, ADDED, linked, PlayDropped(id="tour")).when(RelinkAction(id="offer", **both)).then(
        ActionRelinked(id="offer", **NO_LINKS | both)
    )


# The customer's part


def test_the_customer_agrees_to_an_action():
    agreed = ActionAcknowledged(id="offer", stakeholder="coo", acknowledged_on=JAN_5)
    acknowledge = AcknowledgeAction(id="offer", stakeholder="coo", acknowledged_on=JAN_5)
    given(COO, JOINT).when(acknowledge).then(agreed)
    given(COO, JOINT, agreed).when(acknowledge).then_nothing_happens()
    action = action_after(COO, JOINT, agreed)
    assert (action.acknowledged_by, action.acknowledged_on) == ("coo", JAN_5)


def test_who_agreed_may_have_left_since():
    acknowledge = {"id": "offer", "stakeholder": "coo", "acknowledged_on": JAN_5}
    given(COO, COO_LEFT, JOINT).when(AcknowledgeAction(**acknowledge)).then(ActionAcknowledged(**acknowledge))


def test_nobody_agrees_who_is_not_there_or_on_a_day_to_come():
    acknowledge = AcknowledgeAction(id="offer", stakeholder="coo", acknowledged_on=JAN_5)
    tomorrow = AcknowledgeAction(id="offer", stakeholder="coo", acknowledged_on=JAN_6)
    given(JOINT).when(acknowledge).then_refused("unknown-stakeholder", "/stakeholder")
    given(COO, JOINT).when(tomorrow).then_refused("day-in-the-future", "/acknowledged_on")


# The end


def test_an_action_is_completed_only_once():
    given(ADDED).when(COMPLETE).then(DONE)
    given(ADDED, DONE).when(COMPLETE).then_refused("action-over", "/id")
    done = action_after(ADDED, DONE)
    assert (done.state, done.finished_on, done.result) == ("done", JAN_5, "sent")


def test_an_action_can_be_completed_without_a_result():
    given(ADDED).when(CompleteAction(id="offer", finished_on=JAN_5, result=" ")).then(
        ActionCompleted(id="offer", finished_on=JAN_5)
    )


def test_an_action_cannot_be_done_tomorrow():
    given(ADDED).when(CompleteAction(id="offer", finished_on=JAN_6)).then_refused("day-in-the-future", "/finished_on")


def test_an_action_is_dropped_with_a_reason():
    given(ADDED).when(DropAction(id="offer", reason="no budget")).then(DROPPED)
    given(ADDED, DROPPED).when(DropAction(id="offer", reason="no budget")).then_refused("action-over", "/id")
    with pytest.raises(ValidationError):
        DropAction(id="offer")


@pytest.mark.parametrize("over", [DONE, DROPPED])
def test_a_reopened_action_is_open_again(over):
    again = ReopenAction(id="offer", reason="not so")
    given(ADDED, over).when(again).then(ActionReopened(id="offer"))
    given(ADDED).when(again).then_refused("action-not-over", "/id")
    reopened = action_after(ADDED, over, ActionReopened(id="offer"))
    assert (reopened.state, reopened.finished_on, reopened.result, reopened.ending) == ("open", None, None, None)


@pytest.mark.parametrize(
    "command",
    [
        RescheduleAction(id="offer", due_on=FEB_1),
        ReassignAction(id="offer", owner="cem"),
        RestateAction(id="offer", expected="An order"),
        RelinkAction(id="offer"),
        HoldDate(id="offer"),
    ],
)
def test_an_action_that_is_unknown_or_over_is_not_changed(command):
    given().when(command).then_refused("unknown-action", "/id")
    given(ADDED, DONE).when(command).then_refused("action-over", "/id")


def action_after(*events):
    return fold((OPENED, *events)).the(Action, "offer")
