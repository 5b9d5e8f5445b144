"""Handovers over HTTP: one request gives everything that a person owns to another, in every plan that the caller may
change."""

from collections.abc import Iterator

import pytest

from adapters.postgres.store import Store
from tests.api import Api, assert_problem, served
from tests.callers import Known, KnownOtherwiseAfterwards, as_, caller
from tests.stores import ACME, opened_acme, plans_on

DUE = {"due_on": "2026-03-31"}
OWNED = (
    ("add-stakeholder", {"id": "cfo", "title": "Chief Financial Officer", "level": "executive"}),
    ("add-stakeholder", {"id": "coo", "title": "Chief Operating Officer", "level": "executive"}),
    (
        "plan-play",
        {"id": "tour", "title": "Tour of line B", "kind": "access", "owner": "eva", "success_measure": "x", **DUE},
    ),
    ("add-action", {"id": "call", "statement": "Call the plant", "kind": "task", "owner": "Eva@Example.com", **DUE}),
    ("add-action", {"id": "done", "statement": "Ask for the plan", "kind": "task", "owner": "eva", **DUE}),
    ("complete-action", {"id": "done", "finished_on": "2026-01-05"}),
    ("add-action", {"id": "other", "statement": "Ship the hub", "kind": "task", "owner": "ben", **DUE}),
    (
        "raise-risk",
        {"id": "churn", "kind": "other", "statement": "New owner", "likelihood": 2, "impact": 2, "owner": "eva"},
    ),
    (
        "set-goal",
        {
            "id": "arr",
            "kind": "revenue",
            "statement": "ARR of line B",
            "measure": "ARR",
            "unit": "EUR",
            "baseline": "0",
            "target": "9",
            "owner": "eva",
            **DUE,
        },
    ),
    ("raise-request", {"id": "docs", "function": "legal", "kind": "terms", "statement": "New terms", "owner": "eva"}),
    ("agree-pairing", {"member": "eva", "stakeholder": "cfo", "every_days": 30}),
    ("agree-pairing", {"member": "eva", "stakeholder": "coo", "every_days": 14}),
    ("agree-pairing", {"member": "zoe", "stakeholder": "coo", "every_days": 60}),
    (
        "open-opportunity",
        {"id": "deal", "name": "Line B", "amount": "9", "stage": "x", "close_on": "2026-06-30", "source": "plan"},
    ),
    ("set-next-best-action", {"id": "deal", "statement": "Send the offer", "owner": "eva", **DUE}),
    ("assign-member", {"person": "eva", "role": "sales_engineer", "from_on": "2026-01-05"}),
    ("schedule-review", {"id": "m1", "kind": "monthly", "planned_on": "2026-02-02", "ours": ["ben", "eva"]}),
    ("schedule-review", {"id": "m2", "kind": "monthly", "planned_on": "2026-03-02", "ours": ["ben"]}),
    ("reassign-plan", {"owner": "eva", "reason": "She knows them"}),
)


@pytest.fixture
def acme(store: Store) -> Iterator[Api]:
    who = (
        caller("ann", "editor", sees_all=True),
        caller("bo", "editor", "acme"),
        caller("rae", "reader", sees_all=True),
    )
    with served(store, callers=Known(*who)) as api:
        acme = api.with_a_plan("acme")
        acme.do_all(*OWNED).raise_for_status()
        beta = api.with_a_plan("beta")
        beta.done("add-action", id="call", statement="Call the plant", kind="task", owner="eva", **DUE)
        old = api.with_a_plan("old")
        old.done("add-action", id="call", statement="Call the plant", kind="task", owner="eva", **DUE)
        old.done("archive-plan", reason="Sold")
        api.with_a_plan("empty")
        yield acme


def things(items):
    return {(each["kind"], each["id"]) for each in items}


def hand_over(acme, by="ann", **more):
    answer = acme.post("/v1/handovers", {"from": "eva", "to": "zoe", **more}, as_(by))
    assert answer.is_success, answer.text
    told = answer.json()
    return told, {each["account_id"]: each for each in told["plans"]}


EVAS = {
    ("play", "tour"),
    ("risk", "churn"),
    ("goal", "arr"),
    ("request", "docs"),
    ("pairing", "cfo:eva"),
    ("pairing", "coo:eva"),
    ("plan", "plan"),
}


def test_everything_somebody_owns_is_handed_over_under_one_correlation_id_with_a_reason(acme):
    told, plans = hand_over(acme, reason="Eva leaves in March")
    assert things(plans["acme"]["handed_over"]) == EVAS
    assert things(plans["beta"]["handed_over"]) == {("action", "call")}
    assert set(plans) == {"acme", "beta", "old"}
    history = acme.view("/history", limit="100").json()["items"]
    recorded = [each for each in history if each["correlation_id"] == told["correlation_id"]]
    assert {each["reason"] for each in recorded} == {"Eva leaves in March"}
    plan = acme.view().json()
    sections = plan["sections"]
    assert plan["account"]["owner"] == "zoe"
    assert {each["id"]: each["owner"] for each in sections["plays"]["plays"]} == {"tour": "zoe"}
    owners = {each["id"]: each["owner"] for each in sections["plays"]["actions"]}
    assert owners == {"call": "eva@example.com", "done": "eva", "other": "ben"}
    kept = {(each["member"], each["stakeholder"]): each["every_days"] for each in sections["stakeholders"]["pairings"]}
    assert {pair: days for pair, days in kept.items() if pair[0] == "zoe"} == {("zoe", "cfo"): 30, ("zoe", "coo"): 60}


