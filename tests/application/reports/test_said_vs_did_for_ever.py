"""A report between two past cuts never changes, whatever is recorded, struck or forgotten later."""

from contextlib import suppress
from itertools import combinations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from application.reports.said_vs_did import Report, cuts_meant, said_vs_did
from application.views.pages import review_before
from application.views.reviews import held_reviews, last_review, reviews
from domain.account_plan.forgetting import ForgetStakeholder
from domain.account_plan.stakeholders import Stakeholder
from domain.language import Refusal
from tests.examples import examples
from tests.forgotten import as_json, differing
from tests.histories import History, instant, opened, said_at_random, states
from tests.places import SCENARIOS
from tests.promising import action, complete, move, play, review, win


def report(history: History, a: str = "review:R1", b: str = "review:R2", now: str | None = None) -> Report:
    return said_vs_did(history.known, history.cut(a, now), history.cut(b, now))


def quarterly_and_monthly() -> History:
    history = opened()
    review(history, "2026-01-20", "M1")
    review(history, "2026-02-03", "Q1", kind="quarterly")
    review(history, "2026-02-20", "M2")
    review(history, "2026-03-20", "M3")
    return history


def strike(history: History, when: str, review: str) -> None:
    version = history.cut(f"review:{review}").version
    history.on(when, "strike-entry", event=history.event(version), reason="Entered by mistake")


# Struck reviews


def test_the_scenario_of_a_struck_review_says_the_same_after_every_line_from_the_fourth_on() -> None:
    said = []
    for place, history in enumerate(states(SCENARIOS / "struck-review.jsonl"), 1):
        if place >= 4:
            found = report(history)
            assert ([row.outcome for row in found.said], found.score.keep_rate) == (["missed"], 0.0)
            assert found.to.struck == (place >= 6)
            said.append(to_json(found.model_copy(update={"to": found.to.model_copy(update={"struck": False})})))
    assert len(set(said)) == 1
    assert history.known.version == 6, "the id of a struck review is not given again"


def test_struck_later_a_review_is_still_a_cut_for_every_view_but_in_no_list_and_no_trend() -> None:
    history = quarterly_and_monthly()
    strike(history, "2026-03-21", "M2")
    review(history, "2026-04-20", "M4")
    now = history.cut("now", "2026-05-01")
    assert [each.cut.cut for each in held_reviews(history.known, now)] == [
        "review:M1",
        "review:Q1",
        "review:M3",
        "review:M4",
    ]
    assert [each.review.id for each in reviews(history.known, now)] == ["M1", "Q1", "M3", "M4"]
    assert [pair.from_.cut for pair in report(history, "review:M3", "review:M4").trend] == ["review:M1"]
    assert [pair.from_.cut for pair in report(history, "review:M2", "review:M3").trend] == ["review:M1"]
    assert [standing.cut for standing in report(history, "review:M3", "review:M4").series.standings] == [
        "review:M1",
        "review:M3",
        "review:M4",
    ]
    before_it_was_struck = history.cut("version:5")
    assert [each.cut.cut for each in held_reviews(history.known, before_it_was_struck)][2] == "review:M2"


def test_from_a_struck_review_on_the_trend_is_of_its_kind() -> None:
    history = quarterly_and_monthly()
    review(history, "2026-04-03", "Q2", kind="quarterly")
    strike(history, "2026-04-04", "M3")
    review(history, "2026-04-20", "M4")
    assert [pair.to.cut for pair in report(history, "review:M3", "now", "2026-05-01").trend] == [
        "review:M2",
        "review:M4",
    ]


def test_where_the_last_review_was_struck_the_one_before_is_the_last() -> None:
    history = quarterly_and_monthly()
    strike(history, "2026-03-21", "M3")
    now = history.cut("now")
    assert review_before(history.known, now) == "review:M2"
    assert cuts_meant(history.known, history.last) == ("review:M1", "review:M2")
    assert cuts_meant(history.known, history.last, to="review:M3") == ("review:M2", "review:M3")


@pytest.mark.parametrize(("weekly_on", "last"), [("2026-03-19", "M3"), ("2026-03-20", "W1"), ("2026-03-21", "W1")])
def test_the_last_review_is_the_one_held_last_and_on_one_day_the_one_recorded_last(weekly_on: str, last: str) -> None:
    history = quarterly_and_monthly()
    review(history, "2026-03-22", "W1", kind="weekly", held_on=weekly_on)
    now = history.cut("now", "2026-03-23")
    found = last_review(held_reviews(history.known, now))
    assert found
    assert (found.event.id, review_before(history.known, now)) == (last, f"review:{last}")
    assert cuts_meant(history.known, instant("2026-03-23"), to="2026-03-22") == (f"review:{last}", "2026-03-22")


