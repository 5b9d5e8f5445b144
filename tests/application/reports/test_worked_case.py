"""The worked case, told in memory: what every view says of it."""

from datetime import date

import pytest

from application.views.blame import blame
from application.views.current_plan import CurrentPlan, current_plan
from application.views.diff import diff
from application.views.history import Filter, history
from application.views.reviews import reviews
from tests.histories import History, instant, told
from tests.places import ROOT


@pytest.fixture(scope="module")
def acme() -> History:
    return told(ROOT / "tests" / "scenarios" / "worked-case.jsonl")


def at(acme: History, cut: str) -> CurrentPlan:
    return current_plan(acme.known, acme.cut(cut))


def promises(plan: CurrentPlan) -> dict[str, tuple[str, str]]:
    things = [*plan.sections.plays.plays, *plan.sections.plays.actions]
    return {thing.id: (thing.state, str(thing.due_on)) for thing in things}


def test_the_plan_as_it_stood_at_the_first_review(acme):
    plan = at(acme, "review:R1")
    assert (plan.version, plan.as_of.date, plan.as_of.at) == (10, date(2026, 3, 2), instant("2026-03-02T15:00Z"))
    assert (plan.account.account_name, plan.account.owner, plan.account.tier) == (
        "Acme Manufacturing",
        "ann",
        "strategic",
    )
    assert promises(plan) == {
        "tour": ("planned", "2026-03-10"),
        "exec": ("planned", "2026-03-20"),
        "pilot": ("planned", "2026-03-31"),
        "steerco": ("planned", "2026-03-25"),
        "preread": ("planned", "2026-04-01"),
        "qbr-date": ("open", "2026-02-20"),
        "intro": ("open", "2026-03-05"),
        "pricing": ("open", "2026-03-15"),
    }
    counted = plan.metrics.promises
    assert (counted.open, counted.overdue, counted.due_within_14_days) == (8, 1, 3)
    assert counted.by_state == {"planned": 5, "open": 3}


def test_the_plan_as_it_stood_at_the_second_review(acme):
    plan = at(acme, "review:R2")
    assert (plan.version, plan.as_of.date) == (20, date(2026, 4, 1))
    assert promises(plan) == {
        "tour": ("won", "2026-03-10"),
        "exec": ("planned", "2026-04-15"),
        "pilot": ("won", "2026-03-31"),
        "steerco": ("planned", "2026-03-25"),
        "preread": ("planned", "2026-04-01"),
        "qbr-date": ("done", "2026-02-20"),
        "intro": ("done", "2026-03-05"),
        "pricing": ("dropped", "2026-03-15"),
        "sow": ("done", "2026-03-18"),
        "legal": ("open", "2026-03-27"),
    }
    tour = plan.sections.plays.plays[0]
    assert (tour.finished_on, tour.result) == (date(2026, 3, 9), "Three causes of rework named by the line lead")
    counted = plan.metrics.promises
    assert (counted.open, counted.overdue) == (4, 2)
    assert counted.by_state == {"planned": 3, "won": 2, "done": 3, "dropped": 1, "open": 1}


def test_how_fresh_the_sections_were_at_the_second_review(acme):
    sections = at(acme, "review:R2").sections
    assert (sections.plays.freshness.age_days, sections.plays.freshness.stale) == (0, False)
    assert (sections.health.freshness.age_days, sections.health.freshness.stale) == (58, True)
    assert (sections.goals.freshness.age_days, sections.goals.freshness.stale) == (58, False)


def test_the_history_is_one_entry_a_line(acme):
    entries, more = history(acme.known.records, Filter().leaves_in)
    assert ([entry.version for entry in entries], more) == (list(range(1, 21)), None)
    assert [entry.type for entry in entries] == [
        "PlanOpened",
        "ActionAdded",
        *["PlayPlanned"] * 5,
        *["ActionAdded"] * 2,
        "ReviewHeld",
        "ActionCompleted",
        "PlayWon",
        "ActionCompleted",
        "ActionAdded",
        "ActionDropped",
        "ActionCompleted",
        "PlayRescheduled",
        "ActionAdded",
        "PlayWon",
        "ReviewHeld",
    ]
    dropped = entries[14]
    assert (dropped.actor, dropped.reason, dropped.entity.id) == ("ben", "procurement froze", "pricing")
    life = history(acme.known.records, Filter(kind="play", id="exec").leaves_in)[0]
    assert [(entry.version, entry.type) for entry in life] == [(4, "PlayPlanned"), (17, "PlayRescheduled")]


def test_what_is_different_from_the_first_review_to_the_second(acme):
    difference = diff(acme.known, acme.cut("review:R1"), acme.cut("review:R2"))
    assert (difference.from_.version, difference.to.version) == (10, 20)
    assert {section: [(row.what, row.id) for row in rows] for section, rows in difference.changes.items()} == {
        "plays": [
            ("play-won", "tour"),
            ("play-rescheduled", "exec"),
            ("play-won", "pilot"),
            ("action-completed", "qbr-date"),
            ("action-completed", "intro"),
            ("action-added", "sow"),
            ("action-completed", "sow"),
            ("action-dropped", "pricing"),
            ("action-added", "legal"),
        ],
        "reviews": [("review-held", "R2")],
    }
    moved = difference.changes["plays"][1]
    assert (moved.field, moved.before, moved.after) == ("due_on", date(2026, 3, 20), date(2026, 4, 15))
    assert (moved.events, moved.actors, moved.reasons) == ([acme.event(17)], ["ann"], [])
    dropped = difference.changes["plays"][7]
    assert (dropped.field, dropped.before, dropped.after, dropped.reasons) == (
        "state",
        "open",
        "dropped",
        ["procurement froze"],
    )
    assert (difference.unchanged, difference.touched_unchanged) == (False, [])
    assert difference.refreshed == ["plays", "reviews"]
    assert difference.gone_stale == ["health", "stakeholders", "opportunities", "risks", "requests"]


def test_the_reviews_are_the_two_cuts(acme):
    listed = reviews(acme.known, acme.cut("now"))
    assert [(each.cut, each.version, each.recorded_at, each.recorded_late) for each in listed] == [
        ("review:R1", 10, instant("2026-03-02T15:00Z"), False),
        ("review:R2", 20, instant("2026-04-01T15:00Z"), False),
    ]
    assert [each.review.next_on for each in listed] == [date(2026, 4, 1), date(2026, 5, 4)]


def test_who_set_what(acme):
    blamed = {(each.kind, each.id, each.field): each for each in blame(acme.known.state, acme.known.records)}
    assert (blamed["play", "exec", "due_on"].event, blamed["play", "exec", "due_on"].actor) == (acme.event(17), "ann")
    assert blamed["play", "exec", "title"].event == acme.event(4)
    assert blamed["action", "pricing", "state"].actor == "ben"
