"""The audit view: who did what when, what it changed, and why."""

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from application.views.history import Entry, Filter, history, since
from tests.cases import for_each
from tests.everything import everything
from tests.histories import History, opened, values_of_plan

PLAY = {"title": "Pilot", "kind": "proof", "success_measure": "Rework down"}
COO = {"id": "coo", "title": "COO", "level": "executive"}


def entries(told: History, **wanted: Any) -> list[Entry]:
    return history(told.known.records, Filter(**wanted).leaves_in, limit=1000)[0]


def types(told: History, **wanted: Any) -> list[str]:
    return [entry.type for entry in entries(told, **wanted)]


def changes(entry: Entry) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.before, change.after) for change in entry.changes}


# Entries


def test_an_entry_says_who_did_what_when_and_why():
    told = opened()
    told.on("2026-01-06", "plan-play", id="pilot", owner="bob", due_on="2026-03-01", **PLAY)
    told.on("2026-02-02", "reschedule-play", by="ben", id="pilot", due_on="2026-04-01", reason="COO is ill")
    assert from_json(to_json(entries(told)[-1])) == {
        "id": f"{told.plan_id}:3",
        "version": 3,
        "position": 3,
        "type": "PlayRescheduled",
        "section": "plays",
        "entity": {"kind": "play", "id": "pilot"},
        "recorded_at": "2026-02-02T09:00:00Z",
        "actor": "ben",
        "on_behalf_of": None,
        "source": "api",
        "reason": "COO is ill",
        "data": {"id": "pilot", "due_on": "2026-04-01", "former": "2026-03-01"},
        "changes": [{"kind": "play", "id": "pilot", "field": "due_on", "before": "2026-03-01", "after": "2026-04-01"}],
        "sealed_for": [],
        "struck_by": None,
        "command_id": "command-3",
        "request_id": "request",
        "correlation_id": "conversation",
        "causation_id": None,
    }
    planned = entries(told)[1].data
    assert {*planned} == {"id", "owner", "due_on", *PLAY}, "what was left out is not told"


def test_an_entry_says_what_changed_with_it_though_nobody_said_so():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-06", "rate-relationship", id="coo", member="ann", strength=1)
    told.on("2026-01-06", "rate-relationship", id="coo", member="ben", strength=0)
    told.on("2026-01-06", "raise-risk", id="use", kind="other", statement="S", likelihood=2, impact=3, owner="ann")
    told.on("2026-01-07", "reassess-risk", id="use", likelihood=4)
    *_, first, second, _, reassessed = entries(told)
    assert changes(first) == {"relationships": (None, {"ann": 1}), "strength": (None, 1)}
    assert changes(second) == {"relationships": ({"ann": 1}, {"ann": 1, "ben": 0})}
    assert changes(reassessed) == {"likelihood": (2, 4), "exposure": (6, 12)}


def test_what_is_emptied_changes_to_nothing_and_zero_is_something():
    told = opened()
    told.on("2026-01-06", "record-health", as_of_on="2026-01-06", p1_incidents=0, nps="20", open_issues=["Slow"])
    told.on("2026-01-06", "record-health", as_of_on="2026-01-06", nps=None, open_issues=[])
    first, second = (changes(entry) for entry in entries(told, section="health"))
    assert first["p1_incidents"] == (None, 0)
    assert (second["nps"], second["open_issues"]) == ((first["nps"][1], None), (("Slow",), None))


def test_an_event_that_changes_nothing_is_an_entry_too():
    told = opened()
    told.on("2026-01-06", "confirm-section", section="goals")
    assert [(entry.section, entry.changes) for entry in entries(told)[1:]] == [("goals", [])]


def test_a_struck_entry_stays_and_says_what_struck_it_and_that_undoes_what_it_did():
    told = opened()
    told.on("2026-01-06", "record-health", as_of_on="2026-01-05", health="green")
    mistaken = told.on("2026-01-06", "record-health", as_of_on="2026-01-06", health="red")
    striking = told.on("2026-01-07", "strike-entry", event=mistaken, reason="Other account")
    _, right, wrong, strike = entries(told)
    assert (right.struck_by, wrong.struck_by, strike.struck_by) == (None, striking, None)
    assert (changes(wrong)["health"], changes(strike)["health"]) == (("green", "red"), ("red", "green"))
    assert strike.section == "health"


def test_before_it_was_struck_nothing_says_that_it_will_be():
    told = opened()
    event = told.on("2026-01-06", "note-news", id="n", kind="ipo", happened_on="2026-01-06", summary="Going public")
    told.on("2026-01-07", "strike-entry", event=event, reason="A rumour")
    until_then = told.known.records[:2]
    assert [entry.struck_by for entry in history(until_then, Filter().leaves_in)[0]] == [None, None]


def test_words_about_a_person_say_for_whom_they_are_sealed():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-06", "write-note", section="plan", text="She wants the job in Lyon", about=["coo"])
    told.on("2026-01-06", "write-note", section="plan", text="Plant closes in August")
    assert [entry.sealed_for for entry in entries(told)] == [[], ["coo"], ["coo"], []]
    told.on("2026-01-07", "forget-stakeholder", id="coo")
    forgotten = entries(told)[2]
    assert (forgotten.sealed_for, forgotten.data["text"]) == (["coo"], "[forgotten]")


def test_the_history_of_everything_adds_up_to_the_plan_as_it_stands():
    """Each value's last change leads to its current value, and each change begins where the one before ended."""
    told = everything()
    values: dict[tuple[str, str, str], Any] = {}
    for entry in entries(told):
        for change in entry.changes:
            key = (change.kind, change.id, change.field)
            assert values.get(key) == change.before
            values[key] = change.after
    assert {key: value for key, value in values.items() if value is not None} == values_of_plan(told.known.state)


