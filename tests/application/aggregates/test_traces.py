"""Before somebody is forgotten, traces say which texts about them will become unreadable, event by event."""

import pytest

from application.aggregates.traces import traces
from domain.account_plan.forgetting import to_forget
from tests.histories import opened

JANE = {"id": "cfo", "name": "Jane Doe", "level": "executive"}
CALL = {"kind": "task", "owner": "ann", "due_on": "2026-03-01"}


@pytest.fixture
def told():
    """Words of before anybody knew Jane, of her, of her and Jim, and such as are said to mean nobody."""
    history = opened()
    history.on("2026-01-06", "add-action", id="before", statement="Find out who Jane Doe is", **CALL)
    history.on("2026-01-07", "add-stakeholder", **JANE)
    history.on("2026-01-07", "add-stakeholder", id="cto", name="Jim Roe", level="executive")
    history.on("2026-01-08", "add-action", id="call", statement="Call JANE about the tour", **CALL)
    history.on("2026-01-08", "add-action", id="both", statement="Meet Jane and Jim", **CALL)
    history.on("2026-01-09", "add-action", id="none", statement="Jane Doe Ltd signs", about=[], **CALL)
    history.on("2026-01-09", "add-action", id="other", statement="Measure line B", **CALL)
    history.on("2026-01-10", "write-note", id="n", section="plan", text="Jane Doe, says Jim", about=["cto"])
    return history


def found(history, id="cfo"):
    known = history.known
    return traces(known.state, known.records, to_forget(known.state, id))


def test_what_would_go_is_told_with_whom_it_speaks_of_as_well(told):
    gone = {each.event.rpartition(":")[2]: (each.type, each.fields, each.others) for each in found(told).gone}
    assert gone == {
        "3": ("StakeholderAdded", ["name"], []),
        "5": ("ActionAdded", ["statement"], []),
        "6": ("ActionAdded", ["statement"], ["cto"]),
        "9": ("NoteWritten", ["text"], ["cto"]),
    }


def test_what_would_still_name_them_is_told_too(told):
    left = {each.event.rpartition(":")[2]: (each.type, each.fields, each.sealed_for) for each in found(told).left}
    assert left == {"2": ("ActionAdded", ["statement"], []), "7": ("ActionAdded", ["statement"], [])}


def test_an_id_that_names_them_is_left_and_the_ids_of_people_are_no_words(told):
    told.on("2026-01-11", "add-action", id="call-jane", statement="Measure line C", about=[], **CALL)
    told.on("2026-01-11", "log-touch", id="t", happened_on="2026-01-11", kind="call", stakeholders=["cfo"],
            members=["ann"])  # fmt: skip
    left = [(each.event.rpartition(":")[2], each.fields) for each in found(told).left]
    assert left == [("2", ["statement"]), ("7", ["statement"]), ("10", ["id"])]


def test_no_trace_repeats_the_words(told):
    assert "Jane" not in found(told).model_dump_json()


def test_what_was_told_before_is_so_afterwards(told):
    before = found(told)
    told.on("2026-02-01", "forget-stakeholder", id="cfo")
    texts = {str(record.version): record.event.model_dump_json() for record in told.known.records}
    assert all("Jane" not in texts[each.event.rpartition(":")[2]] for each in before.gone)
    assert {version for version, text in texts.items() if "Jane" in text} == {"2", "7"}
    assert to_forget(told.known.state, "cfo") == []


def test_whoever_was_entered_twice_is_looked_for_under_both_names(told):
    told.on("2026-01-11", "add-stakeholder", id="jane2", name="Janina Doe-Smith", level="executive")
    told.on("2026-01-11", "write-note", id="m", section="plan", text="Smith called")
    told.on("2026-01-12", "merge-stakeholder", id="jane2", into="cfo")
    gone = [each for each in found(told, "jane2").gone if each.type == "NoteWritten"]
    assert [each.event.rpartition(":")[2] for each in gone] == ["9", "11"]
