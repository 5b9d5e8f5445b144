"""Other ids of accounts and merged plans over HTTP: named everywhere alike, shown to nobody who may not see them."""

from collections.abc import Iterator

import pytest

from adapters.postgres.store import opened
from domain.account_plan.plan import plan_id_of
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.conftest import KEY
from tests.databases import Stores
from tests.stores import OPEN_ACME

ACME, BETA = plan_id_of("acme"), plan_id_of("beta")
CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("ann", "editor"),
    caller("rob", "reader", "acme"),
    caller("kit", "reader", "beta"),
    caller("sub", "subscriber", sees_all=True),
)
WHY = "Entered twice"


@pytest.fixture(scope="module")
def office(stores: Stores) -> Iterator[Api]:
    """Yield the service with Ann's plans Acme and Gamma and Ben's plan Beta. Acme is also known as `crm-2`."""
    with stores.lend() as where, opened(where, KEY) as store, served(store, CALLERS) as api:
        for account, owner in (("acme", "ann"), ("beta", "ben"), ("gamma", "ann")):
            opening = OPEN_ACME | {"account_id": account, "owner": owner}
            assert api.do("open-plan", as_("root"), **opening).status_code == 201
        aliased = api.post("/v1/plans/acme/alias-account", {"account_id": "crm-2"}, as_("ann"))
        assert aliased.json()["events"] == [{"id": f"{ACME}:2", "type": "plantrail.account-aliased.v1"}]
        yield api


def test_another_id_of_the_account_is_as_good_as_the_first(office: Api):
    for actor in ("root", "ann", "rob"):
        shown = office.get("/v1/plans/crm-2", as_(actor))
        assert (shown.status_code, shown.json()) == (200, office.get("/v1/plans/acme", as_(actor)).json())
    note = {"section": "plan", "text": "Seen under the other id"}
    for body in (note, note | {"text": "and again"}):
        answered = office.post("/v1/plans/crm-2/write-note", body, as_("ann")).json()
        assert answered["plan_id"] == str(ACME)
    listed = office.post("/v1/plans/crm-2/commands", [{"command": "write-note", "body": note}], as_("ann"))
    assert listed.json()["plan_id"] == str(ACME)
    history = office.get("/v1/plans/crm-2/history", as_("rob")).json()["items"]
    assert [each["type"] for each in history] == ["PlanOpened", "AccountAliased", *["NoteWritten"] * 3]
    hook = office.post("/v1/webhooks", {"url": "http://127.0.0.1:9/", "plans": ["crm-2"]}, as_("sub"))
    assert hook.json()["plans"] == [str(ACME)]


def test_it_tells_nobody_of_a_plan_that_is_not_theirs(office: Api):
    for path in ("crm-2", "crm-2/history", "acme", "nowhere"):
        assert_problem(office.get(f"/v1/plans/{path}", as_("kit")), 404, "unknown-plan")
    hidden = office.post("/v1/plans/acme/merge-plan", {"account_id": "beta", "reason": WHY}, as_("ann"))
    nowhere = office.post("/v1/plans/acme/merge-plan", {"account_id": "nowhere", "reason": WHY}, as_("ann"))
    told = [assert_problem(each, 409, "no-plan-to-merge", "/account_id")["detail"] for each in (hidden, nowhere)]
    assert told == ["There is no plan “beta” to merge.", "There is no plan “nowhere” to merge."]
    taken = office.post("/v1/plans/acme/alias-account", {"account_id": "beta"}, as_("ann"))
    assert_problem(taken, 409, "account-has-a-plan", "/account_id")
    like_a_plan = office.post("/v1/plans/acme/alias-account", {"account_id": str(BETA)}, as_("ann"))
    assert_problem(like_a_plan, 422, "invalid-fields", "/account_id")


def test_a_merger_is_tried_repeated_and_told_with_both_plans(office: Api):
    risk = {"id": "freeze", "kind": "budget_freeze", "statement": "The budget is frozen in May", "likelihood": 2,
            "impact": 3, "owner": "ann"}  # fmt: skip
    action = {"id": "call", "statement": "Call the CFO in May", "kind": "mitigation", "owner": "ann",
              "due_on": "2026-05-04", "risk": "freeze"}  # fmt: skip
    for command, body in (("raise-risk", risk), ("add-action", action)):
        assert office.post(f"/v1/plans/gamma/{command}", body, as_("ann")).status_code == 200
    merge, key = {"account_id": "gamma", "reason": WHY}, {"Idempotency-Key": "one-merger"}
    tried = office.post("/v1/plans/acme/merge-plan?dry_run=true", merge, as_("ann"))
    assert tried.json()["events"][0]["type"] == "plantrail.plan-merged.v1"
    assert office.get("/v1/plans/gamma", as_("ann")).json()["version"] == 3
    assert office.get("/v1/plans/acme/adoptions", as_("ann")).json() == {"items": [], "next": None}
    first, again = (office.post("/v1/plans/crm-2/merge-plan", merge, as_("ann") | key) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    over = office.post("/v1/plans/gamma/write-note", {"section": "plan", "text": "late"}, as_("ann"))
    problem = assert_problem(over, 409, "plan-is-merged")
    assert problem["detail"] == "The plan of “gamma” was merged into that of “acme”: go on there."
    both = office.get("/v1/events?after=0&type=plan-merged", as_("sub")).json()
    assert [(each["subject"], each["data"]) for each in both] == [
        (str(ACME), {"account_id": "gamma", "goes_on": True}),
        (str(plan_id_of("gamma")), {"account_id": "acme", "goes_on": False}),
    ]
    assert len({each["correlationid"] for each in both}) == 1
    shown = office.get("/v1/plans/gamma", as_("ann")).json()
    assert shown["sections"]["plan"]
    adopted = office.get("/v1/plans/crm-2/adoptions", as_("ann")).json()["items"]
    assert [(each["command"], each["body"], each["missing"]) for each in adopted] == [
        ("raise-risk", risk, []),
        ("add-action", {name: value for name, value in action.items() if name != "risk"}, []),
    ]
    assert office.get("/v1/plans/acme/adoptions", as_("rob")).json()["items"] == []  # Gamma is not Rob's to see
    for each in adopted:
        left = office.get("/v1/plans/acme/adoptions", as_("ann")).json()["items"]
        sent = next(one for one in left if one["id"] == each["id"])
        assert office.post(f"/v1/plans/acme/{each['command']}", sent["body"], as_("ann")).status_code == 200
    assert office.get("/v1/plans/acme/adoptions", as_("ann")).json()["items"] == []
    actions = office.get("/v1/plans/acme", as_("ann")).text
    assert '"risk":"freeze"' in actions  # once the risk was there, the action was linked to it again
