"""Commands over HTTP: a route each, and one for many of them at once."""

import re

import pytest
from structlog.testing import capture_logs

from adapters.events.cloud_events import type_of
from adapters.events.stored_format import topic_of
from adapters.observability.log_format import ALLOWED
from domain.account_plan import COMMANDS, EVENTS
from domain.account_plan.plan import plan_id_of
from tests.api import Api, Told, assert_problem, listed
from tests.cases import for_each
from tests.stores import OPEN_ACME, log

PLAN_ID = str(plan_id_of("acme"))
RISK = {"kind": "low_adoption", "likelihood": 3, "impact": 4, "owner": "ann"}
ACTION = {"kind": "task", "owner": "ann", "due_on": "2026-03-31"}
NOTE = {"section": "plan", "text": "Budget talks in May"}
UUID_LIKE = "5eed5eed-5eed-5eed-8eed-5eed5eed5eed"
ON_A_PLAN = [name for name in COMMANDS if name != "open-plan"]


# A route for every command


TODAY = {type_of(topic_of(event)) for event in EVENTS}
"""The types of events that are recorded now."""


@for_each("command", COMMANDS)
def test_every_command_is_carried_out_by_a_post_to_its_name(told: Told, command):
    for answer in told.answers_to(command):
        assert answer.status_code == (201 if command == "open-plan" else 200), answer.text
    said = [event["type"] for answer in told.answers_to(command) for event in answer.json()["events"]]
    assert said
    assert set(said) <= TODAY


def test_the_answers_name_every_type_of_event_there_is(told: Told):
    types = {event["type"] for _, answer in told.answers for event in answer.json()["events"]}
    assert types == TODAY


@for_each("command", ON_A_PLAN)
def test_there_is_nothing_to_get_where_commands_are_posted(told: Told, command):
    answer = told.view(f"/{command}")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "OPTIONS, POST"


@for_each(
    "path",
    [
        "/v1/plans/acme/win-everything",
        "/v1/plans/acme/open-plan",
        "/v1/plans/acme/start-play/",
        "/v1/plans/acme/start-play/pilot",
        "/v1/plans/start-play",
        "/v1/start-play",
        "/v1/plans//start-play",
        "/plans",
    ],
)
def test_no_other_path_takes_commands(told: Told, path):
    answer = told.api.post(path, NOTE)
    assert answer.status_code in (404, 405)
    assert_problem(answer, answer.status_code, "not-found" if answer.status_code == 404 else "method-not-allowed")


# What is answered


def test_opening_a_plan_creates_it_and_says_where_it_is(api: Api):
    answer = api.do("open-plan", **OPEN_ACME)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/plans/{PLAN_ID}"
    assert api.get(answer.headers["location"]).json()["account"]["account_name"] == "Acme Manufacturing"


def test_the_answer_says_what_came_of_it(acme: Api):
    answer = acme.do("write-note", id="n1", **NOTE)
    assert answer.json() == {
        "plan_id": acme.plan_id,
        "version": 2,
        "position": acme.view("/history").json()["items"][-1]["position"],
        "id": "n1",
        "events": [{"id": f"{acme.plan_id}:2", "type": "plantrail.note-written.v1"}],
        "warnings": [],
    }
    assert re.fullmatch(r'"2\.0\.2026-01-05\.log-[0-9a-f]{12}"', answer.headers["etag"])
    assert answer.headers["vary"] == "Authorization"
    assert "location" not in answer.headers


def test_every_event_of_a_plan_is_in_the_answer_to_a_command(told: Told):
    ids = [event["id"] for _, answer in told.answers for event in answer.json()["events"]]
    assert ids == [f"{PLAN_ID}:{version}" for version in range(1, told.api.version + 1)]


def test_an_id_that_was_left_out_is_made_up_and_answered(acme: Api):
    made = acme.done("write-note", **NOTE)["id"]
    [entry] = acme.view(f"/entities/note/{made}/history").json()["items"]
    assert entry["data"] == {"id": made, **NOTE}


def test_what_changes_nothing_records_nothing_and_succeeds(acme: Api):
    first = acme.do("rename-account", account_name="Acme Group")
    again = acme.do("rename-account", account_name="Acme Group")
    assert again.status_code == 200
    assert again.json() == first.json() | {"events": []}
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["etag"].startswith('"2.0.2026-01-05.')


def test_a_warning_says_where_to_look(acme: Api):
    [warning] = acme.done("add-action", **ACTION | {"statement": "Deepen the relationship"})["warnings"]
    assert (warning["code"], warning["pointer"]) == ("vague", "/statement")
    assert len(warning["detail"]) > 20


# Which plan