# Judged on which day


def test_a_second_review_held_before_the_first_is_judged_on_the_day_of_the_first() -> None:
    history = opened()
    play(history, "2026-02-20", "due-between", due_on="2026-03-09")
    play(history, "2026-02-20", "due-on-the-day", due_on="2026-03-10")
    history.on("2026-03-03", "assign-member", person="ben", role="sales_engineer", from_on="2026-03-10")
    action(history, "2026-03-03", owner="ben", due_on="2026-04-30")
    review(history, "2026-03-05", "R0")
    review(history, "2026-03-10", "R1")
    review(history, "2026-03-11", "R2", kind="weekly", held_on="2026-03-08")
    found = report(history)
    assert (found.to.date.isoformat(), [row.id for row in found.carried]) == ("2026-03-08", ["due-between"])
    [carried] = found.carried
    assert (carried.outcome, carried.flags, carried.days_late) == ("missed", ["overdue"], 1)
    assert {row.id: (row.outcome, row.flags) for row in found.said} == {
        "due-on-the-day": ("pending", []),
        "price": ("pending", []),
    }
    assert [row.id for row in report(history, "review:R0").said] == ["due-between", "due-on-the-day", "price"]


# Done without being said


def test_only_what_was_never_said_before_and_never_taken_back_was_done_without_being_said() -> None:
    history = opened()
    play(history, "2026-02-20", "over-before")
    win(history, "2026-02-25", "over-before")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "reopen-play", id="over-before", reason="Rework is back")
    for id in ("won", "lost", "dropped", "taken-back", "open"):
        play(history, "2026-03-03", id)
    win(history, "2026-03-05", "over-before")
    win(history, "2026-03-05", "won")
    history.on("2026-03-05", "lose-play", id="lost", finished_on="2026-03-05", result="Rework as before")
    history.on("2026-03-05", "drop-play", id="dropped", reason="No budget")
    win(history, "2026-03-05", "taken-back")
    history.on("2026-03-06", "reopen-play", id="taken-back", reason="Rework is back")
    win(history, "2026-03-07", "taken-back")
    action(history, "2026-03-03", "theirs", kind="joint", side="customer")
    complete(history, "2026-03-05", "theirs")
    review(history, "2026-04-01", "R2")
    found = report(history)
    assert {row.id: "unsaid" in row.flags for row in found.added} == {
        "over-before": False,
        "won": True,
        "lost": True,
        "dropped": False,
        "taken-back": False,
        "open": False,
        "theirs": True,
    }
    assert (found.finished, found.finished_unsaid, found.unsaid_share) == (4, 2, 0.5), "of our side"


def test_flags_are_judged_for_every_outcome() -> None:
    history = opened()
    action(history, "2026-02-20", kind="milestone")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-18", "reschedule-action", id="price", due_on="2026-04-20")
    history.on("2026-03-18", "restate-action", id="price", statement="Send the price for one site")
    history.on("2026-03-18", "reassign-action", id="price", owner="ben")
    history.on("2026-03-19", "reschedule-action", id="price", due_on="2026-03-19")
    history.on("2026-03-24", "complete-action", id="price", finished_on="2026-03-01")
    review(history, "2026-04-01", "R2")
    [row] = report(history).said
    assert row.outcome == "kept"
    assert row.flags == [
        "restated",
        "reassigned",
        "pulled_forward",
        "unexplained",
        "late_notice",
        "recorded_late",
        "no_evidence",
        "already_done",
        "unheld",
    ]


# Provisional


def test_only_a_closing_day_that_is_not_over_makes_a_report_provisional() -> None:
    history = opened()
    review(history, "2026-03-02", "R1")
    now = "2026-03-20T12:00:00Z"
    assert report(history, "review:R1", "2026-03-20", now).provisional
    assert not report(history, "review:R1", "2026-03-19", now).provisional
    assert not report(history, "review:R1", "now", now).provisional
    assert not report(history, "2026-03-20", "now", now).provisional


# Warning signs


def test_a_finish_taken_back_is_counted_once_and_both_events_are_cited() -> None:
    history = opened()
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    events = []
    for day in ("2026-03-03", "2026-03-05"):
        events += [win(history, day), history.on(day, "reopen-play", id="pilot", reason="Rework is back")]
    move(history, "2026-03-06", "2026-04-20", reason="Line B stands still")
    review(history, "2026-04-01", "R2")
    taken_back = report(history).theatre.finishes_taken_back
    assert (taken_back.count, taken_back.events) == (2, events)


# Forgetting


