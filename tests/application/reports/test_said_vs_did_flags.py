"""The flags and scores of promises."""

import pytest

from tests.histories import History, opened
from tests.promising import action, complete, move, play, review, win
from tests.said_vs_did import as_json, outcomes_by_id, report, row

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
    assert outcomes_by_id(report(history)) == {"pilot": ("said", "pending")}
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
    assert outcomes_by_id(found)["theirs"] == ("said", "kept")
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
