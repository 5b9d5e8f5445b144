"""What is different between two cuts, net, and what went and came back."""

from itertools import combinations
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from application.views.contacts import as_the_team_knows
from application.views.cuts import CutBeforePlan
from application.views.diff import Change, CutsOutOfOrder, Diff, diff
from application.views.effects import walk
from domain.account_plan import THINGS, fold
from domain.program import PROGRAM
from tests.cases import for_each
from tests.everything import everything
from tests.histories import History, applied, opened, values_of_plan

ACTION = {"statement": "Send the SOW to the COO", "kind": "task", "owner": "ann"}
COO = {"id": "coo", "title": "COO", "level": "executive"}
DEAL = {"name": "Line B", "amount": "90000", "stage": "discovery", "close_on": "2026-06-30", "source": "plan"}
GOAL = {
    "kind": "revenue",
    "statement": "Triple ARR",
    "measure": "ARR",
    "unit": "EUR",
    "baseline": "0",
    "target": "300",
    "due_on": "2026-12-31",
    "owner": "ann",
}
HYPOTHESIS = {"outcome": "Less rework", "metric": "hours", "unit": "hours", "expected": "25"}
PLAY = {"title": "Pilot", "kind": "proof", "owner": "ann", "success_measure": "Rework down", "due_on": "2026-03-31"}
REQUEST = {"function": "legal", "kind": "terms", "statement": "New terms", "owner": "ann"}
REVIEW = {"kind": "monthly", "audience": "internal", "held_on": "2026-02-03", "ours": ["ann"]}
RISK = {"kind": "low_adoption", "statement": "Unused at night", "likelihood": 2, "impact": 3, "owner": "ann"}
CELL = {"unit": "plant", "offering": "hub"}
CONTRACT = {"arr": "100", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}

BEFORE = [
    ("add-stakeholder", COO),
    ("add-stakeholder", {"id": "lead", "title": "Line lead", "level": "execution"}),
    ("record-departure", {"id": "lead", "left_on": "2026-01-06"}),
    ("change-sentiment", {"id": "coo", "attitude": 0}),
    ("rate-relationship", {"id": "coo", "member": "ann", "strength": 1}),
    ("add-unit", {"id": "plant", "name": "Plant", "kind": "site", "buying_center": True}),
    ("list-offering", {"id": "hub", "name": "Hub", "kind": "product"}),
    ("list-offering", {"id": "gauge", "name": "Gauge", "kind": "product"}),
    ("assess-cell", CELL | {"penetration": "aware"}),
    ("open-opportunity", {"id": "deal"} | DEAL),
    ("set-goal", {"id": "triple"} | GOAL),
    ("report-progress", {"id": "triple", "value": "100", "as_of_on": "2026-01-06"}),
    ("propose-hypothesis", {"id": "rework"} | HYPOTHESIS),
    ("identify-competitor", {"id": "globex", "name": "Globex"}),
    ("raise-risk", {"id": "use"} | RISK),
    ("plan-play", {"id": "pilot"} | PLAY),
    ("add-action", {"id": "sow", "due_on": "2026-02-20"} | ACTION),
    ("raise-request", {"id": "terms"} | REQUEST),
    ("assign-member", {"person": "ben", "role": "legal", "from_on": "2026-01-01"}),
    ("set-contract", CONTRACT),
    ("record-health", {"as_of_on": "2026-01-06", "arr": "100", "health": "green"}),
    ("schedule-review", {"id": "R1", "kind": "monthly", "planned_on": "2026-02-03"}),
    ("draw-influence", {"influencer": "coo", "influenced": "lead"}),
]


def at_first() -> History:
    """A plan with one of most things, as it stood on 6 January."""
    told = opened()
    for command, body in BEFORE:
        if body.get("influenced") == "lead":
            told.on("2026-01-06", "return-stakeholder", id="lead", returned_on="2026-01-06", reason="Had not left")
        told.on("2026-01-06", command, **body)
    return told


def since(told: History, version: int, **more: Any) -> Diff:
    return diff(told.known, told.cut(f"version:{version}"), told.cut("now"), **more)


