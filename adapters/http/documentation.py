"""The parts of the OpenAPI document that the code of the routes does not give by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from adapters.http.guard import needs
from adapters.http.problems import PROBLEM_JSON, Problem
from application.aggregates.access import Right

ABOUT = """Account plans as events: what was said, what was done, and proof of both.

A **plan** is one account's living plan. **Commands** change it (`POST /v1/plans/{plan}/plan-play`: the path is the
command's name, the body is the command), **views** show it as it stands or stood at any **cut** of its history:
`now`, `review:ID`, `version:N`, `event:ID`, a date or an instant. `{plan}` is a plan id or an account id.

In a command that changes something, a field that is absent stays as it is, `null` says that it is empty or unknown now,
and a list replaces the list. A command that changes nothing records nothing and succeeds. Decimals are strings, days
are ISO dates in the plan's time zone, instants are UTC. Every error is an RFC 9457 problem."""

SCHEMA = "#/components/schemas/{model}"
TEXT = {"type": "string"}


def header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": TEXT | schema}


def problem_of(description: str) -> dict[str, Any]:
    schema = {"$ref": SCHEMA.format(model=Problem.__name__)}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


OTHER_PROBLEM = problem_of("Every other error is a problem as well: 404, 405, 500 …")
REQUEST_ID = header("X-Request-Id", "Your id of this request: echoed, logged and stored with the events.")
ON_BEHALF_OF = header(
    "X-On-Behalf-Of", "The id of the person of yours you act for, where you may: it is recorded beside your own."
)
IF_NONE_MATCH = header("If-None-Match", "The ETag of the answer you have: 304 if it would be the same.")

ETAG_AND_REQUEST_ID = {
    "ETag": {"description": "Of what is shown: for `If-Match` and `If-None-Match`.", "schema": TEXT},
    "X-Request-Id": {"description": "Under which the log speaks of the request.", "schema": TEXT},
}
LINK = {"Link": {"description": 'Of a list that goes on: where, as `rel="next"`.', "schema": TEXT}}


def documented(right: Right, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the documentation of a view's route: the right it needs, its headers, its problems."""
    return {
        "response_description": "The view.",
        "responses": {
            200: {"headers": ETAG_AND_REQUEST_ID | (headers or {})},
            304: {"description": "You have this answer already."},
            401: problem_of("Say who you are."),
            403: problem_of("What you may do does not include this."),
            404: problem_of("There is no such plan or program, or there never was such a thing in it."),
            422: problem_of("A parameter is wrong, or there is no such cut."),
            429: problem_of("You call more often than you may; `Retry-After` says when to go on."),
            503: problem_of("The store is down or slow; try again."),
            "default": OTHER_PROBLEM,
        },
        "openapi_extra": {"parameters": [IF_NONE_MATCH, REQUEST_ID, ON_BEHALF_OF], **needs(right)},
    }


QUERY = documented("view")
LIST_QUERY = documented("view", LINK)

HEALTH: dict[str, Any] = {"responses": {"default": OTHER_PROBLEM}, "openapi_extra": needs("anybody")}
"""The documentation shared by the routes for operators."""


_DOCUMENTS: dict[str, dict[str, Any]] = {}
"""The OpenAPI document by version. Making one takes a second, and it does not depend on the data of a service."""


def document(app: FastAPI, more: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
    """Let the app make its OpenAPI document at the first request for it, from its routes and from the paths and
    components that `more` returns."""

    def openapi() -> dict[str, Any]:
        if app.version not in _DOCUMENTS:
            _DOCUMENTS[app.version] = _made(app, more())
        return _DOCUMENTS[app.version]

    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    app.openapi = openapi  # type: ignore[method-assign]


def _made(app: FastAPI, more: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, openapi_version="3.1.0", description=ABOUT, routes=app.routes
    )
    components = made["components"]
    for kind, entries in more.items():
        place = made["paths"] if kind == "paths" else components.setdefault(kind, {})
        for name, entry in entries.items():
            place[name] = place.get(name, {}) | entry
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return made | {"security": [{"key": []}]}
