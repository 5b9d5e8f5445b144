"""Rules compare days through `Examined`, which therefore knows how long their verdict holds."""

from datetime import date, datetime, timedelta
from typing import Any

from application.findings.examined import Examined
from application.findings.judging import findings_by
from application.findings.tiers import months_after
from application.views.cuts import known_at
from application.views.policy_in_force import DEFAULT
from domain.account_plan.entries import NoteWritten
from domain.account_plan.team import Member
from tests.cases import for_each
from tests.histories import History, opened

DAY = date(2026, 4, 8)


def examined(history: History | None = None, cut: str = "2026-04-08") -> Examined:
    history = history or opened()
    at = history.cut(cut, "2026-04-08T12:00:00Z" if cut == "now" else "2027-12-31")
    return Examined(known_at(history.known, at), at, DEFAULT)


@for_each(
    ("day", "later", "is_after", "changes_on"),
    [
        ("2026-04-07", 0, True, None),
        ("2026-04-08", 0, False, "2026-04-09"),
        ("2026-04-09", 0, False, "2026-04-10"),
        ("2026-04-01", 6, True, None),
        ("2026-04-01", 7, False, "2026-04-09"),
        ("9999-12-31", 0, False, None),
        ("9999-12-30", 0, False, "9999-12-31"),
    ],
)
def test_a_day_is_after_another_by_more_than_so_many_days_from_the_next_one_on(day, later, is_after, changes_on):
    at = examined()
    assert at.is_after(date.fromisoformat(day), later) is is_after
    assert at.changes_on == (date.fromisoformat(changes_on) if changes_on else None)


@for_each(
    ("cut", "day", "is_past", "changes_on"),
    [
        ("2026-04-08", DAY, True, "2026-04-09"),
        ("2026-04-08", DAY + timedelta(1), False, "2026-04-10"),
        ("now", DAY - timedelta(1), True, None),
        ("now", DAY, False, "2026-04-09"),
    ],
)
def test_the_day_of_a_date_cut_is_over_and_that_of_any_other_goes_on(cut, day, is_past, changes_on):
    at = examined(cut=cut)
    assert at.is_past(day) is is_past
    assert at.changes_on == (date.fromisoformat(changes_on) if changes_on else None)


@for_each(
    ("from_on", "until_on", "has_it", "is_to_come", "changes_on"),
    [
        (DAY, None, True, False, None),
        (DAY + timedelta(1), None, False, True, "2026-04-09"),
        (DAY - timedelta(9), DAY, True, False, "2026-04-09"),
        (DAY - timedelta(9), DAY - timedelta(1), False, False, None),
        (DAY + timedelta(2), DAY + timedelta(5), False, True, "2026-04-10"),
    ],
)
def test_a_role_is_had_from_its_first_day_to_its_last(from_on, until_on, has_it, is_to_come, changes_on):
    member = Member(id="m", person="eve", role="sales_engineer", from_on=from_on, until_on=until_on)
    at = examined()
    assert (at.has_role(member), at.is_yet_to_begin(member)) == (has_it, is_to_come)
    assert at.changes_on == (date.fromisoformat(changes_on) if changes_on else None)


@for_each(
    ("cut", "start", "next"), [("2026-03-31", "2026-01-01", "2026-04-01"), ("2026-04-08", "2026-04-01", "2026-07-01")]
)
def test_a_verdict_about_a_quarter_holds_to_its_end(cut, start, next):
    at = examined(cut=cut)
    assert (at.quarter, at.changes_on) == (date.fromisoformat(start), date.fromisoformat(next))


def test_an_exception_excuses_to_its_last_day_and_the_verdict_changes_on_the_next():
    history = opened()
    body: dict[str, Any] = {"id": "a", "statement": "Send the price", "kind": "task", "owner": "ann"}
    history.on("2026-01-05", "add-action", due_on="2026-03-20", **body)
    history.on("2026-04-01", "grant-exception", rule="overdue-promise", until_on="2026-04-20", reason="On strike")
    at = examined(history)
    [found] = findings_by("overdue-promise", at)
    assert found.excused is not None
    assert (found.excused.until_on, at.changes_on) == (date(2026, 4, 20), date(2026, 4, 21))


def test_what_was_struck_is_the_latest_of_all_and_not_of_what_stands():
    history = opened()
    history.on("2026-01-06", "write-note", id="a", section="plan", text="Seen")
    struck = history.on("2026-01-07", "write-note", id="b", section="plan", text="Of another plan")
    history.on("2026-01-08", "strike-entry", event=struck, reason="Of another plan")
    at = examined(history)
    assert [each["plan"][NoteWritten].version for each in (at.latest, at.latest_of_all)] == [2, 3]
    assert [each.version for each in at.records] == [1, 2, 4]


@for_each(
    ("day", "months", "then"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-03-31", 1, "2026-04-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-15", 1, "2026-12-15"),
        ("2026-01-30", 11, "2026-12-30"),
        ("2024-02-29", 24, "2026-02-28"),
    ],
)
def test_so_many_months_later_it_is_the_same_day_or_the_last_one(day, months, then):
    assert months_after(date.fromisoformat(day), months) == datetime.fromisoformat(then).date()
