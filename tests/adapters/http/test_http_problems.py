"""Every error is answered with a problem document."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from adapters.access.callers import Bearers
from adapters.postgres.store import Store
from application.aggregates.access import Caller, CallerNotAllowed
from tests.api import Api, Told, assert_problem, served
from tests.callers import bearer, given_key, known_keys
from tests.cases import for_each

NOTE = {"section": "plan", "text": "Budget talks in May"}
JSON = {"Content-Type": "application/json"}
VIEWS = ["", "/history", "/entities/play/pilot/history", "/blame", "/diff", "/reviews"]
KEY = f"plantrail_0123456789ab_{'k3y' * 14}k"


# Which case, which answer


def test_a_rule_that_was_broken(acme: Api):
    answer = acme.do("change-tier", tier="growth", reason="r", about=["nobody"])
    problem = assert_problem(answer, 409, "unknown-stakeholder", pointer="/about/0")
    assert problem["detail"] == "There is no stakeholder “nobody” in this plan."


def test_a_rule_about_no_field_in_particular(acme: Api):
    acme.done("archive-plan", reason="Sold")
    problem = assert_problem(acme.do("write-note", **NOTE), 409, "plan-is-archived")
    assert "pointer" not in problem


def test_something_that_is_over(told: Told):
    problem = assert_problem(told.api.do("start-play", id="dropped"), 409, "play-over", pointer="/id")
    assert "“dropped”" in problem["detail"]


def test_an_account_that_has_a_plan(acme: Api):
    answer = acme.do("open-plan", **OPEN | {"account_id": acme.plan})
    assert_problem(answer, 409, "plan-already-open", pointer="/account_id")


OPEN = {"account_name": "Acme", "tier": "growth", "owner": "ann", "currency": "EUR"}


def test_fields_that_are_wrong_are_all_pointed_at(acme: Api):
    answer = acme.do("plan-play", kind="shot", owner="a b", due_on="soon", unheard_of=1)
    problem = assert_problem(answer, 422, "invalid-fields")
    assert {error["pointer"] for error in problem["errors"]} == {
        "/title", "/kind", "/owner", "/due_on", "/success_measure", "/unheard_of",
    }  # fmt: skip
    assert all(len(error["detail"]) > 10 and "Value error" not in error["detail"] for error in problem["errors"])


@for_each(
    ("path", "body", "pointer", "told"),
    [
        ("open-plan", {"account": "x"}, "/account", "did you mean “account_id”?"),
        ("change-tier", {"tier": "stategic"}, "/tier", "did you mean “strategic”?"),
        ("commands", [{"command": "start-pley", "body": {}}], "/0/command", "did you mean “start-play”?"),
        ("commands", [{"comand": "start-play", "body": {}}], "/0/command", "“command” is missing."),
        ("commands", [{"command": "start-play", "boddy": {}}], "/0/boddy", "did you mean “body”?"),
        ("commands", [{"command": "start-play", "body": {"ids": "x"}}], "/0/body/ids", "did you mean “id”?"),
        ("commands", [{"command": "open-plan", "body": {}}], "/0/command", "is opened by POST /v1/plans."),
        ("commands", {}, "", "What was sent must be a list, and this is an object."),
    ],
)
def test_what_is_wrong_with_a_field_is_a_sentence_with_the_nearest_word(acme: Api, path, body, pointer, told):
    answer = acme.post("/v1/plans" if path == "open-plan" else f"/v1/plans/{acme.plan}/{path}", body)
    problem = assert_problem(answer, 422, "invalid-fields")
    assert [error for error in problem["errors"] if error["pointer"] == pointer and told in error["detail"]], problem


def test_a_key_that_stands_twice_is_refused_by_its_name_wherever_a_body_is_taken(acme: Api):
    twice = b'{"section": "plan", "text": "a", "text": "b"}'
    many = b'[{"command": "write-note", "body": ' + twice + b"}]"
    bodies = {
        f"/v1/plans/{acme.plan}/write-note": (twice, "/text"),
        f"/v1/plans/{acme.plan}/commands": (many, "/0/body/text"),
        "/v1/keys": (b'{"name": "a", "role": "reader", "role": "admin", "plans": []}', "/role"),
        "/v1/webhooks": (b'{"url": "https://a.example/", "url": "https://b.example/"}', "/url"),
        "/v1/program": (b'{"name": "a", "name": "b"}', "/name"),
    }
    for path, (body, pointer) in bodies.items():
        problem = assert_problem(acme.request("POST", path, content=body, headers=JSON), 400, "duplicate-key", pointer)
        assert f"“{pointer.rpartition('/')[2]}” stands twice" in problem["detail"]
    assert acme.version == 1


@for_each(
    ("method", "path", "told"),
    [
        ("POST", "/v1/plans/acme/strat-play", "did you mean /v1/plans/acme/start-play?"),
        ("GET", "/v1/plans/acme/said-vs-di", "did you mean /v1/plans/acme/said-vs-did?"),
        ("GET", "/v1/plan/acme", "did you mean /v1/plans/acme?"),
        ("GET", "/v1/event", "did you mean /v1/events?"),
        ("GET", "/nowhere/at/all", "see /docs for what there is."),
        ("GET", "/v1/plans/" + "x" * 5_000 + "/histori", "/history?"),
    ],
)
def test_where_there_is_nothing_the_nearest_path_is_named(service: Api, method, path, told):
    assert assert_problem(service.request(method, path), 404, "not-found")["detail"].endswith(told)


def test_of_parameters_types_and_kinds_there_are_not_the_nearest_is_named(told: Told):
    for path, parameters, near in (
        ("", {"as_off": "now"}, "did you mean “as_of”?"),
        ("/diff", {"form": "now"}, "did you mean “from”?"),
        ("/history", {"section": "opportunitys"}, "did you mean “opportunities”?"),
        ("/history", {"type": "PlayStartet"}, "did you mean “PlayStarted”?"),
        ("/history", {"limit": "501"}, "“limit” must be at most 500."),
        ("/blame", {"zzz": "1"}, "which takes as_of, section, kind and id."),
    ):
        (error,) = assert_problem(told.view(path, **parameters), 422, "invalid-parameters")["errors"]
        assert error["detail"].endswith(near), error
    kind = assert_problem(told.view("/entities/paly/pilot/history"), 404, "unknown-kind")
    assert kind["detail"].endswith("did you mean “play”?")


def test_what_was_sent_is_not_repeated(acme: Api):
    answer = acme.do("add-stakeholder", id="cfo", name=["Jane Doe"], level="Jane Doe", email="Jane Doe")
    assert_problem(answer, 422, "invalid-fields")
    assert "Jane" not in answer.text


@for_each("path", ["/nowhere", "/v1", "/v2/plans", "/v1/plans/acme/nothing", "/docs/x", "/static-offline-docs/x"])
def test_where_there_is_nothing(service: Api, path):
    assert_problem(service.get(path), 404, "not-found")


@for_each("view", VIEWS)
def test_views_of_a_plan_there_is_not(service: Api, view):
    assert_problem(service.of("nobody").view(view), 404, "unknown-plan")


@for_each(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/plans", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/v1/plans/acme", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/plans/acme/start-play", "OPTIONS, POST"),
        ("POST", "/v1/plans/acme/history", "GET, HEAD, OPTIONS"),
        ("POST", "/livez", "GET, HEAD, OPTIONS"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
        ("POST", "/static-offline-docs/swagger-ui.css", "GET, HEAD, OPTIONS"),
        ("BREW", "/v1/plans/acme", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_take(service: Api, method, path, allow):
    answer = service.request(method, path)
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allow


@for_each(
    ("path", "parameters", "pointer"),
    [
        ("", {"as_off": "now"}, "/as_off"),
        ("", {"as_of": "x" * 10_000}, "/as_of"),
        ("/history", {"limit": "many"}, "/limit"),
        ("/history", {"limit": "0"}, "/limit"),
        ("/history", {"limit": "9" * 10_000}, "/limit"),
        ("/history", {"section": "kitchen"}, "/section"),
        ("/history", {"type": "PlanSold"}, "/type"),
        ("/diff", {"states": "perhaps"}, "/states"),
        ("/blame", {"section": "\0"}, "/section"),
    ],
)
def test_parameters_that_are_wrong(told: Told, path, parameters, pointer):
    problem = assert_problem(told.view(path, **parameters), 422, "invalid-parameters", pointer=pointer)
    assert [error["in"] for error in problem["errors"]] == ["query"]


@for_each(
    ("path", "pointer"),
    [
        ("/v1/plans?limit=1&limit=2", "/limit"),
        ("/v1/plans?sort=arr&tier=growth&sort=tier", "/sort"),
        ("/v1/plans/{plan}?as_of=version:1&as_of=now", "/as_of"),
        ("/v1/plans/{plan}/blame?id=a&id=b&id=a", "/id"),
        ("/v1/promises?format=csv&format=xlsx", "/format"),
        ("/v1/program/blame?id=&id=a", "/id"),
        ("/v1/events?after=1&after=2", "/after"),
        ("/v1/measures?from=2026-01&from=2026-02", "/from"),
        ("/v1/access-events?limit=1&limit=1", "/limit"),
    ],
)
def test_a_parameter_of_one_value_that_comes_twice_is_refused_instead_of_choosing_one(told: Told, path, pointer):
    problem = assert_problem(told.api.get(path.format(plan=told.api.plan)), 422, "invalid-parameters", pointer=pointer)
    assert "takes one value" in problem["errors"][0]["detail"]


def test_a_parameter_of_several_values_comes_as_often_as_there_are(told: Told):
    for path in ("/v1/plans?tier=growth&tier=strategic", "/v1/events?type=PlanOpened&type=NoteWritten"):
        assert told.api.get(path.format(plan=told.api.plan)).status_code == 200


@for_each("path", ["/v1/promises", "/v1/plans", "/v1/plans/{plan}", "/v1/plans/{plan}/history"])
@for_each("wrong", ["neutral=perhaps", "bom=1", "bom=", "format=json&neutral=TRUE"])
def test_what_only_a_table_asks_for_is_checked_where_no_table_is_wanted(told: Told, path, wrong):
    answer = told.api.get(f"{path.format(plan=told.api.plan)}?{wrong}")
    assert_problem(answer, 422, "invalid-parameters", pointer=f"/{wrong.split('&')[-1].partition('=')[0]}")


def test_a_mistake_of_ours_is_told_without_a_stack_trace(store: Store):
    class Broken:
        async def identify(self, _: Mapping[str, str]) -> Caller:
            raise ZeroDivisionError("Jane Doe")

    with served(store, Broken()) as api, capture_logs() as lines:
        for ask in (api.view, partial(api.do, "write-note", **NOTE), partial(api.get, "/v1/plans")):
            answer = ask()
            problem = assert_problem(answer, 500, "internal-error")
            assert "Jane" not in answer.text
            assert "ZeroDivision" not in answer.text
            assert [line["event"] for line in lines] == ["unhandled", "request"]
            assert {line["request_id"] for line in lines} == {problem["request_id"]}
            lines.clear()


# Who calls


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Actor": "ann"},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": "Bearer ä".encode()},
        {"Authorization": f"Bearer {'x' * 10_000}"},
    ],
)
def test_who_has_no_key_is_told_how_to_say_who_they_are(store: Store, headers):
    with served(store, Bearers(known_keys(store))) as api:
        for answer in (
            api.request("POST", "/v1/plans/acme/write-note", content=b"not even JSON", headers=headers),
            api.request("POST", "/v1/plans", json=OPEN, headers=headers),
            api.request("POST", "/v1/plans/acme/commands", json=[], headers=headers),
            api.get("/v1/plans", headers=headers),
            *(api.view(view, headers=headers) for view in VIEWS),
        ):
            assert_problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == 'Bearer realm="plantrail"'


def test_who_may_not_do_it_is_told_so(store: Store):
    class Strict:
        async def identify(self, _: Mapping[str, str]) -> Caller:
            raise CallerNotAllowed("Robots may not do this.")

    with served(store, Strict()) as api:
        assert_problem(api.view(), 403, "forbidden")
        assert_problem(api.do("write-note", **NOTE), 403, "forbidden")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
def test_operators_and_readers_of_the_documentation_need_no_key(store: Store, path):
    with served(store, Bearers(known_keys(store))) as api:
        assert api.get(path).status_code == 200


@for_each("actor", [b"", b"Jane Doe", b"x" * 129, "ä".encode("latin-1"), b"a\tb", "a\u200bb".encode()])
def test_in_development_an_actor_is_an_id_as_well(service: Api, actor):
    answer = service.get("/v1/plans", headers={"X-Actor": actor})
    assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("actor", ["_kDxV9n3XzP0q", "o'brien@example.com", "auth0|5f/7+x=", "ä", "x" * 128])
def test_an_actor_is_whatever_an_identity_provider_gives(acme: Api, actor):
    acme.done("write-note", headers={"X-Actor": actor.encode()}, **NOTE)
    assert acme.view("/history").json()["items"][-1]["actor"] == actor


def test_an_actor_whose_id_is_an_e_mail_address_is_the_same_in_any_case(acme: Api):
    acme.done("write-note", headers={"X-Actor": "Ann@Example.com"}, **NOTE)
    mine = acme.view("/history", actor="ANN@example.COM").json()["items"]
    assert [entry["actor"] for entry in mine] == ["ann@example.com"]


def test_in_development_who_does_not_say_is_the_developer(acme: Api):
    del acme.client.headers["X-Actor"]
    try:
        acme.done("write-note", **NOTE)
    finally:
        acme.client.headers["X-Actor"] = "ann"
    assert acme.view("/history").json()["items"][-1]["actor"] == "developer"


# What every answer has


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/livez"), ("GET", "/v1/plans/acme"), ("GET", "/nowhere"), ("POST", "/v1/plans"), ("OPTIONS", "/livez")],
)
def test_every_answer_has_a_request_id_and_tells_browsers_to_be_careful(told: Told, method, path):
    answer = told.api.request(method, path, headers={"X-Request-Id": "r-1"})
    assert answer.headers["x-request-id"] == "r-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert UUID(told.api.request(method, path).headers["x-request-id"])


@for_each("path", ["/v1/plans/acme", "/v1/plans", "/livez", "/docs", "/v1/plans/nobody", "/nowhere"])
def test_head_is_get_without_the_body(told: Told, path):
    head, get = told.api.request("HEAD", path), told.api.get(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    same = ("content-length", "content-type", "etag")
    if get.is_success:
        assert [head.headers.get(name) for name in same] == [get.headers.get(name) for name in same]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/plans", "GET, HEAD, OPTIONS, POST"),
        ("/v1/plans/acme", "GET, HEAD, OPTIONS"),
        ("/v1/plans/acme/start-play", "OPTIONS, POST"),
        ("/v1/plans/acme/commands", "OPTIONS, POST"),
    ],
)
def test_options_says_what_may_be_done(service: Api, path, allow):
    answer = service.request("OPTIONS", path)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allow)
    assert "access-control-allow-origin" not in answer.headers


def test_options_of_nothing_is_nothing(service: Api):
    assert_problem(service.request("OPTIONS", "/nowhere"), 404, "not-found")


# For operators


def test_the_service_says_that_it_lives_and_is_ready(service: Api):
    assert service.get("/livez").json() == {"status": "ok"}
    assert service.get("/readyz").json() == {"status": "ok"}


def test_metrics_can_be_read_by_prometheus(acme: Api):
    before = metrics(acme)
    acme.done("write-note", **NOTE)
    acme.do("start-play", id="nowhere")
    acme.do_all(("write-note", NOTE), ("write-note", NOTE))
    acme.get("/nowhere")
    after = metrics(acme)
    grown = {sample: after[sample] - before.get(sample, 0) for sample in after}
    assert grown["plantrail_events_total", ()] == 3
    assert grown["plantrail_commands_total", (("command", "write-note"), ("outcome", "done"))] == 3
    assert grown["plantrail_commands_total", (("command", "start-play"), ("outcome", "refused"))] == 1
    noted = (("method", "POST"), ("route", "/v1/plans/{plan}/write-note"), ("status", "200"))
    assert grown["plantrail_requests_total", noted] == 1
    lost = (("method", "GET"), ("route", "unknown"), ("status", "404"))
    assert grown["plantrail_requests_total", lost] == 1
    assert acme.plan not in str(after)


def metrics(api: Api) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(api.get("/metrics").text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_methods_nobody_knows_do_not_fill_the_metrics(service: Api):
    for number in range(20):
        service.request(f"BREW{number}", "/livez")
    assert "BREW" not in str(metrics(service))


def test_nothing_is_logged_of_what_a_path_or_a_key_says(store: Store):
    key = given_key(store, "ann", "reader")
    with served(store, Bearers(known_keys(store))) as api, capture_logs() as lines:
        api.get("/v1/plans/jane-doe", headers=bearer(key), as_of="jane-doe")
        api.get("/jane-doe", headers=bearer("wrong-key-of-jane-doe"))
    assert [line["event"] for line in lines] == ["request", "request"]
    assert "jane" not in str(lines)
    assert key.split("_", 2)[2] not in str(lines)


CONFIRMED = {"command": "confirm-section", "body": {"section": "risks"}}


@for_each("query", ["actor=%ED%A0%80", "actor=%ff", "%ff=a", "actor=ann&limit=%E2%82"])
def test_a_query_that_is_no_text_is_refused(service, query):
    """A lone surrogate, a byte that is none, and half a sign are no other value, such as a replacement sign."""
    problem = assert_problem(service.get(f"/v1/access-events?{query}"), 422, "invalid-parameters")
    assert [each["detail"].partition("” ")[2] for each in problem["errors"]] == ["is no text in UTF-8."]


@for_each(
    ("method", "path", "body", "pointer", "hint"),
    [
        ("POST", "/v1/plans/{plan}/confirm-section?dryrun=true", {"section": "risks"}, "/dryrun", "“dry_run”"),
        ("POST", "/v1/plans/{plan}/commands?dry-run=1", [CONFIRMED], "/dry-run", "“dry_run”"),
        ("POST", "/v1/handovers?dry_run=true", {"from": "ann", "to": "ben", "reason": "x"}, "/dry_run", "takes none"),
        ("POST", "/v1/keys?rol=reader", {"owner": "eve", "role": "reader"}, "/rol", "takes none"),
        ("GET", "/v1/plans/{plan}/erasures?from=a", None, "/from", ""),
        ("GET", "/v1/calendars?forms=csv", None, "/forms", ""),
        ("GET", "/v1/plans/{plan}?as_off=now", None, "/as_off", "“as_of”"),
    ],
)
def test_a_parameter_that_a_route_does_not_take_is_told_and_nothing_is_done(acme, method, path, body, pointer, hint):
    before = acme.version
    answer = acme.request(method, path.format(plan=acme.plan), **({} if body is None else {"json": body}))
    problem = assert_problem(answer, 422, "invalid-parameters", pointer)
    assert "is not a parameter here" in problem["errors"][0]["detail"]
    assert hint in problem["errors"][0]["detail"]
    assert acme.version == before