def test_what_could_not_be_handed_over_is_listed_with_why(acme):
    _, plans = hand_over(acme)
    left = {(each["kind"], each["id"]): each["why"] for each in plans["acme"]["left_behind"]}
    assert {kind for kind, _ in left} == {"opportunity", "member", "review"}
    assert ("review", "m2") not in left, "they are not invited"
    assert things(plans["old"]["left_behind"]) == {("action", "call")}
    assert "archived" in plans["old"]["left_behind"][0]["why"]
    assert plans["old"]["handed_over"] == []


def test_a_dry_run_says_the_same_and_records_nothing(acme):
    before = acme.version
    tried, _ = hand_over(acme, dry_run=True)
    assert (tried["dry_run"], acme.version) == (True, before)
    done, _ = hand_over(acme)
    assert [(each["handed_over"], each["left_behind"]) for each in tried["plans"]] == [
        (each["handed_over"], each["left_behind"]) for each in done["plans"]
    ]
    assert (done["handed_over"], done["left_behind"]) == (8, 4)


def test_said_again_it_finds_nothing_more_to_hand_over(acme):
    hand_over(acme)
    version = acme.version
    again, _ = hand_over(acme)
    assert (again["handed_over"], acme.version) == (0, version)


def test_only_in_plans_that_are_the_callers_and_were_asked_for(acme):
    told, plans = hand_over(acme, by="bo", plans=["acme", "beta", "nowhere"])
    assert (set(plans), told["unknown_plans"]) == ({"acme"}, ["beta", "nowhere"])
    told, plans = hand_over(acme, plans=[acme.of("beta").plan_id])
    assert set(plans) == {"beta"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from": "eva"}, "/to"),
        ({"from": "eva", "to": "EVA@example.com", "plan": []}, "/plan"),
        ({"from": "e va", "to": "zoe"}, "/from"),
    ],
)
def test_what_is_wrong_with_a_handover_is_said_at_its_place(acme, body, pointer):
    told = assert_problem(acme.post("/v1/handovers", body, as_("ann")), 422, "invalid-fields")
    assert pointer in [each["pointer"] for each in told["errors"]]


def test_nobody_hands_over_to_themselves_and_whoever_may_only_read_hands_nothing_over(acme):
    same = acme.post("/v1/handovers", {"from": "eva@example.com", "to": "Eva@Example.com"}, as_("ann"))
    assert "same person" in assert_problem(same, 422, "invalid-fields")["errors"][0]["detail"]
    refused = acme.post("/v1/handovers", {"from": "eva", "to": "zoe"}, as_("rae"))
    assert_problem(refused, 403, "forbidden")


def test_whoever_answers_for_the_program_is_named_and_only_who_runs_it_hands_it_over(store):
    who = (caller("ann", "editor", sees_all=True), caller("lia", "developer", sees_all=True))
    with served(store, Known(*who)) as api:
        lead, editor = as_("lia"), as_("ann")
        opened = {"name": "Strategic accounts", "currency": "EUR"}
        assert api.post("/v1/program", opened, lead).status_code == 201
        assert api.post("/v1/program/name-program-owner", {"owner": "Eva@Example.com"}, lead).status_code == 200
        asked = {"from": "eva@example.com", "to": "ben"}
        left = api.post("/v1/handovers", asked, editor).json()
        assert left["program"]["left_behind"] == [
            {
                "kind": "program",
                "id": "program",
                "why": "They answer for the program: whoever runs it names somebody else.",
            }
        ]
        dry = api.post("/v1/handovers", {**asked, "dry_run": True}, lead).json()
        assert (dry["handed_over"], dry["program"]["handed_over"][0]["kind"]) == (1, "program")
        assert api.post("/v1/handovers", {**asked, "plans": []}, lead).json()["program"] is None
        assert api.post("/v1/handovers", asked, lead).json()["program"]["left_behind"] == []
        assert api.post("/v1/handovers", asked, lead).json()["program"] is None


def test_a_handover_ends_with_the_right_that_it_began_with(store: Store):
    opened_acme(plans_on(store))
    asked = {"from": "ann", "to": "ben", "reason": "Ann leaves"}
    with served(store, KnownOtherwiseAfterwards(caller("zoe", "editor", sees_all=True))) as api:
        assert_problem(api.post("/v1/handovers", asked, as_("zoe")), 403, "forbidden")
        assert plans_on(store).read(ACME).version == 1
        assert api.post("/v1/handovers", asked, as_("zoe")).json()["handed_over"] == 1
