"""What somebody owns is handed over in every plan that the caller may change, and the rest is told."""

from typing import Any
from uuid import uuid4

import pytest

from adapters.postgres.store import Store
from application.aggregates.access import Caller, Role
from application.aggregates.handle import Aggregates
from application.handovers.handover import (
    ARCHIVED,
    LEADS_THE_PROGRAM,
    STEP,
    HandedOver,
    Handover,
    Handovers,
)
from domain.account_plan.actions import Action
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, the_program
from tests.stores import CONTEXT, MONDAY, OPEN_ACME, plans_on, say

ACME, BETA, OLD, QUIET = (plan_id_of(account) for account in ("acme", "beta", "old", "quiet"))
CALL = {"statement": "Call the plant", "kind": "task", "due_on": "2026-03-31"}


@pytest.fixture
def handovers(store: Store) -> Handovers:
    """Return handovers on a store where Eva owes a call in three plans, one archived, and answers for the program."""
    plans, program = plans_on(store), Aggregates(PROGRAM, store.events, lambda: MONDAY, uuid4)
    for account in ("acme", "beta", "old", "quiet"):
        owner = "ben" if account == "quiet" else "eva"
        said = [
            ("open-plan", OPEN_ACME | {"account_id": account}),
            ("add-action", CALL | {"id": "call", "owner": owner}),
        ]
        if account == "acme":
            deal = {"id": "deal", "name": "Line B", "amount": "9", "stage": "x", "close_on": "2026-06-30"}
            step = {"id": "deal", "statement": "Send the offer", "owner": "eva", "due_on": "2026-03-31"}
            said += [("open-opportunity", deal | {"source": "plan"}), ("set-next-best-action", step)]
        if account == "old":
            said.append(("archive-plan", {"reason": "Sold"}))
        plans.handle(plan_id_of(account), [say(command, **body) for command, body in said], CONTEXT)
    for command, body in (
        ("open-program", {"name": "Strategic accounts", "currency": "EUR"}),
        ("name-program-owner", {"owner": "eva"}),
    ):
        program.handle(PROGRAM_ID, [PROGRAM.commands[command].model_validate(body)], CONTEXT)
    return Handovers(plans, program, store.events, store.portfolio)


def hand_over(handovers: Handovers, role: Role = "editor", **said: Any) -> HandedOver:
    asked = Handover.model_validate({"from": "eva", "to": "zoe", **said})
    return handovers.carry_out(asked, Caller("kim", role, None), CONTEXT)


def told(done: HandedOver) -> dict[str, tuple[int, list[str], list[str]]]:
    return {
        each.account_id: (each.version, [item.id for item in each.handed_over], [left.why for left in each.left_behind])
        for each in done.plans
    }


def test_everywhere_one_list_of_commands_under_one_conversation_and_tried_it_says_the_same(handovers: Handovers):
    tried = hand_over(handovers, dry_run=True)
    assert [handovers.plans.read(id).version for id in (ACME, BETA, OLD)] == [4, 2, 3]
    done = hand_over(handovers, reason="She leaves")
    assert told(done) == told(tried) == {
        "acme": (5, ["call"], [STEP]), "beta": (3, ["call"], []), "old": (3, [], [ARCHIVED]),
    }  # fmt: skip
    assert [each.plan_id for each in done.plans] == sorted((ACME, BETA, OLD))
    assert (done.handed_over, done.left_behind, done.unknown_plans) == (2, 3, [])
    assert (tried.dry_run, done.dry_run, done.correlation_id) == (True, False, CONTEXT.correlation_id)
    assert done.program is not None
    assert [(left.kind, left.why) for left in done.program.left_behind] == [("program", LEADS_THE_PROGRAM)]
    assert done.program.version == handovers.program.read(PROGRAM_ID).version == 2
    known = handovers.plans.read(BETA)
    assert (known.state.the(Action, "call").owner, known.records[-1].meta.reason) == ("zoe", "She leaves")
    again = hand_over(handovers)
    assert (again.handed_over, told(again).keys()) == (0, {"acme", "old"}), "nothing is handed over twice"


def test_whoever_runs_the_program_hands_it_over_as_well_unless_plans_are_named(handovers: Handovers):
    tried = hand_over(handovers, "lead", dry_run=True)
    assert tried.program is not None
    assert (tried.program.version, [item.id for item in tried.program.handed_over]) == (3, ["program"])
    assert hand_over(handovers, "lead", plans=["quiet"], dry_run=True).program is None
    assert the_program(handovers.program.read(PROGRAM_ID).state).owner == "eva"
    hand_over(handovers, "lead")
    assert the_program(handovers.program.read(PROGRAM_ID).state).owner == "zoe"
    assert hand_over(handovers, "lead").program is None


def test_of_the_plans_named_those_that_are_not_there_for_the_caller_are_told(handovers: Handovers):
    named = ["acme", str(ACME), "nobody", "beta", "quiet"]
    asked = Handover.model_validate({"from": "eva", "to": "zoe", "plans": named})
    done = handovers.carry_out(asked, Caller("kim", "editor", frozenset({ACME, QUIET})), CONTEXT)
    assert (told(done).keys(), done.unknown_plans, done.program) == ({"acme"}, ["nobody", "beta"], None)


def test_who_may_change_nothing_hands_nothing_over(handovers: Handovers):
    done = hand_over(handovers, "reader")
    assert (done.handed_over, told(done)["beta"][0]) == (0, 2)
    assert "reader" in told(done)["beta"][2][0]
