"""Addresses of calendars: who has one, what it opens, and when it ends."""

import vobject

from adapters.access.callers import Bearers
from adapters.bootstrap.store import utc_now
from adapters.http.budgets import Budget, Budgets
from adapters.http.limits import Buckets
from tests.api import PROBLEM_JSON, Api, assert_problem, served
from tests.callers import bearer, given_key, known_keys
from tests.clock import Clock
from tests.stores import MONDAY, OPEN_ACME

ACTION = {"id": "call", "statement": "Call", "kind": "task", "owner": "ann", "due_on": "2030-03-31"}


def path_of(made: dict[str, str]) -> str:
    return made["url"].partition("/calendars/")[1] + made["url"].partition("/calendars/")[2]


def summaries(api: Api, path: str) -> list[str]:
    answer = api.get(path, {"X-Actor": "nobody"})
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8", answer.text
    return [each.summary.value for each in vobject.readOne(answer.text).contents.get("vevent", [])]


def test_an_address_opens_one_calendar_without_a_key_and_is_shown_once(acme: Api):
    acme.done("add-action", **ACTION)
    made = acme.post("/v1/calendars", {"contents": "plan", "plan": acme.plan})
    assert made.status_code == 201
    assert summaries(acme, path_of(made.json())) == ["Action due: Call · Acme Manufacturing"]
    listed = acme.get("/v1/calendars").json()["items"]
    [mine] = [each for each in listed if each["id"] == made.json()["id"]]
    assert "url" not in mine
    assert mine["last_read_at"] is not None


def test_a_calendar_of_many_plans_says_that_an_archived_one_is_off(acme: Api):
    acme.done("add-action", **ACTION)
    path = path_of(acme.post("/v1/calendars", {"contents": "portfolio"}).json())
    acme.done("archive-plan", reason="They were bought")
    acme.store.portfolio.catch_up(utc_now)
    entries = vobject.readOne(acme.get(path).text).contents["vevent"]
    [mine] = [each for each in entries if acme.plan_id in each.uid.value]
    assert (mine.uid.value, mine.status.value) == (f"action-call@{acme.plan_id}", "CANCELLED")


def test_what_is_unchanged_is_not_sent_again(acme: Api):
    path = path_of(acme.post("/v1/calendars", {"contents": "plan", "plan": acme.plan}).json())
    tag = acme.get(path).headers["etag"]
    assert acme.get(path, {"If-None-Match": tag}).status_code == 304
    acme.done("add-action", **ACTION)
    assert acme.get(path, {"If-None-Match": tag}).status_code == 200


def test_an_address_that_was_ended_or_never_was_opens_nothing(acme: Api):
    made = acme.post("/v1/calendars", {"contents": "mine"}).json()
    assert acme.request("DELETE", f"/v1/calendars/{made['id']}", headers={"X-Actor": "eve"}).status_code == 404
    assert acme.request("DELETE", f"/v1/calendars/{made['id']}").status_code == 204
    for path in (path_of(made), "/calendars/guessed.ics"):
        assert_problem(acme.get(path), 404, "unknown-calendar")
    assert_problem(acme.post("/v1/calendars", {"contents": "plan", "plan": "nobody"}), 404, "unknown-plan")
    assert_problem(acme.post("/v1/calendars", {"contents": "all"}), 422, "invalid-fields", "/contents")


def test_a_calendar_ends_with_the_key_it_was_made_with_and_shows_what_its_owner_may_see(store):
    clock = Clock(MONDAY)
    keys = known_keys(store, clock)
    with served(store, Bearers(keys), clock, caller_by_key=keys.caller_by_id) as api:
        ann, ben = (bearer(given_key(store, name, "editor")) for name in ("ann", "ben"))
        keys.refresh()
        opened = api.request("POST", "/v1/plans", json=OPEN_ACME, headers=ann)
        assert opened.is_success, opened.text
        api.request("POST", "/v1/plans/acme/add-action", json=ACTION, headers=ann)
        store.portfolio.catch_up(clock)
        assert_problem(api.post("/v1/calendars", {"contents": "plan", "plan": "acme"}, ben), 404, "unknown-plan")
        mine, all_of_bens = (
            path_of(api.post("/v1/calendars", {"contents": contents}, who).json())
            for contents, who in (("mine", ann), ("portfolio", ben))
        )
        assert summaries(api, mine) == ["Action due: Call · Acme Manufacturing"]
        assert summaries(api, all_of_bens) == []
        [key] = [each for each in store.api_keys.all() if each.name == "ann"]
        store.api_keys.revoke(key.id, clock())
        keys.refresh()
        ended = api.get(mine)
        assert (ended.status_code, ended.headers["content-type"]) == (404, PROBLEM_JSON)


def test_whoever_reads_calendars_takes_their_turn_and_no_more_than_others(store):
    """They are read by programs that know nothing but the address."""
    with served(store, limits=Buckets(1, clock=lambda: 0.0)) as api:
        api.done("open-plan", **OPEN_ACME)
        paths = [path_of(api.post("/v1/calendars", {"contents": each}).json()) for each in ("mine", "portfolio")]
        api.app.state.budgets = Budgets({"gathering": Budget(concurrent=1, most=0, most_per_caller=0, seconds=2.0)})
        for path in paths:
            assert_problem(api.get(path), 429, "too-many-requests")
        assert_problem(api.post("/v1/handovers", {"from": "ann", "to": "ben", "reason": "x"}), 429, "too-many-requests")
    keys = known_keys(store)
    with served(store, Bearers(keys), caller_by_key=keys.caller_by_id, limits=Buckets(1, clock=lambda: 0.0)) as api:
        ann = bearer(given_key(store, "ann", "editor"))
        keys.refresh()
        made = api.request("POST", "/v1/calendars", json={"contents": "mine"}, headers=ann)
        statuses = [api.get(path_of(made.json())).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
