"""How old a section is, how old it may be, and what asks for an update before that."""

from datetime import date, timedelta
from typing import get_args

import pytest

from application.views.current_plan import CurrentPlan, current_plan
from application.views.freshness import Duty, Freshness, stale_from
from domain.account_plan.language import Section
from tests.cases import for_each
from tests.histories import History, instant, opened

LIMITS = {
    "summary": 92,
    "overview": 92,
    "health": 31,
    "stakeholders": 31,
    "whitespace": 92,
    "opportunities": 31,
    "goals": 92,
    "hypotheses": 92,
    "competition": 92,
    "risks": 31,
    "plays": 7,
    "requests": 31,
    "team": 92,
    "vision": 366,
    "reviews": None,
    "plan": None,
}
COO = {"id": "coo", "title": "COO", "level": "executive"}
BUYER = {"roles": ["economic_buyer"]}
DEAL = {"id": "deal", "name": "Line B", "amount": "1", "stage": "offer", "close_on": "2026-06-30"}


def seen(history: History, day: str) -> CurrentPlan:
    """The plan as it is looked at at noon of a day."""
    now = (instant(day) + timedelta(hours=3)).isoformat()
    return current_plan(history.known, history.cut("now", now=now))


def fresh(history: History, day: str, section: str) -> Freshness:
    freshness: Freshness = getattr(seen(history, day).sections, section).freshness
    return freshness


# Limits


@for_each("section", get_args(Section))
@for_each(("tier", "times"), [("strategic", 1), ("growth", 2), ("enterprise", None), ("standard", None)])
def test_a_section_is_stale_when_it_is_older_than_its_tier_allows(section, tier, times):
    history = opened(tier=tier)
    limit = LIMITS[section] * times if LIMITS[section] and times else None
    assert fresh(history, "2026-01-05", section).most_days == limit
    still, no_longer = (date(2026, 1, 5) + timedelta(days=(limit or 5000) + more) for more in (0, 1))
    assert fresh(history, still.isoformat(), section).stale is False
    assert fresh(history, no_longer.isoformat(), section).stale is (limit is not None)


def test_age_counts_from_the_opening_of_the_plan_at_the_latest():
    assert fresh(opened(), "2026-01-15", "vision") == Freshness(
        refreshed_on=date(2026, 1, 5), age_days=10, most_days=366, stale=False, ever_touched=False
    )


def test_age_counts_in_days_where_the_plan_lives():
    history = opened(timezone="Pacific/Auckland")
    history.on("2026-01-10T10:59Z", "confirm-section", section="goals")
    history.on("2026-01-10T11:00Z", "confirm-section", section="vision")
    assert fresh(history, "2026-01-20", "goals").refreshed_on == date(2026, 1, 10)
    assert fresh(history, "2026-01-20", "vision").refreshed_on == date(2026, 1, 11)


def test_the_tier_counts_as_it_was():
    history = opened(tier="strategic")
    history.on("2026-03-02", "change-tier", tier="growth", reason="Round of March")
    assert fresh(history, "2026-03-02", "plays").most_days == 14
    as_of_february = current_plan(history.known, history.cut("2026-02-15"))
    assert as_of_february.sections.plays.freshness.most_days == 7


def test_a_section_is_never_younger_than_today():
    history = opened()
    history.on(
        "2026-03-05", "hold-review", id="R1", kind="monthly", audience="internal", held_on="2026-03-02", ours=["ann"]
    )
    plan = current_plan(history.known, history.cut("review:R1"))
    assert (plan.as_of.date, plan.sections.reviews.freshness.age_days) == (date(2026, 3, 2), 0)


# What refreshes which section