def rows(diff: Diff) -> list[Change]:
    return [change for changes in diff.changes.values() for change in changes]


def after(*said: tuple[str, dict[str, Any]]) -> Diff:
    """What was said on 3 February makes this difference to the plan as it stood on 6 January."""
    told = at_first()
    version = told.known.version
    for command, body in said:
        told.on("2026-02-03", command, **body)
    return since(told, version)


# What a reader looks for


@for_each(
    ("command", "body", "section", "what", "field", "before", "now", "direction"),
    [
        ("change-sentiment", {"id": "coo", "attitude": 2}, "stakeholders", "sentiment-changed", "attitude", 0, 2, "up"),
        ("change-sentiment", {"id": "coo", "attitude": -1},
         "stakeholders", "sentiment-changed", "attitude", 0, -1, "down"),
        ("rate-relationship", {"id": "coo", "member": "ben", "strength": 3},
         "stakeholders", "relationship-rated", "strength", 1, 3, "up"),
        ("rate-relationship", {"id": "coo", "member": "ann", "strength": 0},
         "stakeholders", "relationship-rated", "strength", 1, 0, "down"),
        ("rate-power", {"id": "coo", "power": 4}, "stakeholders", "power-rated", "power", None, 4, None),
        ("record-departure", {"id": "coo", "left_on": "2026-02-02"},
         "stakeholders", "stakeholder-left", "left_on", None, "2026-02-02", None),
        ("move-stakeholder", {"id": "coo", "unit": "plant", "moved_on": "2026-02-02"},
         "stakeholders", "stakeholder-moved", "unit", None, "plant", None),
        ("move-stakeholder", {"id": "coo", "title": "CEO", "moved_on": "2026-02-02", "promoted": True},
         "stakeholders", "stakeholder-promoted", "title", "COO", "CEO", None),
        ("move-stakeholder", {"id": "coo", "moved_on": "2026-02-02", "promoted": True},
         "stakeholders", "stakeholder-promoted", "promoted", False, True, None),
        ("assign-roles", {"id": "coo", "roles": ["champion"]},
         "stakeholders", "roles-assigned", "roles", None, ["champion"], None),
        ("assess-cell", CELL | {"penetration": "pilot"},
         "whitespace", "cell-assessed", "penetration", "aware", "pilot", "up"),
        ("assess-cell", CELL | {"penetration": "lost"},
         "whitespace", "cell-assessed", "penetration", "aware", "lost", None),
        ("assess-cell", {"unit": "plant", "offering": "gauge", "penetration": "pilot"},
         "whitespace", "cell-assessed", "penetration", None, "pilot", None),
        ("retire-offering", {"id": "gauge"}, "whitespace", "offering-retired", "retired", False, True, None),
        ("advance-opportunity", {"id": "deal", "stage": "offer"},
         "opportunities", "opportunity-advanced", "stage", "discovery", "offer", None),
        ("reforecast-opportunity", {"id": "deal", "amount": "120000"},
         "opportunities", "opportunity-reforecast", "amount", "90000", "120000", "up"),
        ("reforecast-opportunity", {"id": "deal", "close_on": "2026-07-31"},
         "opportunities", "opportunity-reforecast", "close_on", "2026-06-30", "2026-07-31", None),
        ("win-opportunity", {"id": "deal", "won_on": "2026-02-03", "amount": "80000"},
         "opportunities", "opportunity-won", "state", "open", "won", None),
        ("lose-opportunity", {"id": "deal", "lost_on": "2026-02-03", "reason": "Price"},
         "opportunities", "opportunity-lost", "state", "open", "lost", None),
        ("revise-goal", {"id": "triple", "target": "250", "reason": "One line less"},
         "goals", "goal-revised", "target", "300", "250", "down"),
        ("revise-goal", {"id": "triple", "due_on": "2027-06-30", "reason": "Later"},
         "goals", "goal-revised", "due_on", "2026-12-31", "2027-06-30", None),
        ("report-progress", {"id": "triple", "value": "150", "as_of_on": "2026-02-03"},
         "goals", "progress-reported", "reached", "100", "150", "up"),
        ("achieve-goal", {"id": "triple", "achieved_on": "2026-02-03"},
         "goals", "goal-achieved", "state", "open", "achieved", None),
        ("abandon-goal", {"id": "triple", "reason": "Sold"},
         "goals", "goal-abandoned", "state", "open", "abandoned", None),
        ("rate-hypothesis", {"id": "rework", "quality": 4}, "hypotheses", "hypothesis-rated", "quality", None, 4, None),
        ("confirm-hypothesis", {"id": "rework", "observed": "27"},
         "hypotheses", "hypothesis-confirmed", "state", "open", "confirmed", None),
        ("refute-hypothesis", {"id": "rework", "observed": "0"},
         "hypotheses", "hypothesis-refuted", "state", "open", "refuted", None),
        ("reassess-competitor", {"id": "globex", "position": "gone"},
         "competition", "competitor-reassessed", "position", None, "gone", None),
        ("reassess-risk", {"id": "use", "likelihood": 5}, "risks", "risk-reassessed", "exposure", 6, 15, "up"),
        ("reassess-risk", {"id": "use", "impact": 1}, "risks", "risk-reassessed", "exposure", 6, 2, "down"),
        ("close-risk", {"id": "use", "outcome": "averted", "closed_on": "2026-02-03"},
         "risks", "risk-closed", "outcome", None, "averted", None),
        ("start-play", {"id": "pilot"}, "plays", "play-started", "state", "planned", "in_flight", None),
        ("reschedule-play", {"id": "pilot", "due_on": "2026-04-15"},
         "plays", "play-rescheduled", "due_on", "2026-03-31", "2026-04-15", None),
        ("win-play", {"id": "pilot", "finished_on": "2026-02-03", "result": "R"},
         "plays", "play-won", "state", "planned", "won", None),
        ("complete-action", {"id": "sow", "finished_on": "2026-02-03"},
         "plays", "action-completed", "state", "open", "done", None),
        ("answer-request", {"id": "terms", "decision": "planned", "member": "joy"},
         "requests", "request-answered", "state", "raised", "planned", None),
        ("release-member", {"person": "ben", "role": "legal", "until_on": "2026-02-03"},
         "team", "member-released", "until_on", None, "2026-02-03", None),
        ("change-tier", {"tier": "growth", "reason": "Round"},
         "plan", "tier-changed", "tier", "strategic", "growth", "down"),
        ("set-contract", CONTRACT | {"arr": "90"}, "health", "contract-set", "arr", "100", "90", "down"),
        ("renew-contract", {"arr": "120", "net_retention": "1.2", "starts_on": "2026-01-01", "renews_on": "2027-12-31"},
         "health", "contract-renewed", "arr", "100", "120", "up"),
        ("record-health", {"as_of_on": "2026-02-03", "arr": "120"},
         "health", "health-recorded", "arr", "100", "120", "up"),
        ("record-health", {"as_of_on": "2026-02-03", "health": "red"},
         "health", "health-recorded", "health", "green", "red", "down"),
        ("record-health", {"as_of_on": "2026-02-03", "p1_incidents": 0},
         "health", "health-recorded", "p1_incidents", None, 0, None),
        ("state-vision", {"horizon_on": "2029-01-01", "statement": "All plants"},
         "vision", "vision-stated", "horizon_on", None, "2029-01-01", None),
        ("write-summary", {"why_now": "New COO"}, "summary", "summary-written", "why_now", None, "New COO", None),
        ("cancel-review", {"id": "R1", "reason": "COO is ill"},
         "reviews", "review-cancelled", "state", "scheduled", "cancelled", None),
    ],
)  # fmt: skip
def test_a_change_says_what_happened_and_from_what_to_what(command, body, section, what, field, before, now, direction):
    difference = from_json(to_json(after((command, body)), by_alias=True))
    ((found, (row,)),) = difference["changes"].items()
    assert (found, row["what"], row["field"]) == (section, what, field)
    assert (row["from"], row["to"], row["direction"]) == (before, now, direction)
    assert difference["touched_unchanged"] == []


