"""The contact clock: who was met when, by whom, who is next, and whose turn is overdue, at every cut."""

from datetime import date

import pytest

from application.views.contact_clock import ContactClock, PairingClock
from application.views.current_plan import current_plan
from tests.everything import OPPORTUNITY
from tests.histories import History, opened

COO = {"id": "coo", "name": "Jane Doe", "level": "executive"}


def clocks(history: History, cut: str = "now", now: str | None = None) -> dict[str, ContactClock]:
    view = current_plan(history.known, history.cut(cut, now))
    return {clock.stakeholder: clock for clock in view.contact_clock}


def known(timezone: str = "UTC") -> History:
    history = opened(timezone=timezone)
    history.on("2026-01-05", "add-stakeholder", **COO)
    return history


def touch(history: History, when: str, *members: str, kind: str = "call", who: str = "coo", **more: str) -> str:
    return history.on(when, "log-touch", happened_on=when, kind=kind, stakeholders=[who], members=members, **more)


def hold(history: History, when: str, id: str, *theirs: str, kind: str = "qbr") -> str:
    held = {"audience": "customer", "held_on": when, "ours": ["eve"], "theirs": theirs}
    return history.on(when, "hold-review", id=id, kind=kind, **held)


def test_somebody_nobody_met_has_no_last_contact_and_is_to_be_verified_after_the_days_of_the_policy():
    clock = clocks(known())["coo"]
    assert (clock.last, clock.days_since, clock.next, clock.strength, clock.pairings) == (None, None, None, None, [])
    assert (clock.verified_on, clock.verification_due_on) == (date(2026, 1, 5), date(2026, 4, 7))


def test_the_last_contact_is_the_last_that_happened_and_not_the_last_that_was_told():
    history = known()
    met = hold(history, "2026-02-02", "q1", "coo")
    history.on("2026-02-09", "log-touch", happened_on="2026-01-20", kind="call", stakeholders=["coo"], members=["ann"])
    clock = clocks(history, now="2026-02-12")["coo"]
    assert clock.last
    assert (clock.last.happened_on, clock.last.kind, clock.last.members) == (date(2026, 2, 2), "qbr", ["eve"])
    assert (clock.last.event, clock.days_since) == (met, 10)


def test_a_review_without_them_and_a_touch_that_was_struck_are_no_contact_and_earlier_cuts_keep_the_touch():
    history = known()
    struck = touch(history, "2026-01-12", "ann")
    history.on(
        "2026-01-13", "hold-review", id="m1", kind="monthly", audience="internal", held_on="2026-01-13", ours=["ann"]
    )
    history.on("2026-01-14", "strike-entry", event=struck, reason="Wrong account")
    assert clocks(history)["coo"].last is None
    assert clocks(history, "2026-01-12")["coo"].last is not None


def test_a_touch_counts_as_it_was_corrected_and_says_what_it_was_for_and_withdrawn_it_is_none():
    history = known()
    history.on("2026-01-05", "open-opportunity", id="deal", name="Line B", **OPPORTUNITY)
    touch(history, "2026-01-12", "ann", id="t", opportunity="deal")
    history.on("2026-01-13", "correct-touch", id="t", happened_on="2026-01-08", reason="It was on Thursday")
    last = clocks(history)["coo"].last
    assert last
    assert (last.happened_on, last.opportunity, last.play) == (date(2026, 1, 8), "deal", None)
    history.on("2026-01-14", "withdraw-touch", id="t", reason="Another account")
    assert clocks(history)["coo"].last is None


def test_a_day_when_details_are_due_is_not_yet_overdue_and_a_correction_or_verification_moves_it():
    history = known()
    assert not clocks(history, "now", "2026-04-07")["coo"].verification_overdue
    assert clocks(history, "now", "2026-04-08")["coo"].verification_overdue
    history.on("2026-04-08", "verify-stakeholder", id="coo")
    assert clocks(history, "now", "2026-07-09")["coo"].verification_due_on == date(2026, 7, 9)


def test_the_next_contact_is_the_first_still_ahead_of_touches_plays_and_reviews_that_name_them():
    history = known()
    action = {"owner": "ann", "stakeholders": ["coo"]}
    history.on(
        "2026-01-05", "add-action", id="mail", statement="Send the price", kind="task", due_on="2026-01-10", **action
    )
    assert clocks(history)["coo"].next is None  # a task is no touch
    history.on(
        "2026-01-05", "add-action", id="call", statement="Call the COO", kind="touch", due_on="2026-01-20", **action
    )
    play = {"title": "Tour of line B", "kind": "discovery", "owner": "ann", "success_measure": "Three causes named"}
    history.on("2026-01-05", "plan-play", id="tour", due_on="2026-02-20", stakeholders=["coo"], **play)
    history.on("2026-01-05", "schedule-review", id="q1", kind="qbr", planned_on="2026-02-10", theirs=["coo"])

    def coming(day: str) -> tuple[str, str, bool]:
        coming = clocks(history, "now", day)["coo"].next
        assert coming
        return coming.kind, coming.id, coming.overdue

    assert coming("2026-01-20") == ("action", "call", False)
    assert coming("2026-01-21") == ("review", "q1", False)
    assert coming("2026-02-11") == ("play", "tour", False)
    assert coming("2026-02-21") == ("play", "tour", True)  # nothing is ahead any more
    history.on("2026-02-21", "drop-play", id="tour", reason="Line is sold")
    history.on("2026-02-21", "cancel-review", id="q1", reason="Budget")
    assert coming("2026-02-22") == ("action", "call", True)


