"""The outcome of a promise, and the days and time zones that decide it."""

import pytest
from pydantic_core import to_json

from tests.histories import History, opened
from tests.promising import move, play, review, win
from tests.said_vs_did import outcomes_by_id, report, row

# Days and time zones


def test_done_late_in_the_evening_of_the_due_day_is_in_time_though_utc_says_tomorrow() -> None:
    history = opened(timezone="America/New_York")
    play(history, "2026-02-20")
    review(history, "2026-03-02T15:00:00Z", "R1")
    win(history, "2026-03-21T03:30:00Z", finished_on="2026-03-20")
    review(history, "2026-04-01T15:00:00Z", "R2")
    found = report(history)
    assert (row(found).outcome, row(found).flags, row(found).days_late) == ("kept", [], 0)
    assert found.recorded_on_the_day == 1


@pytest.mark.parametrize(
    ("before", "after", "day"),
    [
        ("2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", "2026-03-29"),
        ("2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z", "2026-10-25"),
    ],
)
def test_on_the_days_when_clocks_change_a_date_cut_ends_at_local_midnight(before: str, after: str, day: str) -> None:
    history = opened()
    play(history, "2026-02-20", due_on=day)
    play(history, "2026-02-20", "tour", due_on=day)
    win(history, before, finished_on=day)
    win(history, after, "tour", finished_on=day)
    found = report(history, "2026-03-01", day, now="2026-12-01")
    assert outcomes_by_id(found) == {"pilot": ("said", "kept"), "tour": ("said", "missed")}


def test_notice_is_counted_in_local_days() -> None:
    history = opened(timezone="Pacific/Auckland")
    for id in ("pilot", "tour"):
        play(history, "2026-02-20", id)
    review(history, "2026-03-02", "R1")
    # Both are on 16 and 18 March in Auckland.
    move(history, "2026-03-16T10:30:00Z", "2026-04-20", reason="Line B stands still")
    move(history, "2026-03-17T11:30:00Z", "2026-04-20", "tour", reason="Line B stands still")
    review(history, "2026-04-01", "R2")
    found = report(history)
    assert row(found).flags == []
    assert row(found, "tour").flags == ["late_notice"]


def test_due_on_the_day_of_the_second_review_it_is_pending() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-04-01")
    review(history, "2026-03-02", "R1")
    review(history, "2026-04-01", "R2")
    assert outcomes_by_id(report(history)) == {"pilot": ("said", "pending")}
    assert outcomes_by_id(report(history, "review:R1", "2026-04-01", now="2026-04-02")) == {"pilot": ("said", "missed")}


def test_on_the_day_itself_a_date_cut_is_judged_as_of_now() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-04-01")
    review(history, "2026-03-02", "R1")
    found = report(history, "review:R1", "2026-04-01", now="2026-04-01T12:00:00Z")
    assert found.provisional
    assert outcomes_by_id(found) == {"pilot": ("said", "pending")}


def test_a_review_recorded_days_after_it_was_held_counts_what_was_recorded_by_then(promised: History) -> None:
    win(promised, "2026-03-20")
    review(promised, "2026-03-24", "R2", held_on="2026-03-18")
    found = report(promised)
    assert found.to.recorded_late
    assert found.to.date.isoformat() == "2026-03-18"
    assert outcomes_by_id(found) == {"pilot": ("said", "kept")}


def test_of_two_reviews_on_one_day_each_is_a_cut_of_its_own(promised: History) -> None:
    win(promised, "2026-03-02T10:00:00Z")
    review(promised, "2026-03-02T11:00:00Z", "R2")
    assert outcomes_by_id(report(promised)) == {"pilot": ("said", "kept")}
    assert outcomes_by_id(report(promised, "review:R2", "review:R2")) == {}


# Outcomes


def test_won_on_the_due_day_itself_it_is_kept(promised: History) -> None:
    win(promised, "2026-03-20")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).days_late) == ("kept", 0)


def test_finished_before_the_second_cut_but_recorded_after_it_it_is_not_finished_for_ever(promised: History) -> None:
    review(promised, "2026-04-01", "R2")
    before = to_json(report(promised))
    win(promised, "2026-04-03", finished_on="2026-03-15")
    assert outcomes_by_id(report(promised)) == {"pilot": ("said", "missed")}
    assert to_json(report(promised)) == before


