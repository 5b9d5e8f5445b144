"""Webhooks over HTTP: subscribers manage their own endpoints; admins see all of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from adapters.events.cloud_events import NoSuchType
from adapters.http.conditional import Answer, at_cursor, tagged
from adapters.http.documentation import LIST_QUERY, OTHER_PROBLEM, QUERY, REQUEST_ID, TEXT, problem_of
from adapters.http.guard import needs
from adapters.http.problems import FieldError, Rejected, body_read
from adapters.http.requests import NoteRead, body_of, caller_of
from application.aggregates.access import Caller, CallerNotAllowed
from application.feed.cursors import CursorMalformed
from application.webhooks.endpoints import Attempt, AttemptPage, ParkedPage, UnknownWebhook, Webhook, WebhookPage
from application.webhooks.ports import TargetRefused, TryOut, Webhooks
from application.webhooks.subscriptions import Replay, Rotated, Subscribed, Subscriptions, WebhookRequest

MOST_SHOWN = 500

WebhookPath = Annotated[str, Path(description="The webhook's id.")]
M = TypeVar("M", bound=BaseModel)
Page = WebhookPage | AttemptPage | ParkedPage


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, max_length=64, description="The value of `next` on the previous page.")
    limit: int = Field(100, ge=1, le=MOST_SHOWN, description="At most this many.")


# Documentation of the routes

RIGHT = needs("own-endpoints")
TO_SEND = needs("feed")
"""Receiving events needs the right to follow them; so does learning the secret that signs them."""
UNKNOWN = {404: problem_of("There is no such webhook, or it is not yours.")}
SHOWN: dict[str, Any] = QUERY | {
    "responses": {status: told for status, told in QUERY["responses"].items() if status != 422} | UNKNOWN,
    "openapi_extra": QUERY["openapi_extra"] | RIGHT,
}
LISTED: dict[str, Any] = LIST_QUERY | {
    "responses": LIST_QUERY["responses"] | UNKNOWN | {422: problem_of("A parameter is wrong.")},
    "openapi_extra": LIST_QUERY["openapi_extra"] | RIGHT,
}
HEADERS = {"X-Request-Id": {"description": "Under which the log speaks of the request.", "schema": TEXT}}
PROBLEMS = UNKNOWN | {
    401: problem_of("Say who you are."),
    403: problem_of("What you may do does not include this."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}
DONE: dict[str, Any] = {
    "response_description": "Done.",
    "responses": {200: {"headers": HEADERS}, **PROBLEMS},
    "openapi_extra": {"parameters": [REQUEST_ID], **RIGHT},
}
WITH_BODY = PROBLEMS | {
    400: problem_of("The body is not JSON."),
    409: problem_of("Something named is not there, or there is nothing to do."),
    410: problem_of("The cursor is of another log."),
    413: problem_of("The body is too large."),
    415: problem_of("The body is not application/json."),
    422: problem_of("Fields are wrong, or the URL leads where nothing is sent to."),
}
EXAMPLE_OF_A_REQUEST = {
    "url": "https://crm.example.com/hooks/plans",
    "types": ["plantrail.review-held.v1", "play-won"],
    "plans": ["0015-lumen"],
    "after": "now",
    "personal_data": False,
    "format": "cloudevents",
}
EXAMPLE_OF_A_REPLAY = {"after": "00000000000000000042", "plan": "0015-lumen"}


def with_body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """Return the documentation of a route that has a body."""
    content = {"application/json": {"schema": model.model_json_schema(), "example": example}}
    return {"parameters": [REQUEST_ID], "requestBody": {"required": True, "content": content}, **TO_SEND}


LOCATION = {"Location": {"description": "Of the new webhook.", "schema": TEXT}}
MADE: dict[str, Any] = {
    "response_description": "It is there. This is the only time the secret is told.",
    "responses": {201: {"headers": HEADERS | LOCATION}}
    | {status: told for status, told in WITH_BODY.items() if status != 404},
    "openapi_extra": with_body(WebhookRequest, EXAMPLE_OF_A_REQUEST),
}
REPLAYED: dict[str, Any] = DONE | {
    "responses": {200: {"headers": HEADERS}, **WITH_BODY},
    "openapi_extra": with_body(Replay, EXAMPLE_OF_A_REPLAY),
}
SENT: dict[str, Any] = DONE | {"openapi_extra": DONE["openapi_extra"] | TO_SEND}
ENDED: dict[str, Any] = DONE | {
    "response_description": "It is gone.",
    "responses": {204: {"headers": HEADERS}, **PROBLEMS},
}


# Requests and answers


def owner_limit(caller: Caller) -> str | None:
    """Return the owner whose webhooks a caller may see, pause and end; None if they may do so for everybody's."""
    return None if caller.may("all-endpoints") and caller.plans is None else caller.actor


def id_in(path: str) -> UUID:
    try:
        return UUID(path)
    except ValueError:
        raise UnknownWebhook(UnknownWebhook.__doc__) from None


async def read(request: Request, model: type[M]) -> M:
    """Parse the body as a model. Raises `Rejected`."""
    return body_read(model, await body_of(request))


def blamed_on(pointer: str, type: str, error: Exception) -> Rejected:
    return Rejected(422, type, str(error), [FieldError(pointer=pointer, detail=str(error))])