@for_each(
    ("command", "body", "section", "what", "title"),
    [
        ("add-stakeholder", COO | {"id": "cfo", "title": "CFO"}, "stakeholders", "stakeholder-added", "CFO"),
        ("open-opportunity", DEAL | {"id": "c"}, "opportunities", "opportunity-opened", "Line B"),
        ("set-goal", GOAL | {"id": "g2"}, "goals", "goal-set", "Triple ARR"),
        ("propose-hypothesis", HYPOTHESIS | {"id": "h2"}, "hypotheses", "hypothesis-proposed", "Less rework"),
        ("identify-competitor", {"id": "c2", "name": "Initech"}, "competition", "competitor-identified", "Initech"),
        ("raise-risk", RISK | {"id": "r2"}, "risks", "risk-raised", "Unused at night"),
        ("plan-play", PLAY | {"id": "p2"}, "plays", "play-planned", "Pilot"),
        ("add-action", ACTION | {"id": "a2", "due_on": "2026-02-20"}, "plays", "action-added", ACTION["statement"]),
        ("assign-member", {"person": "joy", "role": "legal", "from_on": "2026-02-01"}, "team", "member-assigned", None),
        ("hold-review", REVIEW | {"id": "R9"}, "reviews", "review-held", None),
        ("write-note", {"id": "n", "section": "risks", "text": "T", "heading": "H"}, "risks", "note-written", "H"),
        ("note-referral", {"id": "r", "to_account": "Beta", "happened_on": "2026-02-03"},
         "overview", "referral-made", "Beta"),
    ],
)  # fmt: skip
def test_a_thing_that_came_is_one_change_with_all_that_is_said_of_it(command, body, section, what, title):
    difference = after((command, body))
    ((found, (row,)),) = difference.changes.items()
    assert (found, row.what, row.title, row.field, row.before) == (section, what, title, None, None)
    assert from_json(to_json(row.after)).items() >= {name: said for name, said in body.items() if name != "id"}.items()


