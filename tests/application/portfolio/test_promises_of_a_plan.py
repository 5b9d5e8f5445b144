"""The open promises of a plan: what a list keeps of them, and what each has come to since the last review."""

from datetime import date

from application.portfolio.promises import PromisesOfAPlan, rows_of
from tests.histories import History, instant, opened

TASK = {"statement": "Send the prices", "kind": "task"}


def told() -> History:
    history = opened()
    history.on("2026-01-05", "add-action", id="a", owner="Ann@Example.com", due_on="2026-03-31", **TASK)
    history.on("2026-01-05", "add-action", id="b", owner="bob", due_on="2026-02-01", **TASK)
    history.on("2026-01-06", "add-action", id="done", owner="bob", due_on="2026-02-01", **TASK)
    history.on("2026-01-06", "complete-action", id="done", finished_on="2026-01-06")
    return history


def test_of_an_open_promise_a_list_keeps_whose_it_is_and_from_when_it_is_overdue_where_the_plan_lives():
    rows = {row.id: row for row in rows_of(told().known.state)}
    assert set(rows) == {"a", "b"}
    assert (rows["a"].noun, rows["a"].kind, rows["a"].owner) == ("action", "task", "ann@example.com")
    assert (rows["a"].due_on, rows["a"].side) == (date(2026, 3, 31), "us")
    assert rows["a"].overdue_at == instant("2026-03-31T22:00:00Z")  # the clocks of Berlin were put forward
    assert rows["b"].overdue_at == instant("2026-02-01T23:00:00Z")


def test_an_archived_plan_has_none_in_the_list():
    history = told()
    history.on("2026-01-07", "archive-plan", reason="Sold")
    assert list(rows_of(history.known.state)) == []


def test_a_promise_is_shown_with_how_often_it_was_moved_and_for_how_long_it_is_overdue():
    history = told()
    history.on("2026-01-08", "reschedule-action", id="b", due_on="2026-02-02", reason="Ill")
    for now, overdue, days in (("2026-02-02", False, 0), ("2026-02-03", True, 1), ("2026-02-12", True, 10)):
        shown = PromisesOfAPlan(history.known, instant(now)).shown("action", "b")
        assert shown is not None
        assert (shown.overdue, shown.days_overdue, shown.times_moved) == (overdue, days, 1)
        assert (shown.first_due_on, shown.due_on) == (date(2026, 2, 1), date(2026, 2, 2))
        assert (shown.since_review, shown.outcome, shown.title) == (None, None, "Send the prices")
        assert (shown.account_id, shown.plan_id, shown.noun) == ("acme", history.plan_id, "action")


def test_since_a_review_a_promise_has_come_to_something():
    history = told()
    held = {"kind": "weekly", "audience": "internal", "ours": ["ann"]}
    history.on("2026-01-12", "hold-review", id="r1", held_on="2026-01-12", **held)
    asked = PromisesOfAPlan(history.known, instant("2026-02-12"), {("action", "b")})
    shown = asked.shown("action", "b")
    assert shown is not None
    assert (shown.since_review, shown.outcome) == ("r1", "missed")
    assert asked.shown("action", "a") is None
    assert asked.shown("action", "nothing") is None
