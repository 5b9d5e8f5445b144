from datetime import UTC, date, datetime

import pytest

from domain.account_plan import ACCOUNT_PLAN, fold
from domain.account_plan.plan import PlanOpened
from domain.account_plan.play_states import (
    BlockPlay,
    DropPlay,
    LosePlay,
    PlayBlocked,
    PlayDropped,
    PlayLost,
    PlayReopened,
    PlayStarted,
    PlayUnblocked,
    PlayWon,
    ReopenPlay,
    StartPlay,
    UnblockPlay,
    WinPlay,
)
from domain.account_plan.plays import (
    PlanPlay,
    Play,
    PlayPlanned,
    PlayReassigned,
    PlayRelinked,
    PlayRescheduled,
    PlayRestated,
    ReassignPlay,
    RelinkPlay,
    ReschedulePlay,
    RestatePlay,
)
from tests.given import MONDAY, OPENED, When, given, given_nothing

JAN_5, JAN_6, MARCH_1 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 3, 1)

TERMS = {
    "id": "tour",
    "title": "Plant tour for the CFO",
    "kind": "discovery",
    "owner": "bob",
    "due_on": MARCH_1,
    "success_measure": "She names three causes of rework",
}
PLAN = PlanPlay(**TERMS)
PLANNED = PlayPlanned(**TERMS)
STARTED = PlayStarted(id="tour", started_on=JAN_5)
BLOCKED = PlayBlocked(id="tour")
WON = PlayWon(id="tour", finished_on=JAN_5, result="CFO came")
WIN = WinPlay(id="tour", finished_on=JAN_5, result="CFO came")


def test_a_play_can_be_planned():
    given().when(PLAN).then(PLANNED)


def test_a_play_needs_an_open_plan():
    given_nothing().when(PLAN).then_refused("unknown-plan")


def test_the_id_of_a_play_is_taken_once():
    given(PLANNED).when(PLAN).then_refused("play-id-taken", "/id")


def test_a_vague_title_is_accepted_with_a_warning():
    vague = {"title": "Deepen the relationship"}
    given().when(PlanPlay(**TERMS | vague)).then(PlayPlanned(**TERMS | vague), warnings=("vague",))


def test_a_play_due_more_than_a_year_before_the_plan_was_opened_is_refused():
    early = PlanPlay(**TERMS | {"due_on": date(2025, 1, 4)})
    given().when(early).then_refused("due-before-plan-opened", "/due_on")


def test_a_plan_begins_with_what_was_promised_up_to_a_year_before_it():
    old = TERMS | {"due_on": date(2025, 1, 5)}
    given().when(PlanPlay(**old)).then(PlayPlanned(**old), warnings=("due-in-the-past",))
    in_a_leap_year = PlanOpened(**OPENED.model_dump() | {"opened_on": date(2024, 2, 29)})
    for day, refused in ((date(2023, 2, 27), True), (date(2023, 2, 28), False)):
        due = When(ACCOUNT_PLAN, fold((in_a_leap_year,)), PlanPlay(**TERMS | {"due_on": day}), MONDAY)
        if refused:
            due.then_refused("due-before-plan-opened", "/due_on")
        else:
            due.then(PlayPlanned(**TERMS | {"due_on": day}), warnings=("due-in-the-past",))


def test_a_play_cannot_start_after_it_is_due():
    given().when(PlanPlay(**TERMS, starts_on=date(2026, 3, 2))).then_refused("play-starts-after-it-is-due")
    given().when(PlanPlay(**TERMS, starts_on=MARCH_1)).then(PlayPlanned(**TERMS, starts_on=MARCH_1))


def test_a_play_may_only_be_linked_to_what_is_there():
    given().when(PlanPlay(**TERMS, goal="triple")).then_refused("unknown-goal", "/goal")


def test_starting_a_play_says_since_when():
    given(PLANNED).when(StartPlay(id="tour")).then(STARTED)
    given(PLANNED, STARTED).when(StartPlay(id="tour")).then_nothing_happens()


def test_a_play_cannot_have_started_tomorrow():
    given(PLANNED).when(StartPlay(id="tour", started_on=JAN_6)).then_refused("day-in-the-future", "/started_on")


def test_a_blocked_play_is_unblocked_before_it_is_started():
    given(PLANNED, BLOCKED).when(StartPlay(id="tour")).then_refused("play-is-blocked")


def test_a_play_is_blocked_with_a_reason():
    given(PLANNED).when(BlockPlay(id="tour", reason="plant is closed")).then(BLOCKED)
    given(PLANNED, BLOCKED).when(BlockPlay(id="tour", reason="still closed")).then_nothing_happens()


