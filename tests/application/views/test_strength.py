"""The strength of a relationship is what the team at the cut knows, in every view that shows or judges it."""

from collections.abc import Callable, Mapping
from datetime import date
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from starlette.requests import Request

from adapters.cli.card import card
from adapters.rendering.wording import in_words
from adapters.web.languages import Speech
from adapters.web.map.presenter import map_view
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.presenter import head, plan_parts
from adapters.web.plan.value_page import value_view
from application.findings.judging import findings_view
from application.findings.verdict import verdict
from application.measures.measured import measured_months
from application.measures.registry import MEASURES
from application.packs.registry import pack
from application.reports.months import Month
from application.views.current_plan import CurrentPlan, current_plan
from application.views.cuts import Cut
from domain.account_plan.plan import the_plan
from domain.account_plan.stakeholders import ENGAGED
from tests.histories import History, instant, opened

ENGLISH = Speech("en")
LAST_DAY, NEXT_DAY = "2026-03-31", "2026-04-01"
"""Of Ben, who knows the COO best, on the team; and the day after."""


def story() -> History:
    history = opened(timezone="UTC")
    for id, name in (("coo", "Jane Doe"), ("cfo", "Max Roe")):
        history.on("2026-01-05", "add-stakeholder", id=id, name=name, level="executive")
    history.on("2026-01-05", "rate-relationship", id="cfo", member="ann", strength=2)
    for member, strength in (("ben", 3), ("ann", 1)):
        history.on("2026-01-05", "rate-relationship", id="coo", member=member, strength=strength)
    history.on("2026-01-06", "assign-member", person="ben", role="customer_success", from_on="2026-01-06")
    history.on("2026-01-06", "release-member", person="ben", role="customer_success", until_on=LAST_DAY)
    scheduled = {"kind": "qbr", "planned_on": "2026-06-01", "ours": ["ann"], "theirs": ["coo"]}
    history.on("2026-01-06", "schedule-review", id="Q1", **scheduled)
    return history


def plan(history: History, cut: Cut) -> CurrentPlan:
    return current_plan(history.known, cut)


def on_card(history: History, cut: Cut) -> str:
    console = Console(width=300, file=StringIO(), record=True)
    for part in card(history.known, cut):
        console.print(part)
    return next(line for line in console.export_text().splitlines() if "Jane Doe" in line)


def on_page(history: History, cut: Cut) -> str:
    tables = [table for each in plan_parts(history.known, cut, ENGLISH, False, ()).sections for table in each.tables]
    return str(next(row for table in tables for row in table.rows if "Jane Doe" in str(row)))


def asked_for_strength(history: History, cut: Cut) -> PlanRequest:
    value = {"kind": "stakeholder", "id": "coo", "field": "strength"}
    request, card = Request({"type": "http", "path_params": value}), the_plan(history.known.state)
    return PlanRequest(request, history.known, cut, cut.at, ENGLISH, head(card, cut, ENGLISH), card.currency, ())


def found(history: History, cut: Cut, rule: str) -> bool:
    return any(each.rule == rule for each in findings_view(history.known, cut).items)


def measured(history: History, cut: Cut) -> int:
    month = Month.of(cut.date)
    [at] = measured_months(history.known, [month], cut.at)
    return int(MEASURES["contacts_engaged"].judge(at)[""][0])


def first_person(sections: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = sections["stakeholders"]["stakeholders"][0]
    return found


SHOWN: Mapping[str, Callable[[History, Cut], Any]] = {
    "plan": lambda history, cut: first_person(plan(history, cut).model_dump()["sections"])["strength"],
    "contact clock": lambda history, cut: plan(history, cut).contact_clock[0].strength,
    "canvas": lambda history, cut: next(
        each["strength"]
        for each in pack("canvas", history.known, cut).model_dump()["stakeholders"]
        if each["id"] == "coo"
    ),
}
IN_WORDS: Mapping[str, Callable[[History, Cut], str]] = {
    "card": on_card,
    "page of the plan": on_page,
    "map": lambda history, cut: str(map_view(history.known, cut, ENGLISH, False).boxes[0].lines),
    "page of the value": lambda history, cut: value_view(asked_for_strength(history, cut)).now,
}
ENGAGED_PEOPLE: Mapping[str, Callable[[History, Cut], int]] = {
    "metrics": lambda history, cut: plan(history, cut).metrics.stakeholders.engaged,
    "measure": measured,
    "finding single-threaded": lambda history, cut: 1 if found(history, cut, "single-threaded") else 2,
}


@pytest.mark.parametrize(("day", "strength"), [(LAST_DAY, 3), (NEXT_DAY, 1)])
@pytest.mark.parametrize("cut", ["now", "over"])
def test_every_view_shows_what_those_on_the_team_know(day: str, strength: int, cut: str):
    history = story()
    at = history.cut("now", f"{day}T12:00Z") if cut == "now" else history.cut(day, "2026-12-31")
    assert {name: shows(history, at) for name, shows in SHOWN.items()} == dict.fromkeys(SHOWN, strength)
    word, other = (in_words(each, "strength") for each in (strength, 4 - strength))
    told = {name: shows(history, at) for name, shows in IN_WORDS.items()}
    assert [name for name, words in told.items() if word not in words or other in words] == []
    assert "ben" not in told["card"] or strength == 3  # who knows them that well
    engaged = 2 if strength >= ENGAGED else 1
    assert {name: counts(history, at) for name, counts in ENGAGED_PEOPLE.items()} == dict.fromkeys(
        ENGAGED_PEOPLE, engaged
    )


def test_a_verdict_holds_until_somebody_who_knows_a_person_leaves_the_team():
    judged = verdict(story().known, instant("2026-03-30"))
    assert judged.holds_until is not None
    assert judged.holds_until.date() <= date(2026, 4, 1)
    assert not any(each.rule == "single-threaded" for each in judged.findings)
