"""What every request brings along: who calls, which plan, which version was seen, and a body that fits."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

from fastapi import Request

from adapters.http.callers import Caller
from adapters.http.problems import Rejected
from application.account_plans import Key
from application.ports import Circumstances
from domain.plan import PlanNotOpen, plan_id_of

MOST_BYTES = 256 * 1024
LONGEST_KEY = 255
ETAG = re.compile(r'(?:W/)?"(\d{1,9})(?:\.[^"]*)?"')
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
CONVERSATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


async def body_of(request: Request) -> bytes:
    """The body, if it is JSON by its media type and not too large."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Rejected(415, "unsupported-media-type", "Send the body as application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Rejected(413, "body-too-large", f"A body may have {MOST_BYTES // 1024} KiB at most.")
    return bytes(body)


def circumstances(request: Request, caller: Caller) -> Circumstances:
    headers, request_id = request.headers, request.scope["request_id"]
    correlation, causation = headers.get("x-correlation-id", ""), headers.get("x-causation-id", "")
    traceparent = headers.get("traceparent", "")
    return Circumstances(
        actor=caller.actor,
        source="api",
        request_id=request_id,
        correlation_id=correlation if CONVERSATION.fullmatch(correlation) else request_id,
        on_behalf_of=caller.on_behalf_of,
        causation_id=causation if CONVERSATION.fullmatch(causation) else None,
        traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else None,
    )


def version_seen(request: Request) -> int | None:
    """The version out of `If-Match`; None where it is absent or `*`."""
    if_match = request.headers.get("if-match", "*").strip()
    if if_match == "*":
        return None
    found = ETAG.fullmatch(if_match)
    if not found:
        raise Rejected(400, "malformed-if-match", "If-Match must be an ETag that this service gave.")
    return int(found[1])


def idempotency_key(request: Request, secret: bytes, caller: Caller, what: str, body: bytes) -> Key | None:
    """The caller's key for this route and body, as HMACs: what is kept holds nobody's words."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if not 0 < len(given) <= LONGEST_KEY:
        raise Rejected(400, "malformed-idempotency-key", f"An Idempotency-Key has 1 to {LONGEST_KEY} signs.")
    scope = f"{caller.actor}\0{what}\0{given}".encode()
    return Key(
        hmac.digest(secret, b"scope\0" + scope, hashlib.sha256), hmac.digest(secret, b"body\0" + body, hashlib.sha256)
    )


def plans_named(plan: str) -> Iterator[UUID]:
    """The ids a `{plan}` of a path may mean: a plan id, or the id of an account, which may look like one."""
    if CANONICAL_UUID.fullmatch(plan):
        yield UUID(plan)
    yield plan_id_of(plan)


def first_open(plan: str, use: Callable[[UUID], T]) -> T:
    """What `use` makes of the first plan of this name that there is.  Raises `PlanNotOpen`."""
    for plan_id in plans_named(plan):
        try:
            return use(plan_id)
        except PlanNotOpen:
            continue
    raise PlanNotOpen