def test_a_plan_is_named_by_its_own_id_or_by_its_accounts(acme: Api):
    for name in (acme.plan, acme.plan_id, acme.plan_id.upper()):
        acme.of(name).done("write-note", **NOTE)
    assert acme.version == acme.of(acme.plan_id).version == 4


def test_no_account_takes_the_name_of_another_accounts_plan_however_it_is_spelled(acme: Api):
    id = acme.plan_id
    plain = id.replace("-", "")
    for spelled in (
        id, id.upper(), plain, plain.upper(), f"urn:uuid:{id}", f"URN:UUID:{plain}", f"uuid:{id}", f"{plain}-",
        "-".join(plain[at : at + 2] for at in range(0, 32, 2)), id.replace("-", "_"), id.replace("-", "."), f"{id}:",
    ):  # fmt: skip
        answer = acme.do("open-plan", **OPEN_ACME | {"account_id": spelled})
        assert_problem(answer, 422, "invalid-fields", "/account_id")
    for other in (f"crm.{plain}", f"crm:{id}", plain[:-1], f"{plain}0", "0015-lumen", f"g{plain[1:]}"):
        assert acme.do("open-plan", **OPEN_ACME | {"account_id": other}).status_code == 201, other
        assert acme.of(other).view().json()["account"]["account_id"] == other
    acme.done("write-note", **NOTE)
    assert acme.of(id).version == 2


@pytest.mark.parametrize("account_id", ["a:b@c.d", "A-1_2.3"])
def test_an_account_id_may_hold_signs_that_a_path_has_to_escape(api: Api, account_id):
    api = api.with_a_plan(account_id)
    escaped = api.of("".join(f"%{ord(sign):02x}" for sign in account_id))
    escaped.done("write-note", **NOTE)
    api.done("write-note", **NOTE)
    assert api.version == escaped.version == 3


def test_account_ids_that_differ_in_case_are_different(acme: Api):
    assert_problem(acme.of(acme.plan.upper()).do("write-note", **NOTE), 404, "unknown-plan")


@for_each("headers", [{}, {"If-Match": '"1.0"'}, {"Idempotency-Key": "k"}])
@for_each("plan", ["nobody", UUID_LIKE, "x" * 5_000, "%F0%9F%90%98", "%20"])
def test_where_there_is_no_such_plan_nothing_can_be_done(service: Api, plan, headers):
    nobody = service.of(plan)
    assert_problem(nobody.do("write-note", headers=headers, **NOTE), 404, "unknown-plan")
    assert_problem(nobody.do_all(("write-note", NOTE), ("write-note", NOTE), headers=headers), 404, "unknown-plan")


# A list of commands


def test_a_list_of_commands_is_carried_out_in_order_each_seeing_those_before_it(acme: Api):
    restated = ("restate-risk", {"id": "use", "statement": "Nobody uses it at night"})
    raised = ("raise-risk", {**RISK, "id": "use", "statement": "Night shift does not use it"})
    answer = acme.do_all(raised, restated, ("write-note", NOTE), restated)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["version"], told["id"]) == (4, None)
    assert [event["type"] for event in told["events"]] == [
        "plantrail.risk-raised.v1",
        "plantrail.risk-restated.v1",
        "plantrail.note-written.v1",
    ]
    assert [(each["command"], len(each["events"])) for each in told["results"]] == [
        ("raise-risk", 1),
        ("restate-risk", 1),
        ("write-note", 1),
        ("restate-risk", 0),
    ]
    made = acme.view("/history").json()["items"][-1]
    assert [each["id"] for each in told["results"]] == ["use", "use", made["data"]["id"], "use"]
    assert told["position"] == made["position"]


def test_of_a_list_all_or_nothing_is_recorded(acme: Api):
    answer = acme.do_all(*[("write-note", NOTE)] * 3, ("start-play", {"id": "nowhere"}), ("write-note", NOTE))
    assert "nowhere" in assert_problem(answer, 409, "unknown-play", pointer="/3/body/id")["detail"]
    assert acme.version == 1


def test_a_list_of_one_points_into_the_list_as_well(acme: Api):
    answer = acme.do_all(("start-play", {"id": "nowhere"}))
    assert_problem(answer, 409, "unknown-play", pointer="/0/body/id")


def test_warnings_of_a_list_point_into_it(acme: Api):
    answer = acme.do_all(("write-note", NOTE), ("add-action", ACTION | {"statement": "Deepen the relationship"})).json()
    assert [warning["pointer"] for warning in answer["warnings"]] == ["/1/body/statement"]
    assert [[each["pointer"] for each in result["warnings"]] for result in answer["results"]] == [[], ["/statement"]]


