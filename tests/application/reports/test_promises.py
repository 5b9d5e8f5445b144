"""What a report takes the events of plays and actions for."""

from application.reports import promises
from application.reports.said_vs_did import said_vs_did
from domain.account_plan import actions, play_states, plays
from domain.account_plan.actions import Action
from tests.histories import opened

CALL = {"kind": "task", "owner": "ann", "due_on": "2026-03-01"}

TOLD_APART = (
    promises.MAKINGS,
    promises.MOVES,
    promises.RESTATEMENTS,
    promises.REASSIGNMENTS,
    promises.FINISHES,
    promises.DROPS,
    promises.REOPENINGS,
    promises.TOLD_BY_THE_STATE,
)


def test_every_event_about_a_promise_is_taken_for_one_thing():
    """A new event of plays or actions has to be put into one of these lists. What a correction counts as depends on its
    fields, and what was withdrawn is dropped."""
    taken = [event for some in TOLD_APART for event in some]
    events = [event for topic in (plays.TOPIC, play_states.TOPIC, actions.TOPIC) for event in topic.event_types()]
    told = [each.__name__ for each in events if not (each.corrects or each.withdraws)]
    assert sorted(each.__name__ for each in taken) == sorted(told)


def test_a_correction_counts_by_its_fields_as_what_would_have_changed_them():
    assert {field for fields in promises.CORRECTIONS_OF.values() for field in fields} == {
        "due_on",
        "owner",
        "title",
        "statement",
        "success_measure",
        "measure",
        "target",
        "expected",
    }


def test_whoever_was_entered_twice_is_named_by_what_named_them_under_either_id():
    history = opened()
    for id, title in (("cfo", "Chief Financial Officer"), ("finance", "Head of finance")):
        history.on("2026-01-06", "add-stakeholder", id=id, title=title, level="executive")
    history.on("2026-01-07", "add-action", id="call", statement="Call finance", stakeholders=["finance"], **CALL)
    history.on("2026-01-08", "merge-stakeholder", id="finance", into="cfo")
    history.on("2026-01-20", "record-departure", id="cfo", left_on="2026-01-10")
    lives = promises.lives(history.known.records)
    assert lives["action", "call"].last.promise == history.known.state.the(Action, "call")
    [spot] = said_vs_did(history.known, history.cut("version:1"), history.cut("now")).blind_spots
    assert [(each.kind, each.id) for each in spot.promises] == [("action", "call")]