def test_what_has_become_of_a_thing_that_came_is_another_change():
    difference = after(
        ("raise-risk", RISK | {"id": "r2"}),
        ("reassess-risk", {"id": "r2", "likelihood": 5}),
        ("close-risk", {"id": "r2", "outcome": "materialised", "closed_on": "2026-02-03"}),
        ("plan-play", PLAY | {"id": "p2"}),
        ("reschedule-play", {"id": "p2", "due_on": "2026-04-15"}),
        ("start-play", {"id": "p2"}),
        ("add-stakeholder", COO | {"id": "cfo"}),
        ("change-sentiment", {"id": "cfo", "attitude": 1}),
        ("record-departure", {"id": "cfo", "left_on": "2026-02-03"}),
    )
    raised, closed = difference.changes["risks"]
    assert (raised.what, raised.after["likelihood"], raised.after["outcome"]) == ("risk-raised", 5, "materialised")
    assert (closed.what, closed.before, closed.after) == ("risk-closed", None, "materialised")
    assert [row.what for row in difference.changes["plays"]] == ["play-planned", "play-started"]
    assert [row.what for row in difference.changes["stakeholders"]] == ["stakeholder-added", "stakeholder-left"]


def test_the_decisions_taken_at_a_review_are_a_change_of_their_own():
    decided = {"decisions": ["Pilot goes on", "Price is settled in March"]}
    for review in (REVIEW | {"id": "R1"}, REVIEW | {"id": "R9"}):
        held, taken = after(("hold-review", review | decided)).changes["reviews"]
        assert (held.what, taken.what, taken.id) == ("review-held", "decisions-taken", review["id"])
        assert (taken.field, taken.before, taken.after) == ("decisions", None, tuple(decided["decisions"]))
    none_taken = after(("hold-review", REVIEW | {"id": "R9"}))
    assert [row.what for row in rows(none_taken)] == ["review-held"]


