from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from domain.account_plan import ACCOUNT_PLAN, fold
from domain.account_plan.actions import ActionAdded, AddAction
from domain.account_plan.entries import EntryStruck, SectionConfirmed
from domain.account_plan.plan import plan_id_of
from domain.account_plan.reviews import (
    CancelReview,
    CirculatePack,
    HoldReview,
    PackCirculated,
    Review,
    ReviewCancelled,
    ReviewHeld,
    ReviewScheduled,
    ScheduleReview,
)
from domain.account_plan.stakeholders import StakeholderAdded
from tests.cases import for_each
from tests.given import OPENED, Given, given

JAN_2, JAN_4, JAN_5, JAN_6, FEB_2 = (
    date(2026, 1, 2),
    date(2026, 1, 4),
    date(2026, 1, 5),
    date(2026, 1, 6),
    date(2026, 2, 2),
)

CFO = StakeholderAdded(id="cfo", name="Dana", level="executive")
PLANNED = {"id": "jan", "kind": "monthly", "planned_on": JAN_6}
SCHEDULED = ReviewScheduled(**PLANNED)
CANCELLED = ReviewCancelled(id="jan")
HOLD = {"id": "jan", "kind": "monthly", "audience": "internal", "held_on": JAN_5, "ours": ("ann",), "theirs": ()}
HELD = ReviewHeld(**HOLD)
PACK = {"id": "jan", "circulated_on": JAN_4}
MAY_BE_NULL = [
    name
    for name, field in ScheduleReview.model_fields.items()
    if name not in {"about", "id"} and not field.is_required() and field.default is None
]
"""What says nothing of a review that is planned where it is null."""


def test_a_review_is_scheduled_with_an_agenda_and_those_invited():
    agenda = ({"topic": "What we said", "minutes": 20}, {"topic": "What we did", "minutes": 40})
    terms = PLANNED | {"agenda": agenda, "ours": ("ann", "bob"), "theirs": ("cfo",)}
    given(CFO).when(ScheduleReview(**terms)).then(ReviewScheduled(**terms))
    review = review_after(CFO, ReviewScheduled(**terms))
    assert (review.state, review.agenda[1].minutes, review.theirs) == ("scheduled", 40, ("cfo",))


def test_a_topic_takes_a_minute_at_least_and_a_day_at_most():
    for minutes in (1, 1_440):
        terms = PLANNED | {"agenda": ({"topic": "What we did", "minutes": minutes},)}
        given(CFO).when(ScheduleReview(**terms)).then(ReviewScheduled(**terms))
    for minutes in (0, 1_441):
        with pytest.raises(ValidationError):
            ScheduleReview(**PLANNED, agenda=({"topic": "What we did", "minutes": minutes},))


@pytest.mark.parametrize(
    ("nobody", "side"),
    [
        ({"ours": ()}, "ours"),
        ({"ours": None}, "ours"),
        ({"audience": "customer"}, "theirs"),
        ({"audience": "customer", "theirs": None}, "theirs"),
    ],
)
def test_a_review_is_held_with_somebody(nobody, side):
    with pytest.raises(ValidationError) as wrong:
        HoldReview(**HOLD | nobody)
    assert [error["loc"] for error in wrong.value.errors()] == [(side,)]


def test_a_review_among_ourselves_needs_nobody_of_theirs():
    given().when(HoldReview(**HOLD)).then(HELD)
    with_them = HOLD | {"audience": "customer", "theirs": ("cfo",)}
    given(CFO).when(HoldReview(**with_them)).then(ReviewHeld(**with_them))


@pytest.mark.parametrize("planned_on", [JAN_2, FEB_2])
def test_a_review_may_be_scheduled_for_any_day(planned_on):
    terms = PLANNED | {"planned_on": planned_on}
    given().when(ScheduleReview(**terms)).then(ReviewScheduled(**terms))


@pytest.mark.parametrize("minutes", [0, 1441, "20", 2.5])
def test_a_topic_takes_from_a_minute_to_a_day(minutes):
    with pytest.raises(ValidationError):
        ScheduleReview(**PLANNED, agenda=({"topic": "What we said", "minutes": minutes},))