def test_done_before_the_first_cut_and_recorded_after_it_it_was_done_when_it_was_said(promised: History) -> None:
    win(promised, "2026-03-03", finished_on="2026-03-01")
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert (row(found).outcome, row(found).flags) == ("kept", ["already_done"])
    assert (found.score.scored, found.score.kept, found.score.already_done) == (0, 0, 1)
    assert found.score.keep_rate is None


def test_done_on_the_day_of_the_first_cut_it_counts(promised: History) -> None:
    win(promised, "2026-03-03", finished_on="2026-03-02")
    review(promised, "2026-04-01", "R2")
    assert report(promised).score.kept == 1


def test_a_lost_play_has_failed(promised: History) -> None:
    promised.on("2026-03-18", "lose-play", id="pilot", finished_on="2026-03-18", result="Rework as before")
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert row(found).outcome == "failed"
    assert (found.score.keep_rate, found.score.done_rate) == (0.0, 1.0)


def test_pulled_forward_and_then_open_it_is_missed(promised: History) -> None:
    move(promised, "2026-03-03", "2026-03-10")
    review(promised, "2026-03-15", "R2")
    found = row(report(promised))
    assert (found.outcome, found.flags) == ("missed", ["pulled_forward", "overdue"])
    assert (found.times_moved, found.days_moved, found.days_late) == (1, -10, 0)


def test_pulled_forward_and_late_for_that_but_not_for_what_was_said_it_is_kept(promised: History) -> None:
    move(promised, "2026-03-03", "2026-03-10")
    win(promised, "2026-03-15")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).days_late) == ("kept", -5)


def test_moved_to_a_date_that_is_past_again_it_has_slipped_and_is_overdue(promised: History) -> None:
    move(promised, "2026-03-10", "2026-03-25", reason="Line B stands still")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).flags) == ("slipped", ["overdue"])


def test_moved_later_and_finished_by_the_day_that_was_said_it_is_kept(promised: History) -> None:
    move(promised, "2026-03-10", "2026-04-25", reason="Line B stands still")
    win(promised, "2026-03-19")
    review(promised, "2026-04-01", "R2")
    assert row(report(promised)).outcome == "kept"


def test_moved_later_and_finished_by_the_new_day_it_is_late(promised: History) -> None:
    move(promised, "2026-03-10", "2026-03-28", reason="Line B stands still")
    win(promised, "2026-03-27")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).days_late) == ("late", 7)


def test_moved_later_and_back_it_is_judged_by_the_day_that_was_said(promised: History) -> None:
    away = move(promised, "2026-03-05", "2026-04-25", reason="Line B stands still")
    back = move(promised, "2026-03-06", "2026-03-20", reason="It runs again")
    won = win(promised, "2026-03-20")
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert (row(found).outcome, row(found).flags) == ("kept", [])
    assert (row(found).times_moved, row(found).days_moved) == (2, 0)
    assert row(found).events == [promised.event(2), away, back, won]
    assert row(found).reasons == ["Line B stands still", "It runs again"]
    assert [touched.field for touched in found.touched_unchanged] == ["due_on"]


def test_moved_later_then_dropped_it_is_dropped(promised: History) -> None:
    move(promised, "2026-03-19", "2026-04-25")
    promised.on("2026-03-25", "drop-play", id="pilot", reason="No budget")
    review(promised, "2026-04-01", "R2")
    found = row(report(promised))
    assert (found.outcome, found.flags) == ("dropped", ["unexplained", "late_notice"])
    assert found.days_late is None
    assert found.reasons == ["No budget"]


def test_moves_before_the_first_cut_count_as_moves_but_not_against_what_was_said() -> None:
    history = opened()
    play(history, "2026-02-01", due_on="2026-02-20")
    moved = move(history, "2026-02-19", "2026-03-20")
    review(history, "2026-03-02", "R1")
    win(history, "2026-03-20")
    review(history, "2026-04-01", "R2")
    found = row(report(history))
    assert (found.outcome, found.flags) == ("kept", [])
    assert (found.first_due_on.isoformat(), found.due_on.isoformat()) == ("2026-02-20", "2026-03-20")
    assert (found.times_moved, found.days_moved, found.days_late) == (1, 28, 0)
    assert moved in found.events


def test_what_nobody_touched_is_missed_by_as_many_days_as_have_passed(promised: History) -> None:
    review(promised, "2026-04-01", "R2")
    found = row(report(promised))
    assert (found.outcome, found.flags, found.days_late) == ("missed", ["overdue"], 12)
