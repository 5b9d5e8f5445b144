"""No field that nothing reads: what may be typed is used by a view, a finding, a measure, a pack or a report."""

from domain.account_plan.actions import ActionAdded
from domain.account_plan.health import HealthRecorded
from domain.account_plan.plays import PlayPlanned
from domain.account_plan.requests import RequestAnswered
from domain.account_plan.risks import RiskRaised
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderReturned
from domain.account_plan.team import MemberReleased
from tests.fields_read import COMMAND, NOBODY_YET, TABLE, fields, readers, rows, unread


def test_every_field_of_every_event_is_read_but_for_those_that_say_why_not():
    assert unread() == set(NOBODY_YET)


def test_what_reads_a_field_is_found_by_watching_it():
    assert "finding: overdue-promise" in readers(PlayPlanned, "due_on")
    assert "measure: arr_exposed" in readers(RiskRaised, "arr_exposed")
    assert {"pack: canvas", "pack: qbr for customers"} <= set(readers(StakeholderAdded, "name"))
    assert "pack: qbr for customers" not in readers(RiskRaised, "statement")


def test_who_reads_a_value_that_was_the_same_by_accident_does_not_read_the_field():
    assert "finding: missing-people" not in readers(StakeholderReturned, "returned_on")  # the day of the departure
    assert "view: page of a plan" in readers(RequestAnswered, "decision")  # becomes the state


def test_who_asks_what_an_event_is_about_reads_no_field_of_it():
    assert "measure: attributable_arr" not in readers(HealthRecorded, "as_of_on")
    assert "pack: qbr" in readers(HealthRecorded, "as_of_on")
    assert {(MemberReleased, "stint"), (ActionAdded, "review")} & set(fields()) == {(ActionAdded, "review")}


def test_the_table_has_every_field_and_names_nobody_who_does_not_read_it():
    written = rows(TABLE.read_text("utf-8"))
    assert list(written) == [(event.__name__, name) for event, name in fields()], f"run: {COMMAND}"
    for event, name in fields():
        named = written[event.__name__, name]
        assert bool(named) == bool(readers(event, name)), (event, name, f"run: {COMMAND}")
        assert named <= set(readers(event, name)), (event, name, f"run: {COMMAND}")
