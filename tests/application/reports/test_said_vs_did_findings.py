"""Blind spots, warning signs, changes and the trend in a report."""

import pytest

from application.reports.said_vs_did import Report, said_vs_did
from tests.histories import History, opened
from tests.promising import action, complete, move, play, review, win


def report(history: History, a: str = "review:R1", b: str = "review:R2") -> Report:
    return said_vs_did(history.known, history.cut(a), history.cut(b))


def with_cfo(timezone: str = "Europe/Berlin") -> History:
    history = opened(timezone=timezone)
    history.on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    return history


# Blind spots


def test_a_departure_noticed_late_names_the_reviews_and_the_promises_that_knew_nothing_of_it() -> None:
    history = with_cfo()
    history.on("2026-01-06", "add-stakeholder", id="coo", title="COO", level="executive")
    play(history, "2026-01-10", "over-before", stakeholders=["cfo"])
    win(history, "2026-02-09", "over-before")
    play(history, "2026-01-10", "over-on-the-day", stakeholders=["cfo"])
    play(history, "2026-01-10", "open", stakeholders=["coo", "cfo"])
    play(history, "2026-01-10", "of-another", stakeholders=["coo"])
    action(history, "2026-01-10", "through", kind="introduction", via="cfo")
    action(history, "2026-01-10", "once", stakeholders=["cfo"])
    history.on("2026-02-01", "relink-action", id="once")
    review(history, "2026-02-05", "before")
    win(history, "2026-02-10", "over-on-the-day")
    review(history, "2026-02-15", "between", kind="weekly")
    play(history, "2026-02-20", "since", stakeholders=["cfo"])
    review(history, "2026-03-02", "R1")
    left = history.on("2026-03-12", "record-departure", id="cfo", left_on="2026-02-10")
    review(history, "2026-04-01", "R2")
    found = report(history)
    [spot] = found.blind_spots
    assert (spot.what, spot.kind, spot.id, spot.event, spot.days) == ("departure", "stakeholder", "cfo", left, 30)
    assert spot.reviews == ["between", "R1"]
    assert [promise.id for promise in spot.promises] == ["over-on-the-day", "open", "through", "since"]
    assert found.recorded_on_the_day == 0


def test_a_departure_recorded_on_its_day_is_only_counted() -> None:
    history = with_cfo("America/New_York")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-13T03:30:00Z", "record-departure", id="cfo", left_on="2026-03-12")
    review(history, "2026-04-01", "R2")
    found = report(history)
    assert (found.blind_spots, found.recorded_on_the_day) == ([], 1)


def test_returns_moves_wins_losses_and_closings_learned_late_are_blind_spots() -> None:
    history = with_cfo()
    for id in ("won", "lost"):
        history.on(
            "2026-01-10",
            "open-opportunity",
            id=id,
            name="Line B",
            amount="1000",
            stage="offer",
            close_on="2026-06-30",
            source="plan",
        )
    history.on(
        "2026-01-10", "raise-risk", id="freeze", kind="budget_freeze", statement="No budget", likelihood=3, impact=3,
        owner="ann",
    )  # fmt: skip
    review(history, "2026-03-02", "R1")
    history.on("2026-03-10", "move-stakeholder", id="cfo", title="CEO", moved_on="2026-03-09", promoted=True)
    history.on("2026-03-10", "record-departure", id="cfo", left_on="2026-03-10")
    history.on("2026-03-20", "return-stakeholder", id="cfo", returned_on="2026-03-18", reason="Back")
    history.on("2026-03-20", "win-opportunity", id="won", won_on="2026-03-17", amount="900")
    history.on("2026-03-20", "lose-opportunity", id="lost", lost_on="2026-03-16", reason="Price")
    history.on("2026-03-20", "close-risk", id="freeze", outcome="averted", closed_on="2026-03-15")
    review(history, "2026-04-01", "R2")
    spots = [(spot.what, spot.id, spot.days) for spot in report(history).blind_spots]
    assert spots == [
        ("move", "cfo", 1),
        ("return", "cfo", 2),
        ("win", "won", 3),
        ("loss", "lost", 4),
        ("closing", "freeze", 5),
    ]


# WarningSigns


def test_what_is_recorded_on_the_eve_of_the_review_is_told_as_a_share() -> None:
    history = opened()
    review(history, "2026-03-02T15:00:00Z", "R1")
    play(history, "2026-03-29T15:00:00Z")
    late = [play(history, "2026-03-29T15:00:01Z", "tour"), play(history, "2026-04-01T14:59:59Z", "visit")]
    review(history, "2026-04-01T15:00:00Z", "R2")
    eve = report(history).theatre.recorded_on_the_eve
    assert (eve.events, eve.count, eve.of, eve.share) == (late, 2, 4, 0.5)


def test_finishes_in_the_last_half_hour_before_the_review_are_told() -> None:
    history = opened()
    for id in ("early", "late"):
        play(history, "2026-02-20", id)
    review(history, "2026-03-02T15:00:00Z", "R1")
    win(history, "2026-03-18T14:30:00Z", "early")
    late = win(history, "2026-03-18T14:30:01Z", "late")
    review(history, "2026-03-18T15:00:00Z", "R2")
    assert report(history).theatre.finished_in_the_last_minutes.events == [late]


