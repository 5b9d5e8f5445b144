"""Exceptions: a plan is excused from a rule for a time."""

from datetime import date, timedelta

from domain.account_plan import fold
from domain.account_plan.exceptions import (
    ExceptionGranted,
    ExceptionRevoked,
    GrantException,
    RevokeException,
    RuleException,
)
from tests.given import MONDAY, OPENED, given

TODAY = MONDAY.date()
WHY = "His successor begins in September"
UNTIL = date(2026, 9, 30)
GRANTED = ExceptionGranted(rule="team-incomplete", until_on=UNTIL)
REVOKED = ExceptionRevoked(rule="team-incomplete")
REVOKE = RevokeException(rule="team-incomplete", reason="He is there")


def grant(until_on: date = UNTIL) -> GrantException:
    return GrantException(rule="team-incomplete", until_on=until_on, reason=WHY)


def test_a_plan_is_excused_from_a_rule_until_a_day_and_held_to_it_again():
    given().when(grant()).then(GRANTED)
    given(GRANTED).when(grant()).then_nothing_happens()
    given(GRANTED).when(grant(TODAY)).then(ExceptionGranted(rule="team-incomplete", until_on=TODAY))
    given(GRANTED).when(REVOKE).then(REVOKED)
    given(GRANTED, REVOKED).when(grant()).then(GRANTED)


def test_an_exception_ends_today_at_the_earliest():
    given().when(grant(TODAY)).then(ExceptionGranted(rule="team-incomplete", until_on=TODAY))
    given().when(grant(TODAY - timedelta(days=1))).then_refused("exception-over-already", "/until_on")


def test_only_what_was_granted_is_revoked_and_once():
    given().when(REVOKE).then_refused("not-excused", "/rule")
    given(GRANTED, REVOKED).when(REVOKE).then_refused("not-excused", "/rule")


def test_an_exception_is_in_force_up_to_and_including_its_last_day_unless_it_was_revoked():
    granted = fold((OPENED, GRANTED)).the(RuleException, "team-incomplete")
    assert granted.excuses(UNTIL)
    assert not granted.excuses(UNTIL + timedelta(days=1))
    revoked = fold((OPENED, GRANTED, REVOKED)).the(RuleException, "team-incomplete")
    assert not revoked.excuses(UNTIL)
    assert (granted.ending, revoked.ending) == (None, "was revoked")