def test_unblocking_returns_a_play_to_the_state_before():
    given(PLANNED, STARTED, BLOCKED).when(UnblockPlay(id="tour")).then(PlayUnblocked(id="tour"))
    given(PLANNED).when(UnblockPlay(id="tour")).then_nothing_happens()
    assert state_after(PLANNED, STARTED, BLOCKED, PlayUnblocked(id="tour")) == "in_flight"
    assert state_after(PLANNED, BLOCKED, PlayUnblocked(id="tour")) == "planned"


def test_a_rescheduled_play_says_the_former_day():
    moved = PlayRescheduled(id="tour", due_on=JAN_6, former=MARCH_1)
    given(PLANNED).when(ReschedulePlay(id="tour", due_on=JAN_6)).then(moved)
    given(PLANNED).when(ReschedulePlay(id="tour", due_on=MARCH_1)).then_nothing_happens()


def test_a_play_moved_into_the_past_is_overdue_from_the_start_and_the_answer_says_so():
    moved = PlayRescheduled(id="tour", due_on=JAN_6, former=MARCH_1)
    late = datetime(2026, 2, 1, tzinfo=UTC)
    given(PLANNED).when(ReschedulePlay(id="tour", due_on=JAN_6), at=late).then(moved, warnings=("due-in-the-past",))


def test_a_reassigned_play_says_the_former_owner():
    reassigned = PlayReassigned(id="tour", owner="cem", former="bob")
    given(PLANNED).when(ReassignPlay(id="tour", owner="cem")).then(reassigned)
    given(PLANNED).when(ReassignPlay(id="tour", owner="bob")).then_nothing_happens()


def test_only_what_is_restated_is_recorded():
    restated = PlayRestated(id="tour", target="3")
    given(PLANNED).when(RestatePlay(id="tour", title=TERMS["title"], target="3")).then(restated)
    given(PLANNED).when(RestatePlay(id="tour", measure=None)).then_nothing_happens()


def test_an_emptied_field_is_recorded_as_empty():
    measured = PlayRestated(id="tour", measure="causes named")
    given(PLANNED, measured).when(RestatePlay(id="tour", measure=None)).then(PlayRestated(id="tour", measure=None))


def test_relinking_replaces_all_links():
    no_links = {"goal": None, "risk": None, "hypothesis": None, "competitor": None, "opportunity": None}
    no_links |= {"unit": None, "offering": None, "stakeholders": ()}
    linked = PlayRelinked(id="tour", **no_links | {"goal": "triple"})
    given(PLANNED, linked).when(RelinkPlay(id="tour")).then(PlayRelinked(id="tour", **no_links))
    given(PLANNED).when(RelinkPlay(id="tour")).then_nothing_happens()


def test_a_play_is_won_only_once():
    given(PLANNED).when(WIN).then(WON)
    given(PLANNED, WON).when(WIN).then_refused("play-over", "/id")


def test_a_play_lost_was_tried():
    lost = {"id": "tour", "finished_on": JAN_5, "result": "nobody came", "actual": "0"}
    given(PLANNED, STARTED).when(LosePlay(**lost)).then(PlayLost(**lost))


def test_a_play_is_dropped_with_a_reason():
    given(PLANNED, BLOCKED).when(DropPlay(id="tour", reason="budget")).then(PlayDropped(id="tour"))


@pytest.mark.parametrize("over", [WON, PlayDropped(id="tour")])
def test_a_reopened_play_returns_to_the_state_before_it_was_over(over):
    again = ReopenPlay(id="tour", reason="not so")
    given(PLANNED, STARTED, BLOCKED, over).when(again).then(PlayReopened(id="tour"))
    given(PLANNED).when(again).then_refused("play-not-over")
    reopened = fold((OPENED, PLANNED, STARTED, BLOCKED, over, PlayReopened(id="tour"))).the(Play, "tour")
    assert (reopened.state, reopened.finished_on, reopened.result) == ("blocked", None, None)
    assert (
        state_after(PLANNED, STARTED, BLOCKED, over, PlayReopened(id="tour"), PlayUnblocked(id="tour")) == "in_flight"
    )


def test_an_unknown_play_cannot_be_changed():
    given().when(ReschedulePlay(id="tour", due_on=JAN_6)).then_refused("unknown-play", "/id")


def test_today_is_the_day_where_the_plan_lives():
    win = WinPlay(id="tour", finished_on=JAN_6, result="CFO came")
    in_berlin = given(PLANNED)
    in_berlin.when(win, at=datetime(2026, 1, 5, 22, 59, tzinfo=UTC)).then_refused("day-in-the-future", "/finished_on")
    in_berlin.when(win, at=datetime(2026, 1, 5, 23, 0, tzinfo=UTC)).then(WON.model_copy(update={"finished_on": JAN_6}))


def state_after(*events):
    return fold((OPENED, *events)).the(Play, "tour").state
