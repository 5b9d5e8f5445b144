"""Another aggregate takes its topics, its type and one name in the registry: here a guest house, of `tests.house`."""

import json
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from application.aggregates.loaded import LoadedAggregate
from application.aggregates.pending import PendingAggregate, with_id
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.forgetting import StakeholderForgotten
from domain.language import Command, Event, Refusal
from domain.program import PROGRAM
from domain.record import Recorded, Saying
from domain.registry import Registry
from tests.house import (
    HOUSE,
    ForgetGuest,
    GuestForgotten,
    GuestWelcomed,
    HouseOpened,
    OpenHouse,
    Remark,
    RemarkStruck,
    RemarkWritten,
    StrikeRemark,
    WelcomeGuest,
    WriteRemark,
    id_of,
)
from tests.places import ROOT

EVENING = datetime(2026, 1, 5, 20, tzinfo=UTC)
"""In Auckland it is the next day already."""
OPENED = HouseOpened(name="inn", timezone="Pacific/Auckland", opened_on=date(2026, 1, 6))
JANE = GuestWelcomed(id="g1", name="Jane Doe")
SLEPT = RemarkWritten(id="r1", guest="g1", text="Slept like a stone")


def decided(command: Command, *events: Event) -> list[Event]:
    return list(HOUSE.decide(HOUSE.fold(events), command, EVENING).events)


def refused(command: Command, *events: Event) -> tuple[str, str]:
    """The type of the refusal and what it says."""
    with pytest.raises(Refusal) as refusal:
        decided(command, *events)
    return refusal.value.type, str(refusal.value)


# What holds for every aggregate


def test_nothing_can_be_said_to_what_was_never_opened_and_nothing_is_opened_twice():
    assert refused(WelcomeGuest(id="g1", name="Jane Doe")) == ("house-not-open", "There is no such house.")
    assert decided(OpenHouse(name="inn", timezone="Pacific/Auckland")) == [OPENED]
    assert refused(OpenHouse(name="inn"), OPENED) == ("house-already-open", "The house “inn” is open already.")


def test_a_command_is_about_a_thing_that_is_as_the_command_needs_it():
    again = WelcomeGuest(id="g1", name="Jane Doe")
    assert decided(again, OPENED) == [JANE]
    assert refused(again, OPENED, JANE) == (
        "stakeholder-id-taken",
        "This house already has another stakeholder “g1”; choose another id.",
    )
    assert refused(ForgetGuest(id="g1"), OPENED) == (
        "unknown-stakeholder",
        "There is no stakeholder “g1” in this house.",
    )


def test_what_a_command_names_is_there():
    remark = WriteRemark(id="r1", guest="g1", text="Slept like a stone")
    assert refused(remark, OPENED)[0] == "unknown-stakeholder"
    assert decided(remark, OPENED, JANE) == [SLEPT]
    assert refused(remark, OPENED, JANE, GuestForgotten(id="g1"))[0] == "stakeholder-over"


def test_today_is_the_day_where_the_aggregate_lives():
    remark = {"id": "r1", "guest": "g1", "text": "Slept like a stone"}
    assert HOUSE.today(HOUSE.fold([OPENED]), EVENING) == date(2026, 1, 6)
    assert decided(WriteRemark(**remark, written_on=date(2026, 1, 6)), OPENED, JANE)
    kind, words = refused(WriteRemark(**remark, written_on=date(2026, 1, 7)), OPENED, JANE)
    assert kind == "day-in-the-future"
    assert "today is 2026-01-06 in the house's time zone" in words


def test_an_entry_that_is_struck_was_never_there_to_what_is_decided_next():
    known = LoadedAggregate.of(HOUSE, UUID(int=1))
    pending = PendingAggregate(known)
    for command in (
        OpenHouse(name="inn"),
        WelcomeGuest(name="Jane Doe", id="g1"),
        WriteRemark(id="r1", guest="g1", text="Slept like a stone"),
        StrikeRemark(version=3),
        WriteRemark(id="r1", guest="g1", text="Slept well"),
    ):
        pending.take(command, EVENING, "command")
    assert [remark.text for remark in pending.state.all(Remark).values()] == ["Slept well"]
    assert pending.state.version == 5
    assert pending.known is known