# Filters


def told_by_two() -> History:
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on(
        "2026-01-07", "set-contract", by="ben", arr="1", starts_on="2026-01-01", renews_on="2026-12-31", products=[]
    )
    told.on("2026-01-08", "plan-play", id="pilot", owner="bob", due_on="2026-03-01", stakeholders=["coo"], **PLAY)
    told.on("2026-01-09", "write-note", by="ben", id="pilot", section="plays", text="Ask for the line")
    met = {"happened_on": "2026-01-12", "kind": "call", "stakeholders": ["coo"], "members": ["ann"]}
    told.on("2026-01-12", "log-touch", id="t1", play="pilot", **met)
    told.on("2026-01-13", "strike-entry", event="6", reason="Wrong account")
    return told


@for_each(
    ("wanted", "left_in"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"section": "plays"}, [4, 5]),
        ({"section": "stakeholders"}, [2, 6, 7]),
        ({"section": "health"}, [3]),
        ({"type": "ContractSet"}, [3]),
        ({"actor": "ben"}, [3, 5]),
        ({"kind": "play"}, [4, 6, 7]),
        ({"kind": "stakeholder"}, [2, 4, 6, 7]),
        ({"kind": "play", "id": "pilot"}, [4, 6, 7]),
        ({"kind": "note", "id": "pilot"}, [5]),
        ({"id": "pilot"}, [4, 5, 6, 7]),
        ({"kind": "stakeholder", "id": "pilot"}, []),
        ({"kind": "touch", "id": "t1"}, [6, 7]),
        ({"since": "2026-01-08T09:00:00Z"}, [4, 5, 6, 7]),
        ({"until": "2026-01-08T09:00:00Z"}, [1, 2, 3, 4]),
        ({"since": "2026-01-08T10:00:00+01:00", "until": "2026-01-08T09:00:00Z"}, [4]),
        ({"section": "plays", "actor": "ben"}, [5]),
        ({"type": "PlayPlanned", "actor": "ben"}, []),
        ({"type": "TouchLogged", "kind": "stakeholder", "id": "coo"}, [6]),
    ],
)
def test_only_what_is_wanted_is_left_in(wanted, left_in):
    assert [entry.version for entry in entries(told_by_two(), **wanted)] == left_in


def test_what_was_said_on_somebodys_behalf_is_theirs_too():
    told = opened()
    told.on("2026-01-06", "confirm-section", by="assistant", on_behalf_of="ben", section="goals")
    assert [entry.version for entry in entries(told, actor="ben")] == [2]
    assert [entry.version for entry in entries(told, actor="assistant")] == [2]
    assert entries(told)[1].on_behalf_of == "ben"


def test_an_instant_without_a_time_zone_is_not_one():
    with pytest.raises(ValidationError):
        Filter.model_validate({"since": "2026-01-08T09:00:00"})


def test_the_life_of_a_thing_includes_what_only_names_it():
    told = everything()
    assert types(told, kind="stakeholder", id="coo") == [
        "StakeholderAdded",
        "StakeholderCorrected",  # of somebody who reports to her
        "RolesAssigned",
        "SentimentChanged",
        "PowerRated",
        "RelationshipRated",
        "InfluenceDrawn",
        "InfluenceDrawn",
        "InfluenceErased",
        "ObjectionNoted",
        "PairingAgreed",
        "PairingEnded",
        "TouchLogged",
        "StakeholdersEngaged",
        "ActionRelinked",
        "ActionAcknowledged",
    ]
    assert types(told, kind="competitor", id="globex") == [
        "CompetitorIdentified",
        "CompetitorReassessed",
        "CellAssessed",  # where it is the incumbent
        "OpportunityLost",
        "PlayRelinked",
    ]
    assert types(told, kind="cell", id="plant:hub") == ["CellAssessed"]
    assert types(told, kind="contract", id="contract") == [
        "ContractSet",
        "ContractRenewed",
        "ContractCorrected",
        "ContractWithdrawn",
        "ContractSet",
    ]


# Paging


def test_a_history_is_read_page_by_page_without_loss_or_repetition():
    told = everything()
    for limit in (1, 7, 50):
        seen, after = list[int](), 0
        while after is not None:
            page, after = history(told.known.records, Filter().leaves_in, after, limit)
            assert len(page) <= limit
            seen += [entry.version for entry in page]
        assert seen == list(range(1, told.known.version + 1))


def test_the_pages_of_a_filtered_history_follow_one_another_too():
    told = told_by_two()
    wanted = Filter(kind="stakeholder").leaves_in
    first, after = history(told.known.records, wanted, limit=3)
    second, end = history(told.known.records, wanted, after or 0, limit=3)
    assert ([entry.version for entry in first], [entry.version for entry in second], end) == ([2, 4, 6], [7], None)


def test_a_page_that_is_just_full_is_the_last_one():
    told = opened()
    assert history(told.known.records, Filter().leaves_in, limit=1)[1] is None


def test_a_page_shows_the_same_changes_as_the_whole():
    told = everything()
    whole = entries(told)
    for after in range(0, told.known.version, 17):
        page, _ = history(told.known.records, Filter().leaves_in, after, limit=1000)
        assert page == whole[after:]


def test_what_happened_meanwhile_is_told_of_the_events_asked_for_alone():
    told = opened()
    for number in range(4):
        told.on("2026-01-06", "write-note", id=f"n{number}", section="plan", text="Seen")
    records = told.known.records
    assert [each.version for each in since(told.known, [records[3], records[1]])] == [2, 4]
    assert [each.version for each in since(told.known, records[:1])] == [1]
    assert since(told.known, []) == []
