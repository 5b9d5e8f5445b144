"""The plan as it stands at a cut, section by section."""

from datetime import date
from typing import Any, get_args

import pytest
from pydantic_core import from_json, to_json

from application.views.by_section import plural
from application.views.current_plan import SHOWN, CurrentPlan, current_plan
from application.views.cuts import CutBeforePlan
from domain.account_plan import COMMANDS, EVENTS, THINGS
from domain.account_plan.language import Section
from tests.cases import for_each
from tests.everything import everything
from tests.histories import History, opened


def shown(history: History, cut: str = "now") -> Any:
    """What a reader gets."""
    return from_json(to_json(current_plan(history.known, history.cut(cut))))


def test_a_history_of_everything_has_every_event_in_it():
    history = everything()
    assert {type(record.event).__name__ for record in history.known.records} == set(EVENTS)
    assert {kind.noun for kind, things in history.known.state.kinds().items() if things} == set(THINGS)
    assert len(COMMANDS) <= history.known.version


def test_every_section_is_there_from_the_first_event_on():
    sections = shown(opened())["sections"]
    assert list(sections) == list(get_args(Section))
    assert sections["overview"]["overview"] is None
    assert sections["plays"] == {
        "freshness": {
            "refreshed_on": "2026-01-05",
            "age_days": 0,
            "most_days": 7,
            "stale": False,
            "ever_touched": False,
        },
        "plays": [],
        "actions": [],
        "notes": [],
    }


@for_each(
    ("section", "kind", "ids"),
    [
        ("summary", "summary", ["summary"]),
        ("overview", "overview", ["overview"]),
        ("overview", "units", ["plant", "line"]),
        ("overview", "news", ["n1"]),
        ("overview", "referrals", ["r1"]),
        ("health", "contract", ["contract"]),
        ("health", "health", ["health"]),
        ("stakeholders", "stakeholders", ["coo", "lead", "buyer", "gone"]),
        ("stakeholders", "influences", ["lead:coo"]),
        ("stakeholders", "objections", ["o1"]),
        ("stakeholders", "pairings", ["coo:eve"]),
        ("stakeholders", "touches", ["t1"]),
        ("whitespace", "offerings", ["hub", "old"]),
        ("whitespace", "cells", ["plant:hub"]),
        ("opportunities", "opportunities", ["deal", "lost"]),
        ("goals", "goals", ["triple", "logo"]),
        ("goals", "priorities", ["2026-Q1"]),
        ("vision", "vision", ["vision"]),
        ("hypotheses", "hypotheses", ["rework", "scrap"]),
        ("competition", "competitors", ["globex"]),
        ("risks", "risks", ["use"]),
        ("risks", "notes", ["n-risk"]),
        ("plays", "plays", ["pilot", "lost", "dropped"]),
        ("plays", "actions", ["sow", "kick-off"]),
        ("requests", "requests", ["case"]),
        ("team", "members", ["ben:customer_success", "joy:marketing"]),
        ("team", "alignments", ["triple"]),
        ("reviews", "reviews", ["R1", "R0"]),
        ("plan", "plan", ["plan"]),
        ("plan", "cycles", ["c26"]),
        ("plan", "notes", ["n-plan"]),
        ("plan", "documents", ["roi"]),
    ],
)
def test_a_thing_is_shown_in_its_section_under_its_plural(section, kind, ids):
    things = shown(everything())["sections"][section][kind]
    assert [thing["id"] for thing in (things if isinstance(things, list) else [things])] == ids


def test_no_kind_of_thing_is_left_out():
    sections = shown(everything())["sections"]
    kinds = {kind for section in sections.values() for kind, things in section.items() if things}
    assert kinds - {"freshness"} == {
        noun if noun in sections.get(thing.home, {}) else plural(noun) for noun, thing in THINGS.items()
    }


def test_what_is_over_is_still_shown_and_says_so():
    sections = shown(everything())["sections"]
    assert [play["state"] for play in sections["plays"]["plays"]] == ["in_flight", "lost", "dropped"]
    assert sections["overview"]["units"][1]["removed"] is True


