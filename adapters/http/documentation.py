"""The OpenAPI document: what the code does not say by itself, an example for every body included."""

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from adapters.http.problems import PROBLEM_JSON, Problem
from domain.account_plan import COMMANDS
from domain.language import Command
from domain.plan import OpenPlan

EXAMPLES: dict[str, dict[str, Any]] = json.loads(files(__package__).joinpath("examples.json").read_text("utf-8"))
"""A body for every command, from a plan true to life."""

REFS = "#/components/schemas/{model}"
ABOUT = """Account plans as events: what was said, what was done, and proof of both.

A **plan** is one account's living plan. **Commands** change it (`POST /v1/plans/{plan}/plan-play`: the path is the
command's name, the body is the command), **views** show it as it stands or stood at any **cut** of its history:
`now`, `review:ID`, `version:N`, `event:ID`, a date or an instant. `{plan}` is a plan id or an account id.
Every error is an RFC 9457 problem."""


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": REFS.format(model="Problem")}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


QUERY_PROBLEMS: dict[int | str, dict[str, Any]] = {
    304: {"description": "You have this answer already (`If-None-Match`)."},
    401: _problem("Say who you are."),
    404: _problem("There is no such plan, or no such thing in it."),
    422: _problem("A parameter is wrong, or there is no such cut."),
    503: _problem("The store is down or slow; try again."),
}

COMMAND_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("The body is not JSON, or a header is malformed."),
    401: _problem("Say who you are."),
    404: _problem("There is no such plan."),
    409: _problem("The plan says no: a rule is broken, or something named is unknown or over."),
    412: _problem("`If-Match` is stale: the same thing was changed since; `events` says how."),
    413: _problem("The body is too large."),
    415: _problem("The body is not application/json."),
    422: _problem("Fields are wrong, or the Idempotency-Key was used for another body."),
    503: _problem("The store is down or slow: nothing was recorded; try again."),
}

PLAN = {
    "name": "plan",
    "in": "path",
    "required": True,
    "description": "Plan id or account id.",
    "schema": {"type": "string", "maxLength": 128},
}
HEADERS = [
    {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what you have seen: refused (412) when the same thing was changed since.",
        "schema": {"type": "string"},
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repeat a command safely: the first answer is given again for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    {
        "name": "X-Request-Id",
        "in": "header",
        "description": "Your id of this request: echoed, logged and stored with the events.",
        "schema": {"type": "string"},
    },
]


def command_documentation(name: str, command: type[Command]) -> dict[str, Any]:
    """What the route of a command says of itself."""
    title = name.replace("-", " ").capitalize()
    opens = command is OpenPlan
    return {
        "summary": title,
        "description": (command.__doc__ or "").strip(),
        "tags": [command.home],
        "status_code": 201 if opens else 200,
        "responses": _answers(201 if opens else 200),
        "openapi_extra": {
            "parameters": HEADERS if opens else [PLAN, *HEADERS],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": REFS.format(model=command.__name__)},
                        "example": EXAMPLES[name],
                    }
                },
            },
        },
    }


def commands_documentation() -> dict[str, Any]:
    """What the route for a list of commands says of itself."""
    names = ("complete-action", "reschedule-play", "add-action")
    example = [{"command": name, "body": EXAMPLES[name]} for name in names]
    items = {
        "type": "object",
        "properties": {"command": {"enum": sorted(set(COMMANDS) - {OpenPlan.called()})}, "body": {"type": "object"}},
        "required": ["command", "body"],
        "additionalProperties": False,
    }
    return {
        "summary": "Several commands, all or nothing",
        "description": "At most 100, carried out in order: after a review the list is reset in one step.",
        "tags": ["plan"],
        "responses": _answers(200),
        "openapi_extra": {
            "parameters": [PLAN, *HEADERS],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"type": "array", "items": items, "minItems": 1, "maxItems": 100},
                        "example": example,
                    }
                },
            },
        },
    }


def _answers(status: int) -> dict[int | str, dict[str, Any]]:
    answered = {"application/json": {"schema": {"$ref": REFS.format(model="CommandAnswer")}}}
    return {
        status: {"description": "Done; without events nothing was to change.", "content": answered}
    } | COMMAND_PROBLEMS


def document(app: FastAPI, answer: type[Any]) -> None:
    """Give the app its OpenAPI document: made once, with the schemas of every command and problem."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title, version=app.version, openapi_version="3.1.0", description=ABOUT, routes=app.routes
            )
            models = [(model, "validation") for model in (*COMMANDS.values(),)] + [
                (model, "serialization") for model in (Problem, answer)
            ]
            _, schemas = models_json_schema(models, ref_template=REFS)  # type: ignore[arg-type]
            made.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
            made["components"]["schemas"].pop("HTTPValidationError", None)
            made["components"]["schemas"].pop("ValidationError", None)
            made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{"key": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
