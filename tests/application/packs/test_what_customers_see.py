"""A pack for customers shows what stands on the list of what they may see, and nothing else of any event."""

import pytest
from pydantic_core import to_json

from adapters.rendering.markdown import markdown
from adapters.rendering.page import page
from adapters.rendering.reports import document
from application.packs.pack import PackKind
from application.packs.registry import FOR_CUSTOMERS, PACKS, PackIsInternal, pack
from application.views.cuts import cut_at
from domain.account_plan import EVENTS
from tests.application.packs.canaried import Canaries, canaried
from tests.cases import for_each
from tests.everything import GOAL, HYPOTHESIS
from tests.histories import instant, opened
from tests.reports import parsed

MAY_SEE = {
    "account_name": "PlanOpened AccountRenamed",
    "currency": "PlanCorrected",
    "arr": "ContractSet",
    "starts_on": "ContractSet",
    "renews_on": "ContractSet",
    "products": "ContractSet",
    "as_of_on": "HealthRecorded",
    "adoption": "HealthRecorded",
    "usage": "HealthRecorded",
    "success_metrics": "HealthRecorded",
    "statement": "GoalSet ActionAdded",
    "measure": "GoalSet",
    "unit": "GoalSet HypothesisProposed",
    "baseline": "GoalSet HypothesisProposed",
    "target": "GoalSet",
    "achieved_on": "GoalAchieved",
    "value": "GoalAchieved",
    "outcome": "HypothesisProposed",
    "metric": "HypothesisProposed",
    "expected": "HypothesisProposed",
    "observed": "EvidenceRecorded HypothesisConfirmed",
    "owner": "ActionAdded",
    "due_on": "ActionAdded",
    "finished_on": "ActionCompleted",
    "acknowledged_on": "ActionAcknowledged",
    "planned_on": "ReviewScheduled",
    "agenda": "ReviewScheduled",
    "ours": "ReviewScheduled",
    "metrics": "PackCirculated",
    "name": "StakeholderAdded StakeholderCorrected",
    "title": "StakeholderAdded StakeholderCorrected",
}
"""Written down a second time: the fields that a customer may see, and the events that say them."""
SHOWN = {(event, field) for field, events in MAY_SEE.items() for event in events.split()}
SHOWN_OF = {
    "plan:plan",
    "contract:contract",
    "health:health",
    "goal:secret-shown",
    "hypothesis:secret-shown",
    "review:secret-shown",
} | {
    "action:secret-shown",
    "action:secret-shown-theirs",
    "stakeholder:secret-coo",
}
"""The things that a customer may see anything of."""
OVERWRITTEN = {("PlanOpened", "account_name"), ("StakeholderCorrected", "name"), ("StakeholderCorrected", "title")}
"""What may be seen, and is said again later in the history, or is of somebody who is not in the room."""


@pytest.fixture(scope="module")
def told() -> tuple[str, Canaries]:
    """The pack for customers in all its words: as JSON, as a page and as Markdown."""
    known, canaries = canaried()
    made = to_json(pack("qbr", known, cut_at("now", known, instant("2026-01-28")), (), "customer"))
    shown = document("qbr", parsed(made))
    return b"\n".join((made, page(shown), markdown(shown))).decode(), canaries


def test_every_event_is_told_but_for_the_one_that_takes_others_back():
    known, _ = canaried()
    assert set(EVENTS) - {type(record.event).__name__ for record in known.records} == {"EntryStruck"}


def test_nothing_is_shown_but_what_a_customer_may_see(told):
    words, canaries = told
    found = canaries.found_in(words)
    assert {origin for origin in found if (origin.event, origin.field) not in SHOWN} == set()
    assert {origin for origin in found if origin.about not in SHOWN_OF} == set()


def test_all_that_a_customer_may_see_is_shown(told):
    words, canaries = told
    found = {(origin.event, origin.field) for origin in canaries.found_in(words)}
    assert SHOWN - found - OVERWRITTEN == set()


def test_no_id_no_reason_and_nobody_who_recorded_it_is_shown(told):
    words, _ = told
    assert "secret" not in words
    assert not {"blocker", "sceptic", "supporter", "champion"} & set(words.split())


def test_the_packs_for_ourselves_do_show_what_customers_may_not_see():
    known, canaries = canaried()
    now = cut_at("now", known, instant("2026-01-28"))
    shown = {origin for kind in PACKS for origin in canaries.found_in(to_json(pack(kind, known, now)).decode())}
    assert len({(origin.event, origin.field) for origin in shown} - SHOWN) > 40


@pytest.mark.parametrize("kind", sorted(set(PACKS) - set(FOR_CUSTOMERS)))
def test_the_other_packs_are_not_made_for_customers(kind: PackKind):
    history = opened()
    with pytest.raises(PackIsInternal):
        pack(kind, history.known, history.cut("now"), (), "customer")


def test_customers_are_shown_what_was_confirmed_and_not_what_is_believed():
    history = opened(timezone="UTC")
    for id, outcome in (("h", "Half the rework"), ("i", "A quieter night")):
        history.on("2026-01-05", "propose-hypothesis", id=id, **HYPOTHESIS | {"outcome": outcome})
    history.on("2026-01-06", "confirm-hypothesis", id="h", observed="27")
    words = to_json(pack("qbr", history.known, history.cut("now"), (), "customer"))
    assert (b"Half the rework" in words, b"A quieter night" in words) == (True, False)


@for_each(
    ("kind", "is_shown"),
    [("strategic", True), ("reference", True), ("revenue", False), ("logo", False), ("relationship", False)],
)
def test_customers_are_shown_achieved_goals_that_are_worth_something_to_them(kind, is_shown):
    history = opened(timezone="UTC")
    history.on(
        "2026-01-05",
        "set-goal",
        **GOAL | {"id": "g", "kind": kind, "statement": "Halve the rework", "due_on": "2026-12-31"},
    )
    history.on("2026-01-06", "achieve-goal", id="g", achieved_on="2026-01-06")
    assert (b"Halve the rework" in to_json(pack("qbr", history.known, history.cut("now"), (), "customer"))) == is_shown
