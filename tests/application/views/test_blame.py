"""For every current value of a plan: the event that set it, by whom, when and why."""

from pydantic_core import from_json, to_json

from application.views.blame import Blame, blame
from application.views.cuts import plan_at
from tests.everything import everything
from tests.histories import History, opened, values_of_plan

COO = {"id": "coo", "title": "COO", "level": "executive"}


def blamed(told: History, version: int | None = None) -> dict[tuple[str, str, str], Blame]:
    """By kind, id and field; of the plan at a version."""
    cut = told.cut(f"version:{version or told.known.version}")
    records = told.known.records[: cut.version]
    return {(each.kind, each.id, each.field): each for each in blame(plan_at(told.known, cut), records)}


def test_a_value_is_blamed_on_the_event_that_set_it():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-07", "rate-power", by="ben", id="coo", power=4, reason="She signs")
    assert from_json(to_json(blamed(told)["stakeholder", "coo", "power"])) == {
        "section": "stakeholders",
        "kind": "stakeholder",
        "id": "coo",
        "field": "power",
        "value": 4,
        "event": f"{told.plan_id}:3",
        "type": "PowerRated",
        "actor": "ben",
        "recorded_at": "2026-01-07T09:00:00Z",
        "reason": "She signs",
    }
    assert blamed(told)["stakeholder", "coo", "level"].type == "StakeholderAdded"
    assert blamed(told)["plan", "plan", "owner"].type == "PlanOpened"


def test_a_value_that_was_changed_and_changed_back_is_blamed_on_the_last_change():
    told = opened()
    told.on("2026-01-06", "reassign-plan", owner="ben", reason="Ann is away")
    back = told.on("2026-01-07", "reassign-plan", owner="ann", reason="Ann is back")
    owner = blamed(told)["plan", "plan", "owner"]
    assert (owner.value, owner.event, owner.reason) == ("ann", back, "Ann is back")


def test_a_value_taken_away_and_set_again_is_blamed_on_the_second_time():
    told = opened()
    told.on("2026-01-06", "raise-risk", id="use", kind="other", statement="S", likelihood=2, impact=3, owner="ann")
    told.on("2026-01-07", "close-risk", id="use", outcome="averted", closed_on="2026-01-07")
    told.on("2026-01-08", "reopen-risk", id="use", reason="Back again")
    reclosed = told.on("2026-01-09", "close-risk", id="use", outcome="averted", closed_on="2026-01-07")
    values = blamed(told)
    assert values["risk", "use", "outcome"].event == reclosed
    assert values["risk", "use", "likelihood"].type == "RiskRaised"


def test_a_value_that_is_empty_now_is_nobodys():
    told = opened()
    told.on("2026-01-06", "correct-plan", territory="DACH", reason="Was left out")
    assert ("plan", "plan", "territory") in blamed(told)
    told.on("2026-01-07", "correct-plan", territory=None, reason="Was wrong")
    assert ("plan", "plan", "territory") not in blamed(told)


def test_a_struck_entry_is_to_blame_for_nothing():
    told = opened()
    right = told.on("2026-01-06", "record-health", as_of_on="2026-01-05", health="green")
    wrong = told.on("2026-01-06", "record-health", as_of_on="2026-01-06", health="red", nps="10")
    assert blamed(told)["health", "health", "health"].event == wrong
    told.on("2026-01-07", "strike-entry", event=wrong, reason="Other account")
    values = blamed(told)
    assert (values["health", "health", "health"].event, values["health", "health", "health"].value) == (right, "green")
    assert ("health", "health", "nps") not in values
    assert wrong not in {each.event for each in values.values()}
    assert blamed(told, version=3)["health", "health", "health"].event == wrong, "then it was not struck"


def test_what_a_strike_brings_to_light_is_blamed_on_the_event_that_said_it():
    """A reading of an earlier day did not count while a later day's was there."""
    told = opened()
    told.on("2026-01-07", "record-health", as_of_on="2026-01-05", nps="10")
    later = told.on("2026-01-08", "record-health", as_of_on="2026-01-07", nps="10", csat="4")
    between = told.on("2026-01-09", "record-health", as_of_on="2026-01-06", nps="20")
    told.on("2026-01-10", "strike-entry", event=later, reason="Other account")
    nps = blamed(told)["health", "health", "nps"]
    assert (str(nps.value), nps.event) == ("20", between)


def test_a_value_that_follows_from_others_is_blamed_on_the_last_of_them():
    told = opened()
    told.on("2026-01-06", "raise-risk", id="use", kind="other", statement="S", likelihood=2, impact=3, owner="ann")
    told.on("2026-01-07", "reassess-risk", id="use", impact=5)
    exposure = blamed(told)["risk", "use", "exposure"]
    assert (exposure.value, exposure.type) == (10, "RiskReassessed")


def test_a_note_is_blamed_in_the_section_it_was_written_for():
    told = opened()
    told.on("2026-01-06", "write-note", id="n", section="risks", text="Budget talks")
    assert blamed(told)["note", "n", "text"].section == "risks"


def test_the_reason_of_what_was_said_about_a_person_goes_with_the_person():
    told = opened()
    told.on("2026-01-06", "add-stakeholder", **COO)
    told.on("2026-01-07", "change-sentiment", id="coo", attitude=-1, evidence="Left the room", reason="Told by Max")
    told.on("2026-01-08", "forget-stakeholder", id="coo")
    attitude = blamed(told)["stakeholder", "coo", "attitude"]
    assert (attitude.value, attitude.reason) == (-1, "[forgotten]")
    assert blamed(told)["stakeholder", "coo", "evidence"].value == "[forgotten]"


def test_no_current_value_is_without_blame():
    told = everything()
    assert {key: each.value for key, each in blamed(told).items()} == values_of_plan(told.known.state)