def test_the_scenario_of_forgotten_evidence_is_the_same_before_and_after_its_last_line() -> None:
    *_, before, after = [
        (report(history), as_json(report(history)))
        for history in states(SCENARIOS / "forgotten-evidence.jsonl")
        if history.known.version >= 7
    ]
    assert differing(before[1], after[1]) == []
    assert (before[0].unchanged, after[0].unchanged) == (False, False)
    [evidence] = after[0].changes["stakeholders"]
    assert (evidence.what, evidence.field, evidence.before, evidence.after) == (
        "sentiment-changed",
        "evidence",
        "[forgotten]",
        "[forgotten]",
    )
    assert [(each.field, each.value) for each in after[0].touched_unchanged] == [("attitude", 1)]


@pytest.mark.parametrize(
    "about", [((), ("cfo",), ()), (("cfo",), (), ()), ((), (), ("cfo",)), (("cfo",), ("cfo",), ("cfo",))]
)
def test_words_that_went_and_came_back_are_changed_if_they_ever_were_about_somebody(
    about: tuple[tuple[str, ...], ...],
) -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    play(history, "2026-02-20", title="Dinner", about=about[0])
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "restate-play", id="pilot", title="Lunch", about=about[1])
    history.on("2026-03-04", "restate-play", id="pilot", title="Dinner", about=about[2])
    review(history, "2026-04-01", "R2")
    before = report(history)
    assert [(each.what, each.field) for each in before.changes["plays"]] == [("play-restated", "title")]
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert differing(as_json(before), as_json(report(history))) == []


def test_words_about_nobody_that_went_and_came_back_are_touched_but_unchanged() -> None:
    history = opened()
    play(history, "2026-02-20", title="Dinner")
    review(history, "2026-03-02", "R1")
    for title in ("Lunch", "Dinner"):
        history.on("2026-03-03", "restate-play", id="pilot", title=title)
    review(history, "2026-04-01", "R2")
    assert [each.field for each in report(history).touched_unchanged] == ["title"]


def test_the_next_step_said_in_other_words_is_a_change_though_nobody_can_read_them() -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    deal = {"name": "Line B", "amount": "1000", "stage": "offer", "close_on": "2026-06-30", "source": "plan"}
    history.on("2026-01-10", "open-opportunity", id="line-b", **deal)
    step = {"id": "line-b", "owner": "ann", "due_on": "2026-04-20", "about": ["cfo"]}
    history.on("2026-01-11", "set-next-best-action", statement="Ask her", **step)
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "set-next-best-action", statement="Call her", **step)
    review(history, "2026-04-01", "R2")
    before = as_json(report(history))
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert [each.field for each in report(history).changes["opportunities"]] == ["next_best_action"]
    assert differing(before, as_json(report(history))) == []


@pytest.mark.parametrize("minutes", [[44], [44, 30]])
def test_of_an_agenda_about_somebody_it_is_told_that_there_was_one(minutes: list[int]) -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    review(history, "2026-03-02", "R1")
    agenda = [{"topic": "Her budget", "minutes": each} for each in minutes]
    qbr = {"id": "Q2", "kind": "qbr", "planned_on": "2026-05-04"}
    history.on("2026-03-03", "schedule-review", **qbr, agenda=agenda, about=["cfo"])
    review(history, "2026-04-01", "R2")
    before = as_json(report(history))
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    after = as_json(report(history))
    assert differing(before, after) == []
    [scheduled] = [each["to"] for each in after["changes"]["reviews"] if each["id"] == "Q2"]
    assert scheduled == {
        "kind": "qbr",
        "state": "scheduled",
        "planned_on": "2026-05-04",
        "agenda": [{"topic": "[forgotten]", "minutes": 0}],
    }


def test_reasons_about_somebody_are_as_many_as_they_were() -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    for due_on, reason in (("2026-03-25", "She is ill"), ("2026-03-26", "She is ill"), ("2026-03-27", "She is back")):
        move(history, "2026-03-05", due_on, reason=reason, about=["cfo"])
    review(history, "2026-04-01", "R2")
    before = as_json(report(history))
    assert before["said"][0]["reasons"] == ["She is ill", "She is ill", "She is back"]
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert differing(before, as_json(report(history))) == []


@settings(max_examples=examples(2), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_forgetting_anybody_alters_no_past_report_of_any_history_but_for_words(random: Random) -> None:
    history = said_at_random(random, commands=60)
    versions = [0, *sorted(random.sample(range(1, history.known.version + 1), 5))]
    periods = [(f"version:{a}", f"version:{b}") for a, b in combinations(versions, 2) if b]
    before = [as_json(report(history, *period)) for period in periods]
    for who in history.known.state.all(Stakeholder):
        with suppress(Refusal):
            history.handle(history.last, ForgetStakeholder(id=who))
    assert [differing(old, as_json(report(history, *period))) for old, period in zip(before, periods, strict=True)] == [
        [] for _ in periods
    ]
