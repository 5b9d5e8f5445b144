"""What was said versus what was done: the worked case, and every edge as a story."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from application.reports.outcomes import PromiseOutcome
from application.reports.said_vs_did import NotTwoReviews, Report, cuts_meant, said_vs_did
from application.views.cuts import CutBeforePlan, CutInTheFuture, CutUnknown
from application.views.diff import CutsOutOfOrder
from tests.histories import History, instant, opened, told
from tests.places import ROOT
from tests.promising import action, complete, move, play, review, win

SCENARIOS = ROOT / "tests" / "scenarios"
DEMO = ROOT / "adapters" / "cli" / "demo"


# Telling


def report(history: History, a: str = "review:R1", b: str = "review:R2", now: str | None = None) -> Report:
    return said_vs_did(history.known, history.cut(a, now), history.cut(b, now))


def rows_of(found: Report) -> Iterator[tuple[str, PromiseOutcome]]:
    for name in ("said", "carried", "added"):
        yield from ((name, row) for row in getattr(found, name))


def row(found: Report, id: str = "pilot") -> PromiseOutcome:
    (only,) = (row for _, row in rows_of(found) if row.id == id)
    return only


def connection_strings(found: Report) -> dict[str, tuple[str, str]]:
    """By id: the list and the outcome."""
    return {row.id: (name, row.outcome) for name, row in rows_of(found)}


def as_json(found: Report) -> Any:
    return from_json(to_json(found, by_alias=True))


@pytest.fixture
def promised() -> History:
    """A pilot due on 20 March was said at the review of 2 March."""
    history = opened()
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    return history


# The contract's own case


def test_the_worked_case_is_as_expected() -> None:
    expected = json.loads((SCENARIOS / "worked-case.expected.json").read_text())
    history = told(SCENARIOS / "worked-case.jsonl")
    found = as_json(report(history, expected["from"], expected["to"]))
    for name in ("said", "carried", "added"):
        assert {row["id"]: [row["outcome"], row["flags"]] for row in found[name]} == expected[name]
    rates = {"keep_rate": 0.3333, "done_rate": 0.5}
    assert found["score"] == expected["score"] | rates | {"already_done": 0}
    moved = {row["id"]: [row["times_moved"], row["days_moved"]] for row in found["said"] if row["times_moved"]}
    assert moved == expected["moved"]
    assert found["unsaid_share"] == expected["unsaid_share"]
    assert {spot["id"]: spot["days"] for spot in found["blind_spots"]} == expected["blind"]
    assert found["recorded_on_the_day"] == 3
    assert found["carried_score"]["late"] == found["carried_score"]["scored"] == 1
    assert (found["added_score"]["kept"], found["added_score"]["missed"]) == (1, 1)
    assert found["plan"] == "acme"
    assert found["from"]["date"] == "2026-03-02"
    assert not found["provisional"]


def test_the_last_two_reviews_of_one_kind_are_compared_if_nothing_is_said() -> None:
    history = told(SCENARIOS / "worked-case.jsonl")
    assert cuts_meant(history.known, history.last) == ("review:R1", "review:R2")


@pytest.mark.parametrize(
    ("file", "a", "b", "expected"),
    [
        ("retailer", "m-2026-02", "m-2026-03", {"scored": 6, "keep_rate": 0.1667}),
        ("win-back", "q-mar", "q-jun", {"scored": 7, "keep_rate": 0.0, "done_rate": 0.5714}),
        ("win-back", "q-jun", "q-sep", {"scored": 5, "keep_rate": 0.6, "done_rate": 1.0}),
        (
            "manufacturer",
            "qbr-2026-06",
            "qbr-2026-09",
            {"scored": 8, "kept": 2, "late": 2, "slipped": 2, "failed": 1, "dropped": 1},
        ),
    ],
)
def test_the_demonstration_tells_what_its_author_meant(file: str, a: str, b: str, expected: dict[str, float]) -> None:
    found = report(told(DEMO / f"{file}.jsonl"), f"review:{a}", f"review:{b}").score
    assert {name: getattr(found, name) for name in expected} == expected


# Which list


def test_due_on_the_day_of_the_first_review_it_was_said() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-03-02")
    review(history, "2026-03-02", "R1")
    review(history, "2026-04-01", "R2")
    assert connection_strings(report(history)) == {"pilot": ("said", "missed")}


def test_due_on_the_day_of_a_date_cut_it_was_overdue_then_for_the_day_is_over() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-03-02")
    review(history, "2026-04-01", "R2")
    assert connection_strings(report(history, "2026-03-02")) == {"pilot": ("carried", "missed")}


def test_a_promise_made_in_the_seconds_before_the_review_closes_was_said() -> None:
    history = opened()
    play(history, "2026-03-02T14:59:59Z")
    review(history, "2026-03-02T14:59:59Z", "R1")
    review(history, "2026-04-01", "R2")
    assert connection_strings(report(history)) == {"pilot": ("said", "missed")}


def test_what_was_over_at_the_first_cut_and_stayed_so_is_in_no_list(promised: History) -> None:
    win(promised, "2026-03-10")
    review(promised, "2026-04-01", "R2")
    review(promised, "2026-05-01", "R3")
    assert connection_strings(report(promised, "review:R2", "review:R3")) == {}


def test_reopened_after_the_first_cut_it_is_added_as_it_stood_when_it_was_reopened(promised: History) -> None:
    dropped = promised.on("2026-03-03", "drop-play", id="pilot", reason="No budget")
    review(promised, "2026-04-01", "R2")
    reopened = promised.on("2026-04-05", "reopen-play", id="pilot", reason="Budget is back")
    moved = move(promised, "2026-04-06", "2026-04-30", reason="A new start")
    won = win(promised, "2026-04-20")
    review(promised, "2026-05-01", "R3")
    found = row(report(promised, "review:R2", "review:R3"))
    assert found.due_on.isoformat() == "2026-03-20"
    assert found.outcome == "late"
    assert found.flags == ["late_notice", "reopened"]
    assert found.events == [promised.event(2), dropped, reopened, moved, won]
    assert connection_strings(report(promised, "review:R2", "review:R3")) == {"pilot": ("added", "late")}


def test_finished_and_taken_back_it_is_still_what_was_said(promised: History) -> None:
    won = win(promised, "2026-03-10")
    reopened = promised.on("2026-03-12", "reopen-play", id="pilot", reason="Rework is back")
    review(promised, "2026-03-18", "R2")
    found = report(promised)
    assert connection_strings(found) == {"pilot": ("said", "pending")}
    assert row(found).flags == ["reopened"]
    assert row(found).events[1:] == [won, reopened]
    assert found.theatre.finishes_taken_back.events == [won, reopened]


def test_a_finish_that_was_corrected_before_it_was_taken_back_counts_once(promised: History) -> None:
    won = win(promised, "2026-03-10")
    promised.on("2026-03-11", "correct-play", id="pilot", finished_on="2026-03-09", reason="A day early")
    reopened = promised.on("2026-03-12", "reopen-play", id="pilot", reason="Rework is back")
    promised.on("2026-03-13", "lose-play", id="pilot", finished_on="2026-03-13", result="Rework as before")
    review(promised, "2026-03-18", "R2")
    found = report(promised).theatre.finishes_taken_back
    assert (found.count, found.events) == (1, [won, reopened])


def test_created_and_finished_between_the_reviews_it_was_done_without_being_said(promised: History) -> None:
    action(promised, "2026-03-05")
    complete(promised, "2026-03-06")
    review(promised, "2026-03-18", "R2")
    found = report(promised)
    assert connection_strings(found)["price"] == ("added", "kept")
    assert row(found, "price").flags == ["unsaid"]
    assert (found.finished, found.finished_unsaid, found.unsaid_share) == (1, 1, 1.0)


def test_two_promises_with_the_same_title_are_two(promised: History) -> None:
    play(promised, "2026-03-03", "pilot-2")
    review(promised, "2026-03-18", "R2")
    assert connection_strings(report(promised)) == {"pilot": ("said", "pending"), "pilot-2": ("added", "pending")}


def test_a_play_and_an_action_with_one_id_are_two() -> None:
    history = opened()
    play(history, "2026-02-20", "pilot")
    action(history, "2026-02-20", "pilot")
    review(history, "2026-03-02", "R1")
    complete(history, "2026-03-03", "pilot")
    review(history, "2026-04-01", "R2")
    assert [(row.kind, row.outcome) for row in report(history).said] == [("play", "missed"), ("action", "kept")]


def test_rows_stand_in_order_of_creation(promised: History) -> None:
    for id in ("c", "a", "b"):
        action(promised, "2026-03-03", id)
    review(promised, "2026-03-18", "R2")
    assert [row.id for row in report(promised).added] == ["c", "a", "b"]


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
    assert connection_strings(found) == {"pilot": ("said", "kept"), "tour": ("said", "missed")}


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
    assert connection_strings(report(history)) == {"pilot": ("said", "pending")}
    assert connection_strings(report(history, "review:R1", "2026-04-01", now="2026-04-02")) == {
        "pilot": ("said", "missed")
    }


def test_on_the_day_itself_a_date_cut_is_judged_as_of_now() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-04-01")
    review(history, "2026-03-02", "R1")
    found = report(history, "review:R1", "2026-04-01", now="2026-04-01T12:00:00Z")
    assert found.provisional
    assert connection_strings(found) == {"pilot": ("said", "pending")}


def test_a_review_recorded_days_after_it_was_held_counts_what_was_recorded_by_then(promised: History) -> None:
    win(promised, "2026-03-20")
    review(promised, "2026-03-24", "R2", held_on="2026-03-18")
    found = report(promised)
    assert found.to.recorded_late
    assert found.to.date.isoformat() == "2026-03-18"
    assert connection_strings(found) == {"pilot": ("said", "kept")}


def test_of_two_reviews_on_one_day_each_is_a_cut_of_its_own(promised: History) -> None:
    win(promised, "2026-03-02T10:00:00Z")
    review(promised, "2026-03-02T11:00:00Z", "R2")
    assert connection_strings(report(promised)) == {"pilot": ("said", "kept")}
    assert connection_strings(report(promised, "review:R2", "review:R2")) == {}


# Outcomes


def test_won_on_the_due_day_itself_it_is_kept(promised: History) -> None:
    win(promised, "2026-03-20")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).days_late) == ("kept", 0)


def test_finished_before_the_second_cut_but_recorded_after_it_it_is_not_finished_for_ever(promised: History) -> None:
    review(promised, "2026-04-01", "R2")
    before = to_json(report(promised))
    win(promised, "2026-04-03", finished_on="2026-03-15")
    assert connection_strings(report(promised)) == {"pilot": ("said", "missed")}
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


# Flags


def test_restated_twice_back_to_the_first_words_it_is_restated_and_both_events_are_named(promised: History) -> None:
    words = {"title": "Pilot on line B", "success_measure": "25 % less rework"}
    other = promised.on("2026-03-05", "restate-play", id="pilot", title="A pilot", success_measure="Any")
    again = promised.on("2026-03-06", "restate-play", id="pilot", **words)
    win(promised, "2026-03-10")
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert row(found).flags == ["restated"]
    assert row(found).events[1:3] == [other, again]
    assert (found.score.kept, found.score.kept_as_said, found.score.kept_proven) == (1, 0, 0)


def test_the_words_of_a_row_are_those_of_the_baseline(promised: History) -> None:
    promised.on("2026-03-05", "restate-play", id="pilot", title="A pilot", success_measure="Any")
    review(promised, "2026-04-01", "R2")
    found = row(report(promised))
    assert (found.title, found.title_now, found.success_measure) == ("Pilot on line B", "A pilot", "25 % less rework")


def test_restated_before_the_first_cut_it_is_not_restated() -> None:
    history = opened()
    play(history, "2026-02-20")
    history.on("2026-02-21", "restate-play", id="pilot", title="A pilot")
    review(history, "2026-03-02", "R1")
    review(history, "2026-03-18", "R2")
    assert row(report(history)).flags == []


def test_reassigned_to_somebody_who_is_not_on_the_team_it_is_orphaned(promised: History) -> None:
    promised.on("2026-03-03", "assign-member", person="ben", role="sales_engineer", from_on="2026-03-03")
    reassigned = promised.on("2026-03-04", "reassign-play", id="pilot", owner="cleo")
    review(promised, "2026-03-18", "R2")
    found = row(report(promised))
    assert (found.owner, found.owner_now) == ("ann", "cleo")
    assert found.flags == ["reassigned", "orphaned"]
    assert found.events[1:] == [reassigned]


def test_while_nobody_was_ever_assigned_nothing_is_orphaned(promised: History) -> None:
    promised.on("2026-03-04", "reassign-play", id="pilot", owner="cleo")
    review(promised, "2026-03-18", "R2")
    assert row(report(promised)).flags == ["reassigned"]


def test_a_release_in_the_middle_of_the_period_orphans_what_the_released_own(promised: History) -> None:
    action(promised, "2026-03-03", owner="ben", due_on="2026-04-30")
    promised.on("2026-03-03", "assign-member", person="ben", role="sales_engineer", from_on="2026-01-05")
    review(promised, "2026-03-18", "R2")
    promised.on("2026-03-20", "release-member", person="ben", role="sales_engineer", until_on="2026-04-01")
    review(promised, "2026-04-01", "R3")
    review(promised, "2026-04-02", "R4")
    flags = [row(report(promised, "review:R1", f"review:{id}"), "price").flags for id in ("R2", "R3", "R4")]
    assert flags == [[], [], ["orphaned"]]


def test_somebody_who_joins_the_team_later_is_not_on_it_yet(promised: History) -> None:
    promised.on("2026-03-03", "assign-member", person="cleo", role="sales_engineer", from_on="2026-03-19")
    action(promised, "2026-03-03", owner="cleo", due_on="2026-04-30")
    review(promised, "2026-03-18", "R2")
    assert row(report(promised), "price").flags == ["orphaned"]


def test_a_play_blocked_at_the_first_review_was_said_and_is_blocked_while_it_is() -> None:
    history = opened()
    play(history, "2026-02-20")
    history.on("2026-02-21", "block-play", id="pilot", reason="No access to the line")
    review(history, "2026-03-02", "R1")
    review(history, "2026-03-18", "R2")
    history.on("2026-03-19", "unblock-play", id="pilot")
    review(history, "2026-03-19", "R3")
    assert connection_strings(report(history)) == {"pilot": ("said", "pending")}
    assert row(report(history)).flags == ["blocked"]
    assert row(report(history, "review:R1", "review:R3")).flags == []


@pytest.mark.parametrize(
    ("moved_on", "more", "flags"),
    [
        ("2026-03-17", {"reason": "Line B stands still"}, []),
        ("2026-03-18", {"reason": "Line B stands still"}, ["late_notice"]),
        ("2026-03-17", {}, ["unexplained"]),
        ("2026-03-25", {}, ["unexplained", "late_notice"]),
    ],
)
def test_a_move_to_a_later_day_wants_a_reason_and_three_days_notice(
    promised: History, moved_on: str, more: dict[str, str], flags: list[str]
) -> None:
    move(promised, moved_on, "2026-05-01", **more)
    review(promised, "2026-04-01", "R2")
    assert row(report(promised)).flags == flags


def test_a_move_to_an_earlier_day_wants_no_reason_and_no_notice(promised: History) -> None:
    move(promised, "2026-03-18", "2026-03-19")
    review(promised, "2026-03-18", "R2")
    assert row(report(promised)).flags == ["pulled_forward"]


@pytest.mark.parametrize(
    ("recorded_on", "flags", "proven"), [("2026-03-12", [], 1), ("2026-03-13", ["recorded_late"], 0)]
)
def test_a_finish_recorded_more_than_two_days_later_is_recorded_late(
    promised: History, recorded_on: str, flags: list[str], proven: int
) -> None:
    win(promised, recorded_on, finished_on="2026-03-10")
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert row(found).flags == flags
    assert (found.score.kept_as_said, found.score.kept_proven) == (1, proven)


@pytest.mark.parametrize(
    ("shown", "flags"),
    [
        ({"result": "  "}, ["no_evidence"]),
        ({"result": None, "evidence": "Minutes of 10 March"}, []),
        ({"result": None, "actual": "27 %"}, ["no_evidence"]),
    ],
)
def test_a_finish_with_neither_result_nor_evidence_is_without_evidence(
    promised: History, shown: dict[str, str | None], flags: list[str]
) -> None:
    win(promised, "2026-03-10", **shown)
    review(promised, "2026-04-01", "R2")
    found = report(promised)
    assert row(found).flags == flags
    assert found.score.kept_proven == (not flags)
    assert found.theatre.finished_without_evidence.count == len(flags)


def test_a_milestone_without_a_calendar_hold_when_it_was_said_is_unheld() -> None:
    history = opened()
    for id in ("held", "unheld"):
        action(history, "2026-02-20", id, kind="milestone", calendar_hold=id == "held")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "hold-date", id="unheld")
    complete(history, "2026-03-05", "unheld")
    review(history, "2026-03-18", "R2")
    assert {row.id: row.flags for row in report(history).said} == {"held": [], "unheld": ["unheld"]}


# Scores


def test_what_the_customer_promised_is_in_a_score_of_its_own() -> None:
    history = opened()
    action(history, "2026-02-01", "theirs-late", "2026-02-20", kind="joint", side="customer", owner="cfo")
    action(history, "2026-02-20", "theirs", kind="joint", side="customer", owner="cfo")
    action(history, "2026-02-20", "ours", kind="joint")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-02T10:00:00Z", "assign-member", person="ann", role="finance", from_on="2026-03-02")
    for id in ("theirs-late", "theirs", "ours"):
        complete(history, "2026-03-05", id)
    action(history, "2026-03-10", "theirs-new", "2026-03-12", kind="joint", side="customer", owner="cfo")
    review(history, "2026-04-01", "R2")
    found = report(history)
    assert connection_strings(found)["theirs"] == ("said", "kept")
    assert row(found, "theirs-new").flags == ["overdue"], "the customer's people are not on our team"
    assert (found.score.scored, found.score.kept) == (1, 1)
    customer = found.customer_score
    assert (customer.scored, customer.kept, customer.late, customer.missed) == (3, 1, 1, 1)
    assert found.carried_score.scored == found.added_score.scored == 0


def test_plays_and_actions_are_scored_apart_as_well() -> None:
    history = opened()
    play(history, "2026-02-20")
    action(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    complete(history, "2026-03-05")
    review(history, "2026-04-01", "R2")
    found = report(history)
    assert (found.by_kind["play"].missed, found.by_kind["action"].kept, found.score.scored) == (1, 1, 2)


def test_rates_are_rounded_half_up_to_four_places() -> None:
    history = opened()
    for number in range(32):
        action(history, "2026-02-20", f"a{number}")
    review(history, "2026-03-02", "R1")
    complete(history, "2026-03-05", "a0")
    review(history, "2026-04-01", "R2")
    assert as_json(report(history))["score"]["keep_rate"] == 0.0313


# For ever


def test_run_again_after_more_was_recorded_the_answer_is_the_same_but_for_later_events(promised: History) -> None:
    win(promised, "2026-03-15")
    review(promised, "2026-04-01", "R2")
    before = to_json(report(promised))
    promised.on("2026-04-02", "reopen-play", id="pilot", reason="Rework is back")
    promised.on("2026-04-03", "restate-play", id="pilot", title="A pilot")
    promised.on("2026-04-03", "reassign-plan", owner="ben", reason="Ann moves on")
    move(promised, "2026-04-04", "2026-06-01")
    promised.on("2026-04-05", "archive-plan", reason="Lost")
    assert to_json(report(promised)) == before


def test_forgetting_a_person_takes_words_out_of_the_report_but_changes_no_judgement() -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", name="Petra Kern", level="executive")
    play(history, "2026-02-20", title="Dinner with Petra Kern", stakeholders=["cfo"], about=["cfo"])
    review(history, "2026-03-02", "R1")
    move(history, "2026-03-05", "2026-03-25", reason="Petra Kern is ill", about=["cfo"])
    win(history, "2026-03-19", result="Petra Kern agreed", about=["cfo"])
    review(history, "2026-04-01", "R2")
    before = report(history)
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    after = report(history)
    assert row(after).result == "[forgotten]"
    assert b"Petra" not in to_json(after)
    words = {"title", "title_now", "success_measure", "result", "reasons"}
    assert row(after).model_dump(exclude=words) == row(before).model_dump(exclude=words)
    assert (after.score, after.theatre, after.blind_spots) == (before.score, before.theatre, before.blind_spots)


def test_forgetting_a_person_takes_no_change_away() -> None:
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", name="Petra Kern", title="VP", level="executive")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "correct-stakeholder", id="cfo", name="Petra Korn")
    history.on("2026-03-04", "move-stakeholder", id="cfo", title="CFO", moved_on="2026-03-04")
    review(history, "2026-04-01", "R2")

    def changes() -> list[tuple[str, str | None, list[str]]]:
        return [(each.what, each.field, each.events) for each in report(history).changes["stakeholders"]]

    before = changes()
    history.on("2026-04-02", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert changes() == before
    assert [what for what, _, _ in before] == ["stakeholder-corrected", "stakeholder-moved"]


def test_an_archived_and_reopened_plan_keeps_its_promises(promised: History) -> None:
    promised.on("2026-03-05", "archive-plan", reason="Merged with another account")
    promised.on("2026-03-25", "reopen-plan", reason="Not merged after all")
    win(promised, "2026-03-26", finished_on="2026-03-19")
    review(promised, "2026-04-01", "R2")
    assert (row(report(promised)).outcome, row(report(promised)).flags) == ("kept", ["recorded_late"])


# Which cuts


def test_before_the_plan_opened_nothing_was_said_so_everything_is_added() -> None:
    history = opened("2026-02-16")
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    found = report(history, "2026-01-31", "review:R1")
    assert connection_strings(found) == {"pilot": ("added", "pending")}
    assert found.from_.version == 0
    assert found.score.keep_rate is None


def test_up_to_a_cut_before_the_plan_opened_there_is_no_report(promised: History) -> None:
    with pytest.raises(CutBeforePlan):
        report(promised, "2025-12-01", "2025-12-31")


def test_cuts_in_the_wrong_order_are_refused(promised: History) -> None:
    review(promised, "2026-04-01", "R2")
    with pytest.raises(CutsOutOfOrder):
        report(promised, "review:R2", "review:R1")


def test_unknown_reviews_and_days_to_come_are_refused(promised: History) -> None:
    with pytest.raises(CutUnknown):
        report(promised, "review:R1", "review:R9")
    with pytest.raises(CutInTheFuture):
        report(promised, "review:R1", "2026-12-31")


@pytest.mark.parametrize(
    ("reviews", "sentence"),
    [
        ([], "No review was held in this plan yet"),
        (["monthly"], "No two monthly reviews"),
        (["monthly", "qbr"], "review:R2"),
    ],
)
def test_without_two_reviews_of_one_kind_the_answer_says_what_can_be_asked(reviews: list[str], sentence: str) -> None:
    history = opened()
    for number, kind in enumerate(reviews, 1):
        review(history, f"2026-0{number + 1}-02", f"R{number}", kind)
    with pytest.raises(NotTwoReviews, match=sentence):
        cuts_meant(history.known, history.last)


def test_what_is_not_said_of_the_cuts_is_made_out_from_the_rest() -> None:
    history = opened()
    for when, id, kind in (
        ("2026-02-02", "M1", "monthly"),
        ("2026-02-20", "Q1", "qbr"),
        ("2026-03-02", "M2", "monthly"),
        ("2026-03-20", "A1", "ad_hoc"),
    ):
        review(history, when, id, kind)
    now = instant("2026-04-01")
    assert cuts_meant(history.known, now) == ("review:M1", "review:M2")
    assert cuts_meant(history.known, now, to="review:M2") == ("review:M1", "review:M2")
    assert cuts_meant(history.known, now, to="2026-03-31") == ("review:A1", "2026-03-31")
    assert cuts_meant(history.known, now, from_="review:Q1") == ("review:Q1", "now")
    with pytest.raises(NotTwoReviews):
        cuts_meant(history.known, now, to="review:Q1")
    with pytest.raises(NotTwoReviews):
        cuts_meant(history.known, now, to="2026-01-31")


def test_a_struck_review_is_not_compared_with_any_more_unless_it_is_named(promised: History) -> None:
    mistake = review(promised, "2026-03-10", "R2", decisions=["Stop"])
    promised.on("2026-03-11", "strike-entry", event=mistake, reason="It was another account's")
    review(promised, "2026-03-12", "R3")
    assert cuts_meant(promised.known, promised.last) == ("review:R1", "review:R3")
    found = report(promised, "review:R1", "review:R3")
    assert found.decisions == []
    assert found.theatre.closing_review == "R3"
    assert found.theatre.recorded_on_the_eve.of == 2
    assert report(promised, "review:R1", "version:4").decisions[0].decisions == ["Stop"]
