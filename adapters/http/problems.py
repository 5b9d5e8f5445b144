"""Errors as RFC 9457 problems: what went wrong, where, and what to do."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from adapters.access.callers import CallerUnknown
from adapters.events.cloud_events import sequence
from adapters.http.limits import TooManyRequests
from adapters.http.resources import resource_of
from adapters.http.routing import methods_allowed, nearest_path, parameters_of
from adapters.observability.readiness import Reason
from application.aggregates.access import CallerNotAllowed
from application.aggregates.handle import CommandRefused, KeyReused, VersionConflict
from application.aggregates.ports import BeyondTheLog, ProjectionLag, StoreUnavailable
from application.feed.cursors import CursorGone
from application.proof.ports import NoCheckpointYet, NotCoveredYet
from application.views.cuts import CutRefused
from application.views.diff import CutsOutOfOrder
from application.views.history import MOST_SINCE, Entry, since
from application.views.list_cursors import CursorUnknown
from application.webhooks.endpoints import NothingToReplay, TooManyWebhooks, UnknownWebhook
from application.webhooks.subscriptions import UnknownPlan
from domain.duplicate_keys import escaped
from domain.language import Refusal, kebab_case, shortened
from domain.mistakes import did_you_mean, listed, place, sentence
from domain.refusals import Misplaced
from domain.registry import REGISTRY

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "1"}
MOST_ERRORS = 100
MISTAKE = "Something went wrong on our side; it is logged under the request id."

M = TypeVar("M", bound=BaseModel)


class FieldError(BaseModel):
    """What is wrong with one field, and where it is (RFC 6901)."""

    pointer: str = Field(description="The place in the body, or the name of the parameter.", examples=["/3/body/goal"])
    detail: str
    where: str | None = Field(
        default=None,
        serialization_alias="in",
        description="For a parameter: `query`, `path` or `header`. Absent for the body.",
    )


class Problem(BaseModel):
    """RFC 9457 problem details. `type` is stable for programs, `detail` is for people."""

    type: str = Field(json_schema_extra={"format": "uri-reference"}, examples=["/problems/unknown-stakeholder"])
    title: str
    status: int
    detail: str
    instance: str = Field(json_schema_extra={"format": "uri-reference"})
    request_id: str = Field(description="The id by which the log refers to the request.")
    pointer: str | None = Field(None, description="The field of the body that breaks a rule (RFC 6901).")
    errors: list[FieldError] | None = None
    reasons: list[Reason] | None = Field(
        None, description="For a service that is not ready: the reasons; docs/operations.md says for each what to do."
    )
    current_version: int | None = Field(None, description="For a version conflict: the plan's current version.")
    last_common_position: str | None = Field(
        None, description="For a cursor of another log: the last position that both logs have."
    )
    events: list[Entry] | None = Field(
        None,
        description=f"Of a version conflict: what happened since, the first {MOST_SINCE} events, for whoever may view"
        " the plan.",
    )


class Rejected(Exception):
    """A request that cannot be carried out, with the problem that says why."""

    def __init__(self, status: int, type: str, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.type = type
        self.detail = detail
        self.errors = errors


def problem(
    request: Request, status: int, type: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    instance, request_id = quote(request.scope["path"]), request.scope["request_id"]
    content = problem_document(instance, request_id, status, type, detail, **more)
    return Response(content, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=PROBLEM_JSON)


def problem_document(instance: str, request_id: str, status: int, type: str, detail: str, **more: Any) -> bytes:
    """Return a problem document. Empty values of `more` are left out."""
    return to_json(
        {
            "type": f"/problems/{type}",
            "title": type.replace("-", " ").capitalize(),
            "status": status,
            "detail": detail,
            "instance": instance,
            "request_id": request_id,
            **{name: value for name, value in more.items() if value},
        }
    )


def refusal(request: Request, refused: Refusal, type: str, pointer: str) -> Response:
    """Return the problem for the refusal of a plan. A field that the thing does not have is answered with 422, whatever
    the plan contains."""
    status = next((status for kind, status in STATUS.items() if isinstance(refused, kind)), 409)
    errors = [FieldError(pointer=pointer, detail=str(refused))] if status == 422 else []
    return problem(request, status, type, str(refused), pointer=pointer, errors=told(errors))


STATUS: Mapping[type[Refusal], int] = {**{type.not_open: 404 for type in REGISTRY.types}, Misplaced: 422}
"""The HTTP status of refusals that are not conflicts with the current state of the plan."""


def told(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    return [error.model_dump(by_alias=True, exclude_none=True) for error in errors[:MOST_ERRORS]]


def field_error(error: ErrorDetails, model: type[BaseModel]) -> FieldError:
    """Return what is wrong with a field of a model, as a sentence."""
    return FieldError(pointer=pointer_to(error["loc"]), detail=sentence(error, model))


def pointer_to(location: Sequence[int | str]) -> str:
    """Return a location of pydantic as a JSON pointer (RFC 6901)."""
    return "".join(f"/{escaped(str(part))}" for part in place(location))


def body_read(model: type[M], body: bytes) -> M:
    """Parse a body as a model. Raises `Rejected`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise rejected_body(error, lambda each: field_error(each, model)) from None


