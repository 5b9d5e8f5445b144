"""A caller who may not see a plan cannot find out whether it exists, neither from the answer nor from its duration."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from httpx import Response

from adapters.postgres.store import Store, opened
from domain.account_plan.plan import plan_id_of
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.conftest import KEY
from tests.databases import Stores
from tests.stores import MONDAY, OPEN_ACME, wait_until

CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("eve", "editor", "gamma"),
    caller("ann", "editor"),
    caller("rob", "reader", "gamma"),
    caller("aud", "auditor", "gamma"),
    caller("lea", "lead", "gamma"),
    caller("adm", "admin", "gamma"),
    caller("sub", "subscriber", "gamma"),
)
VIEWS = [
    "",
    "/history",
    "/blame",
    "/reviews",
    "/diff",
    "/findings",
    "/entities/play/x/history",
    "/erasures",
    "/reviews",
]
COMMANDS = {"write-note": {"section": "plan", "text": "x"}, "place-hold": {"reason": "x"}, "commands": []}


@pytest.fixture(scope="module")
def office(stores: Stores) -> Iterator[tuple[Store, Api]]:
    """Yield a store with a plan of ann's, and a service that has not read the plan yet."""
    with stores.lend() as where, opened(where, KEY) as store:
        with served(store, CALLERS) as api:
            assert api.do("open-plan", as_("root"), **OPEN_ACME).status_code == 201
            notes = [("write-note", {"section": "plan", "text": "x"})] * 50
            assert api.do_all(*notes, headers=as_("root")).status_code == 200
        store.portfolio.catch_up(lambda: MONDAY)
        with served(store, CALLERS) as api:
            yield store, api


def test_a_plan_that_is_not_yours_is_not_even_read(office: tuple[Store, Api], monkeypatch):
    store, api = office
    read: list[UUID] = []
    before = store.events.read

    def reading(aggregate_id: UUID, after: int = 0):
        read.append(aggregate_id)
        return before(aggregate_id, after)

    monkeypatch.setattr(store.events, "read", reading)
    for actor in ("eve", "rob", "aud", "lea", "adm", "sub"):
        for name in ("acme", str(plan_id_of("acme"))):
            for view in VIEWS:
                ours, nobodys = (api.of(plan).view(view, as_(actor)) for plan in (name, "nobody"))
                assert (ours.status_code, ours.json()["type"]) == (nobodys.status_code, nobodys.json()["type"])
                assert ours.status_code in (403, 404)
            for command, body in COMMANDS.items():
                path = f"/v1/plans/{name}/{command}"
                ours, nobodys = (api.post(asked, body, as_(actor)) for asked in (path, f"/v1/plans/nobody/{command}"))
                assert (ours.status_code, ours.json()["type"]) == (nobodys.status_code, nobodys.json()["type"])
                assert not ours.is_success
            named = {"from": "ann", "to": "eve", "reason": "x", "dry_run": True, "plans": [name]}
            api.post("/v1/handovers", named, as_(actor))
            assert not api.post("/v1/calendars", {"contents": "plan", "plan": name}, as_(actor)).is_success
            api.get("/v1/events", as_(actor), plan_id=name)
            form = {
                "data": {"options": json.dumps({"kind": "goals", "plan": name})},
                "files": {"file": ("t", b"Id\nx\n")},
            }
            sent = api.request("POST", "/v1/imports", **form, headers=as_(actor))
            if sent.is_success:
                wait_until(lambda sent=sent, actor=actor: is_over(api, sent, actor))
    assert plan_id_of("acme") not in read
    assert_problem(api.view(headers=as_("eve")), 404, "unknown-plan")
    assert plan_id_of("acme") not in read


def is_over(api: Api, sent: Response, actor: str) -> bool:
    return api.get(sent.headers["location"], as_(actor)).json()["state"] in ("finished", "refused", "stopped")


def test_who_comes_to_a_plan_sees_it_at_once_though_no_table_knows_yet(office: tuple[Store, Api]):
    _, api = office
    assert api.view(headers=as_("ann")).status_code == 200
    assert_problem(api.view(headers=as_("eve")), 404, "unknown-plan")
    member = {"person": "eve", "role": "executive_sponsor", "from_on": "2026-01-05"}
    assert api.do("assign-member", as_("root"), **member).status_code == 200
    assert api.view(headers=as_("eve")).status_code == 200
    with served(office[0], CALLERS) as elsewhere:
        assert elsewhere.view(headers=as_("eve")).status_code == 200