def test_what_else_the_same_kind_of_event_changed_goes_with_it():
    (row,) = rows(after(("record-health", {"as_of_on": "2026-02-03", "arr": "90", "nps": "20", "health": "amber"})))
    also = {
        field: (move.before and str(move.before), str(move.after), move.direction) for field, move in row.also.items()
    }
    assert (row.field, also["nps"], also["health"]) == ("arr", (None, "20", None), ("green", "amber", "down"))


def test_one_thing_may_change_in_several_ways():
    difference = after(
        ("change-sentiment", {"id": "coo", "attitude": 1}),
        ("rate-power", {"id": "coo", "power": 5}),
        ("change-sentiment", {"id": "coo", "attitude": 2}),
    )
    assert [(row.what, row.before, row.after) for row in rows(difference)] == [
        ("sentiment-changed", 0, 2),
        ("power-rated", None, 5),
    ]


# Net


def test_a_change_is_net_and_names_every_event_actor_and_reason_behind_it():
    told = at_first()
    version = told.known.version
    first = told.on("2026-02-02", "reschedule-play", id="pilot", due_on="2026-04-15", reason="COO is ill")
    second = told.on("2026-02-03", "reschedule-play", by="ben", id="pilot", due_on="2026-05-15")
    third = told.on("2026-02-04", "reschedule-play", by="ben", id="pilot", due_on="2026-06-15", reason="COO is ill")
    (row,) = rows(since(told, version))
    assert (str(row.before), str(row.after)) == ("2026-03-31", "2026-06-15")
    assert (row.events, row.actors, row.reasons) == ([first, second, third], ["ann", "ben"], ["COO is ill"])


def test_what_went_and_came_back_is_touched_but_unchanged():
    told = at_first()
    version = told.known.version
    away = told.on("2026-02-02", "change-sentiment", id="coo", attitude=-2, reason="Two incidents")
    back = told.on("2026-02-03", "change-sentiment", by="ben", id="coo", attitude=0)
    difference = since(told, version)
    assert (difference.unchanged, difference.changes) == (True, {})
    (touched,) = difference.touched_unchanged
    assert (touched.section, touched.what, touched.kind, touched.id) == (
        "stakeholders",
        "sentiment-changed",
        "stakeholder",
        "coo",
    )
    assert (touched.title, touched.field, touched.value) == ("COO", "attitude", 0)
    assert (touched.events, touched.actors, touched.reasons) == ([away, back], ["ann", "ben"], ["Two incidents"])


def test_who_left_and_returned_is_touched_but_unchanged():
    difference = after(
        ("record-departure", {"id": "coo", "left_on": "2026-02-01", "went_to": "Globex"}),
        ("return-stakeholder", {"id": "coo", "returned_on": "2026-02-03", "reason": "Changed her mind"}),
    )
    assert difference.unchanged
    assert [(each.what, each.field, each.value) for each in difference.touched_unchanged] == [
        ("stakeholder-returned", "left_on", None),
        ("stakeholder-returned", "went_to", None),
    ]
    assert str(difference.touched_unchanged[0].also["returned_on"].after) == "2026-02-03"


def test_who_had_left_before_and_returned_has_changed():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-07", "record-departure", id="coo", left_on="2026-01-07")
    told.on("2026-02-03", "return-stakeholder", id="coo", returned_on="2026-02-03", reason="Is back")
    (row,) = rows(since(told, 3))
    assert (row.what, row.field, list(row.also)) == ("stakeholder-returned", "left_on", ["returned_on"])


def test_who_was_promoted_a_second_time_has_changed():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-07", "move-stakeholder", id="coo", moved_on="2026-01-07", promoted=True)
    told.on("2026-02-03", "move-stakeholder", id="coo", moved_on="2026-02-03", promoted=True)
    (row,) = rows(since(told, 3))
    assert (row.what, row.field) == ("stakeholder-promoted", "moved_on")