def rejected_body(error: ValidationError, read: Callable[[ErrorDetails], FieldError]) -> Rejected:
    """Return the problem for a body that pydantic rejects: 400 if it is not JSON, 422 for wrong fields."""
    errors = error.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        return malformed_json(str(errors[0]["ctx"]["error"]))
    return Rejected(422, "invalid-fields", "Some fields are wrong; see errors.", [read(each) for each in errors])


def malformed_json(error: str) -> Rejected:
    """Return the problem for a body that is not JSON, with the position that the parser reports."""
    place = re.search(r"line (\d+) column (\d+)", error)
    where = f"it cannot be read at line {place[1]}, column {place[2]}" if place else "it cannot be read"
    return Rejected(400, "malformed-json", f"The body is not JSON: {where}.")


def no_parameter(error: ErrorDetails, known: Sequence[str]) -> str | None:
    """Return the sentence about a parameter that a route does not have; None for other mistakes."""
    if error["type"] != "extra_forbidden":
        return None
    return said_of_no_parameter(str(error["loc"][-1]), known)


def said_of_no_parameter(name: str, known: Sequence[str]) -> str:
    near = did_you_mean(name, known) or (f", which takes {listed(known)}." if known else ", which takes none.")
    return f"“{shortened(name)}” is not a parameter here{near}"


def not_a_parameter(name: str, known: Sequence[str]) -> FieldError:
    """Return the error for a parameter that a route does not have."""
    return FieldError(pointer=pointer_to([name]), detail=said_of_no_parameter(name, known), where="query")


def rejected_parameter(name: str, type: str, detail: str) -> Rejected:
    return Rejected(422, type, detail, [FieldError(pointer=f"/{name}", detail=detail, where="query")])


def type_of(error: Exception) -> str:
    """Return the problem type of an exception that a plan or the store raised."""
    if isinstance(error, CommandRefused):
        return error.refusal.type
    if isinstance(error, Refusal | CutRefused):
        return error.type
    return TYPES.get(type(error)) or kebab_case(type(error).__name__)


TYPES: Mapping[type[Exception], str] = {KeyReused: "idempotency-key-reused", NoCheckpointYet: "no-checkpoint-yet"}


