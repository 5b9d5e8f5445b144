"""What was corrected or withdrawn is shown as such, and past cuts keep what they showed."""

from datetime import date

import pytest

from application.reports.said_vs_did import said_vs_did
from application.views.blame import blame
from application.views.current_plan import current_plan
from application.views.diff import diff
from application.views.freshness import duties
from application.views.history import Filter, history
from domain.account_plan.plays import Play
from domain.record import struck_by
from tests.histories import History, opened
from tests.promising import action, play, review

WHY = {"reason": "Read off the wrong row"}
LATER = "2026-04-30"


def told() -> History:
    history = opened()
    play(history, "2026-01-12", "pilot", "2026-03-31")
    play(history, "2026-01-12", "twice", "2026-03-31")
    history.on("2026-01-13", "reassign-play", id="twice", owner="ben")
    history.on("2026-02-02", "correct-play", id="pilot", owner="ben", **WHY)
    history.on("2026-02-03", "withdraw-play", id="twice", **WHY)
    return history


def test_a_correction_shows_in_history_blame_and_diff_as_one():
    known = told().known
    entries, _ = history(known.records, Filter(kind="play", id="pilot").leaves_in)
    assert [entry.type for entry in entries] == ["PlayPlanned", "PlayCorrected"]
    assert [(each.field, each.before, each.after) for each in entries[1].changes] == [("owner", "ann", "ben")]
    assert entries[1].reason == WHY["reason"]
    set_by = {(each.id, each.field): each.type for each in blame(known.state, known.records)}
    assert (set_by["pilot", "owner"], set_by["pilot", "due_on"]) == ("PlayCorrected", "PlayPlanned")
    rows = diff(known, told().cut("2026-01-31", LATER), told().cut("now")).changes["plays"]
    assert [(row.what, row.id, row.field, row.before, row.after) for row in rows][:1] == [
        ("play-corrected", "pilot", "owner", "ann", "ben")
    ]
    assert (rows[1].what, rows[1].id, rows[1].field) == ("play-withdrawn", "twice", None)


def test_what_came_and_went_between_two_cuts_is_told_by_what_ended_it():
    history = told()
    touched = diff(history.known, history.cut("version:1"), history.cut("now")).touched_unchanged
    assert [(row.what, row.id, row.events) for row in touched] == [
        ("play-withdrawn", "twice", [history.event(3), history.event(4), history.event(6)])
    ]


def test_later_cuts_leave_out_what_was_withdrawn_and_earlier_ones_keep_it():
    history = told()
    for cut, there in (("2026-01-31", True), ("version:5", True), ("version:6", False), ("now", False)):
        plan = current_plan(history.known, history.cut(cut, LATER))
        assert ("twice" in [each.id for each in plan.sections.plays.plays]) is there, cut
    assert diff(history.known, history.cut("version:1"), history.cut("now")).changes["plays"][-1].id == "pilot"


def test_all_that_was_told_of_what_was_withdrawn_is_marked_with_what_withdrew_it():
    known = told().known
    assert struck_by(known.records) == {3: known.records[5].id, 4: known.records[5].id}
    entries, _ = history(known.records, Filter(kind="play", id="twice").leaves_in)
    assert [entry.struck_by for entry in entries] == [known.records[5].id, known.records[5].id, None]


def test_what_was_withdrawn_asks_for_no_update():
    history = opened()
    history.on("2026-02-02", "identify-competitor", id="globex", name="Globex")
    assert len(duties(history.known.records, "UTC", date(2026, 2, 3))) == 1
    history.on("2026-02-02", "withdraw-competitor", id="globex", **WHY)
    assert duties(history.known.records, "UTC", date(2026, 2, 3)) == []


# The report


def reviewed() -> History:
    history = opened()
    play(history, "2026-02-02", "pilot", "2026-03-10")
    review(history, "2026-03-02", "R1")
    return history


def report(history: History):
    return said_vs_did(history.known, history.cut("review:R1"), history.cut("now"))


def test_nobody_tidies_what_was_said_by_withdrawing_it():
    history = reviewed()
    action(history, "2026-03-03", "new", "2026-03-10")
    history.on("2026-03-12", "withdraw-play", id="pilot", **WHY)
    history.on("2026-03-12", "withdraw-action", id="new", **WHY)
    found = report(history)
    [row] = found.said
    assert (row.outcome, row.flags, row.state) == ("dropped", ["withdrawn"], "dropped")
    assert row.events[-1] == history.known.records[-2].id
    assert (found.score.scored, found.score.dropped) == (1, 1)
    assert found.added == [], "it had been a mistake from the first to the last"