def test_the_id_of_a_review_is_taken_once():
    given(SCHEDULED).when(ScheduleReview(**PLANNED)).then_refused("review-id-taken", "/id")
    given().when(ScheduleReview(**PLANNED, **dict.fromkeys(MAY_BE_NULL))).then(SCHEDULED)
    given(HELD).when(ScheduleReview(**PLANNED)).then_refused("review-id-taken", "/id")


@pytest.mark.parametrize(
    "command", [ScheduleReview(**PLANNED, theirs=("cfo",)), HoldReview(**HOLD | {"theirs": ("cfo",)})]
)
def test_only_stakeholders_there_are_take_part(command):
    given().when(command).then_refused("unknown-stakeholder", "/theirs/0")


def test_a_pack_is_circulated_with_figures_and_what_they_are_measured_against():
    metrics = ({"name": "ARR", "goal": 300}, {"name": "NPS"})
    circulated = PackCirculated(**PACK, metrics=({"name": "ARR", "goal": "300"}, {"name": "NPS"}))
    given(SCHEDULED).when(CirculatePack(**PACK, metrics=metrics)).then(circulated)
    nulls = ({"name": "ARR", "goal": 300}, {"name": "NPS", "goal": None})
    given(SCHEDULED).when(CirculatePack(**PACK, metrics=nulls)).then(circulated)
    given(SCHEDULED).when(CirculatePack(**PACK)).then(PackCirculated(**PACK))
    with pytest.raises(ValidationError):
        CirculatePack(**PACK, metrics=({"name": " "},))


def test_a_pack_circulated_again_is_recorded_where_it_is_another():
    circulated = PackCirculated(**PACK, metrics=({"name": "NPS"},))
    before = given(SCHEDULED, circulated)
    before.when(CirculatePack(**PACK)).then_nothing_happens()
    before.when(CirculatePack(**PACK, metrics=({"name": "NPS", "goal": None},))).then_nothing_happens()
    before.when(CirculatePack(id="jan", circulated_on=JAN_5)).then(PackCirculated(id="jan", circulated_on=JAN_5))
    before.when(CirculatePack(**PACK, metrics=())).then(PackCirculated(**PACK, metrics=()))
    again = review_after(SCHEDULED, circulated, PackCirculated(id="jan", circulated_on=JAN_5))
    assert (again.circulated_on, [metric.name for metric in again.metrics]) == (JAN_5, ["NPS"])


def test_no_pack_can_have_been_circulated_tomorrow():
    tomorrow = CirculatePack(id="jan", circulated_on=JAN_6)
    given(SCHEDULED).when(tomorrow).then_refused("day-in-the-future", "/circulated_on")


def test_a_review_may_be_held_without_having_been_scheduled():
    given().when(HoldReview(**HOLD)).then(HELD)
    assert review_after(HELD).state == "held"


def test_a_held_review_says_what_came_of_it():
    outcome = {
        "topics": ("Rework",),
        "decisions": ("Line B first",),
        "decisions_required": ("Who pays for the pilot",),
        "expansion_path": "Line B, then the plant in Brno",
        "notes": "She wants figures",
        "next_on": FEB_2,
    }
    given().when(HoldReview(**HOLD, **outcome)).then(ReviewHeld(**HOLD, **outcome))
    given().when(HoldReview(**HOLD, notes=" ", next_on=None)).then(HELD)
    given().when(HoldReview(**HOLD, opportunity="pilot")).then_refused("unknown-opportunity", "/opportunity")


def test_what_is_said_when_a_scheduled_review_is_held_counts():
    with_bob = ReviewScheduled(**PLANNED, agenda=({"topic": "What we said", "minutes": 20},), ours=("ann", "bob"))
    quarterly = HOLD | {"kind": "quarterly"}
    given(with_bob).when(HoldReview(**quarterly)).then(ReviewHeld(**quarterly))
    review = review_after(with_bob, ReviewHeld(**quarterly))
    assert (review.state, review.kind, review.ours) == ("held", "quarterly", ("ann",))
    assert (review.planned_on, len(review.agenda)) == (JAN_6, 1)


def test_a_review_cannot_have_been_held_tomorrow():
    given().when(HoldReview(**HOLD | {"held_on": JAN_6})).then_refused("day-in-the-future", "/held_on")


