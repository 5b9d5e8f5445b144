"""Calendars: what programs that subscribe to one are given, read back by another library."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import vobject

from adapters.exchange.calendars import calendar
from tests.histories import History, opened

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)
ADDRESS = "https://plans.example"
ACTION = {"kind": "task", "owner": "ann"}


def entries(history: History, **asked: Any) -> dict[str, Any]:
    """The entries of a calendar by UID, as another library reads them."""
    content = calendar("plantrail", [history.known], NOW, ADDRESS, **asked).decode()
    read = vobject.readOne(content)
    assert read.version.value == "2.0"
    return {each.uid.value.partition("@")[0]: each for each in read.contents.get("vevent", [])}


@pytest.fixture
def acme() -> History:
    acme = opened()
    acme.on("2026-01-05", "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    acme.on("2026-01-05", "add-action", id="call", statement="Call about the depot", due_on="2026-01-20", **ACTION)
    acme.on("2026-01-05", "add-action", id="ask", statement="Ask Maria why", due_on="2026-01-21", about=["coo"],
            **ACTION | {"owner": "ben"})  # fmt: skip
    acme.on("2026-01-05", "schedule-review", id="r1", kind="monthly", planned_on="2026-01-30", ours=["ben"])
    acme.on("2026-01-05", "set-contract", arr="10", starts_on="2025-01-01", renews_on="2026-12-31", products=["x"])
    return acme


def test_days_are_all_day_and_titles_say_what_and_where(acme):
    call = entries(acme)["action-call"]
    assert (call.dtstart.value, call.dtend.value) == (date(2026, 1, 20), date(2026, 1, 21))
    assert call.summary.value == "Action due: Call about the depot · Acme Manufacturing"
    assert call.url.value == f"{ADDRESS}/plans/{acme.known.id}"
    assert entries(acme).keys() == {"action-call", "action-ask", "review-r1", "contract-contract", "stakeholder-coo"}


def test_titles_that_speak_of_people_are_shown_only_where_that_was_asked_for(acme):
    assert entries(acme)["action-ask"].summary.value == "Action due: ask · Acme Manufacturing"
    assert entries(acme, words=True)["action-ask"].summary.value == "Action due: Ask Maria why · Acme Manufacturing"


def test_who_is_to_be_verified_is_named_only_where_that_was_asked_for_and_only_to_the_owner(acme):
    verify = entries(acme)["stakeholder-coo"]
    assert (verify.dtstart.value, verify.summary.value) == (date(2026, 4, 7), "Verify: coo · Acme Manufacturing")
    assert entries(acme, words=True)["stakeholder-coo"].summary.value == "Verify: Maria Held · Acme Manufacturing"
    assert "stakeholder-coo" in entries(acme, person="ann")
    assert "stakeholder-coo" not in entries(acme, person="ben")
    acme.on("2026-01-10", "verify-stakeholder", id="coo")
    again = entries(acme)["stakeholder-coo"]
    assert (again.uid.value, again.dtstart.value) == (verify.uid.value, date(2026, 4, 12))
    assert int(again.sequence.value) > int(verify.sequence.value)
    acme.on("2026-01-11", "record-departure", id="coo", left_on="2026-01-11")
    gone = entries(acme)["stakeholder-coo"]
    assert (gone.status.value, gone.summary.value) == ("CANCELLED", "Verify: coo · Acme Manufacturing")
    assert int(gone.sequence.value) > int(again.sequence.value)


def test_a_day_that_moved_is_the_same_entry_with_a_higher_sequence(acme):
    before = entries(acme)["action-call"]
    acme.on("2026-01-10", "reschedule-action", id="call", due_on="2026-02-02", reason="She is away")
    after = entries(acme)["action-call"]
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.dtstart.value == date(2026, 2, 2)
    assert after.dtstamp.value > before.dtstamp.value


def test_an_entry_that_is_called_otherwise_by_now_has_a_higher_sequence(acme):
    """Programs keep the words of an entry whose sequence is the one they know, those about the forgotten, too."""
    acme.on("2026-01-09", "rename-account", account_name="Acme; Sons, Ltd")
    renamed = entries(acme, words=True)
    assert renamed["action-call"].summary.value == "Action due: Call about the depot · Acme; Sons, Ltd"
    assert renamed["action-call"].sequence.value == str(acme.known.version)
    acme.on("2026-01-10", "forget-stakeholder", id="coo", reason="She asked for it")
    forgotten = entries(acme, words=True)["action-ask"]
    assert forgotten.summary.value == "Action due: ask · Acme; Sons, Ltd"
    assert int(forgotten.sequence.value) > int(renamed["action-ask"].sequence.value)
    assert forgotten.last_modified.value > renamed["action-ask"].last_modified.value


def test_a_name_of_a_calendar_is_written_as_text():
    content = calendar("plantrail · Acme; Sons, Ltd", [], NOW, ADDRESS).decode()
    assert "X-WR-CALNAME:plantrail · Acme\\; Sons\\, Ltd\r\n" in content
    assert vobject.readOne(content).x_wr_calname.value == "plantrail · Acme; Sons, Ltd"


def off(acme: History, **asked: Any) -> dict[str, int]:
    """The sequence of each entry that is cancelled."""
    found = entries(acme, **asked).items()
    return {name: int(each.sequence.value) for name, each in found if each.status.value == "CANCELLED"}


def test_what_was_kept_dropped_cancelled_or_withdrawn_is_cancelled(acme):
    before = {name: int(each.sequence.value) for name, each in entries(acme).items()}
    acme.on("2026-01-09", "add-action", id="twice", statement="Entered twice", due_on="2026-01-20", **ACTION)
    acme.on("2026-01-10", "drop-action", id="call", reason="No need")
    acme.on("2026-01-10", "cancel-review", id="r1", reason="Nobody can")
    acme.on("2026-01-10", "complete-action", id="ask", finished_on="2026-01-10")
    acme.on("2026-01-10", "withdraw-action", id="twice", reason="It is there already")
    assert off(acme).keys() == {"action-call", "review-r1", "action-ask", "action-twice"}
    assert all(sequence > before.get(name, 0) for name, sequence in off(acme).items())
    assert entries(acme)["action-twice"].summary.value == "Action due: twice · Acme Manufacturing"


def test_what_is_off_is_left_out_after_a_month(acme):
    acme.on("2026-01-10", "drop-action", id="call", reason="No need")
    for days, is_there in ((30, True), (31, False)):
        later = datetime(2026, 1, 10, 8, tzinfo=UTC) + timedelta(days)
        content = calendar("plantrail", [acme.known], later, ADDRESS).decode()
        assert ("UID:action-call" in content) is is_there, days


def test_what_concerns_somebody_else_by_now_is_cancelled_for_whom_it_concerned(acme):
    acme.on("2026-01-10", "reassign-action", id="call", owner="ben", reason="He knows them")
    assert off(acme, person="ann").keys() == {"action-call"}
    assert (off(acme), off(acme, person="ben")) == ({}, {})
    first = off(acme, person="ann")["action-call"]
    acme.on("2026-01-11", "reassign-action", id="call", owner="ann", reason="She asked for it")
    back = entries(acme, person="ann")["action-call"]
    assert (back.status.value, int(back.sequence.value) > first) == ("CONFIRMED", True)
    assert off(acme, person="ben").keys() == {"action-call"}
    acme.on("2026-01-11", "reassign-plan", owner="zoe", reason="She takes over")
    assert off(acme, person="ann").keys() == {"review-r1", "contract-contract", "stakeholder-coo"}
    assert entries(acme, person="zoe").keys() == {"review-r1", "contract-contract", "stakeholder-coo"}
    assert off(acme, person="zoe") == {}
    acme.on("2026-01-11", "correct-review", id="r1", ours=["zoe"], reason="Ben cannot")
    assert off(acme, person="ben").keys() == {"action-call", "review-r1"}


def test_the_calendar_of_an_archived_plan_is_cancelled_until_it_is_reopened(acme):
    before = {name: int(each.sequence.value) for name, each in entries(acme).items()}
    acme.on("2026-01-10", "archive-plan", reason="They were bought")
    archived = off(acme)
    assert archived.keys() == before.keys()
    assert all(sequence > before[name] for name, sequence in archived.items())
    acme.on("2026-01-11", "reopen-plan", reason="They were not")
    again = {name: int(each.sequence.value) for name, each in entries(acme).items()}
    assert off(acme) == {}
    assert all(again[name] > sequence for name, sequence in archived.items())


def test_a_review_that_was_struck_is_cancelled(acme):
    acme.on(
        "2026-01-10", "hold-review", id="r2", kind="weekly", audience="internal", held_on="2026-01-10", ours=["ben"]
    )
    held = int(entries(acme)["review-r2"].sequence.value)
    acme.on("2026-01-11", "strike-entry", event=acme.known.records[-1].id, reason="It was another account")
    assert off(acme) == {"review-r2": held + 1}
    assert off(acme, person="ben") == {"review-r2": held + 1}


def test_a_persons_calendar_has_what_concerns_them(acme):
    assert entries(acme, person="ben").keys() == {"action-ask", "review-r1"}
    assert entries(acme, person="ann").keys() == {"action-call", "review-r1", "contract-contract", "stakeholder-coo"}


def test_lines_are_folded_and_programs_are_told_when_to_come_back(acme):
    long = "Ärger über " + "die Lieferung 👩🏽‍🔧 " * 20
    acme.on("2026-01-10", "add-action", id="long", statement=long, due_on="2026-01-25", **ACTION)
    content = calendar("plantrail", [acme.known], NOW, ADDRESS)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in content
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in content
    assert entries(acme)["action-long"].summary.value == f"Action due: {long.strip()} · Acme Manufacturing"


def test_what_is_long_past_is_left_out(acme):
    acme.on("2026-01-10", "add-action", id="old", statement="Old", due_on="2025-09-01", **ACTION)
    assert "action-old" not in entries(acme)