def test_a_day_that_is_corrected_is_a_day_that_was_moved():
    history = reviewed()
    history.on("2026-03-09", "correct-play", id="pilot", due_on="2026-03-31", **WHY)
    [row] = report(history).said
    assert (row.outcome, row.flags, row.times_moved, row.days_moved) == ("slipped", ["late_notice"], 1, 21)
    assert (row.due_on, row.first_due_on) == (date(2026, 3, 10), date(2026, 3, 10))


def test_words_and_owners_that_are_corrected_are_other_words_and_owners():
    history = reviewed()
    history.on("2026-03-03", "correct-play", id="pilot", title="Pilot on line C", owner="ben", **WHY)
    [row] = report(history).said
    assert (row.flags[:2], row.title_now) == (["restated", "reassigned"], "Pilot on line C")


def test_a_finish_is_judged_by_the_day_it_was_corrected_to():
    history = reviewed()
    history.on("2026-03-11", "win-play", id="pilot", finished_on="2026-03-11", result="27 %")
    late = history.cut("now")
    assert [row.outcome for row in report(history).said] == ["late"]
    history.on("2026-03-12", "correct-play", id="pilot", finished_on="2026-03-09", **WHY)
    assert [row.outcome for row in report(history).said] == ["kept"]
    before = said_vs_did(history.known, history.cut("review:R1"), late)
    assert [row.outcome for row in before.said] == ["late"], "what was reported once stays"
    assert [(spot.true_on, spot.days) for spot in report(history).blind_spots] == [(date(2026, 3, 9), 2)]
    assert before.blind_spots == []


def test_what_was_decided_at_a_review_is_shown_as_corrected_from_then_on():
    history = reviewed()
    review(history, "2026-04-01", "R2", decisions=["Pilot goes on"])
    then = history.cut("now")
    history.on("2026-04-02", "correct-review", id="R2", decisions=["Pilot ends"], **WHY)
    known = history.known
    assert [each.decisions for each in said_vs_did(known, history.cut("review:R1"), then).decisions] == [
        ["Pilot goes on"]
    ]
    assert [each.decisions for each in report(history).decisions] == [["Pilot ends"]]


def test_a_review_that_was_withdrawn_still_names_its_cut():
    history = reviewed()
    history.on("2026-03-05", "withdraw-review", id="R1", **WHY)
    cut = history.cut("review:R1")
    assert (cut.version, cut.struck) == (3, True)
    assert history.known.state.find(Play, "pilot") is not None


@pytest.mark.parametrize("taken_back", ["withdraw-health", "strike-entry"])
def test_words_that_are_back_since_later_ones_were_a_mistake_count_as_changed_whoever_is_forgotten(taken_back):
    history = opened()
    history.on("2026-01-06", "add-stakeholder", id="cfo", name="Jane Doe", level="executive")
    read = {"executive_perception": "Jane is content", "about": ["cfo"]}
    history.on("2026-01-08", "record-health", as_of_on="2026-01-07", **read)
    later = history.on("2026-01-09", "record-health", as_of_on="2026-01-08", **read | {"executive_perception": "Angry"})
    body = {"as_of_on": "2026-01-08"} if taken_back == "withdraw-health" else {"event": later}
    back = history.on("2026-01-12", taken_back, reason="Of another account", **body)
    cuts = history.cut("version:2"), history.cut(f"event:{back}")

    def told():
        changes = diff(history.known, *cuts).changes["health"]
        return [(each.what, each.field, sorted(each.also), each.events) for each in changes]

    before = told()
    assert any(back in events for *_, events in before)
    history.on("2026-01-13", "forget-stakeholder", id="cfo")
    assert told() == before


def test_an_entry_about_what_was_withdrawn_before_may_be_struck_and_changes_nothing():
    history = opened()
    held = review(history, "2026-01-12", "r1")
    history.on("2026-01-13", "withdraw-review", id="r1", **WHY)
    withdrawn = history.known.version
    history.on("2026-01-14", "strike-entry", event=held, **WHY)
    difference = diff(history.known, history.cut(f"version:{withdrawn}"), history.cut("now"))
    assert (difference.unchanged, difference.touched_unchanged) == (True, [])
