"""What was open in a plan that was merged into another is adopted by the commands that make it there."""

from application.mergers.adoption import merged_accounts, to_adopt
from domain.account_plan.plan import PlanOpened
from tests.everything import ACTION, GOAL, OPPORTUNITY, PLAY, RISK
from tests.histories import OPEN, History, opened

DUE = {"due_on": "2026-12-31"}
HELD = {"kind": "milestone", "calendar_hold": True}


def beta() -> History:
    history = History("beta")
    history.on("2026-01-05", "open-plan", **OPEN | {"account_id": "beta", "tier": "growth"})
    for command, body in (
        ("add-stakeholder", {"id": "coo", "title": "COO", "level": "executive"}),
        ("set-goal", {"id": "triple", "statement": "Triple ARR", **DUE, **GOAL}),
        ("raise-risk", {"id": "left", "statement": "The COO leaves", **RISK}),
        ("open-opportunity", {"id": "deal", "name": "Line B", **OPPORTUNITY, "goal": "triple"}),
        ("plan-play", {"id": "tour", "title": "Tour", **PLAY, **DUE, "goal": "triple", "stakeholders": ["coo"]}),
        ("add-action", {"id": "call", "statement": "Call them", **ACTION, **DUE, "risk": "left"}),
        ("add-action", {"id": "hold", "statement": "Go live", **ACTION, **DUE, **HELD}),
        ("add-action", {"id": "done", "statement": "Send it", **ACTION, **DUE}),
        ("complete-action", {"id": "done", "finished_on": "2026-01-05"}),
        ("raise-request", {"id": "terms", "function": "legal", "kind": "terms", "statement": "Terms", "owner": "eve"}),
    ):  # fmt: skip
        history.on("2026-01-05", command, **body)
    return history


def test_each_open_thing_is_told_with_the_command_that_makes_it_here_and_links_to_what_is_here():
    here, there = opened(), beta()
    here.on("2026-01-05", "set-goal", id="triple", statement="Triple ARR", **DUE, **GOAL)
    found = {each.id: each for each in to_adopt(here.known.state, [there.known]).items}
    assert [(each.kind, each.id, each.command) for each in found.values()] == [
        ("opportunity", "deal", "open-opportunity"),
        ("risk", "left", "raise-risk"),
        ("play", "tour", "plan-play"),
        ("action", "call", "add-action"),
        ("action", "hold", "add-action"),
        ("request", "terms", "raise-request"),
    ]
    assert {(each.plan_id, each.account_id) for each in found.values()} == {(there.plan_id, "beta")}
    tour, call, hold, deal = (found[id] for id in ("tour", "call", "hold", "deal"))
    assert (tour.title, tour.owner, str(tour.due_on)) == ("Tour", "ann", "2026-12-31")
    assert (deal.title, deal.owner, deal.due_on) == ("Line B", None, None)
    assert (tour.body["goal"], deal.body["goal"]) == ("triple", "triple")
    assert "stakeholders" not in tour.body, "nobody of that id is here"
    assert "risk" not in call.body, "the risk is not here yet"
    assert {"calendar_hold" in each.body for each in (tour, call)} == {False}
    assert hold.body["calendar_hold"] is True
    assert {name for each in found.values() for name in each.missing} == set()


def test_what_was_adopted_is_told_no_more_and_what_it_says_is_taken_as_it_stands():
    here, there = opened(), beta()
    here.on("2026-01-05", "add-stakeholder", id="coo", title="COO", level="executive")
    while left := to_adopt(here.known.state, [there.known]).items:
        body = left[0].model_dump(mode="json")["body"]
        here.on("2026-01-06", left[0].command, **body)
    tour, call = here.known.state.named("play", "tour"), here.known.state.named("action", "call")
    assert (tour.goal, tour.stakeholders, call.risk) == ("triple", ("coo",), "left")
    assert here.known.state.named("goal", "triple").baseline == 0


def test_nothing_is_adopted_where_nothing_was_merged_and_a_plan_says_whose_plans_were():
    here = opened()
    assert to_adopt(here.known.state, []).items == []
    assert merged_accounts(here.known.state) == ()
    here.on("2026-01-05", "merge-plan", account_id="beta", reason="One account")
    assert merged_accounts(here.known.state) == ("beta",)
    assert isinstance(here.known.records[0].event, PlanOpened)
