"""What was said versus what was done: the worked case, the lists, the cuts, and what never changes."""

import json

import pytest
from pydantic_core import to_json

from application.reports.said_vs_did import NotTwoReviews, cuts_meant
from application.views.cuts import CutBeforePlan, CutInTheFuture, CutUnknown
from application.views.diff import CutsOutOfOrder
from tests.histories import History, instant, opened, told
from tests.places import DEMO, SCENARIOS
from tests.promising import action, complete, move, play, review, win
from tests.said_vs_did import as_json, outcomes_by_id, report, row

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
    assert outcomes_by_id(report(history)) == {"pilot": ("said", "missed")}


def test_due_on_the_day_of_a_date_cut_it_was_overdue_then_for_the_day_is_over() -> None:
    history = opened()
    play(history, "2026-02-20", due_on="2026-03-02")
    review(history, "2026-04-01", "R2")
    assert outcomes_by_id(report(history, "2026-03-02")) == {"pilot": ("carried", "missed")}


def test_a_promise_made_in_the_seconds_before_the_review_closes_was_said() -> None:
    history = opened()
    play(history, "2026-03-02T14:59:59Z")
    review(history, "2026-03-02T14:59:59Z", "R1")
    review(history, "2026-04-01", "R2")
    assert outcomes_by_id(report(history)) == {"pilot": ("said", "missed")}


def test_what_was_over_at_the_first_cut_and_stayed_so_is_in_no_list(promised: History) -> None:
    win(promised, "2026-03-10")
    review(promised, "2026-04-01", "R2")
    review(promised, "2026-05-01", "R3")
    assert outcomes_by_id(report(promised, "review:R2", "review:R3")) == {}


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
    assert outcomes_by_id(report(promised, "review:R2", "review:R3")) == {"pilot": ("added", "late")}


def test_finished_and_taken_back_it_is_still_what_was_said(promised: History) -> None:
    won = win(promised, "2026-03-10")
    reopened = promised.on("2026-03-12", "reopen-play", id="pilot", reason="Rework is back")
    review(promised, "2026-03-18", "R2")
    found = report(promised)
    assert outcomes_by_id(found) == {"pilot": ("said", "pending")}
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
    assert outcomes_by_id(found)["price"] == ("added", "kept")
    assert row(found, "price").flags == ["unsaid"]
    assert (found.finished, found.finished_unsaid, found.unsaid_share) == (1, 1, 1.0)


def test_two_promises_with_the_same_title_are_two(promised: History) -> None:
    play(promised, "2026-03-03", "pilot-2")
    review(promised, "2026-03-18", "R2")
    assert outcomes_by_id(report(promised)) == {"pilot": ("said", "pending"), "pilot-2": ("added", "pending")}


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
    assert outcomes_by_id(found) == {"pilot": ("added", "pending")}
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