def test_a_promise_that_was_kept_and_reopened_is_touched_but_unchanged():
    difference = after(
        ("win-play", {"id": "pilot", "finished_on": "2026-02-02", "result": "27 %"}),
        ("reopen-play", {"id": "pilot", "reason": "Wrong line"}),
    )
    assert difference.unchanged
    assert {each.field: each.value for each in difference.touched_unchanged} == {
        "state": "planned",
        "finished_on": None,
        "result": None,
    }


def test_what_came_and_went_is_touched_as_a_whole():
    difference = after(
        ("draw-influence", {"influencer": "lead", "influenced": "coo"}),
        ("erase-influence", {"influencer": "lead", "influenced": "coo"}),
    )
    assert difference.unchanged
    (touched,) = difference.touched_unchanged
    assert (touched.what, touched.id, touched.field, touched.value) == ("influence-erased", "lead:coo", None, None)
    assert len(touched.events) == 2


def test_what_is_gone_is_a_change_as_a_whole():
    (row,) = rows(after(("erase-influence", {"influencer": "coo", "influenced": "lead"})))
    assert (row.what, row.field, row.after) == ("influence-erased", None, None)
    assert row.before == {"influencer": "coo", "influenced": "lead"}


def test_nothing_changed_is_a_finding():
    nothing = after()
    assert (nothing.unchanged, nothing.changes, nothing.touched_unchanged, nothing.refreshed) == (True, {}, [], [])
    looked_at = after(("confirm-section", {"section": "risks"}))
    assert (looked_at.unchanged, looked_at.changes, looked_at.refreshed) == (True, {}, ["risks"])


# Struck entries


def test_an_entry_struck_between_the_cuts_is_gone_and_the_strike_says_why():
    told = opened()
    news = told.on("2026-01-06", "note-news", id="n", kind="ipo", happened_on="2026-01-06", summary="Going public")
    strike = told.on("2026-02-03", "strike-entry", by="ben", event=news, reason="A rumour")
    difference = since(told, 2)
    (row,) = difference.changes["overview"]
    assert (row.what, row.kind, row.id, row.title) == ("entry-struck", "news", "n", "Going public")
    assert (row.before["summary"], row.after) == ("Going public", None)
    assert (row.events, row.actors, row.reasons) == ([strike], ["ben"], ["A rumour"])


def test_a_reading_struck_between_the_cuts_brings_back_the_one_before():
    told = opened()
    told.on("2026-01-06", "record-health", as_of_on="2026-01-05", nps="30")
    wrong = told.on("2026-01-06", "record-health", as_of_on="2026-01-06", nps="10")
    told.on("2026-02-03", "strike-entry", event=wrong, reason="Other account")
    (row,) = rows(since(told, 3))
    assert (row.what, row.field, str(row.before), str(row.after), row.direction) == (
        "entry-struck",
        "nps",
        "10",
        "30",
        "up",
    )


def test_a_strike_answers_for_what_it_brings_to_light():
    """A reading of an earlier day did not count while a later day's was there, and changed nothing when it came."""
    told = opened()
    told.on("2026-01-07", "record-health", as_of_on="2026-01-05", nps="10")
    later = told.on("2026-01-08", "record-health", as_of_on="2026-01-07", nps="10", csat="4")
    told.on("2026-01-09", "record-health", as_of_on="2026-01-06", nps="20")
    strike = told.on("2026-01-10", "strike-entry", event=later, reason="Other account")
    (row,) = rows(since(told, 4))
    nps = row.also.get("nps") or row
    assert (str(nps.before), str(nps.after), row.events) == ("10", "20", [strike])


def test_an_entry_made_and_struck_between_the_cuts_is_touched_but_unchanged():
    told = opened()
    told.on("2026-01-06", "record-health", as_of_on="2026-01-05", nps="30")
    wrong = told.on("2026-02-02", "record-health", as_of_on="2026-02-02", nps="10")
    strike = told.on("2026-02-03", "strike-entry", event=wrong, reason="Other account")
    difference = since(told, 2)
    assert difference.unchanged
    touched = {each.field: each for each in difference.touched_unchanged}
    assert (str(touched["nps"].value), touched["nps"].events) == ("30", [wrong, strike])


# Sections


