"""Who retires a play of the library is told who works with it."""

from typing import Any

from application.findings.program_examined import PlanStanding
from application.findings.verdict import PlanSigns
from application.library.plays_in_use import in_use
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM


def standing(account: str, *library_plays: str) -> PlanStanding:
    signs: dict[str, Any] = {"is_sponsored": True, "lacks_roles": False, "milestones": 0, "milestones_held": 0}
    signs |= {"scores": {}, "library_plays": library_plays}
    at: dict[str, Any] = {"tier": "strategic", "currency": "EUR", "last_review_on": None, "words": ()}
    at |= {"id": plan_id_of(account), "account_id": account, "account_name": account.title()}
    return PlanStanding(**at, signs=PlanSigns.model_validate(signs))


def told(id: str, *plans: PlanStanding, command: str = "retire-play") -> list[str]:
    said = PROGRAM.commands[command].model_validate({"id": id, "reason": "It is old"})
    return [caution.detail for caution in in_use(said, lambda: plans)]


def test_it_says_how_many_promises_were_taken_from_it_and_at_which_accounts():
    plans = [standing("acme", "tour", "pilot", "tour"), standing("beta"), standing("gamma", "tour")]
    assert told("tour", *plans) == [
        "3 open plays and actions were taken from it, at Acme and Gamma: they go on as they are."
    ]
    assert told("pilot", *plans) == ["1 open play or action was taken from it, at Acme: they go on as they are."]


def test_where_nobody_works_with_it_or_it_is_no_play_there_is_nothing_to_say():
    assert told("other", standing("acme", "tour")) == []
    assert told("tour", standing("acme", "tour"), command="retire-template") == []
