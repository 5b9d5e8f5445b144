"""Calendars: what programs that subscribe to one are given, read back by another library."""

from datetime import UTC, date, datetime
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
    assert "stakeholder-coo" not in entries(acme)


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


def test_what_was_dropped_or_cancelled_says_so_and_what_was_kept_is_gone(acme):
    acme.on("2026-01-10", "drop-action", id="call", reason="No need")
    acme.on("2026-01-10", "cancel-review", id="r1", reason="Nobody can")
    acme.on("2026-01-10", "complete-action", id="ask", finished_on="2026-01-10")
    found = entries(acme)
    assert {name: each.status.value for name, each in found.items()} == {
        "action-call": "CANCELLED",
        "review-r1": "CANCELLED",
        "contract-contract": "CONFIRMED",
        "stakeholder-coo": "CONFIRMED",
    }


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