def answered(model: BaseModel, status: int = 200, **headers: str) -> Response:
    return Response(to_json(model), status, {"Cache-Control": "no-store", **headers}, media_type="application/json")


def seen(request: Request, model: Webhook | Page) -> Response:
    """Answer a GET request."""
    next = None if isinstance(model, Webhook) else model.next
    return tagged(request, Answer(to_json(model), at_cursor(request, next)))


def routes(
    webhooks: Webhooks,
    subscriptions: Subscriptions,
    try_out: TryOut,
    now: Callable[[], datetime],
    note_read: NoteRead,
) -> APIRouter:
    api = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @api.post("", response_model=Subscribed, status_code=201, summary="Have events pushed to an endpoint", **MADE)
    async def create_webhook(request: Request) -> Response:
        caller, wish = caller_of(request), await read(request, WebhookRequest)
        if wish.personal_data and not caller.personal_data:
            raise CallerNotAllowed("You may not have words about people: leave `personal_data` out.")
        if wish.personal_data:
            note_read(request, None, None)
        try:
            made = await subscriptions.begin(wish, caller.actor, caller.plans)
        except TargetRefused as error:
            raise blamed_on("/url", "url-refused", error) from None
        except NoSuchType as error:
            raise blamed_on(f"/types/{wish.types.index(error.named)}", "unknown-type", error) from None
        except CursorMalformed as error:
            raise blamed_on("/after", "malformed-cursor", error) from None
        return answered(made, 201, Location=f"/v1/webhooks/{made.id}")

    @api.get("", response_model=WebhookPage, summary="All webhooks", **LISTED)
    async def list_webhooks(request: Request, asked: Annotated[PageQuery, Query()]) -> Response:
        owner = owner_limit(caller_of(request))
        return seen(request, await run_in_threadpool(webhooks.page, owner, asked.cursor, asked.limit))

    @api.get("/{id}", response_model=Webhook, summary="One webhook, and the state of its deliveries", **SHOWN)
    async def read_webhook(request: Request, id: WebhookPath) -> Response:
        return seen(request, await run_in_threadpool(webhooks.get, id_in(id), owner_limit(caller_of(request))))

    @api.delete("/{id}", status_code=204, response_class=Response, summary="Delete a webhook", **ENDED)
    async def delete_webhook(request: Request, id: WebhookPath) -> Response:
        await run_in_threadpool(webhooks.delete, id_in(id), owner_limit(caller_of(request)))
        return Response(status_code=204)

    @api.post("/{id}/pause", response_model=Webhook, summary="Send nothing until it is resumed", **DONE)
    async def pause_webhook(request: Request, id: WebhookPath) -> Response:
        caller = caller_of(request)
        reason = f"{caller.actor} paused it."
        return answered(await run_in_threadpool(webhooks.pause, id_in(id), owner_limit(caller), now(), reason))

    @api.post(
        "/{id}/resume", response_model=Webhook, summary="Send again, beginning at once with what is waiting", **SENT
    )
    async def resume_webhook(request: Request, id: WebhookPath) -> Response:
        return answered(await run_in_threadpool(webhooks.resume, id_in(id), caller_of(request).actor, now()))

    @api.post(
        "/{id}/rotate-secret",
        response_model=Rotated,
        summary="Make a new secret; the previous one signs as well for 24 hours",
        **SENT,
    )
    async def rotate_webhook_secret(request: Request, id: WebhookPath) -> Response:
        return answered(await run_in_threadpool(subscriptions.rotate, id_in(id), caller_of(request).actor))

    @api.post("/{id}/test", response_model=Attempt, summary="Send a test event, and see the answer", **SENT)
    async def test_webhook(request: Request, id: WebhookPath) -> Response:
        return answered(await try_out(id_in(id), caller_of(request).actor))

    @api.get("/{id}/attempts", response_model=AttemptPage, summary="The outcomes of attempts", **LISTED)
    async def list_webhook_attempts(
        request: Request, id: WebhookPath, asked: Annotated[PageQuery, Query()]
    ) -> Response:
        owner = owner_limit(caller_of(request))
        return seen(request, await run_in_threadpool(webhooks.attempts, id_in(id), owner, asked.cursor, asked.limit))

    @api.get(
        "/{id}/parked",
        response_model=ParkedPage,
        summary="Plans that are not tried until they are replayed",
        **LISTED,
    )
    async def list_parked_plans(request: Request, id: WebhookPath, asked: Annotated[PageQuery, Query()]) -> Response:
        owner = owner_limit(caller_of(request))
        return seen(request, await run_in_threadpool(webhooks.parked, id_in(id), owner, asked.cursor, asked.limit))

    @api.post("/{id}/replay", response_model=Webhook, summary="Send again the events after a cursor", **REPLAYED)
    async def replay_webhook(request: Request, id: WebhookPath) -> Response:
        wanted = await read(request, Replay)
        try:
            caller = caller_of(request)
            found = await run_in_threadpool(subscriptions.replay, id_in(id), caller.actor, wanted, caller.plans)
            if found.personal_data:
                note_read(request, None, None)
            return answered(found)
        except CursorMalformed as error:
            raise blamed_on("/after", "malformed-cursor", error) from None

    return api