def test_changes_are_grouped_by_section_in_the_order_of_the_plan():
    difference = after(
        ("reassign-plan", {"owner": "ben", "reason": "Away"}),
        ("start-play", {"id": "pilot"}),
        ("reschedule-action", {"id": "sow", "due_on": "2026-03-01"}),
        ("write-summary", {"why_now": "New COO"}),
        ("write-note", {"id": "n", "section": "summary", "text": "T"}),
    )
    assert {section: [row.kind for row in changes] for section, changes in difference.changes.items()} == {
        "summary": ["summary", "note"],
        "plays": ["play", "action"],
        "stakeholders": ["stakeholder"],
        "plan": ["plan"],
    }
    assert list(difference.changes) == ["summary", "stakeholders", "plays", "plan"]


def test_sections_that_were_refreshed_and_that_have_gone_stale_are_named():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-20", "confirm-section", section="plays")
    touch = {"happened_on": "2026-02-10", "kind": "call", "stakeholders": ["coo"], "members": ["ann"]}
    told.on("2026-02-10", "log-touch", id="t", **touch)
    a, b = told.cut("2026-01-25"), told.cut("2026-02-20", now="2026-02-20T12:00Z")
    difference = diff(told.known, a, b)
    assert difference.refreshed == ["stakeholders"]
    assert difference.gone_stale == ["health", "opportunities", "risks", "plays", "requests"]
    later = told.cut("2026-02-15", now="2026-02-20T12:00Z")
    assert diff(told.known, later, b).gone_stale == [], "they were stale before"


# Cuts


def test_before_the_plan_was_opened_there_was_nothing_so_everything_came():
    told = everything()
    difference = diff(told.known, told.cut("2025-12-31"), told.cut("now"))
    came = {(row.kind, row.id) for row in rows(difference)}
    assert came == {(kind.noun, id) for kind, things in told.known.state.kinds().items() for id in things}
    assert {kind for kind, _ in came} == set(THINGS)
    assert difference.changes["plan"][0].what == "plan-opened"
    assert difference.from_.version == 0
    assert difference.gone_stale == []


def test_the_cuts_are_in_the_order_of_time():
    told = at_first()
    with pytest.raises(CutsOutOfOrder):
        diff(told.known, told.cut("version:3"), told.cut("version:2"))
    with pytest.raises(CutsOutOfOrder):
        diff(told.known, told.cut("now", now="2026-03-01"), told.cut("2026-02-01", now="2026-03-01"))
    same = diff(told.known, told.cut("version:3"), told.cut("version:3"))
    assert same.unchanged


def test_what_was_before_the_plan_is_never_the_second_cut():
    told = opened()
    with pytest.raises(CutBeforePlan):
        diff(told.known, told.cut("2025-12-30"), told.cut("2025-12-31"))


def test_the_states_at_both_cuts_go_with_it_when_asked_for():
    told = at_first()
    told.on("2026-02-03", "change-tier", tier="growth", reason="Round")
    without = since(told, 2)
    assert (without.from_state, without.to_state) == (None, None)
    states = since(told, 2, states=True)
    assert states.from_state
    assert states.to_state
    assert (states.from_state.account.tier, states.to_state.account.tier) == ("strategic", "growth")
    opening = diff(told.known, told.cut("2025-12-31"), told.cut("now"), states=True)
    assert (opening.from_state, opening.to_state) == (None, states.to_state)


def test_it_can_be_written_out_with_every_kind_of_value():
    told = everything()
    difference = diff(told.known, told.cut("version:1"), told.cut("now"), states=True)
    assert from_json(to_json(difference, by_alias=True))["from"]["cut"] == "version:1"
    assert difference.model_dump_json(by_alias=True).encode() == to_json(difference, by_alias=True)
    assert {"from", "to"} <= set(Diff.model_json_schema(mode="serialization")["properties"])


# How well the team knows somebody