def test_an_id_that_was_left_out_is_made_up():
    command = with_id(WelcomeGuest(name="Jane Doe"), lambda: UUID(int=7))
    assert command.subject() == "s000000000007"


def test_what_was_read_is_carried_on_by_what_is_read_later():
    inn = id_of(OpenHouse(name="inn"))
    events = [OPENED, JANE, SLEPT, RemarkStruck(version=3), GuestForgotten(id="g1")]
    said = Saying(recorded_at=EVENING, actor="ann")
    records = [Recorded(inn, version, version, said, event) for version, event in enumerate(events, 1)]
    known = LoadedAggregate.of(HOUSE, inn)
    for record in records:
        known = known.with_news([record])
    whole = LoadedAggregate.of(HOUSE, inn, records)
    assert known.state.kinds() == whole.state.kinds() == HOUSE.fold(events).kinds()
    assert not whole.state.all(Remark)
    assert (known.version, known.erasures, known.struck) == (5, 1, {3: f"{inn}:4"})


def test_who_is_forgotten_is_said_by_the_event_of_their_aggregate():
    assert HOUSE.forgotten("g1") == GuestForgotten(id="g1")
    assert ACCOUNT_PLAN.forgotten("g1") == StakeholderForgotten(id="g1")
    with pytest.raises(LookupError, match="a program has no words about people"):
        PROGRAM.forgotten("g1")


def test_two_aggregates_of_one_log_have_no_event_of_the_same_name():
    with pytest.raises(ValueError, match="HouseOpened is an event of a house and of a house"):
        Registry(ACCOUNT_PLAN, HOUSE, HOUSE)
    assert Registry(ACCOUNT_PLAN, HOUSE).type_of(JANE) is HOUSE


# On a store, beside account plans


@pytest.fixture(scope="module")
def told(stores) -> dict[str, Any]:
    """What a plantrail with a name more in its registry saw on a store of its own."""
    with stores.lend() as where:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.house"],
            check=False,
            input=json.dumps(asdict(where)),
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


BOOK = {"g1": "Jane Doe", "g2": "Jim Roe", "g3": "Joe Poe", "r1": "Slept like a stone"}
"""What stands in the house's book once the remark on the wrong room was struck."""


def test_it_is_opened_and_recorded_under_the_id_made_of_what_it_is_called(told):
    assert told["opened"] == {"id": str(id_of(OpenHouse(name="inn"))), "version": 6, "opened": True}
    assert told["read"] == told["read by another process"] == BOOK


def test_its_events_are_named_as_all_events_are(told):
    happened = "house-opened guest-welcomed guest-welcomed guest-welcomed remark-written remark-written remark-struck"
    assert told["types"] == [f"plantrail.{name}.v1" for name in happened.split()]


def test_words_about_its_people_are_sealed_and_forgotten_with_them(told):
    assert told["in the clear"] == []
    assert told["forgotten"] == BOOK | {"g1": "[forgotten]", "r1": "[forgotten]"}
    assert told["about the forgotten"] == "stakeholder-over"
    assert (told["keys"], told["certified"]) == (["g2", "g3"], ["g1"])


def test_whom_a_dead_process_or_another_copy_of_the_log_forgot_is_forgotten_when_the_store_is_opened(told):
    assert told["keys left"] == ["g2", "g3"]
    assert told["forgotten by all"] == dict.fromkeys(BOOK, "[forgotten]")
    assert told["forgotten again"] == ["g3"]
    assert told["keys in the end"] == []


def test_where_account_plans_are_shown_it_is_none(told):
    assert told["as a plan"] == "unknown-plan"
    assert told["plans"] == ["plan"]
    assert told["portfolio"] == ["acme"]