@for_each(
    ("commands", "pointer"),
    [
        ([], ""),
        ({}, ""),
        (3, ""),
        ("write-note", ""),
        (listed(*[("write-note", NOTE)] * 101), ""),
        ([1], "/0"),
        ([{}], "/0/command"),
        ([{"command": None, "body": {}}], "/0/command"),
        ([{"command": "write-note"}], "/0/body"),
        ([{"command": "write-note", "body": NOTE, "if_match": 3}], "/0/if_match"),
        (listed(("write-note", NOTE), ("win-everything", {})), "/1/command"),
        (listed(("open-plan", OPEN_ACME)), "/0/command"),
        (listed(("commands", {})), "/0/command"),
        (listed(*[("write-note", NOTE)] * 3, ("align-team", {"members": ["ann"], "goal": 3})), "/3/body/goal"),
        (listed(("align-team", {"members": ["ann", " "], "goal": "g"})), "/0/body/members/1"),
        ([{"command": "write-note", "body": []}], "/0/body"),
        ([{"command": "write-note", "body": NOTE | {"a/b~c": 1}}], "/0/body/a~1b~0c"),
    ],
)
def test_what_is_wrong_in_a_list_is_pointed_at(acme: Api, commands, pointer):
    answer = acme.post(f"/v1/plans/{acme.plan}/commands", commands)
    assert_problem(answer, 422, "invalid-fields", pointer=pointer)
    assert acme.version == 1


def test_a_hundred_commands_are_few_enough(acme: Api):
    assert acme.do_all(*[("write-note", NOTE)] * 100).json()["version"] == 101


# In which context


def test_who_said_it_and_in_which_conversation_is_on_record(acme: Api):
    headers = {
        "X-Actor": "ben",
        "X-Request-Id": "request-7",
        "X-Correlation-Id": "conversation-3",
        "X-Causation-Id": f"{acme.plan_id}:1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    answer = acme.do("write-note", headers=headers, **NOTE, reason="Said at lunch")
    assert answer.headers["x-request-id"] == "request-7"
    entry = acme.view("/history").json()["items"][-1]
    assert (entry["actor"], entry["source"], entry["reason"]) == ("ben", "api", "Said at lunch")
    assert (entry["request_id"], entry["correlation_id"]) == ("request-7", "conversation-3")
    assert entry["causation_id"] == f"{acme.plan_id}:1"
    assert headers["traceparent"].encode() in log(acme.store.where.service)[-1].state


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>", "ä", "-x"])
def test_an_id_that_is_none_is_replaced(acme: Api, given):
    names = ("X-Request-Id", "X-Correlation-Id", "X-Causation-Id", "traceparent")
    made = acme.do("write-note", headers=dict.fromkeys(names, given.encode()), **NOTE).headers["x-request-id"]
    assert len(made) == 36
    entry = acme.view("/history").json()["items"][-1]
    assert (entry["request_id"], entry["correlation_id"], entry["causation_id"]) == (made, made, None)
    assert b"traceparent" not in log(acme.store.where.service)[-1].state


@pytest.mark.parametrize(
    "traceparent",
    [
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    ],
)
def test_a_trace_that_is_none_is_not_kept(acme: Api, traceparent):
    assert acme.do("write-note", headers={"traceparent": traceparent}, **NOTE).status_code == 200
    assert b"traceparent" not in log(acme.store.where.service)[-1].state


def test_events_of_a_list_share_a_request_and_have_a_command_each(acme: Api):
    answer = acme.do_all(("write-note", NOTE), ("write-note", NOTE))
    _, one, other = acme.view("/history").json()["items"]
    assert one["request_id"] == other["request_id"] == answer.headers["x-request-id"]
    assert one["command_id"] != other["command_id"]


# What is logged


def test_a_line_is_logged_for_the_request_and_for_each_of_several_commands_and_nobodys_words(acme: Api):
    person = {"id": "cfo", "name": "Jane Doe", "email": "jane.doe@acme.example", "level": "executive"}
    with capture_logs() as lines:
        acme.do_all(("add-stakeholder", person), ("rate-power", {"id": "cfo", "power": 4}))
        acme.do("add-stakeholder", **person)
    assert [(line["event"], line.get("command"), line.get("outcome"), line.get("events")) for line in lines] == [
        ("command", "add-stakeholder", "done", 1),
        ("command", "rate-power", "done", 1),
        ("request", None, None, None),
        ("request", "add-stakeholder", "refused", 0),
    ]
    assert lines[3]["error"] == "stakeholder-id-taken"
    assert lines[2]["route"] == "/v1/plans/{plan}/commands"
    assert {line["actor"] for line in lines} == {"ann"}
    assert len({line["request_id"] for line in lines}) == 2
    assert "Jane" not in str(lines)
    assert "doe" not in str(lines)
    assert {name for line in lines for name in line} - {"log_level"} <= ALLOWED
