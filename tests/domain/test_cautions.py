"""Warnings about accepted commands that look like a mistake, on both sides of each boundary."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.account_plan import COMMANDS, EVENTS
from domain.account_plan.actions import ActionAdded, ActionCompleted, AddAction
from domain.account_plan.entries import AttachDocument
from domain.account_plan.exceptions import GrantException
from domain.account_plan.goals import GoalRevised, GoalSet, ReviseGoal
from domain.account_plan.health import SetContract
from domain.account_plan.opportunities import OpenOpportunity
from domain.account_plan.overview import NoteNews
from domain.account_plan.plays import PlanPlay, PlayPlanned
from domain.account_plan.relationships import LogTouch
from domain.account_plan.reviews import CirculatePack, ScheduleReview, ShownMetric
from domain.account_plan.stakeholders import AddStakeholder, StakeholderAdded, StakeholderLeft
from domain.account_plan.team import AssignMember
from domain.account_plan.vision import PrioritiesSet, SetPriorities, StateVision
from domain.cautions import about_a_stranger, about_days, about_repetitions, about_the_finish
from domain.markers import Checkable, Happened, marked
from domain.mistakes import with_article
from domain.program.agendas import PublishAgenda
from domain.program.charter import BeginPhase
from tests.cases import for_each
from tests.given import given

TODAY = date(2026, 1, 5)
TOUCH = {
    "kind": "call",
    "happened_on": date(2026, 1, 2),
    "members": ("ann",),
    "stakeholders": ("coo",),
    "summary": "Met",
}
CALL = {"statement": "Call the plant", "kind": "task", "owner": "ann", "due_on": date(2026, 3, 1)}
PLAY = {"title": "Tour of line B", "kind": "proof", "owner": "ann", "due_on": date(2026, 3, 1), "success_measure": "x"}


def codes(command, today=TODAY):
    return [(each.code, each.pointer) for each in about_days(command, today)]


# Far dates


@pytest.mark.parametrize(
    ("due_on", "told"),
    [
        (date(2028, 1, 5), []),
        (date(2028, 1, 6), [("far-date", "/due_on")]),
        (date(2026, 1, 5), []),
        (date(2026, 1, 4), [("due-in-the-past", "/due_on")]),
    ],
)
def test_a_promise_is_due_within_two_years_and_not_in_the_past(due_on, told):
    assert codes(AddAction(**CALL | {"due_on": due_on})) == told


@pytest.mark.parametrize(("day", "told"), [(date(2025, 1, 5), []), (date(2025, 1, 4), [("far-date", "/happened_on")])])
def test_what_happened_did_so_within_a_year(day, told):
    assert codes(NoteNews(kind="launch", summary="A new head of operations", happened_on=day)) == told


def test_a_far_date_is_told_by_how_far_it_may_be():
    long_ago = NoteNews(kind="launch", summary="A new head of operations", happened_on=date(2025, 1, 4))
    far_ahead = AddAction(**CALL | {"due_on": date(2028, 1, 6)})
    told = [next(iter(about_days(command, TODAY))).detail for command in (long_ago, far_ahead)]
    assert told == [
        "2025-01-04 is more than a year back: is the year right?",
        "2028-01-06 is more than 2 years ahead: is the year right?",
    ]


def test_two_years_after_the_29th_of_february_is_the_28th():
    leap = date(2028, 2, 29)
    assert codes(AddAction(**CALL | {"due_on": date(2030, 2, 28)}), leap) == []
    assert codes(AddAction(**CALL | {"due_on": date(2030, 3, 1)}), leap) == [("far-date", "/due_on")]


def test_somebody_may_have_joined_their_company_long_ago():
    assert codes(AddStakeholder(name="Jane Doe", level="executive", joined_on=date(1991, 4, 1))) == []


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2036, 1, 5), []),
        (date(2036, 1, 6), [("far-date", "/horizon_on")]),
        (date(1976, 1, 5), []),
        (date(1976, 1, 4), [("far-date", "/horizon_on")]),
    ],
)
def test_any_other_day_lies_ten_years_ahead_or_fifty_back_at_most(day, told):
    assert codes(StateVision(horizon_on=day, statement="Every line measured")) == told


@for_each(
    "command",
    [
        OpenOpportunity(name="Line B", amount="9", stage="idea", close_on=date(2062, 12, 20), source="plan"),
        ScheduleReview(kind="monthly", planned_on=date(2062, 12, 20)),
        AssignMember(person="ann", role="legal", from_on=date(2062, 12, 20)),
        SetContract(arr="9", starts_on=date(2026, 1, 1), renews_on=date(2062, 12, 20), products=()),
        GrantException(rule="marketing-absent", until_on=date(2062, 12, 20), reason="Hired in June"),
    ],
)
def test_a_year_with_two_figures_the_wrong_way_round_is_told_of_every_day(command):
    assert [code for code, _ in codes(command)] == ["far-date"]


# Likenesses


def test_a_new_thing_with_the_name_of_one_that_goes_on_looks_like_it():
    tour = PlanPlay(id="again", **PLAY | {"title": "TOUR of line b"})
    planned = PlayPlanned(id="again", **PLAY | {"title": "TOUR of line b"})
    given(PlayPlanned(id="tour", **PLAY)).when(tour).then(planned, warnings=("looks-like",))
    given().when(tour).then(planned)


def test_the_warning_names_the_other_and_repeats_no_text():
    history = given(StakeholderAdded(id="cfo", name="Frauke Müller", level="executive"))
    said = AddStakeholder(id="x", name="frauke muller", level="executive")
    [warning] = history.type.decide(history.aggregate, said, history.when(said).at).warnings
    assert (warning.code, warning.pointer) == ("looks-like", "/name")
    assert "“cfo”" in warning.detail
    assert "uller" not in warning.detail


def test_it_speaks_of_an_action_and_of_a_unit():
    assert [with_article(noun) for noun in ("action", "unit", "play", "news")] == [
        "an action",
        "a unit",
        "a play",
        "news",
    ]
    history = given(ActionAdded(id="call", **CALL))
    [warning] = history.type.decide(history.aggregate, AddAction(id="next", **CALL), history.when(None).at).warnings
    assert warning.detail == "There is an action of that name already, “call”: is it the same?"


def test_an_id_or_an_address_that_names_a_person_is_told_to_stay_in_clear():
    history = given(StakeholderAdded(id="cfo", name="Frauke Müller", level="executive"))
    called = AddAction(**CALL | {"id": "call-mueller"})
    read = AttachDocument(id="d", kind="other", title="Profile", url="https://acme.example/frauke-muller")
    for said, pointer in ((called, "/id"), (read, "/url")):
        [warning] = history.type.decide(history.aggregate, said, history.when(said).at).warnings
        assert (warning.code, warning.pointer) == ("names-a-person", pointer)
        assert "stays in clear for ever" in warning.detail
    meant = called.model_copy(update={"about": ()})
    assert not history.type.decide(history.aggregate, meant, history.when(meant).at).warnings


def test_what_is_over_may_be_promised_again_and_who_left_may_be_back():
    done = (ActionAdded(id="call", **CALL), ActionCompleted(id="call", finished_on=TODAY))
    given(*done).when(AddAction(id="next", **CALL)).then(ActionAdded(id="next", **CALL))
    gone = (StakeholderAdded(id="cfo", name="Jane Doe", level="executive"), StakeholderLeft(id="cfo", left_on=TODAY))
    back = {"id": "x", "name": "Jane Doe", "level": "executive"}
    given(*gone).when(AddStakeholder(**back)).then(StakeholderAdded(**back), warnings=("looks-like",))


def test_whoever_left_may_be_spoken_about_and_is_not_to_be_met():
    gone = given(
        StakeholderAdded(id="cfo", name="Jane Doe", level="executive"),
        StakeholderLeft(id="cfo", left_on=date(2026, 1, 1)),
    )
    note = {"id": "n", "section": "plan", "text": "Her successor is known", "about": ("cfo",)}
    met = TOUCH | {"id": "t", "happened_on": TODAY}
    for command, told in (("write-note", []), ("log-touch", ["has-left"])):
        said = COMMANDS[command].model_validate(note if command == "write-note" else met)
        decided = gone.when(said)
        warnings = decided.type.decide(decided.aggregate, decided.command, decided.at).warnings
        assert [each.code for each in warnings] == told


def test_things_that_happened_on_different_days_are_different():
    history = given(
        StakeholderAdded(id="cfo", name="Jane Doe", level="executive"),
        EVENTS["TouchLogged"].model_validate(TOUCH | {"id": "t1"}),
    )
    for day, told in ((TODAY, ("looks-like",)), (date(2026, 1, 2), ())):
        said = TOUCH | {"id": "t2", "happened_on": day}
        history.when(LogTouch(**said)).then(EVENTS["TouchLogged"].model_validate(said), warnings=told)


TOUCH = {
    "kind": "meeting",
    "happened_on": TODAY,
    "stakeholders": ("cfo",),
    "members": ("ann",),
    "summary": "The weekly call",
}


# Vague statements


def test_every_promise_and_every_goal_is_to_be_checked():
    checked = {(name, field) for name, command in COMMANDS.items() for field, _ in marked(command, Checkable)}
    assert checked >= {
        ("plan-play", "title"),
        ("restate-play", "title"),
        ("correct-play", "title"),
        ("add-action", "statement"),
        ("restate-action", "statement"),
        ("correct-action", "statement"),
        ("raise-request", "statement"),
        ("set-next-best-action", "statement"),
        ("plan-mitigation", "statement"),
        ("set-goal", "statement"),
        ("revise-goal", "statement"),
        ("set-priorities", "statements"),
    }


def test_of_a_list_the_vague_ones_are_told():
    said = {"quarter": "2026-Q1", "statements": ("Renew the contract of Lyon", "Grow the account")}
    decided = given().when(SetPriorities(**said))
    decided.then(PrioritiesSet(**said), warnings=("vague",))
    [warning] = decided.type.decide(decided.aggregate, decided.command, decided.at).warnings
    assert warning.pointer == "/statements/1"


def test_a_vague_statement_is_told_when_it_is_made_and_not_whenever_it_is_said_again():
    history = given(GoalSet(**GOAL | {"statement": "Grow the account"}))
    for statement, told in (("Grow the account", []), ("Grow the business", ["vague"])):
        decided = history.when(ReviseGoal(id="arr", statement=statement, owner="eve", reason="She takes over"))
        warnings = decided.type.decide(decided.aggregate, decided.command, decided.at).warnings
        assert [each.code for each in warnings if each.code == "vague"] == told


# Goalposts

JUNE = datetime(2026, 6, 29, 9, tzinfo=UTC)
GOAL = {
    "id": "arr",
    "kind": "revenue",
    "statement": "ARR of line B",
    "measure": "ARR",
    "unit": "EUR",
    "baseline": Decimal(100),
    "target": Decimal(300),
    "due_on": date(2026, 6, 30),
    "owner": "ann",
}


@for_each("falls", [False, True])
@for_each(
    ("day", "target", "told"),
    [
        (date(2026, 5, 29), 250, ()),
        (date(2026, 5, 30), 250, ("goalpost",)),
        (date(2026, 7, 15), 250, ("goalpost",)),
        (date(2026, 6, 30), 350, ()),
    ],
)
def test_a_target_is_eased_in_time_or_looks_like_a_moved_goalpost(falls, day, target, told):
    sign = -1 if falls else 1
    goal = GOAL | {"baseline": GOAL["baseline"] * sign, "target": GOAL["target"] * sign}
    revised = GoalRevised(id="arr", target=target * sign, former={"target": 300 * sign})
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    revise = ReviseGoal(id="arr", target=Decimal(target * sign), reason="The plant is smaller")
    given(GoalSet(**goal)).when(revise, at=at).then(revised, warnings=told)


@for_each(("target", "told"), [(99, ("goalpost",)), (101, ())])
def test_to_keep_what_there_is_is_eased_by_asking_for_less(target, told):
    revised = GoalRevised(id="arr", target=target, former={"target": 100})
    revise = ReviseGoal(id="arr", target=Decimal(target), reason="The plant is smaller")
    given(GoalSet(**GOAL | {"target": 100})).when(revise, at=JUNE).then(revised, warnings=told)


@for_each("falls", [False, True])
def test_a_day_that_is_moved_late_is_no_target_that_is_eased(falls):
    goal = GOAL | {"baseline": Decimal(500 if falls else 100)}
    later = {"due_on": date(2026, 7, 31)}
    revised = GoalRevised(id="arr", **later, former={"due_on": GOAL["due_on"]})
    given(GoalSet(**goal)).when(ReviseGoal(id="arr", **later, reason="The plant is late"), at=JUNE).then(revised)


def test_a_target_corrected_so_late_looks_like_one_as_well():
    correct = COMMANDS["correct-goal"].model_validate({"id": "arr", "target": Decimal(200), "reason": "Mistyped"})
    event = EVENTS["GoalCorrected"].model_validate({"id": "arr", "target": 200, "former": {"target": 300}})
    given(GoalSet(**GOAL)).when(correct, at=JUNE).then(event, warnings=("goalpost",))
    given(GoalSet(**GOAL)).when(correct).then(event)


# Done before it was promised


def test_what_ends_a_promise_says_on_which_day():
    marks = [(name, each) for name, command in COMMANDS.items() for _, each in marked(command, Happened)]
    assert {name for name, each in marks if each.ends_a_promise and not name.startswith("correct-")} == {
        "win-play",
        "lose-play",
        "complete-action",
        "deliver-request",
        "achieve-goal",
    }


@pytest.mark.parametrize(("promised_on", "told"), [(date(2026, 1, 6), ["finished-before-promised"]), (TODAY, [])])
def test_what_was_done_before_it_was_promised_is_told(promised_on, told):
    done = COMMANDS["complete-action"].model_validate({"id": "call", "finished_on": TODAY})
    cautions = list(about_the_finish(done, promised_on))
    assert [(each.code, each.pointer) for each in cautions] == [(code, "/finished_on") for code in told]
    assert all(each.detail.startswith(f"{TODAY} is before it was promised, on {promised_on}") for each in cautions)


# People nobody knows


def test_somebody_unknown_is_told_with_the_nearest_known():
    assert "is “ann” or “anna” meant?" in about_a_stranger("/owner", "anm", ["ann", "anna"]).detail
    assert about_a_stranger("/owner", "zoe", []).detail == "Nobody of ours is known as “zoe” yet."


# Lists

METRIC = ShownMetric(name="Rework", goal="5 %")


def items(*topics: str) -> list[dict[str, Any]]:
    return [{"topic": topic, "minutes": 10} for topic in topics]


def agenda(*topics: str) -> PublishAgenda:
    return PublishAgenda.model_validate_json(json.dumps({"kind": "qbr", "items": items(*topics), "minutes": 90}))


def review(*topics: str) -> ScheduleReview:
    said = {"kind": "qbr", "planned_on": "2026-01-30", "agenda": items(*topics)}
    return ScheduleReview.model_validate_json(json.dumps(said))


@for_each(
    ("command", "told"),
    [
        (BeginPhase(phase="pilot", accounts=("acme", "beta", "acme"), reason=None), ["/accounts/2"]),
        (BeginPhase(phase="pilot", accounts=("acme", "beta"), reason=None), []),
        (LogTouch(**TOUCH, topics=("price", "price", "rotas", "price")), ["/topics/1", "/topics/3"]),
        (LogTouch(**TOUCH, about=("coo", "coo")), ["/about/1"]),
        (agenda("Price", "Rotas", " PRICE"), ["/items/2/topic"]),
        (agenda("Price", "Price of rotas"), []),
        (PublishAgenda(kind="qbr", items=agenda("Price").items * 3, minutes=90), ["/items/1/topic", "/items/2/topic"]),
        (review("Rotas", "Rotas"), ["/agenda/1/topic"]),
        (CirculatePack(id="r", circulated_on=date(2026, 1, 5), metrics=(METRIC, METRIC)), ["/metrics/1/name"]),
    ],
)
def test_what_a_list_names_again_is_told_each_time_and_taken(command, told):
    found = list(about_repetitions(command))
    assert [(each.code, each.pointer) for each in found] == [("named-again", pointer) for pointer in told]


def test_an_agenda_that_has_a_topic_twice_is_told_in_a_sentence_that_does_not_repeat_it():
    [told] = about_repetitions(agenda("Price", "Rotas", "price"))
    assert told.detail == "Number 1 has the same topic: once is enough."


def test_a_list_that_names_somebody_again_is_told_in_a_sentence():
    [told] = about_repetitions(BeginPhase(phase="pilot", accounts=("acme", "acme"), reason=None))
    assert told.detail == "Number 1 says the same: once is enough."