def answer_with_problems(app: FastAPI) -> None:
    @app.exception_handler(Exception)
    async def mistake(request: Request, _: Exception) -> Response:
        return problem(request, 500, "internal-error", MISTAKE)

    @app.exception_handler(Rejected)
    async def rejected(request: Request, error: Rejected) -> Response:
        return problem(request, error.status, error.type, error.detail, errors=told(error.errors))

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return refusal(request, error, type_of(error), error.pointer)

    @app.exception_handler(CommandRefused)
    async def one_refused(request: Request, error: CommandRefused) -> Response:
        pointer = f"/{error.place}/body{error.refusal.pointer}"
        return refusal(request, error.refusal, type_of(error), pointer)

    @app.exception_handler(VersionConflict)
    async def stale(request: Request, error: VersionConflict) -> Response:
        type = error.known.type
        may_view = request.scope["caller"].may(resource_of(type).view)
        entries = await run_in_threadpool(since, error.known, error.since[:MOST_SINCE]) if may_view else None
        version = error.current_version
        detail = f"{VersionConflict.__doc__} The {type.noun} is at version {version}."
        return problem(request, 412, type_of(error), detail, current_version=version, events=entries)

    @app.exception_handler(KeyReused)
    @app.exception_handler(CutRefused)
    @app.exception_handler(CutsOutOfOrder)
    async def not_to_be_had(request: Request, error: Exception) -> Response:
        return problem(request, 422, type_of(error), str(error))

    @app.exception_handler(CallerUnknown)
    async def unknown(request: Request, error: CallerUnknown) -> Response:
        challenge = {"WWW-Authenticate": 'Bearer realm="plantrail"'}
        return problem(request, 401, "unauthenticated", str(error), challenge)

    @app.exception_handler(CallerNotAllowed)
    async def forbidden(request: Request, error: CallerNotAllowed) -> Response:
        return problem(request, 403, "forbidden", str(error))

    @app.exception_handler(TooManyRequests)
    async def too_many(request: Request, error: TooManyRequests) -> Response:
        return problem(request, 429, "too-many-requests", str(error), {"Retry-After": str(ceil(error.seconds))})

    @app.exception_handler(CursorUnknown)
    async def no_such_page(request: Request, error: CursorUnknown) -> Response:
        return await rejected(request, rejected_parameter("cursor", "unknown-cursor", str(error)))

    @app.exception_handler(BeyondTheLog)
    async def not_recorded(request: Request, error: BeyondTheLog) -> Response:
        return await rejected(request, rejected_parameter("at_least", "position-beyond-the-log", str(error)))

    @app.exception_handler(NotCoveredYet)
    async def not_covered(request: Request, error: NotCoveredYet) -> Response:
        return problem(request, 404, type_of(error), str(error), {"Retry-After": "30"})

    @app.exception_handler(UnknownWebhook)
    async def no_such_webhook(request: Request, error: UnknownWebhook) -> Response:
        return problem(request, 404, type_of(error), str(error))

    @app.exception_handler(UnknownPlan)
    @app.exception_handler(NothingToReplay)
    @app.exception_handler(TooManyWebhooks)
    async def not_possible(request: Request, error: Exception) -> Response:
        return problem(request, 409, type_of(error), str(error), pointer=getattr(error, "pointer", None))

    @app.exception_handler(CursorGone)
    async def of_another_log(request: Request, error: CursorGone) -> Response:
        last_common = sequence(error.last_common)
        detail = f"{CursorGone.__doc__} Discard what you have of it after {last_common}, and go on after that."
        return problem(request, 410, "cursor-gone", detail, last_common_position=last_common)

    @app.exception_handler(ProjectionLag)
    @app.exception_handler(StoreUnavailable)
    async def unavailable(request: Request, error: Exception) -> Response:
        return problem(request, 503, type_of(error), type(error).__doc__ or "", RETRY_AFTER)

    @app.exception_handler(RequestValidationError)
    async def wrong_parameters(request: Request, error: RequestValidationError) -> Response:
        known = parameters_of(request)
        errors = [
            FieldError(
                pointer=pointer_to(each["loc"][1:]),
                detail=no_parameter(each, known) or sentence(each),
                where=str(each["loc"][0]),
            )
            for each in error.errors()
        ]
        return problem(
            request, 422, "invalid-parameters", "Some parameters are wrong; see errors.", errors=told(errors)
        )

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, _: ClientDisconnect) -> Response:
        return problem(request, 400, "incomplete-body", "The connection was closed before the body had come whole.")

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> Response:
        allow = {"Allow": ", ".join(methods_allowed(app, request.scope))}
        if error.status_code == 405 and request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        if error.status_code == 405:
            return problem(request, 405, "method-not-allowed", "This path takes another method; see Allow.", allow)
        if error.status_code == 404:
            near = nearest_path(app, request.scope["path"])
            hint = f"did you mean {near}?" if near else "see /docs for what there is."
            return problem(request, 404, "not-found", f"There is nothing here; {hint}")
        return problem(request, error.status_code, "not-served", error.detail, error.headers)