def test_a_pairing_runs_from_the_last_contact_of_these_two_and_is_overdue_the_day_after():
    history = known()
    history.on("2026-01-05", "agree-pairing", member="eve", stakeholder="coo", every_days=10)

    def pairing(day: str) -> PairingClock:
        [found] = clocks(history, "now", day)["coo"].pairings
        return found

    assert (pairing("2026-01-15").due_on, pairing("2026-01-15").days_overdue) == (date(2026, 1, 15), 0)
    assert pairing("2026-01-16").days_overdue == 1
    touch(history, "2026-01-16", "ann")
    assert pairing("2026-01-18").days_overdue == 3  # another of ours met them
    touch(history, "2026-01-18", "eve")
    assert (pairing("2026-01-18").last_contact_on, pairing("2026-01-18").due_on) == (
        date(2026, 1, 18),
        date(2026, 1, 28),
    )
    history.on("2026-01-19", "end-pairing", member="eve", stakeholder="coo")
    assert clocks(history)["coo"].pairings == []


def test_a_pairing_with_somebody_who_was_entered_twice_goes_on_with_whom_they_are():
    history = known()
    history.on("2026-01-05", "add-stakeholder", id="jane", name="J. Doe", level="executive")
    for member in ("eve", "ann"):
        history.on("2026-01-06", "agree-pairing", member=member, stakeholder="jane", every_days=10)
    history.on("2026-01-08", "agree-pairing", member="ann", stakeholder="coo", every_days=20)
    touch(history, "2026-01-09", "eve", who="jane")
    history.on("2026-01-12", "merge-stakeholder", id="jane", into="coo", reason="The same")
    due = {each.member: each.due_on for each in clocks(history)["coo"].pairings}
    assert due == {"eve": date(2026, 1, 19), "ann": date(2026, 1, 28)}


@pytest.mark.parametrize(("day", "strength", "former"), [("2026-03-31", 3, None), ("2026-04-01", 1, 3)])
def test_strength_counts_members_on_the_team_and_shows_what_the_others_had_apart(day, strength, former):
    history = known()
    for member, known_so_well in (("ben", 3), ("ann", 1)):
        history.on("2026-01-05", "rate-relationship", id="coo", member=member, strength=known_so_well)
    assert clocks(history)["coo"].strength == 3  # nobody was assigned yet, so everybody counts
    history.on("2026-01-06", "assign-member", person="ben", role="customer_success", from_on="2026-01-06")
    history.on("2026-01-06", "release-member", person="ben", role="customer_success", until_on="2026-03-31")
    history.on("2026-01-06", "agree-pairing", member="ben", stakeholder="coo", every_days=30)
    clock = clocks(history, "now", day)["coo"]
    assert (clock.strength, clock.former_strength) == (strength, former)
    assert [each.on_the_team for each in clock.pairings] == [former is None]


def test_an_executive_meeting_that_is_told_twice_on_one_day_counts_once_and_is_warned_about():
    history = known()
    touch(history, "2026-02-02", "ann", kind="executive_meeting")
    assert clocks(history)["coo"].warnings == []
    history.on("2026-02-03", "add-stakeholder", id="cfo", name="Tom Roe", level="executive")
    met = {"audience": "customer", "held_on": "2026-02-02", "ours": ["eve"], "theirs": ["coo", "cfo"]}
    history.on("2026-02-03", "hold-review", id="x1", kind="executive_meeting", **met)
    found = clocks(history)
    assert found["coo"].last
    assert found["coo"].last.members == ["ann", "eve"]
    [warning] = found["coo"].warnings
    assert "2026-02-02" in warning
    touch(history, "2026-02-10", "ann", kind="executive_meeting")
    assert len(clocks(history)["coo"].warnings) == 1  # another day is another meeting
    touch(history, "2026-02-10", "eve", kind="executive_meeting")
    found = clocks(history)
    assert found["coo"].last.members == ["ann", "eve"], "both told of it as a touch"
    assert [len(found[who].warnings) for who in ("coo", "cfo")] == [2, 1]
    history.on("2026-02-10", "log-touch", happened_on="2026-02-10", kind="executive_meeting", stakeholders=["cfo"],
               members=["ann"])  # fmt: skip
    assert len(clocks(history)["cfo"].warnings) == 1, "of other people it is a meeting of its own"
    touch(history, "2026-02-10", "ann", kind="meeting")
    assert clocks(history)["coo"].last.kind == "meeting", "of another kind it is one too"


def test_who_left_has_no_clock_any_more_and_has_one_at_the_cuts_before():
    history = known()
    history.on("2026-02-02", "record-departure", id="coo", left_on="2026-02-01")
    assert clocks(history) == {}
    assert list(clocks(history, "2026-02-01")) == ["coo"]


def test_a_role_to_fill_has_nothing_to_verify():
    history = opened()
    history.on("2026-01-05", "add-stakeholder", id="buyer", title="Head of Procurement", level="management")
    clock = clocks(history)["buyer"]
    assert (clock.verification_due_on, clock.verification_overdue) == (None, False)