TOUCH = {"happened_on": "2026-02-02", "kind": "call", "stakeholders": ["coo"], "members": ["ann"]}
ACTION = {"kind": "task", "owner": "ann", "due_on": "2026-03-02"}
CONTRACT = {"arr": "1", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": []}


@for_each(
    ("section", "command", "body"),
    [
        ("stakeholders", "log-touch", TOUCH),
        ("overview", "note-news", {"kind": "ipo", "happened_on": "2026-02-02", "summary": "Going public"}),
        ("overview", "note-referral", {"to_account": "Beta", "happened_on": "2026-02-02"}),
        ("health", "set-contract", CONTRACT),
        ("health", "record-health", {"as_of_on": "2026-02-02", "nps": "20"}),
        ("plays", "add-action", {"statement": "Send the SOW", **ACTION}),
        ("plan", "change-tier", {"tier": "growth", "reason": "Round of February"}),
        ("plan", "reassign-plan", {"owner": "ben", "reason": "Ann is away"}),
        ("plan", "attach-document", {"kind": "other", "title": "T", "url": "https://example.com"}),
        ("goals", "set-priorities", {"quarter": "2026-Q1", "statements": ["Win line B"]}),
        ("vision", "state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant"}),
        ("summary", "write-summary", {"why_now": "New COO"}),
        ("whitespace", "list-offering", {"id": "hub", "name": "Hub", "kind": "product"}),
        ("competition", "identify-competitor", {"name": "Globex"}),
        ("team", "assign-member", {"person": "ben", "role": "legal", "from_on": "2026-01-01"}),
        ("reviews", "schedule-review", {"kind": "monthly", "planned_on": "2026-03-02"}),
        ("risks", "write-note", {"section": "risks", "text": "Budget talks"}),
        ("vision", "write-note", {"section": "vision", "text": "Ask the board"}),
        ("requests", "confirm-section", {"section": "requests"}),
        ("summary", "confirm-section", {"section": "summary"}),
    ],
)
def test_an_event_refreshes_its_section_and_no_other(section, command, body):
    history = opened()
    history.on("2026-01-05", "add-stakeholder", **COO)
    history.on("2026-02-02", command, **body)
    refreshed = {name for name in get_args(Section) if fresh(history, "2026-02-09", name).age_days == 7}
    assert refreshed == {section}
    assert fresh(history, "2026-02-09", section).refreshed_on == date(2026, 2, 2)


def test_striking_an_entry_refreshes_the_section_it_stood_in():
    history = opened()
    history.on("2026-01-05", "add-stakeholder", **COO)
    history.on("2026-01-12", "log-touch", id="t1", **TOUCH | {"happened_on": "2026-01-12"})
    history.on("2026-02-02", "strike-entry", event="3", reason="Wrong account")
    assert fresh(history, "2026-02-09", "stakeholders").refreshed_on == date(2026, 2, 2)
    assert fresh(history, "2026-02-09", "plan").refreshed_on == date(2026, 1, 5)


# Duties


def duties(history: History, day: str) -> list[Duty]:
    return seen(history, day).duties


@for_each(
    ("command", "body"),
    [
        ("note-news", {"kind": "leadership_change", "happened_on": "2026-02-02", "summary": "New COO"}),
        ("note-news", {"kind": "merger", "happened_on": "2026-02-02", "summary": "Bought Beta"}),
        ("note-news", {"kind": "initiative", "happened_on": "2026-02-02", "summary": "Lean 2027"}),
        ("add-stakeholder", COO | BUYER),
        ("identify-competitor", {"name": "Globex"}),
        *(
            ("open-opportunity", DEAL | {"source": source})
            for source in ("referral", "customer_marketing", "expansion_logo", "marketing", "inbound")
        ),
    ],
)
def test_what_changes_the_picture_wants_an_update_within_two_weeks(command, body):
    history = opened()
    event = history.on("2026-02-02", command, **body)
    asked = Duty(
        event=event,
        type=type(history.known.records[-1].event).__name__,
        since_on=date(2026, 2, 2),
        due_on=date(2026, 2, 16),
        updated_on=None,
        overdue=False,
        late=False,
    )
    assert duties(history, "2026-02-16") == [asked]
    assert duties(history, "2026-02-17") == [asked.model_copy(update={"overdue": True, "late": True})]


@for_each(
    ("command", "body"),
    [
        *(
            ("note-news", {"kind": kind, "happened_on": "2026-02-02", "summary": "S"})
            for kind in ("funding", "ipo", "regulation", "cost_pressure", "launch", "other")
        ),
        ("open-opportunity", DEAL | {"source": "plan"}),
        ("add-stakeholder", COO | {"roles": ["champion"]}),
    ],
)
def test_other_news_wants_no_update(command, body):
    history = opened()
    history.on("2026-02-02", command, **body)
    assert duties(history, "2026-02-03") == []


