"""A dry run answers what would come of commands, and records nothing."""

import os

from tests.api import Api, assert_problem
from tests.stores import OPEN_ACME

DRY = {"dry_run": "true"}
NOTE = {"section": "plan", "text": "Budget talks in May"}
ACTION = {"id": "call", "statement": "Call", "kind": "task", "owner": "ann", "due_on": "2026-03-31"}


def test_it_answers_as_the_command_would(acme: Api):
    would = acme.request("POST", f"/v1/plans/{acme.plan}/add-action", params=DRY, json=ACTION)
    assert would.headers["dry-run"] == "true"
    assert "etag" not in would.headers
    assert acme.version == 1
    did = acme.do("add-action", **ACTION)
    position = did.json()["position"]
    assert would.json() | {"position": position} == did.json()
    assert "dry-run" not in did.headers


def test_it_refuses_as_the_command_would(acme: Api):
    unknown = acme.request("POST", f"/v1/plans/{acme.plan}/complete-action", params=DRY,
                           json={"id": "x", "finished_on": "2026-01-05"})  # fmt: skip
    assert_problem(unknown, 409, "unknown-action", "/id")
    stale = acme.request("POST", f"/v1/plans/{acme.plan}/write-note", params=DRY, json=NOTE,
                         headers={"If-Match": '"99"'})  # fmt: skip
    assert_problem(stale, 412, "version-conflict")
    odd = acme.request("POST", f"/v1/plans/{acme.plan}/write-note", params={"dry_run": "maybe"}, json=NOTE)
    assert_problem(odd, 422, "invalid-parameters", "/dry_run")
    assert acme.version == 1


def test_a_list_is_decided_one_after_the_other(acme: Api):
    listed = [
        {"command": "add-action", "body": ACTION},
        {"command": "complete-action", "body": {"id": "call", "finished_on": "2026-01-05"}},
    ]
    would = acme.request("POST", f"/v1/plans/{acme.plan}/commands", params=DRY, json=listed)
    assert [each["events"][0]["type"] for each in would.json()["results"]] == [
        "plantrail.action-added.v2",
        "plantrail.action-completed.v1",
    ]
    assert acme.version == 1


def test_a_plan_that_would_be_opened_is_not_there_afterwards(service: Api):
    account = f"new-{os.urandom(6).hex()}"
    would = service.request("POST", "/v1/plans", params=DRY, json=OPEN_ACME | {"account_id": account})
    assert (would.status_code, would.json()["version"]) == (200, 1)
    assert "location" not in would.headers
    assert_problem(service.get(f"/v1/plans/{account}"), 404, "unknown-plan")


def test_nobody_is_forgotten_by_a_dry_run(acme: Api):
    acme.done("add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    would = acme.request("POST", f"/v1/plans/{acme.plan}/forget-stakeholder", params=DRY, json={"id": "coo"})
    assert would.json()["events"][0]["type"] == "plantrail.stakeholder-forgotten.v1"
    assert "Maria Held" in acme.view().text


def test_an_idempotency_key_is_not_used_up_by_it(acme: Api):
    key = {"Idempotency-Key": "once"}
    acme.request("POST", f"/v1/plans/{acme.plan}/write-note", params=DRY, json=NOTE, headers=key)
    assert "idempotency-replayed" not in acme.do("write-note", headers=key, **NOTE).headers