def test_a_review_may_not_be_held_before_the_last_of_its_kind():
    early, same_day = HOLD | {"id": "earlier", "held_on": JAN_4}, HOLD | {"id": "evening"}
    given(HELD).when(HoldReview(**early)).then_refused("review-held-before-the-last", "/held_on")
    given(HELD).when(HoldReview(**same_day)).then(ReviewHeld(**same_day))
    of_another_kind = early | {"kind": "weekly"}
    given(HELD).when(HoldReview(**of_another_kind)).then(ReviewHeld(**of_another_kind))


def test_the_last_of_its_kind_is_the_one_held_last_and_neither_planned_nor_cancelled():
    late = datetime(2026, 3, 1, tzinfo=UTC)
    february = HOLD | {"id": "feb", "held_on": FEB_2}
    history = (HELD, ReviewHeld(**february), ReviewScheduled(id="x", kind="monthly", planned_on=date(2026, 2, 20)))
    third = HoldReview(**HOLD | {"id": "x", "held_on": JAN_6})
    given(*history).when(third, at=late).then_refused("review-held-before-the-last", "/held_on")
    given(HELD, *history[2:], ReviewCancelled(id="x")).when(HoldReview(**february), at=late).then(
        ReviewHeld(**february)
    )


def test_a_review_struck_as_a_mistake_keeps_its_id_for_ever_and_leaves_the_scheduled_one_to_be_cancelled():
    struck = EntryStruck(event=f"{plan_id_of('acme')}:3", entry="review", section="reviews")
    assert fold((OPENED, SCHEDULED, HELD)).entries[3].name == "review"
    early = HOLD | {"held_on": JAN_4}
    history = given(SCHEDULED, HELD, struck)
    history.when(HoldReview(**early)).then_refused("review-id-taken", "/id")
    history.when(HoldReview(**early | {"id": "other"})).then(ReviewHeld(**early | {"id": "other"}))
    history.when(CancelReview(id="jan", reason="Held under another id")).then(CANCELLED)


def test_the_id_of_a_struck_review_is_never_given_again():
    struck = EntryStruck(event=f"{plan_id_of('acme')}:2", entry="review", section="reviews")
    assert fold((OPENED, HELD, struck)).find(Review, "jan") is None
    for command in (HoldReview(**HOLD), ScheduleReview(**PLANNED)):
        given(HELD, struck).when(command).then_refused("review-id-taken", "/id")
        later = fold([SectionConfirmed(section="risks")], onto=fold((OPENED, HELD, struck)))
        Given(ACCOUNT_PLAN, later).when(command).then_refused("review-id-taken", "/id")


def test_a_cancelled_review_may_say_where_it_was_moved_to():
    moved = ReviewCancelled(id="jan", moved_to_on=FEB_2)
    given(SCHEDULED).when(CancelReview(id="jan", moved_to_on=FEB_2, reason="plant is closed")).then(moved)
    given(SCHEDULED).when(CancelReview(id="jan", reason="no news")).then(CANCELLED)
    assert review_after(SCHEDULED, moved).moved_to_on == FEB_2


@for_each("command", [HoldReview(**HOLD), CirculatePack(**PACK), CancelReview(id="jan", reason="no news")])
@for_each("over", [HELD, CANCELLED])
def test_a_review_that_was_held_or_cancelled_is_over(command, over):
    given(SCHEDULED, over).when(command).then_refused("review-over", "/id")


@pytest.mark.parametrize("command", [CirculatePack(**PACK), CancelReview(id="jan", reason="no news")])
def test_a_review_nobody_scheduled_needs_neither_pack_nor_cancelling(command):
    given().when(command).then_refused("unknown-review", "/id")


@pytest.mark.parametrize("history", [(HELD,), (SCHEDULED,), (SCHEDULED, CANCELLED)])
def test_promises_may_name_the_review_they_were_made_at(history):
    promise = {"id": "sow", "statement": "Send the SOW", "kind": "joint", "owner": "ann", "due_on": FEB_2}
    given(*history).when(AddAction(**promise, review="jan")).then(ActionAdded(**promise, review="jan"))


def review_after(*events):
    return fold((OPENED, *events)).the(Review, "jan")