def test_an_update_meets_the_duty():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    history.on("2026-02-05", "confirm-section", section="competition")
    met = duties(history, "2026-02-16")
    assert [(duty.updated_on, duty.overdue) for duty in met] == [(date(2026, 2, 5), False)]
    assert duties(history, "2026-02-17") == [], "it is not shown for ever"
    assert [duty.updated_on for duty in current_plan(history.known, history.cut("2026-02-03")).duties] == [None]


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("attach-document", {"kind": "other", "title": "Price list", "url": "https://example.com/x"}),
        ("reassign-plan", {"owner": "ben", "reason": "Ann is away"}),
        ("begin-cycle", {"id": "q1", "kind": "quarter", "starts_on": "2026-01-01", "ends_on": "2026-03-31"}),
        ("assign-member", {"person": "ann", "role": "legal", "from_on": "2026-03-12"}),
        ("confirm-section", {"section": "vision"}),
        ("schedule-review", {"kind": "weekly", "planned_on": "2026-03-20"}),
    ],
)
def test_what_does_not_touch_what_the_news_touches_is_no_update(command, body):
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    history.on("2026-03-13", command, **body)
    assert [(duty.updated_on, duty.overdue, duty.late) for duty in duties(history, "2026-03-13")] == [
        (None, True, True)
    ]


def test_a_review_that_is_held_meets_every_duty():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    review = {"kind": "weekly", "audience": "internal", "held_on": "2026-02-12", "ours": ["ann"]}
    history.on("2026-02-12", "hold-review", **review)
    assert [(duty.updated_on, duty.late) for duty in duties(history, "2026-02-16")] == [(date(2026, 2, 12), False)]


def test_an_update_that_came_late_stays_late_for_a_quarter():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    history.on("2026-03-13", "confirm-section", section="competition")
    late = [(date(2026, 3, 13), False, True)]
    for day in ("2026-03-13", "2026-06-13"):
        assert [(duty.updated_on, duty.overdue, duty.late) for duty in duties(history, day)] == late
    assert duties(history, "2026-06-14") == []


def test_an_update_on_the_last_day_is_in_time():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    history.on("2026-02-16", "confirm-section", section="competition")
    assert [duty.late for duty in duties(history, "2026-02-16")] == [False]


def test_what_was_said_together_with_the_news_is_no_update_and_neither_is_more_news():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    history.on("2026-02-02", "confirm-section", section="competition")
    history.on("2026-02-03", "identify-competitor", id="initech", name="Initech")
    assert [duty.updated_on for duty in duties(history, "2026-02-04")] == [None, None]
    history.on("2026-02-05", "confirm-section", section="competition")
    assert [duty.updated_on for duty in duties(history, "2026-02-06")] == [date(2026, 2, 5)] * 2


def test_news_that_was_struck_wants_nothing():
    history = opened()
    news = {"id": "n1", "kind": "merger", "happened_on": "2026-02-02", "summary": "Bought Beta"}
    event = history.on("2026-02-02", "note-news", **news)
    history.on("2026-02-03", "strike-entry", event=event, reason="A rumour")
    assert duties(history, "2026-02-04") == []
    assert len(current_plan(history.known, history.cut("version:2")).duties) == 1


def test_only_a_new_economic_buyer_wants_an_update():
    history = opened()
    history.on("2026-01-06", "add-stakeholder", **COO)
    history.on("2026-02-02", "assign-roles", id="coo", roles=["champion"])
    assert duties(history, "2026-02-03") == []
    history.on("2026-02-03", "assign-roles", id="coo", roles=["champion", "economic_buyer"])
    assert [duty.type for duty in duties(history, "2026-02-04")] == ["RolesAssigned"]
    history.on("2026-03-02", "assign-roles", id="coo", roles=["economic_buyer"])
    first = date(2026, 2, 3)
    assert [duty.since_on for duty in duties(history, "2026-03-03")] == [first], "was economic buyer already"
    history.on("2026-03-03", "assign-roles", id="coo", roles=[])
    history.on("2026-03-04", "assign-roles", id="coo", roles=["economic_buyer"])
    assert [duty.since_on for duty in duties(history, "2026-03-05")] == [first, date(2026, 3, 4)]


def test_a_corrected_role_is_no_news():
    history = opened()
    history.on("2026-01-06", "add-stakeholder", **COO)
    history.on("2026-02-02", "correct-stakeholder", id="coo", **BUYER)
    history.on("2026-02-03", "assign-roles", id="coo", roles=["champion", "economic_buyer"])
    history.on("2026-02-03", "correct-stakeholder", id="coo", crm_id="77")
    assert duties(history, "2026-02-04") == []


def test_what_may_be_as_old_as_it_likes_is_never_stale_nor_what_is_so_beyond_the_calendar():
    day = date.max - timedelta(days=8)
    assert [stale_from(day, most) for most in (None, 7, 8)] == [None, date.max, None]