def test_a_strength_falls_with_whoever_is_released_and_says_who_it_was():
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="coo", name="Jane Doe", level="executive")
    for who in ("ann", "ben"):
        history.on("2026-01-06", "assign-member", person=who, role="legal", from_on="2026-01-06")
    history.on("2026-01-07", "rate-relationship", id="coo", member="ben", strength=3)
    history.on("2026-01-07", "rate-relationship", id="coo", member="ann", strength=1)
    released = history.on("2026-03-02", "release-member", person="ben", role="legal", until_on="2026-03-31")
    history.on("2026-05-04", "rate-relationship", id="coo", member="ben", strength=2)
    before, last_day, after = (history.cut(day, "2026-06-01") for day in ("2026-02-01", "2026-03-31", "2026-04-01"))
    assert "stakeholders" not in diff(history.known, before, last_day).changes
    for first in (before, last_day):
        [row] = diff(history.known, first, after).changes["stakeholders"]
        assert (row.what, row.id, row.field, row.before, row.after) == ("member-released", "coo", "strength", 3, 1)
        assert (row.direction, row.events) == ("down", [released])
    said = diff(history.known, after, history.cut("now", "2026-06-01"))
    [row] = said.changes["stakeholders"]
    assert (row.field, row.also) == ("relationships", {}), "what one says who has left the team changes no strength"
    [told] = said.touched_unchanged
    assert (told.what, told.field, told.value) == ("relationship-rated", "strength", 1)


def test_a_plan_that_is_handed_over_loses_whom_its_owner_alone_knew():
    changes = after(("reassign-plan", {"owner": "ben", "reason": "Away"})).changes
    assert {
        section: [(row.what, row.field, row.before, row.after) for row in rows] for section, rows in changes.items()
    } == {
        "plan": [("plan-reassigned", "owner", "ann", "ben")],
        "stakeholders": [("plan-reassigned", "strength", 1, None)],
    }


# Composition


def test_changes_applied_one_after_the_other_lead_to_the_same_plan():
    told = everything()
    cuts = [told.cut(f"version:{version}") for version in (0, 1, 25, 50, 75, 100, told.known.version)]
    between = {(a, b): diff(told.known, a, b) for a, b in combinations(cuts, 2)}
    folded = {cut: fold(record.event for record in told.known.records[: cut.version]) for cut in cuts}
    at = {cut: values_of_plan(as_the_team_knows(plan, cut.date)) for cut, plan in folded.items()}
    for a, b, c in combinations(cuts, 3):
        assert applied(between[a, b], at[a]) == at[b]
        assert applied(between[b, c], applied(between[a, b], at[a])) == at[c] == applied(between[a, c], at[a])


def test_every_event_that_changed_something_is_behind_some_row():
    told = everything()
    for a, b in combinations((0, 30, 60, 90, told.known.version), 2):
        difference = diff(told.known, told.cut(f"version:{a}"), told.cut(f"version:{b}"))
        cited = {event for row in (*rows(difference), *difference.touched_unchanged) for event in row.events}
        steps = walk(told.known.records[:b], after=a)
        assert cited == {step.record.id for step in steps if step.effects}


def test_what_is_multi_threaded_is_judged_at_each_cut_by_the_policy_of_its_day():
    practice = History(type=PROGRAM)
    practice.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    for day, least in (("2026-01-02", 2), ("2026-02-02", 3)):
        numbers = {"coverage": {"multi_threaded": least}}
        practice.on(day, "adopt-policy", effective_on=day, policy=numbers, reason="x")
    told = opened()
    for id in ("coo", "cfo", "ceo"):
        told.on("2026-01-05", "add-stakeholder", **COO | {"id": id})
    told.on("2026-01-05", "open-opportunity", id="deal", **DEAL)
    told.on("2026-01-05", "engage-stakeholders", id="deal", stakeholders=["coo", "cfo"])
    told.on("2026-02-03", "engage-stakeholders", id="deal", stakeholders=["coo", "cfo", "ceo"])
    found = diff(told.known, told.cut("2026-01-31"), told.cut("now"), program=practice.known.records)
    [row] = found.changes["opportunities"]
    assert (row.field, [*row.also]) == ("engaged", []), "two were enough then, and three are now"
