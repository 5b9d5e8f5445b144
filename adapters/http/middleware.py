"""The middleware around every request: a request id, a log line, metrics, and answers without stack traces."""

from asyncio import CancelledError
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.permission import PermissionEnded
from adapters.http.problems import MISTAKE, RETRY_AFTER, FieldError, pointer_to, problem, told
from adapters.http.request_headers import headers_of
from adapters.http.requests import ID
from adapters.http.whole_answers import BEGINS
from adapters.observability.log_format import BoundOnce
from adapters.observability.metrics import Metrics
from domain.language import shortened

logger = structlog.get_logger("plantrail.http")

SHUTTING_DOWN = (
    "The service is being ended. Whether a command was recorded is not known: look, or repeat it with the"
    " Idempotency-Key it was sent with."
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
}
"""Security headers of every answer that does not set its own."""

FOR_DOCS = SECURITY | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
    "; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "private, max-age=300",
}
"""The security headers of the documentation page, which runs a script and shows no data of plans."""

BY_HTTPS_ALONE = {"Strict-Transport-Security": "max-age=63072000"}

COMMON = {
    (by_https, documentation): [
        (name.lower().encode(), value.encode())
        for name, value in ((FOR_DOCS if documentation else SECURITY) | (BY_HTTPS_ALONE if by_https else {})).items()
    ]
    for by_https in (False, True)
    for documentation in (False, True)
}
"""The encoded headers of answers, by whether the answer is sent over HTTPS and whether it is the documentation page."""


class RequestMiddleware:
    """ASGI middleware that adds request ids, logs and measures requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics, make_id: Callable[[], str]) -> None:
        self._app = app
        self._make_id = make_id
        self._metrics = metrics
        self._log = BoundOnce("plantrail.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, asked = perf_counter(), scope["method"]
        given = headers_of(scope).get("x-request-id", "")
        request_id = given if ID.fullmatch(given) else self._make_id()
        # A HEAD request is handled like a GET. The server keeps its own scope and sends no body.
        head_only = asked == "HEAD"
        scope = {**scope, "request_id": request_id, "head_only": head_only, "method": "GET" if head_only else asked}
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] in BEGINS:
                status = scope["status"] = message["status"]
                message["headers"] = with_common_headers(scope, message.get("headers", ()))
            await send(message)

        try:
            await (not_readable(scope) or self._app)(scope, receive, answer)
        except CancelledError:
            if status:
                raise
            await problem(Request(scope), 503, "shutting-down", SHUTTING_DOWN, RETRY_AFTER)(scope, receive, answer)
        except PermissionEnded:
            logger.warning("answer cut off", request_id=request_id, route=_route(scope), error=PermissionEnded.__doc__)
        except Exception:
            logger.exception("unhandled", request_id=request_id, route=_route(scope))
            if not status:
                await problem(Request(scope), 500, "internal-error", MISTAKE)(scope, receive, answer)
        finally:
            self._tell(scope, asked, status, perf_counter() - began)

    def _tell(self, scope: Scope, asked: str, status: int, seconds: float) -> None:
        """Log and measure a request that was answered."""
        method, route = asked if asked in METHODS else "OTHER", _route(scope)
        self._metrics.requests.answered(method, route, status, seconds)
        self._log.info(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            request_id=scope["request_id"],
            **scope.get("log_fields", {}),
        )


def with_common_headers(scope: Scope, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every answer has."""
    raw = list(given)
    names = {name for name, _ in raw}
    raw.append((b"x-request-id", scope["request_id"].encode()))
    common = COMMON[scope["scheme"] == "https", _is_documentation(scope["path"])]
    raw += [header for header in common if header[0] not in names]
    return raw


def not_readable(scope: Scope) -> ASGIApp | None:
    """Return the problem for a path or query that contains NUL, which PostgreSQL cannot store, or for a query that is
    not UTF-8; None if both are readable."""
    if "\0" in scope["path"]:
        return problem(Request(scope), 404, "not-found", "There is nothing here: a path holds no NUL.")
    query: bytes = scope["query_string"]
    if b"%" not in query and b"\0" not in query:
        return None
    with_a_nul = b"%00" in query or b"\0" in query
    if not with_a_nul and is_text(unquote_to_bytes(query)):
        return None
    parameters = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    wrong = [
        FieldError(pointer=pointer_to([name]), detail=f"“{shortened(name)}” {why}.", where="query")
        for name, value in ((name.encode(errors="replace").decode(), name + value) for name, value in parameters)
        if (why := "holds a NUL (%00)" if "\0" in value else None if is_text(value) else NO_TEXT)
    ]
    detail = "A query holds no NUL (%00)." if with_a_nul else "A query is text in UTF-8, each byte of it as %XX."
    return problem(Request(scope), 422, "invalid-parameters", detail, errors=told(wrong))


NO_TEXT = "is no text in UTF-8"


def is_text(said: bytes | str) -> bool:
    """Return whether bytes, or a string with undecodable bytes in it (surrogates), are UTF-8."""
    try:
        said.decode() if isinstance(said, bytes) else said.encode()
    except UnicodeError:
        return False
    return True


def _is_documentation(path: str) -> bool:
    return path.startswith(("/docs", "/static-offline-docs"))


def _route(scope: Scope) -> str:
    """Return the pattern of the path for logs and metrics, because the values in a path may be personal."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "unknown"))