def test_what_follows_from_what_was_said_is_shown_with_it():
    sections = shown(everything())["sections"]
    assert sections["risks"]["risks"][0]["exposure"] == 16
    assert sections["opportunities"]["opportunities"][0]["multi_threaded"] is False
    assert sections["goals"]["goals"][0]["reached"] == "120000"


def test_what_only_the_rules_need_is_not_shown():
    assert "state_before" not in shown(everything())["sections"]["plays"]["plays"][0]


def test_its_schema_names_what_is_shown():
    schema = CurrentPlan.model_json_schema(mode="serialization")
    plan = shown(everything())
    assert list(schema["properties"]) == list(plan)
    for section, things in plan["sections"].items():
        assert list(schema["$defs"][f"{section.capitalize()}Section"]["properties"]) == list(things)
    for thing in SHOWN:
        assert "id" in schema["$defs"][thing.__name__]["properties"]


def test_it_is_the_same_however_it_is_written_out():
    plan = current_plan(everything().known, everything().cut("now"))
    assert plan.model_dump_json().encode() == to_json(plan)


def test_it_says_whose_plan_it_is_and_which_cut_is_shown():
    plan = shown(everything(), "version:3")
    assert (plan["version"], plan["as_of"]["cut"], plan["as_of"]["version"]) == (3, "version:3", 3)
    assert (plan["account"]["account_name"], plan["account"]["tier"]) == ("Acme Group", "strategic")


def test_the_past_is_shown_as_it_was():
    history = opened()
    history.on("2026-02-02", "raise-risk", id="use", kind="other", statement="S", likelihood=1, impact=1, owner="ann")
    history.on("2026-03-02", "reassess-risk", id="use", likelihood=5)
    history.on("2026-03-03", "note-news", id="n1", kind="ipo", happened_on="2026-03-02", summary="Going public")
    history.on("2026-03-04", "strike-entry", event="4", reason="A rumour")
    history.on("2026-03-05", "change-tier", tier="standard", reason="Sold")
    before, between, now = (shown(history, cut) for cut in ("2026-02-15", "2026-03-03", "now"))
    assert [plan["sections"]["risks"]["risks"][0]["likelihood"] for plan in (before, between, now)] == [1, 5, 5]
    assert [len(plan["sections"]["overview"]["news"]) for plan in (before, between, now)] == [0, 1, 0]
    assert [plan["account"]["tier"] for plan in (before, between, now)] == ["strategic", "strategic", "standard"]
    assert before["sections"]["risks"]["freshness"]["most_days"] == 31
    assert now["sections"]["risks"]["freshness"]["most_days"] is None


def test_what_is_due_today_is_overdue_once_the_day_is_over():
    history = opened()
    action = {"statement": "Send the SOW", "kind": "task", "owner": "ann"}
    history.on("2026-01-06", "add-action", id="sow", due_on="2026-01-09", **action)
    late = history.cut("2026-01-09T22:00:00Z", now="2026-02-01")
    over = history.cut("2026-01-09", now="2026-02-01")
    assert (late.date, over.date, late.version, over.version) == (date(2026, 1, 9), date(2026, 1, 9), 2, 2)
    plans = [current_plan(history.known, cut) for cut in (late, over)]
    assert [plan.metrics.promises.overdue for plan in plans] == [0, 1]
    assert [plan.sections.plays.freshness.age_days for plan in plans] == [3, 3], "that day is not the next one yet"


def test_today_is_shown_as_provisional():
    history = opened()
    plan = current_plan(history.known, history.cut("2026-01-05", now="2026-01-05T12:00Z"))
    assert plan.as_of.provisional
    assert not current_plan(history.known, history.cut("now")).as_of.provisional


def test_before_the_plan_was_opened_there_is_nothing_to_show():
    history = opened()
    with pytest.raises(CutBeforePlan):
        current_plan(history.known, history.cut("2026-01-04"))