def test_where_no_review_closes_the_period_nothing_was_done_for_it() -> None:
    history = opened()
    review(history, "2026-03-02", "R1")
    play(history, "2026-03-18")
    win(history, "2026-03-18")
    theatre = report(history, "review:R1", "now").theatre
    assert theatre.closing_review is None
    assert theatre.recorded_on_the_eve.share is None
    assert theatre.finished_in_the_last_minutes.count == 0


def test_a_period_in_which_only_reviews_were_recorded_is_told() -> None:
    history = opened()
    review(history, "2026-03-02", "R1")
    held = review(history, "2026-04-01", "R2")
    found = report(history)
    assert found.theatre.only_reviews.only_reviews
    assert found.theatre.only_reviews.events == [held]
    play(history, "2026-04-02")
    review(history, "2026-05-01", "R3")
    assert not report(history, "review:R2", "review:R3").theatre.only_reviews.only_reviews


def test_sentiments_nobody_touched_for_two_quarters_are_told() -> None:
    history = with_cfo()
    for id in ("coo", "gone"):
        history.on("2026-01-06", "add-stakeholder", id=id, title=id, level="executive")
    said = history.on("2026-01-10", "change-sentiment", id="cfo", attitude=1)
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "change-sentiment", id="coo", attitude=1)
    history.on("2026-03-03", "record-departure", id="gone", left_on="2026-03-03")
    review(history, "2026-07-12", "R2")
    review(history, "2026-07-13", "R3")
    assert report(history).theatre.untouched_sentiments.count == 0
    untouched = report(history, "review:R2", "review:R3").theatre.untouched_sentiments
    assert [(each.id, each.days, each.event) for each in untouched.stakeholders] == [("cfo", 184, said)]


def test_moves_without_a_reason_or_notice_are_told_with_their_events() -> None:
    history = opened()
    play(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    unexplained = move(history, "2026-03-10", "2026-03-30")
    late = move(history, "2026-03-29", "2026-04-30", reason="Line B stands still")
    move(history, "2026-03-30", "2026-04-10")
    review(history, "2026-04-01", "R2")
    theatre = report(history).theatre
    assert theatre.unexplained_moves.events == [unexplained]
    assert theatre.late_notice_moves.events == [late]


def test_what_was_dropped_and_taken_up_again_is_no_finish_taken_back() -> None:
    history = opened()
    action(history, "2026-02-20")
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "drop-action", id="price", reason="No need")
    history.on("2026-03-04", "reopen-action", id="price", reason="Needed")
    done = complete(history, "2026-03-05")
    taken_back = history.on("2026-03-06", "reopen-action", id="price", reason="Wrong price")
    review(history, "2026-03-18", "R2")
    assert report(history).theatre.finishes_taken_back.events == [done, taken_back]


# Changes and decisions


def test_no_change_at_all_but_the_reviews_is_itself_a_finding() -> None:
    history = opened()
    review(history, "2026-03-02", "R1")
    history.on("2026-03-03", "confirm-section", section="plays")
    review(history, "2026-04-01", "R2")
    assert report(history).unchanged
    assert report(history).refreshed == ["plays", "reviews"]
    play(history, "2026-04-02")
    assert not report(history, "review:R1", "now").unchanged


def test_what_was_decided_at_the_reviews_of_the_period_is_told() -> None:
    history = opened()
    review(history, "2026-03-02", "R1", decisions=["Begin"])
    review(history, "2026-03-20", "Q1", kind="qbr")
    held = review(history, "2026-04-01", "R2", decisions=["Go on"], decisions_required=["The budget"])
    [decided] = report(history).decisions
    assert (decided.review, decided.event) == ("R2", held)
    assert (decided.decisions, decided.decisions_required) == (["Go on"], ["The budget"])


# Trend


def test_the_trend_has_every_earlier_pair_of_the_same_kind() -> None:
    history = opened()
    play(history, "2026-01-10", "first", due_on="2026-02-10")
    review(history, "2026-01-20", "R1")
    review(history, "2026-01-21", "Q1", kind="qbr")
    win(history, "2026-02-09", "first")
    play(history, "2026-02-10", "second", due_on="2026-03-01")
    review(history, "2026-02-20", "R2")
    review(history, "2026-03-20", "R3")
    review(history, "2026-04-20", "R4")
    review(history, "2026-04-21", "Q2", kind="qbr")
    found = report(history, "review:R3", "review:R4").trend
    assert [(pair.from_.cut, pair.to.cut, pair.score.keep_rate) for pair in found] == [
        ("review:R1", "review:R2", 1.0),
        ("review:R2", "review:R3", 0.0),
    ]
    assert report(history, "review:R1", "review:R2").trend == []
    every = said_vs_did(history.known, history.cut("2026-01-10"), history.cut("now", "2026-04-22")).trend
    assert [pair.to.cut for pair in every] == ["review:R2", "review:R3", "review:R4", "review:Q2"]


@pytest.mark.parametrize("b", ["review:R4", "now"])
def test_the_pair_that_ends_where_the_report_begins_is_in_the_trend(b: str) -> None:
    history = opened()
    for number, month in enumerate(("01-20", "02-20", "03-20", "04-20"), 1):
        review(history, f"2026-{month}", f"R{number}")
    found = report(history, "review:R3", b).trend
    assert [pair.to.cut for pair in found][:2] == ["review:R2", "review:R3"]
