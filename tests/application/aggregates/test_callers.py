"""What a caller sees and may do, from their role, the plans named for them and those that they work on."""

import json
from typing import Any

import pytest

from application.aggregates.access import (
    Caller,
    CallerNotAllowed,
    check_right,
    reaches_beyond_plans_named,
)
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN, COMMANDS
from domain.account_plan.plan import PlanAlreadyOpen, PlanNotOpen, plan_id_of
from domain.language import Command
from domain.program import PROGRAM
from tests.cases import for_each
from tests.histories import OPEN, History, instant, opened

NOW = instant("2026-01-06")
ACME, OTHER = plan_id_of("acme"), plan_id_of("other")
NAMED, ALL, NONE = frozenset({ACME}), None, frozenset[Any]()


def said(command: str, **body: Any) -> Command:
    return COMMANDS[command].model_validate_json(json.dumps(body))


NOTE, SPEAK = said("write-note", id="n", section="plan", text="Seen"), said("change-tier", tier="growth", reason="x")
OPENING = said("open-plan", **OPEN, tier="growth")


@for_each(
    ("actor", "role", "plans", "seen"),
    [
        ("kim", "reader", NAMED, True),
        ("kim", "reader", ALL, True),
        ("kim", "reader", frozenset({OTHER}), False),
        ("kim", "editor", NONE, False),
        ("ann", "editor", NONE, True),  # who owns it
        ("ann", "reader", NONE, False),
        ("ann", "developer", NONE, False),
    ],
)
def test_a_plan_is_seen_by_those_it_was_named_for_and_by_an_editor_who_works_on_it(actor, role, plans, seen):
    known = opened().known
    assert Caller(actor, role, plans).sees(known, NOW) is seen
    assert Caller(actor, role, plans).was_named_or_shares(known) is (plans is None or ACME in plans)
    assert Caller(actor, role, plans).sees(LoadedPlan.of(PROGRAM, OTHER), NOW), "everybody shares the program"


def test_by_itself_a_caller_gets_no_words_about_people_and_acts_for_nobody():
    caller = Caller("ann", "editor")
    assert (caller.personal_data, caller.acts_for_others, caller.on_behalf_of, caller.plans) == (
        False,
        False,
        None,
        NONE,
    )
    assert caller.acting_for(None) is caller
    with pytest.raises(CallerNotAllowed):
        caller.acting_for("bob")
    assert Caller("ann", "editor", acts_for_others=True).acting_for("bob").on_behalf_of == "bob"
    assert [Caller("ann", role).works_on_plans for role in ("editor", "reader", "developer")] == [True, False, False]


def test_a_right_is_that_of_the_role_and_some_roles_reach_beyond_the_plans_that_were_named():
    check_right("editor", "command")
    with pytest.raises(CallerNotAllowed, match="“erase”, which an editor does not have"):
        check_right("editor", "erase")
    assert [role for role in ("reader", "editor", "lead", "auditor", "admin", "developer")
            if reaches_beyond_plans_named(role)] == ["editor", "lead", "developer"]  # fmt: skip


def test_a_plan_that_is_not_theirs_is_not_there_and_cannot_be_opened_again():
    known = opened().known
    Caller("ann", "editor").check(known, [NOTE, SPEAK], NOW)
    with pytest.raises(PlanNotOpen):
        Caller("kim", "editor").check(known, [NOTE], NOW)
    with pytest.raises(PlanAlreadyOpen):
        Caller("kim", "editor").check(known, [OPENING], NOW)
    Caller("ann", "editor").check(known, [OPENING], NOW)
    with pytest.raises(PlanAlreadyOpen):
        Caller("kim", "editor").check(known, [OPENING, NOTE], NOW)
    with pytest.raises(PlanNotOpen):
        Caller("kim", "editor").check(known, [NOTE, OPENING], NOW)


def test_every_command_takes_its_right_not_only_the_first():
    known = opened().known
    Caller("kim", "lead", NAMED).check(known, [SPEAK], NOW)
    with pytest.raises(CallerNotAllowed, match="“command”"):
        Caller("kim", "lead", NAMED).check(known, [SPEAK, NOTE], NOW)


@for_each(
    ("actor", "plans", "may"),
    [("ann", NONE, True), ("kim", NONE, False), ("kim", NAMED, True), ("kim", frozenset({OTHER}), False)],
)
def test_a_plan_is_opened_by_who_will_own_it_and_by_those_it_was_named_for(actor, plans, may):
    known = LoadedPlan.of(ACCOUNT_PLAN, ACME)
    assert not History().known.records
    if may:
        Caller(actor, "editor", plans).check(known, [OPENING], NOW)
    else:
        with pytest.raises(CallerNotAllowed, match="plans that you will own"):
            Caller(actor, "editor", plans).check(known, [OPENING, NOTE], NOW)
