"""Promises across plans over HTTP: by who promised, as soon as they are recorded, page by page."""

from uuid import uuid4

from adapters.bootstrap.store import promises_across_plans
from tests.api import Api, assert_problem


def test_what_somebody_promised_is_listed_with_its_plan_and_the_next_page_is_linked(api: Api):
    plan = f"acme-{uuid4()}"
    acme, owner = api.with_a_plan(plan), f"ann-{uuid4()}"
    for number in range(3):
        body = {"statement": f"Send price {number}", "kind": "task", "owner": owner, "due_on": f"2030-01-0{number + 1}"}
        acme.done("add-action", id=f"p{number}", **body)
    api.store.portfolio.catch_up(api.clock)
    promises_across_plans(api.store, api.clock).catch_up()
    page = api.get("/v1/promises", owner=owner, limit=2)
    assert page.status_code == 200
    assert [(each["account_id"], each["id"]) for each in page.json()["items"]] == [(plan, "p0"), (plan, "p1")]
    assert 'rel="next"' in page.headers["link"]
    rest = api.get("/v1/promises", owner=owner, limit=2, cursor=page.json()["next"]).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (["p2"], None)
    assert api.get("/v1/promises", {"If-None-Match": page.headers["etag"]}, owner=owner, limit=2).status_code == 304


def test_a_state_that_is_none_and_a_cursor_of_another_list_are_refused(api: Api):
    assert_problem(api.get("/v1/promises", state="late"), 422, "invalid-parameters")
    assert_problem(api.get("/v1/promises", cursor="bm90"), 422, "unknown-cursor")
