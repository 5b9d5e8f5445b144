"""The OpenAPI documentation of commands, made from their models, with an example of every body."""

import json
from collections.abc import Hashable, Iterator, Mapping
from importlib.resources import files
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from adapters.http.command_answers import ANSWERS, ErasureAnswer
from adapters.http.documentation import (
    ETAG_AND_REQUEST_ID,
    ON_BEHALF_OF,
    OTHER_PROBLEM,
    REQUEST_ID,
    SCHEMA,
    TEXT,
    header,
    problem_of,
)
from adapters.http.guard import needs
from adapters.http.problems import Problem
from adapters.http.resources import MOST_COMMANDS, PLANS, RESOURCES, THE_PROGRAM, Resource
from domain.account_plan.forgetting import ForgetStakeholder
from domain.language import Command
from domain.markers import Due, Happened, Refers, marked

EXAMPLES: Mapping[str, dict[str, Any]] = json.loads(files(__package__).joinpath("examples.json").read_text("utf-8"))
"""An example body for every command, from a realistic plan and program."""

EXAMPLES_OF_LISTS: Mapping[Resource, list[dict[str, Any]]] = {
    resource: [{"command": name, "body": EXAMPLES[name]} for name in names]
    for resource, names in (
        (PLANS, ("complete-action", "reschedule-play", "add-action")),
        (THE_PROGRAM, ("set-exchange-rates", "publish-agenda", "open-round")),
    )
}

NEEDS = {
    "new": "It makes a new {noun}; an id that is left out is made up.",
    "open": "The {noun} must be there and not be over.",
    "over": "The {noun} must be over.",
    "any": "The {noun} must be there, over or not.",
    "nothing": "",
}
"""What each command requires of the thing it changes."""

PLAN = {"name": "plan", "in": "path", "required": True, "description": "Plan id or account id.", "schema": TEXT}
PARAMETERS = {
    "plan": PLAN,
    "dry-run": {
        "name": "dry_run",
        "in": "query",
        "description": "`true`: answer what would come of it, or the refusal, and record nothing.",
        "schema": {"type": "boolean", "default": False},
    },
    "if-match": header("If-Match", "The ETag of what you have seen: 412 when the same thing was changed since."),
    "idempotency-key": header(
        "Idempotency-Key",
        "Repeat a command safely: the first answer is given again for 24 hours.",
        minLength=1,
        maxLength=255,
    ),
    "request-id": REQUEST_ID,
    "correlation-id": header("X-Correlation-Id", "Of the conversation this is part of; else the request's own id."),
    "causation-id": header("X-Causation-Id", "Of what this follows from, such as an event."),
    "on-behalf-of": ON_BEHALF_OF,
    "traceparent": header("traceparent", "W3C trace context, stored with the events."),
}
PROBLEMS = {
    "400": problem_of("The body is not JSON, or a header is malformed."),
    "401": problem_of("Say who you are."),
    "403": problem_of("What you may do does not include this."),
    "404": problem_of("There is no such plan, or no program was opened yet."),
    "409": problem_of("The plan or program says no: a rule is broken, or something named is unknown or over."),
    "412": problem_of("`If-Match` is stale: the same thing was changed since; `events` says how."),
    "413": problem_of("The body is too large."),
    "415": problem_of("The body is not application/json."),
    "422": problem_of("Fields are wrong, or the Idempotency-Key was used for another body."),
    "429": problem_of("You call more often than you may; `Retry-After` says when to go on."),
    "503": problem_of("The store is down or slow; `type` says whether nothing was recorded or that is not known."),
    "default": OTHER_PROBLEM,
}
HEADERS = ETAG_AND_REQUEST_ID | {
    "Idempotency-Replayed": {"description": "`true`: this is the first answer again.", "schema": TEXT},
    "Dry-Run": {"description": "`true`: this is what would come of it; nothing was recorded.", "schema": TEXT},
}
NEXT = ("read_plan", "read_history", "assign_member", "add_stakeholder", "plan_play", "hold_review", "archive_plan")
LINKS = {name: {"operationId": name, "parameters": {"plan": "$response.body#/plan_id"}} for name in NEXT}
"""Links to what callers may do with a plan that was just opened."""

LOCATION = {"Location": {"description": "Of what was opened.", "schema": TEXT}}


Described = tuple[Hashable, JsonSchemaMode, TypeAdapter[Any]]
"""A model whose schema is needed: its key, whether it is for input or output, and its type adapter."""


