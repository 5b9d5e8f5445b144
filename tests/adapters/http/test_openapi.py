"""The OpenAPI document is well formed, whole, and true: what is sent and answered fits it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import pytest

from adapters.http.command_documentation import EXAMPLES
from adapters.http.resources import PLANS, THE_PROGRAM
from application.views.current_plan import SHOWN
from domain.account_plan import COMMANDS
from domain.program import PROGRAM
from tests.api import PROBLEM_JSON, Api, Told
from tests.cases import for_each
from tests.json_schema import KNOWN, resolved, violations
from tests.proving import sealed

Document = dict[str, Any]
PLAN = "/v1/plans/{plan}"
PROGRAM_PATH = "/v1/program"
ALL_COMMANDS = {**PLANS.commands, **THE_PROGRAM.commands}
VIEWS = ["", "/history", "/entities/{kind}/{id}/history", "/blame", "/diff", "/reviews"]
LISTS_AND_REPORTS = ["/v1/plans", f"{PLAN}/said-vs-did", "/v1/reports/said-vs-did"]
ERASURES = [f"{PLAN}/erasures", f"{PLAN}/erasures/{{stakeholder}}"]
WEBHOOKS = "/v1/webhooks"
FOR_OPERATORS = ["/livez", "/readyz", "/metrics"]
JSON = "application/json"


@pytest.fixture(scope="module")
def document(shared_service: Api) -> Document:
    answer = shared_service.get("/openapi.json")
    assert answer.headers["content-type"] == JSON
    return dict(answer.json())


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def inner(document: Document, part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a part means: itself, or what it refers to."""
    found: Mapping[str, Any] = resolved(document, part["$ref"]) if "$ref" in part else part
    return found


def path_of(command: str) -> str:
    if command in PROGRAM.commands:
        return PROGRAM_PATH if command == "open-program" else f"{PROGRAM_PATH}/{command}"
    return "/v1/plans" if command == "open-plan" else f"{PLAN}/{command}"


def body_schema(document: Document, command: str) -> tuple[dict[str, Any], Any]:
    content = document["paths"][path_of(command)]["post"]["requestBody"]["content"][JSON]
    return content["schema"], content["example"]


# Well formed


def test_it_is_openapi_3_1(document: Document):
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "plantrail"
    assert document["info"]["version"]
    assert document.keys() == {"openapi", "info", "paths", "components", "security"}
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"] == {"type": "http", "scheme": "bearer"}


def test_every_reference_leads_somewhere(document: Document):
    references = re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(document))
    assert references
    for reference in set(references):
        assert resolved(document, reference)


def test_nothing_is_described_that_nobody_refers_to(document: Document):
    referred = set(re.findall(r'"\$ref": ?"#/components/([^"]+)"', json.dumps(document)))
    described = {f"{kind}/{name}" for kind, entries in document["components"].items() for name in entries}
    assert described - referred == {"securitySchemes/key"}


def test_every_operation_says_what_it_is(document: Document):
    ids = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert set(ids.values()) == {1}
    for path, method, operation in operations(document):
        assert method in ("get", "post", "delete"), path
        assert re.fullmatch("[a-z][a-z0-9_]*", operation["operationId"]), path
        assert len(operation["summary"]) > 3, path
        assert len(operation["tags"]) == 1, path
        assert operation["responses"], path


def test_every_parameter_is_described_and_those_of_a_path_are_in_it(document: Document):
    for path, _, operation in operations(document):
        parameters = [inner(document, parameter) for parameter in operation.get("parameters", ())]
        names = [(parameter["in"], parameter["name"]) for parameter in parameters]
        assert len(names) == len(set(names)), path
        in_path = {name for place, name in names if place == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), path
        for parameter in parameters:
            assert len(parameter["description"]) > 5, (path, parameter["name"])
            assert parameter["schema"], (path, parameter["name"])
            assert parameter.get("required") or parameter["in"] != "path", (path, parameter["name"])


def test_every_error_is_a_problem(document: Document):
    for path, _, operation in operations(document):
        responses = {status: inner(document, response) for status, response in operation["responses"].items()}
        assert all(response["description"] for response in responses.values()), path
        assert "default" in responses, path
        for status, response in responses.items():
            if status == "default" or status >= "400":
                assert response["content"].keys() == {PROBLEM_JSON}, (path, status)
                assert response["content"][PROBLEM_JSON]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "ValidationError" not in json.dumps(document)


def test_every_schema_speaks_json_schema(document: Document):
    for path, schema in schemas(document):
        assert schema.keys() <= KNOWN, path
        assert schema.get("type", "object") in ("null", "boolean", "integer", "number", "string", "array", "object"), (
            path
        )
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), path


