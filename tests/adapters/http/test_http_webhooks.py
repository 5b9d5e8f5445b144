"""Webhooks over HTTP: each subscriber manages their own, an administrator sees all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from adapters.http.webhooks import EXAMPLE_OF_A_REPLAY, EXAMPLE_OF_A_REQUEST
from adapters.postgres.store import opened
from application.webhooks.subscriptions import Replay, WebhookRequest
from domain.account_plan.plan import plan_id_of
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.json_schema import violations
from tests.receiver import Receiver, Reply, receiving
from tests.stores import MONDAY, OPEN_ACME, wait_until
from tests.webhooks import hooks_of

HOOKS = "/v1/webhooks"
TARGET = "http://127.0.0.1:9/hooks"
CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("sub", "subscriber", "acme"),
    replace(caller("all", "subscriber", sees_all=True), personal_data=True),
    caller("none", "subscriber"),
    caller("adm", "admin", sees_all=True),
    caller("local", "admin", "acme"),
    caller("ann", "editor", "acme"),
    caller("rob", "reader", "acme"),
    caller("aud", "auditor", "acme"),
)


@pytest.fixture(scope="module")
def office(stores: Stores) -> Iterator[Api]:
    """Yield the service with two plans: acme and beta."""
    with stores.lend() as where, opened(where, KEY) as store, served(store, CALLERS) as api:
        for account in ("acme", "beta"):
            assert api.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": account}).status_code == 201
        yield api


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def create(api: Api, actor: str = "sub", **wish: Any) -> dict[str, Any]:
    answer = api.post(HOOKS, {"url": TARGET} | wish, as_(actor))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{HOOKS}/{answer.json()['id']}"
    return dict(answer.json())


def test_who_makes_a_webhook_is_told_its_secret_once(office: Api):
    made = create(office, types=["play-won"])
    path = f"{HOOKS}/{made['id']}"
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    shown = office.get(path, as_("sub"))
    assert shown.json() == made
    assert made["types"] == ["plantrail.play-won.v1"]
    assert made["plans"] == [str(plan_id_of("acme"))]
    assert (made["state"], made["owner"], made["waiting"], made["parked"]) == ("active", "sub", 0, 0)
    assert secret not in shown.text + office.get(HOOKS, as_("sub")).text
    assert office.get(path, as_("sub") | {"If-None-Match": shown.headers["etag"]}).status_code == 304


def test_your_webhooks_are_yours_and_an_administrator_sees_all(office: Api):
    mine, theirs = create(office)["id"], create(office, "all")["id"]
    listed = {actor: {each["id"] for each in office.get(HOOKS, as_(actor)).json()["items"]} for actor in ("sub", "adm")}
    assert mine in listed["sub"]
    assert theirs not in listed["sub"]
    assert {mine, theirs} <= listed["adm"]
    for id in (theirs, str(uuid4()), "nonsense"):
        for path in ("", "/attempts", "/parked"):
            assert_problem(office.get(f"{HOOKS}/{id}{path}", as_("sub")), 404, "unknown-webhook")
        for path in ("/pause", "/resume", "/rotate-secret", "/test"):
            assert_problem(office.request("POST", f"{HOOKS}/{id}{path}", headers=as_("sub")), 404, "unknown-webhook")
        assert_problem(office.post(f"{HOOKS}/{id}/replay", {"after": "0"}, as_("sub")), 404, "unknown-webhook")
        assert_problem(office.request("DELETE", f"{HOOKS}/{id}", headers=as_("sub")), 404, "unknown-webhook")
    assert office.get(f"{HOOKS}/{theirs}", as_("adm")).json()["owner"] == "all"


def test_an_administrator_of_some_plans_has_nothing_to_do_with_what_others_are_sent(office: Api):
    theirs = create(office, "all")["id"]
    assert office.get(HOOKS, as_("local")).json()["items"] == []
    assert_problem(office.request("POST", f"{HOOKS}/{theirs}/pause", headers=as_("local")), 404, "unknown-webhook")


def test_who_may_not_follow_the_feed_is_sent_nothing_and_learns_no_secret(office: Api):
    theirs = f"{HOOKS}/{create(office, 'all')['id']}"
    taken = ("", "/resume", "/test", "/rotate-secret", "/replay")
    for actor in ("adm", "local"):
        assert_problem(office.post(HOOKS, {"url": TARGET}, as_(actor)), 403, "forbidden")
        for path in taken[1:]:
            assert_problem(office.post(theirs + path, {"after": "0"}, as_(actor)), 403, "forbidden")
    for path in taken[1:]:  # whoever has every right still is not its owner
        assert_problem(office.post(theirs + path, {"after": "0"}, as_("root")), 404, "unknown-webhook")
    for actor in ("adm", "root"):
        assert office.request("POST", f"{theirs}/pause", headers=as_(actor)).json()["state"] == "paused"
    assert office.request("POST", f"{theirs}/resume", headers=as_("all")).json()["state"] == "active"
    assert office.request("DELETE", theirs, headers=as_("adm")).status_code == 204


def test_a_plan_that_is_not_yours_is_no_place_on_the_log_to_begin_at(office: Api):
    id = create(office)["id"]
    for plan in ("beta", "nowhere"):
        cursor = f"{plan_id_of(plan)}:1"
        assert_problem(office.post(HOOKS, {"url": TARGET, "after": cursor}, as_("sub")), 410, "cursor-gone")
        assert_problem(office.post(f"{HOOKS}/{id}/replay", {"after": cursor}, as_("sub")), 410, "cursor-gone")
        answer = office.post(f"{HOOKS}/{id}/replay", {"after": "0", "plan": plan}, as_("sub"))
        assert_problem(answer, 409, "unknown-plan")
    assert create(office, after=f"{plan_id_of('acme')}:1")


@pytest.mark.parametrize("actor", ["ann", "rob", "aud"])
def test_other_roles_have_no_webhooks(office: Api, actor):
    id = create(office)["id"]
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{id}"), ("DELETE", f"/{id}"), ("POST", f"/{id}/test")):
        assert_problem(office.request(method, HOOKS + path, headers=as_(actor)), 403, "forbidden")
    assert_problem(office.get(HOOKS, as_("nobody")), 401, "unauthenticated")


def test_a_subscriber_gets_events_of_the_plans_that_were_named_for_them_only(office: Api):
    assert create(office)["plans"] == [str(plan_id_of("acme"))]
    assert create(office, "all")["plans"] == []
    assert create(office, "all", plans=["beta"])["plans"] == [str(plan_id_of("beta"))]
    beta, nowhere = (office.post(HOOKS, {"url": TARGET, "plans": [plan]}, as_("sub")) for plan in ("beta", "nowhere"))
    for answer, plan in ((beta, "beta"), (nowhere, "nowhere")):
        problem = assert_problem(answer, 409, "unknown-plan", "/plans/0")
        assert problem["detail"] == f"There is no plan “{plan}”."
    assert_problem(office.post(HOOKS, {"url": TARGET}, as_("none")), 409, "unknown-plan", "/plans")


def test_a_chat_is_sent_messages_or_digests_and_its_address_is_not_repeated(office: Api):
    made = create(office, url=f"{TARGET}?sig=s3cret", format="teams", digest="Every Monday 08:00", person="ann")
    assert (made["url"], made["format"], made["person"]) == ("http://127.0.0.1:9/…", "teams", "ann")
    assert (made["digest"], made["timezone"]) == ("monday 08:00", "UTC")
    assert datetime.fromisoformat(made["digest_at"]) > datetime(2026, 1, 5, tzinfo=UTC)
    assert "s3cret" not in office.get(HOOKS, as_("sub")).text
    replayed = office.post(f"{HOOKS}/{made['id']}/replay", {"after": "0"}, as_("sub"))
    assert_problem(replayed, 409, "nothing-to-replay")
    for wish, pointer, why in (
        ({"digest": "monday"}, "/digest", "must be a day of the week"),
        ({"digest": "day 08:00", "timezone": "Mars/Olympus"}, "/timezone", "is not a time zone"),
        ({"timezone": "Europe/Vienna"}, "", "are for digests: give `digest` as well"),
        ({"digest": "day 08:00", "types": ["play-won"]}, "", "leave out `types` and `after`"),
        ({"format": "telegram"}, "/format", "cloudevents"),
    ):
        problem = assert_problem(office.post(HOOKS, {"url": TARGET} | wish, as_("sub")), 422, "invalid-fields", pointer)
        assert why in problem["errors"][0]["detail"], problem


def test_words_about_people_take_the_right_to_them(office: Api):
    answer = office.post(HOOKS, {"url": TARGET, "personal_data": True}, as_("sub"))
    assert_problem(answer, 403, "forbidden")
    made = create(office, "all", personal_data=True)
    assert made["personal_data"] is True
    assert office.post(f"{HOOKS}/{made['id']}/replay", {"after": "now"}, as_("all")).status_code == 200

    def views() -> list[str]:
        events = office.get("/v1/access-events", as_("root"), actor="all").json()["items"]
        return sorted(event["view"] for event in events)

    wait_until(lambda: views() == ["create_webhook", "replay_webhook"])


@for_each(
    ("wish", "status", "type", "pointer"),
    [
        ({"url": "http://example.com/"}, 422, "url-refused", "/url"),
        ({"url": "https://10.0.0.1/"}, 422, "url-refused", "/url"),
        ({"url": "https://169.254.169.254/"}, 422, "url-refused", "/url"),
        ({"url": "no url"}, 422, "url-refused", "/url"),
        ({"url": "https://" + "x" * 3000}, 422, "invalid-fields", "/url"),
        ({}, 422, "invalid-fields", "/url"),
        ({"url": TARGET, "types": ["play-wun"]}, 422, "unknown-type", "/types/0"),
        ({"url": TARGET, "after": "yesterday"}, 422, "malformed-cursor", "/after"),
        ({"url": TARGET, "after": "00000000000099999999"}, 410, "cursor-gone", None),
        ({"url": TARGET, "unheard_of": 1}, 422, "invalid-fields", "/unheard_of"),
    ],
)
def test_what_is_wrong_with_a_wish_is_said(office: Api, wish, status, type, pointer):
    assert_problem(office.post(HOOKS, wish, as_("sub")), status, type, pointer)


def test_a_body_that_is_none_is_refused(office: Api):
    text = as_("sub") | {"Content-Type": "text/plain"}
    assert_problem(office.request("POST", HOOKS, content=b"{}", headers=text), 415, "unsupported-media-type")
    json = as_("sub") | {"Content-Type": "application/json"}
    assert_problem(office.request("POST", HOOKS, content=b"{", headers=json), 400, "malformed-json")


def test_nobody_has_more_than_a_hundred(office: Api, monkeypatch):
    monkeypatch.setattr("adapters.postgres.webhooks.MOST_OF_ONE_OWNER", 0)
    assert_problem(office.post(HOOKS, {"url": TARGET}, as_("all")), 409, "too-many-webhooks")


def test_lists_come_in_pages(office: Api):
    for _ in range(3):
        create(office, "all")
    first = office.get(HOOKS, as_("adm"), limit="2")
    assert first.headers["link"] == f'<{HOOKS}?limit=2&cursor={first.json()["next"]}>; rel="next"'
    seen, page = [], first.json()
    while True:
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        page = office.get(HOOKS, as_("adm"), limit="2", cursor=page["next"]).json()
    assert len(seen) == len(set(seen)) >= 3
    for path in ("", f"/{seen[0]}/attempts", f"/{seen[0]}/parked"):
        assert_problem(office.get(HOOKS + path, as_("adm"), cursor="me"), 422, "unknown-cursor", "/cursor")


def test_a_webhook_is_paused_resumed_tested_replayed_and_ended(office: Api, receiver: Receiver):
    made = create(office, url=receiver.url, after="0")
    path = f"{HOOKS}/{made['id']}"

    def do(action: str) -> dict[str, Any]:
        answer = office.request("POST", f"{path}/{action}", headers=as_("sub"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    paused = do("pause")
    assert (paused["state"], paused["reason"]) == ("paused", "sub paused it.")
    assert do("resume")["state"] == "active"

    receiver.answers(Reply(500), Reply(204))
    failed, passed = do("test"), do("test")
    assert (failed["status"], failed["error"], passed["status"]) == (500, None, 204)
    received = receiver.received[-1]
    office.clock.now = MONDAY
    assert received.event["type"] == "plantrail.webhook-test.v1"
    assert received.event["id"] == passed["event"] == received.id
    assert "." not in received.id
    listed = office.get(f"{path}/attempts", as_("sub")).json()
    assert [each["status"] for each in listed["items"]] == [204, 500]
    assert office.get(f"{path}/parked", as_("sub")).json() == {"items": [], "next": None}

    replayed = office.post(f"{path}/replay", {"after": "0", "plan": "acme"}, as_("sub"))
    assert_problem(replayed, 409, "nothing-to-replay")  # nothing was sent yet
    hooks_of(office.store, receiver).work_off()
    assert receiver.versions(str(plan_id_of("acme"))) == [1]
    assert office.post(f"{path}/replay", {"after": "0", "plan": "acme"}, as_("sub")).json()["waiting"] == 1
    assert_problem(office.post(f"{path}/replay", {"plan": "nowhere"}, as_("sub")), 409, "unknown-plan", "/plan")
    assert_problem(office.post(f"{path}/replay", {"after": "?"}, as_("sub")), 422, "malformed-cursor", "/after")
    assert_problem(office.post(f"{path}/replay", {}, as_("sub")), 409, "nothing-to-replay")

    assert office.request("DELETE", path, headers=as_("sub")).status_code == 204
    assert_problem(office.get(path, as_("sub")), 404, "unknown-webhook")


def test_a_test_is_signed_as_events_are_and_after_a_rotation_by_both_secrets(service: Api, receiver: Receiver):
    service.clock.now, before = datetime.now(UTC), service.clock.now
    made = service.post(HOOKS, {"url": receiver.url}).json()
    rotated = service.request("POST", f"{HOOKS}/{made['id']}/rotate-secret").json()
    assert service.request("POST", f"{HOOKS}/{made['id']}/test").json()["status"] == 200
    service.clock.now = before
    (received,) = receiver.received
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(received.body, received.headers)
    assert rotated.keys() == {"secret", "previous_secret_until"}


def test_the_document_tells_the_truth_about_webhooks(office: Api):
    document = office.get("/openapi.json").json()
    made = create(office)
    id = made["id"]
    paths = document["paths"]
    for method, template, body, example in (
        ("post", "", WebhookRequest, EXAMPLE_OF_A_REQUEST),
        ("post", "/{id}/replay", Replay, EXAMPLE_OF_A_REPLAY),
    ):
        content = paths[HOOKS + template][method]["requestBody"]["content"]["application/json"]
        assert violations(document, content["schema"], example) == []
        assert content["example"] == example
        assert body.model_validate(example)
        assert violations(document, content["schema"], {"unheard_of": 1})
    for method, template, answer in (
        ("post", "", office.post(HOOKS, {"url": TARGET}, as_("sub"))),
        ("get", "", office.get(HOOKS, as_("sub"))),
        ("get", "/{id}", office.get(f"{HOOKS}/{id}", as_("sub"))),
        ("post", "/{id}/test", office.request("POST", f"{HOOKS}/{id}/test", headers=as_("sub"))),
        ("get", "/{id}/attempts", office.get(f"{HOOKS}/{id}/attempts", as_("sub"))),
        ("post", "/{id}/rotate-secret", office.request("POST", f"{HOOKS}/{id}/rotate-secret", headers=as_("sub"))),
        ("get", "/{id}/parked", office.get(f"{HOOKS}/{id}/parked", as_("sub"))),
    ):
        schema = paths[HOOKS + template][method]["responses"][str(answer.status_code)]["content"]["application/json"]
        assert violations(document, schema["schema"], answer.json()) == [], (template, answer.text)