def command_documentation() -> dict[str, dict[str, Any]]:
    """Return the paths of all commands, and the components to which they refer."""
    models: list[Described] = []
    for resource in RESOURCES:
        models += (
            *((name, "validation", TypeAdapter(command)) for name, command in resource.commands.items()),
            (resource.path_of("commands"), "validation", resource.listed),
            *_answered_with(*ANSWERS[resource]),
        )
    models += _answered_with(Problem, ErasureAnswer)
    bodies, made = TypeAdapter.json_schemas(models, ref_template=SCHEMA)
    schemas, paths = made["$defs"], {}
    for resource in RESOURCES:
        for name, command in resource.commands.items():
            describe(schemas[command.__name__], command)
            paths[resource.path_of(name)] = {"post": _operation(resource, name, command, bodies[name, "validation"])}
        path = resource.path_of("commands")
        paths[path] = {"post": _operation(resource, "commands", None, bodies[path, "validation"])}
    responses = {_component(status): problem for status, problem in PROBLEMS.items()}
    return {"paths": paths, "schemas": schemas, "parameters": PARAMETERS, "responses": responses}


def _answered_with(*models: type[BaseModel]) -> list[Described]:
    return [(model, "serialization", TypeAdapter(model)) for model in models]


def _operation(resource: Resource, name: str, command: type[Command] | None, body: Mapping[str, Any]) -> dict[str, Any]:
    opens, path = name == resource.opening.called(), resource.path_of(name)
    parameters = [each for each in PARAMETERS if each != "plan" or "{plan}" in path]
    one, several = ANSWERS[resource]
    answer = several if command is None else ErasureAnswer if command is ForgetStakeholder else one
    tried = {"$ref": SCHEMA.format(model=(several if command is None else one).__name__)}
    told = {"$ref": SCHEMA.format(model=answer.__name__)}
    done = {
        "description": "Done; without events nothing was to change.",
        "headers": HEADERS | LOCATION if opens else HEADERS,
        # A dry run makes no certificate, for nobody is forgotten by it.
        "content": {"application/json": {"schema": told if opens or told == tried else {"anyOf": [told, tried]}}},
        **({"links": LINKS} if opens and resource is PLANS else {}),
    }
    would_be = {
        "description": "A dry run: what would come of it. Nothing was recorded.",
        "content": {"application/json": {"schema": tried}},
    }
    list_of = "commands" if resource is PLANS else f"{resource.of.noun}_commands"
    return {
        "operationId": name.replace("-", "_") if command else list_of,
        "summary": name.replace("-", " ").capitalize() if command else "Several commands, all or nothing",
        "description": _said_of(command) if command else _said_of_a_list(resource),
        "tags": [command.home if command else resource.of.noun],
        **needs(resource.right_needed_for(name)),
        "parameters": [{"$ref": f"#/components/parameters/{parameter}"} for parameter in parameters],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": body,
                    "example": EXAMPLES[name] if command else EXAMPLES_OF_LISTS[resource],
                }
            },
        },
        "responses": {
            **({"200": would_be, "201": done} if opens else {"200": done}),
            **{status: {"$ref": f"#/components/responses/{_component(status)}"} for status in PROBLEMS},
        },
    }


def _said_of_a_list(resource: Resource) -> str:
    return (
        f"At most {MOST_COMMANDS}, carried out in order, all or none.  Every command on {resource.called} but"
        f" `{resource.opening.called()}` may be in it ({len(resource.listable)} in all)."
    )


def _component(status: str) -> str:
    return f"problem-{status}"


def describe(schema: dict[str, Any], command: type[Command]) -> None:
    """Add to the schema of a command what its types do not say: its meaning and that of its fields."""
    schema["description"] = _said_of(command)
    for field, sentence in _said_of_fields(command):
        schema["properties"][field].setdefault("description", sentence)


def _said_of(command: type[Command]) -> str:
    needs = NEEDS[command.needs].format(noun=command.noun)
    return "\n\n".join(said for said in (cleandoc(command.__doc__ or ""), needs) if said)


def _said_of_fields(command: type[Command]) -> Iterator[tuple[str, str]]:
    if "id" in command.model_fields:
        yield "id", f"Of the {command.noun}." + (" Yours to choose." if command.needs == "new" else "")
    yield "reason", str(Command.model_fields["reason"].description)
    for field, refers in marked(command, Refers):
        yield field, f"Must be a {refers.kind} of the plan that is not over."
    for field, _ in marked(command, Happened):
        yield field, "When it happened: not after today, where the plan lives."
    for field, _ in marked(command, Due):
        yield field, "When it is due: not before the plan was opened."
