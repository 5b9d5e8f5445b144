"""Accounts that a command of the program names and that have no plan, or are called otherwise in it, are told."""

import json
from typing import Any
from uuid import UUID

from application.rounds.accounts_named import MOST_TOLD, about_accounts
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import PlanNotOpen, plan_id_of
from domain.program import PROGRAM
from tests.application.findings.test_program import plan
from tests.cases import for_each
from tests.histories import OPEN, History

ACME = History("acme-group")
ACME.on("2026-01-05", "open-plan", **OPEN | {"account_id": "acme-group", "tier": "growth"})
LISTED = {"tier": "growth", "reason": None}


def read(id: UUID) -> LoadedPlan:
    if id != plan_id_of("acme-group"):
        raise PlanNotOpen
    return ACME.known


def told(command: str, **body: Any) -> list[tuple[str, str, str]]:
    said = PROGRAM.commands[command].model_validate_json(json.dumps(body))
    plans = (plan("acme-group"),)
    return [(each.code, each.pointer, each.detail) for each in about_accounts(said, read, lambda: plans)]


def nobody(account: str, more: str = "") -> str:
    return f"There is no plan of {account} yet.{more}"


@for_each(
    ("command", "body", "cautions"),
    [
        ("begin-phase", {"phase": "pilot", "accounts": ["acme-group"]}, []),
        ("begin-phase", {"phase": "pilot"}, []),
        (
            "begin-phase",
            {"phase": "pilot", "accounts": ["acme-group", "acme-grup", "zeta"]},
            [
                ("account-without-plan", "/accounts/1", nobody("acme-grup", " Is acme-group meant?")),
                ("account-without-plan", "/accounts/2", nobody("zeta")),
            ],
        ),
        (
            "begin-phase",
            {"phase": "pilot", "accounts": ["acme-group", str(plan_id_of("acme-group"))]},
            [("named-again", "/accounts/1",
              f"{plan_id_of('acme-group')} is the same account as acme-group: once is enough.")],
        ),
        (
            "correct-phase",
            {"phase": "pilot", "accounts": ["zeta"], "reason": "x"},
            [("account-without-plan", "/accounts/0", nobody("zeta"))],
        ),
        (
            "commit-list",
            {"round": "r", "entries": [{"account": "acme-group"} | LISTED, {"account": "zeta"} | LISTED],
             "decided_by": ["vera"]},
            [("account-without-plan", "/entries/1/account", nobody("zeta"))],
        ),
        ("nominate", {"round": "r", "account": "acme-group", "account_name": "ACME Ltd", "why": "x"}, []),
        (
            "nominate",
            {"round": "r", "account": "acme-group", "account_name": "Zeta", "why": "x"},
            [("called-otherwise", "/account_name",
              "The account acme-group is called “Acme Manufacturing” in its plan: is another account meant?")],
        ),
        ("nominate", {"round": "r", "account": "zeta", "account_name": "Zeta", "why": "x"}, []),
        (
            "revise-play",
            {"id": "tour", "source_plan": "zeta"},
            [("account-without-plan", "/source_plan", nobody("zeta"))],
        ),
        ("revise-play", {"id": "tour", "title": "Tour"}, []),
        ("open-round", {"id": "r", "title": "r", "due_on": "2026-03-31"}, []),
    ],
)  # fmt: skip
def test_an_account_without_a_plan_or_of_another_name_is_told_where_it_stands(command, body, cautions):
    assert told(command, **body) == cautions


@for_each(
    ("more", "last"), [(0, None), (1, "1 more account has no plan yet."), (2, "2 more accounts have no plan yet.")]
)
def test_of_many_accounts_without_a_plan_twenty_are_told_one_by_one(more, last):
    accounts = ["acme-group", *(f"x{each}" for each in range(MOST_TOLD + more))]
    cautions = told("begin-phase", phase="pilot", accounts=accounts)
    assert [detail for _, _, detail in cautions[:20]] == [nobody(each) for each in accounts[1:21]]
    assert [(pointer, detail) for _, pointer, detail in cautions[20:]] == ([("/accounts/21", last)] if last else [])
