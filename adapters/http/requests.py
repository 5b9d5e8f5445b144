"""What every request carries: its caller, its correlation, the version its caller has seen, and a valid body."""

import hashlib
import hmac
import re
from collections.abc import Callable
from uuid import UUID

from fastapi import Request
from pydantic_core import from_json

from adapters.http.conditional import log_tag
from adapters.http.permission import Permission
from adapters.http.problems import FieldError, Rejected, malformed_json
from adapters.http.request_headers import headers_of
from application.aggregates.access import Caller
from application.aggregates.handle import Key
from application.aggregates.ports import CommandContext
from domain.duplicate_keys import DuplicateKey, check_keys

MOST_BYTES = 256 * 1024
LONGEST_KEY = 255
JSON = re.compile(r"application/([a-z0-9.-]+\+)?json\s*(;|$)")
CHARSET = re.compile(r';\s*charset="?([^\s";]+)')
ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})(?:\.[^"]*?)?(?:\.(log-[0-9a-f]+))?"')
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
OF_ANOTHER_LOG = 2**31
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""The format of request ids and correlation ids that callers may choose."""


FOR_TABLE = "for_table"
"""The entry in the scope of requests by which a table reads its list."""

NoteRead = Callable[[Request, UUID | None, str | None], None]
"""Records a read in the access log: the plan, and the cut up to which its history was read."""


def caller_of(request: Request) -> Caller:
    """Return the caller, whom the guard has identified."""
    caller: Caller = request.scope["caller"]
    return caller


def is_for_table(request: Request) -> bool:
    """Return whether a table of the whole list is being made (`adapters.http.tables`), so that pages may be long."""
    return FOR_TABLE in request.scope


def permission_of(request: Request) -> Permission:
    """Return the permission that the guard has given."""
    permission: Permission = request.scope["permission"]
    return permission


async def body_of(request: Request) -> bytes:
    """Return the body. Raises `Rejected` if its media type is not JSON or it is too large."""
    check_media_type(request)
    declared = headers_of(request.scope).get("content-length", "")
    body = bytearray()
    if declared.isdecimal() and (len(declared) > 12 or int(declared) > MOST_BYTES):
        raise too_large()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise too_large()
    check_body(body)
    return bytes(body)


def check_media_type(request: Request) -> None:
    head = headers_of(request.scope)
    given, coding = head.get("content-type", ""), head.get("content-encoding", "identity")
    if given == "application/json" and coding == "identity":
        return
    media_type = given.lower()
    charset = CHARSET.search(media_type)
    if not JSON.match(media_type):
        raise Rejected(415, "unsupported-media-type", "Send the body as application/json.")
    if charset and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise Rejected(415, "unsupported-media-type", "Send the body in UTF-8, as JSON always is.")
    if coding.lower() != "identity":
        raise Rejected(415, "unsupported-content-encoding", "Send the body as it is, not compressed.")


def too_large() -> Rejected:
    return Rejected(413, "body-too-large", f"A body may have {MOST_BYTES // 1024} KiB at most.")


def check_body(body: bytes | bytearray) -> None:
    """Check the parts of JSON that pydantic does not. Raises `Rejected`."""
    check_numbers(body)
    check_duplicates(body)


def check_numbers(body: bytes | bytearray) -> None:
    """Reject NaN and Infinity, which pydantic accepts although JSON has no such numbers."""
    if b"NaN" in body or b"Infinity" in body:
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise malformed_json(str(error)) from None


def check_duplicates(body: bytes | bytearray) -> None:
    """Reject an object that has the same key twice."""
    try:
        check_keys(body)
    except DuplicateKey as error:
        blamed = FieldError(pointer=error.pointer, detail=str(error))
        raise Rejected(400, "duplicate-key", str(error), [blamed]) from None


def context(request: Request, caller: Caller, source: str = "api") -> CommandContext:
    head, request_id = headers_of(request.scope), request.scope["request_id"]
    correlation, causation = head.get("x-correlation-id", ""), head.get("x-causation-id", "")
    traceparent = head.get("traceparent", "")
    return CommandContext(
        actor=caller.actor,
        source=source,
        request_id=request_id,
        correlation_id=correlation if ID.fullmatch(correlation) else request_id,
        on_behalf_of=caller.on_behalf_of,
        causation_id=causation if ID.fullmatch(causation) else None,
        traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else None,
    )


def version_seen(request: Request, log: UUID) -> int | None:
    """Return the version in `If-Match`, the latest of several; None if it is absent or `*`.

    A version of another log counts as later than any version, so that it conflicts.
    """
    tags = headers_of(request.scope).get("if-match")
    if tags is None:
        return None
    given = [tag.strip() for tag in tags.split(",")]
    if given == ["*"]:
        return None
    found = [match for tag in given if (match := ETAG.fullmatch(tag))]
    if len(found) < len(given):
        raise Rejected(400, "malformed-if-match", "If-Match must be an ETag that this service gave.")
    ours = [int(match[1]) for match in found if match[2] in (None, log_tag(log))]
    return max(ours, default=OF_ANOTHER_LOG)


def idempotency_key(request: Request) -> str | None:
    given = headers_of(request.scope).get("idempotency-key")
    if given is not None and not 0 < len(given) <= LONGEST_KEY:
        raise Rejected(400, "malformed-idempotency-key", f"An Idempotency-Key has 1 to {LONGEST_KEY} signs.")
    return given


def sealed_key(secret: bytes, caller: Caller, route: str, given: str, body: bytes) -> Key:
    """Return the idempotency key of the caller, for this route and body, as HMACs. They do not reveal the caller's
    words."""
    scope = "\0".join((caller.actor, caller.on_behalf_of or "", route, given)).encode()
    return Key(
        hmac.digest(secret, b"scope\0" + scope, hashlib.sha256), hmac.digest(secret, b"body\0" + body, hashlib.sha256)
    )