def schemas(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema there is, those inside others included."""
    waiting = [(name, schema) for name, schema in document["components"]["schemas"].items()]
    while waiting:
        path, schema = waiting.pop()
        yield path, schema
        parts = {
            **{f"{path}/{name}": part for name, part in schema.get("properties", {}).items()},
            **{f"{path}/{n}": part for word in ("anyOf", "oneOf") for n, part in enumerate(schema.get(word, ()))},
            **{f"{path}/{word}": schema[word] for word in ("items", "additionalProperties") if word in schema},
        }
        waiting += [(place, part) for place, part in parts.items() if isinstance(part, dict)]


# Whole


def test_whatever_can_be_asked_or_commanded_is_in_it(document: Document):
    documented = {(path, method) for path, method, _ in operations(document)}
    questions = {*LISTS_AND_REPORTS, *ERASURES, *FOR_OPERATORS, *(f"{PLAN}{view}" for view in VIEWS)}
    assert documented >= {(path, "get") for path in questions}
    assert {path for path, method in documented if method == "post" and not path.startswith(WEBHOOKS)} == {
        "/v1/events/tickets",
        *(path_of(command) for command in ALL_COMMANDS),
        f"{PLAN}/commands",
        f"{PROGRAM_PATH}/commands",
        "/v1/keys",
        "/v1/calendars",
        "/v1/imports",
        "/v1/handovers",
    }
    assert {(path.removeprefix(WEBHOOKS), method) for path, method in documented if path.startswith(WEBHOOKS)} == {
        *(("", method) for method in ("get", "post")),
        *(("/{id}", method) for method in ("get", "delete")),
        *((f"/{{id}}/{what}", "get") for what in ("attempts", "parked")),
        *((f"/{{id}}/{what}", "post") for what in ("pause", "resume", "rotate-secret", "test", "replay")),
    }


def test_whatever_is_in_it_is_served(document: Document, told: Told):
    sealed(told.api.store)
    told.api.post(PROGRAM_PATH, EXAMPLES["open-program"])
    told.api.post(f"{PROGRAM_PATH}/open-round", EXAMPLES["open-round"] | {"id": "spring"})
    example = {"id": "gold", "title": "As it should be", "plan": "acme", "cut": "now"}
    told.api.post(f"{PROGRAM_PATH}/publish-example", example)
    for path, method, _ in operations(document):
        id = f"{told.api.plan_id}:1" if path.startswith("/v1/events") else "pilot"
        type = "plantrail.play-planned.v1"
        kind, id = ("program", "program") if path.startswith(PROGRAM_PATH) else ("play", id)
        filled = path.format(
            plan="acme",
            kind=kind,
            id=id,
            stakeholder="gone",
            type=type,
            tile="0/000.p/1",
            round="spring",
            example="gold",
            pack="qbr",
            part="failed",
            token="guessed",
        )
        said = {"Content-Type": "text/plain"} if method == "post" else {}
        answer = told.api.request("head" if path.endswith("/stream") else method, filled, headers=said)
        if answer.status_code == 404 and path.startswith(WEBHOOKS):
            assert answer.json()["type"] == "/problems/unknown-webhook", path
        elif answer.status_code == 404 and path.startswith(("/v1/imports", "/calendars")):
            assert answer.json()["type"] in ("/problems/unknown-import", "/problems/unknown-calendar"), path
        else:
            assert (
                answer.status_code
                in {"post": (201,) if path.endswith("/tickets") else (415,), "get": (200, 422), "delete": (404,)}[
                    method
                ]
            ), (
                path,
                answer.text,
            )


@pytest.mark.parametrize("path", FOR_OPERATORS)
def test_operators_need_no_key(document: Document, path):
    assert document["paths"][path]["get"]["security"] == []


@for_each("command", ALL_COMMANDS)
def test_every_command_and_its_fields_are_described(document: Document, command):
    model = ALL_COMMANDS[command]
    schema = document["components"]["schemas"][model.__name__]
    operation = document["paths"][path_of(command)]["post"]
    assert schema["description"] == operation["description"]
    assert len(schema["description"]) > 20
    assert schema["properties"].keys() == model.model_fields.keys()
    assert schema["additionalProperties"] is False
    assert set(schema.get("required", ())) == {
        name for name, field in model.model_fields.items() if field.is_required()
    }
    for field in ("id", "reason", "about", "due_on", "finished_on", "goal"):
        if field in schema["properties"] and not (field == "goal" and command == "agree-pairing"):
            assert schema["properties"][field]["description"], field


def test_headers_are_in_it_that_commands_take_and_give(document: Document):
    post = document["paths"][f"{PLAN}/start-play"]["post"]
    taken = {inner(document, parameter)["name"] for parameter in post["parameters"]}
    assert taken >= {"If-Match", "Idempotency-Key", "X-Request-Id", "traceparent"}
    assert post["responses"]["200"]["headers"].keys() >= {"ETag", "X-Request-Id", "Idempotency-Replayed"}
    assert "Location" in document["paths"]["/v1/plans"]["post"]["responses"]["201"]["headers"]
    for view in ("/v1/plans", f"{PLAN}/history"):
        assert "Link" in document["paths"][view]["get"]["responses"]["200"]["headers"]


# Examples


def test_there_is_an_example_for_every_command_and_no_other():
    assert EXAMPLES.keys() == ALL_COMMANDS.keys()


@for_each("command", ALL_COMMANDS)
def test_an_example_fits_its_schema_and_is_written_as_it_is_kept(document: Document, command):
    schema, example = body_schema(document, command)
    assert violations(document, schema, example) == []
    read = ALL_COMMANDS[command].model_validate_json(json.dumps(example))
    assert json.loads(read.model_dump_json(exclude_unset=True)) == example


def test_the_schema_of_a_command_refuses_what_is_wrong(document: Document):
    schema, example = body_schema(document, "plan-play")
    assert violations(document, schema, example | {"unheard_of": 1})
    assert violations(document, schema, example | {"kind": "shot"})
    assert violations(document, schema, {name: value for name, value in example.items() if name != "due_on"})


@pytest.mark.torture
def test_the_example_of_a_list_fits_its_schema_and_every_command_may_be_in_one(document: Document):
    schema, example = body_schema(document, "commands")
    assert violations(document, schema, example) == []
    listable = [
        {"command": name, "body": body} for name, body in EXAMPLES.items() if name in {*COMMANDS} - {"open-plan"}
    ]
    for each in listable:
        assert violations(document, schema, [each]) == []
    assert violations(document, schema, listable[:100]) == []
    assert violations(document, schema, listable[:101])
    assert violations(document, schema, [{"command": "open-plan", "body": EXAMPLES["open-plan"]}])
    assert violations(document, schema, [])


# True


@for_each("view", [*VIEWS, "/diff?from=version:1&states=true"])
def test_what_is_answered_to_a_question_fits_the_document(document: Document, told: Told, view):
    path, _, asked = view.partition("?")
    schema = document["paths"][f"{PLAN}{path}"]["get"]["responses"]["200"]["content"][JSON]["schema"]
    filled = view.replace("{kind}", "play").replace("{id}", "pilot")
    assert violations(document, schema, told.view(filled).json()) == []
    assert asked or violations(document, schema, {})


def test_what_is_answered_to_commands_fits_the_document(document: Document, told: Told):
    for command, answer in told.answers:
        response = document["paths"][path_of(command)]["post"]["responses"][str(answer.status_code)]
        assert violations(document, response["content"][JSON]["schema"], answer.json()) == [], command


def test_the_answer_to_a_list_and_problems_fit_the_document(document: Document, acme: Api):
    note = ("write-note", {"section": "plan", "text": "Budget talks in May"})
    schemas = document["components"]["schemas"]
    tag = acme.view().headers["etag"]
    assert violations(document, schemas["CommandsAnswer"], acme.do_all(note, note).json()) == []
    for problem in (
        acme.do("rename-account", headers={"If-Match": tag}, account_name="A"),
        acme.do("start-play", id=3),
        acme.do("start-play", id="nowhere"),
        acme.view(as_of="soon"),
        acme.get("/nowhere"),
    ):
        assert problem.headers["content-type"] == PROBLEM_JSON
        assert violations(document, schemas["Problem"], problem.json()) == []


def test_things_are_shown_with_all_that_may_be_said_of_them(document: Document):
    for thing in SHOWN:
        schema = document["components"]["schemas"][thing.__name__]
        shown = {name for name, field in thing.model_fields.items() if not field.exclude}
        assert schema["properties"].keys() == shown | thing.model_computed_fields.keys(), thing


# Docs


def test_the_docs_need_nobody_else(service: Api):
    page = service.get("/docs").text
    assets = re.findall(r'(?:src|href|url)\s*[=:]\s*["\']([^"\']+)', page)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/"), asset
        assert service.get(urljoin("/docs", asset)).status_code == 200, asset
    assert "https://" not in page


def test_what_a_dry_run_answers_is_documented_as_what_carrying_out_does(service: Api):
    paths = service.get("/openapi.json").json()["paths"]

    def answered(path: str, status: str) -> Any:
        return paths[path]["post"]["responses"][status]["content"]["application/json"]["schema"]

    for path in ("/v1/plans", "/v1/program"):
        assert answered(path, "200") == answered(path, "201")
    forgetting, adding = (
        answered(f"/v1/plans/{{plan}}/{name}", "200") for name in ("forget-stakeholder", "add-action")
    )
    assert forgetting["anyOf"][1] == adding, "nobody is forgotten by a dry run, so there is no certificate"
