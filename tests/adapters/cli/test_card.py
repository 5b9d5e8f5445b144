"""A plan as it is shown in a terminal."""

from io import StringIO

from rich.console import Console

from adapters.cli.card import card
from tests.histories import History, opened
from tests.promising import review


def shown(history: History, width: int = 120, now: str | None = None) -> str:
    written = StringIO()
    console = Console(file=written, width=width, highlight=False, emoji=False)
    for part in card(history.known, history.cut("now", now)):
        console.print(part)
    return written.getvalue()


def test_what_a_goal_has_reached_is_what_was_reported_for_the_latest_day() -> None:
    history = opened()
    measured = {"kind": "revenue", "measure": "ARR", "unit": "kEUR", "baseline": "10", "target": "100", "owner": "ann"}
    history.on("2026-01-06", "set-goal", id="arr", statement="Grow with line B", due_on="2026-12-31", **measured)
    history.on("2026-02-02", "report-progress", id="arr", value="50", as_of_on="2026-01-31")
    history.on("2026-02-03", "report-progress", id="arr", value="20", as_of_on="2026-01-15")
    assert "10 → 50 of 100 kEUR" in shown(history)


def test_of_two_reviews_on_one_day_the_last_is_the_one_recorded_last() -> None:
    history = opened()
    for id in ("m2", "m1"):
        history.on("2026-01-06", "schedule-review", id=id, kind="monthly", planned_on="2026-02-02")
    review(history, "2026-02-02T09:00:00Z", "m1")
    review(history, "2026-02-02T10:00:00Z", "m2")
    assert "2026-02-02 (today) m2" in shown(history)


def test_of_a_new_plan_no_section_is_ticked_off_that_nobody_filled() -> None:
    history = opened()
    assert shown(history).count("○") == 14
    assert "✓" not in shown(history)
    history.on("2026-01-06", "add-stakeholder", id="cfo", name="Jo Dee", level="executive")
    after = shown(history)
    assert after.count("○") == 13
    assert "✓ stakeholders" in after
    assert "✗ plays" in shown(history, now="2026-01-20T12:00:00Z")
