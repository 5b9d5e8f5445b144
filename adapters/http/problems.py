"""Every error is an RFC 9457 problem: what went wrong, where, and what to do."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException

from adapters.http.callers import CallerNotAllowed, CallerUnknown
from application.account_plans import CommandRefused, KeyReused, VersionConflict
from application.changes import CutsOutOfOrder
from application.cuts import CutRefused
from application.history import MOST_SINCE, since
from application.ports import StoreUnavailable
from domain.language import Refusal
from domain.plan import PlanNotOpen

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "1"}
logger = structlog.get_logger("plantrail.http")


class FieldError(BaseModel):
    """What is wrong with one field: where it is (RFC 6901) and what is the matter."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    pointer: str | None = None
    errors: list[FieldError] | None = None
    current_version: int | None = None


class Rejected(Exception):
    """A request that cannot be carried out as it is, with the problem that says why."""

    def __init__(self, status: int, type: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any):
        super().__init__(detail)
        self.status = status
        self.type = type
        self.detail = detail
        self.headers = headers
        self.more = more


def problem(
    request: Request, status: int, type: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    body = {
        "type": type if type == "about:blank" else f"/problems/{type}",
        "title": HTTPStatus(status).phrase if type == "about:blank" else type.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
    }
    content = to_json({**body, **more}, inf_nan_mode="strings")
    return Response(content, status, dict(headers or {}), media_type=PROBLEM_JSON)


def pointer_to(location: Sequence[int | str]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def field_errors(errors: Sequence[ErrorDetails], prefix: str = "") -> list[dict[str, str]]:
    return [{"pointer": prefix + pointer_to(each["loc"]), "detail": each["msg"]} for each in errors[:100]]


def rejected_body(error: ValidationError, prefix: str = "") -> Rejected:
    """What pydantic found: text that is no JSON at all is 400, fields that are wrong are 422."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    if errors and errors[0]["type"] == "json_invalid":
        return Rejected(400, "malformed-json", f"The body is not JSON: {errors[0]['msg'].partition(': ')[2]}.")
    fields = field_errors(errors, prefix)
    return Rejected(422, "invalid-fields", "Some fields are wrong; see errors.", errors=fields)


def answer_with_problems(app: FastAPI) -> None:
    @app.exception_handler(Rejected)
    async def rejected(request: Request, error: Rejected) -> Response:
        return problem(request, error.status, error.type, error.detail, error.headers, **error.more)

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        status = 404 if isinstance(error, PlanNotOpen) else 409
        where = {"pointer": error.pointer} if error.pointer else {}
        return problem(request, status, error.type, str(error), None, **where)

    @app.exception_handler(CommandRefused)
    async def one_refused(request: Request, error: CommandRefused) -> Response:
        refusal = error.refusal
        pointer = f"/{error.place}/body{refusal.pointer}"
        return problem(request, 409, refusal.type, str(refusal), pointer=pointer)

    @app.exception_handler(VersionConflict)
    async def stale(request: Request, error: VersionConflict) -> Response:
        entries = [entry.model_dump(mode="json") for entry in since(error.known, error.since[:MOST_SINCE])]
        detail = f"{VersionConflict.__doc__} The plan is at version {error.current_version}."
        version = error.current_version
        return problem(request, 412, "version-conflict", detail, current_version=version, events=entries)

    @app.exception_handler(KeyReused)
    async def reused(request: Request, error: KeyReused) -> Response:
        return problem(request, 422, "idempotency-key-reused", str(error))

    @app.exception_handler(CutRefused)
    async def no_cut(request: Request, error: CutRefused) -> Response:
        return problem(request, 422, error.type, str(error))

    @app.exception_handler(CutsOutOfOrder)
    async def cuts_out_of_order(request: Request, error: CutsOutOfOrder) -> Response:
        return problem(request, 422, "cuts-out-of-order", str(error))

    @app.exception_handler(CallerUnknown)
    async def unknown(request: Request, error: CallerUnknown) -> Response:
        challenge = {"WWW-Authenticate": 'Bearer realm="plantrail"'}
        return problem(request, 401, "unauthenticated", str(error), challenge)

    @app.exception_handler(CallerNotAllowed)
    async def forbidden(request: Request, error: CallerNotAllowed) -> Response:
        return problem(request, 403, "forbidden", str(error))

    @app.exception_handler(StoreUnavailable)
    async def unavailable(request: Request, error: StoreUnavailable) -> Response:
        kind = type(error)
        logger.warning("store unavailable", error=kind.__name__)
        return problem(request, 503, "store-unavailable", kind.__doc__ or "", RETRY_AFTER)

    @app.exception_handler(RequestValidationError)
    async def wrong_parameters(request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"pointer": pointer_to(each["loc"][1:]), "in": str(each["loc"][0]), "detail": each["msg"]}
            for each in error.errors()
        ]
        return problem(request, 422, "invalid-parameters", "Some parameters are wrong; see errors.", errors=errors)

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> Response:
        details = {404: "There is nothing here; see /docs for what there is.", 405: "This path takes another method."}
        detail = details.get(error.status_code, error.detail)
        return problem(request, error.status_code, "about:blank", detail, error.headers)
