"""The feed over HTTP: page by page, or as a stream of server-sent events."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from adapters.access.tickets import Tickets
from adapters.events.cloud_events import NoSuchType, sequence, topics_of
from adapters.http.conditional import CACHING
from adapters.http.documentation import OTHER_PROBLEM, REQUEST_ID, TEXT, header, problem_of
from adapters.http.event_stream import RETRY_MILLISECONDS, STREAM, EventStream, batch, pulled
from adapters.http.guard import STREAM_PATH, needs
from adapters.http.problems import rejected_parameter
from adapters.http.requests import NoteRead, caller_of, permission_of
from adapters.http.subscribers import Subscribers
from application.aggregates.access import Caller
from application.feed.cursors import Cursor, CursorMalformed, SourceMalformed, cursor
from application.feed.ports import EventFilter
from application.views.plan_names import plans_named
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID

BATCH = "application/cloudevents-batch+json"
MOST_EVENTS = 1_000
MOST_MILLISECONDS = 30_000


# Requests


class FeedQuery(BaseModel):
    """Which events to send, and after which cursor."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(
        None,
        max_length=100,
        description="A cursor: the `id` or the `sequence` of the last event you have; `now` for future events only."
        " By default from the first event.",
        examples=["00000000000000000042"],
    )
    last_event_id: str | None = Field(None, alias="lastEventId", max_length=100, description="The same as `after`.")
    source: str | None = Field(
        None,
        max_length=100,
        description="The `source` of the event that the cursor belongs to: 410 if that is another log and the"
        " cursor is beyond what both have.",
    )
    type: list[str] = Field(
        [],
        max_length=200,
        description="Only events of these types, repeated or separated by commas: `plantrail.play-started.v1`, or"
        " `play-started` for all its shapes.",
    )
    plan_id: str | None = Field(None, max_length=128, description="Only events of this plan: account id or plan id.")
    subject: str | None = Field(
        None, max_length=128, description="Only events with this `subject`: a plan id, an account id, or `program`."
    )

    def cursor(self, caller: Caller, last_event_id: str | None = None) -> Cursor:
        """Return the cursor. Raises `Rejected`."""
        if self.after and self.last_event_id and not last_event_id:
            raise rejected_parameter(
                "lastEventId", "invalid-parameters", "It is the same as `after`: send one of them."
            )
        name = "after" if self.after else "lastEventId"
        try:
            return cursor(last_event_id or self.after or self.last_event_id or "0", self.source, caller.plans)
        except CursorMalformed as error:
            raise rejected_parameter(name, "malformed-cursor", str(error)) from None
        except SourceMalformed as error:
            raise rejected_parameter("source", "invalid-parameters", str(error)) from None

    def wanted(self, caller: Caller, meant: Callable[[UUID], UUID]) -> EventFilter:
        """Return the filter. `meant` returns the plan that an id stands for, because plans can be merged. Raises
        `Rejected`, `StoreUnavailable`."""
        try:
            topics = topics_of(self.type)
        except NoSuchType as error:
            raise rejected_parameter("type", "unknown-type", str(error)) from None
        plans = frozenset(str(meant(id)) for id in plans_named(self.plan_id)) if self.plan_id else None
        subjects = frozenset(str(meant(id)) for id in subjects_named(self.subject)) if self.subject else None
        theirs = None if caller.plans is None else frozenset(map(str, caller.plans))
        return EventFilter(topics, common(common(plans, subjects), theirs))


class FeedStreamQuery(FeedQuery):
    """Which events to stream, and the ticket of a caller who cannot send headers."""

    ticket: str | None = Field(
        None,
        max_length=20_000,
        description="For a browser's `EventSource`, which cannot send a header: what `POST /v1/events/tickets` gave you"
        " within the last minute.",
    )


class Ticket(BaseModel):
    """A ticket that identifies its caller for a minute where no header can be sent, as in a browser's `EventSource`."""

    ticket: str
    expires_at: datetime
    url: str = Field(description="Of the stream, with the ticket: add what else you want to ask.")


class FeedPageQuery(FeedQuery):
    """Which page of the feed to return, and how long to wait for it."""

    limit: int = Field(100, ge=1, le=MOST_EVENTS, description="At most this many events.")
    timeout: int = Field(
        0, ge=0, le=MOST_MILLISECONDS, description="Milliseconds to wait for an event if there is none yet."
    )


def subjects_named(subject: str) -> Iterable[UUID]:
    """Return the ids of the aggregates that a subject may mean."""
    return (PROGRAM_ID,) if subject == PROGRAM.noun else plans_named(subject)


def common(plans: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    if plans is None or others is None:
        return others if plans is None else plans
    return plans & others


# Documentation of the routes

EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1cc8ea04-5a0a-5e4b-8a4f-7f5ac93a7d2e:7",
    "source": "/logs/6f0e3f0c-4b0e-4f64-9d0c-3f5f7f0b2a11",
    "type": "plantrail.play-rescheduled.v1",
    "datacontenttype": "application/json",
    "dataschema": "https://plans.example.com/schemas/plantrail.play-rescheduled.v1.json",
    "subject": "1cc8ea04-5a0a-5e4b-8a4f-7f5ac93a7d2e",
    "time": "2027-01-12T09:30:00.123456Z",
    "sequence": "00000000000000000042",
    "partitionkey": "1cc8ea04-5a0a-5e4b-8a4f-7f5ac93a7d2e",
    "planversion": 7,
    "actor": "ann",
    "correlationid": "b7ad6b71-6920-4331-8f3a-0c2d1b7a9e54",
    "data": {"id": "tour", "due_on": "2027-03-05", "former": "2027-02-10"},
}
SENT = {
    "retry": RETRY_MILLISECONDS,
    "id": EXAMPLE["sequence"],
    "event": EXAMPLE["type"],
    "data": to_json(EXAMPLE).decode(),
}
CLOUD_EVENT = {
    "type": "object",
    "description": "A CloudEvent 1.0 in structured mode. Deduplicate on `id`, within its `source`.",
    "required": [name for name in EXAMPLE if name not in ("causationid", "traceparent")],
    "properties": {
        name: {"type": "integer"} if name == "planversion" else {"type": "object"} if name == "data" else TEXT
        for name in (*EXAMPLE, "causationid", "traceparent")
    },
}


def answered(description: str, media_type: str, content: Mapping[str, Any], **headers: Any) -> dict[str, Any]:
    """Return the documentation of a route of the feed."""
    return {
        "response_class": Response,
        "response_description": description,
        "responses": {
            200: {"content": {media_type: content}, "headers": headers},
            401: problem_of("Say who you are."),
            410: problem_of("The cursor is of another log: `last_common_position` is the last place both have."),
            422: problem_of("A parameter is wrong, or there is no such type."),
            503: problem_of("The store is down or slow; try again."),
            "default": OTHER_PROBLEM,
        },
        "openapi_extra": {"parameters": [REQUEST_ID], **needs("feed")},
    }


PULLED = answered(
    "The events; none where there are none yet.",
    BATCH,
    {"schema": {"type": "array", "items": CLOUD_EVENT}, "example": [EXAMPLE]},
    Link={"description": 'Where the feed goes on, as `rel="next"`: past what was not wanted, too.', "schema": TEXT},
)
STREAMED = answered(
    "Server-sent events: `id` is a cursor, `event` the type, `data` the CloudEvent.",
    STREAM,
    {"schema": TEXT, "example": "".join(f"{name}: {value}\n" for name, value in SENT.items()) + "\n"},
)
STREAMED["openapi_extra"]["parameters"].append(
    header("Last-Event-ID", "The `id` of the last event you have; it takes precedence over `after`.")
)


TICKETED: dict[str, Any] = {
    "response_description": "The ticket.",
    "responses": {
        401: problem_of("Say who you are."),
        403: problem_of("What you may do does not include this."),
        "default": OTHER_PROBLEM,
    },
    "openapi_extra": {"parameters": [REQUEST_ID], **needs("feed")},
}


# Routes


def routes(subscribers: Subscribers, meant: Callable[[UUID], UUID], note_read: NoteRead, tickets: Tickets) -> APIRouter:
    api = APIRouter(prefix="/v1/events", tags=["feed"])

    async def wanted_by(caller: Caller, asked: FeedQuery) -> EventFilter:
        if asked.plan_id or asked.subject:
            return await run_in_threadpool(asked.wanted, caller, meant)
        return asked.wanted(caller, meant)

    @api.get("", summary="Events after a cursor, in the order they were recorded", **PULLED)
    async def pull_events(request: Request, asked: Annotated[FeedPageQuery, Query()]) -> Response:
        caller = caller_of(request)
        after, wanted = asked.cursor(caller), await wanted_by(caller, asked)
        if caller.personal_data:
            note_read(request, None, None)
        live, permission = subscribers.live(caller), permission_of(request)
        part = await pulled(live, permission, after, wanted, asked.limit, asked.timeout / 1000)
        return Response(
            batch(part.documents),
            headers=CACHING | {"Link": f'<{next_page_url(request, part.next)}>; rel="next"'},
            media_type=BATCH,
        )

    @api.get("/stream", summary="Events after a cursor, and new ones as they are recorded", **STREAMED)
    async def stream_events(
        request: Request,
        asked: Annotated[FeedStreamQuery, Query()],
    ) -> Response:
        caller = caller_of(request)
        after = asked.cursor(caller, request.headers.get("last-event-id"))
        live, wanted = subscribers.live(caller), await wanted_by(caller, asked)
        if caller.personal_data:
            note_read(request, None, None)
        return await EventStream.after(after, live, permission_of(request), wanted)

    @api.post(
        "/tickets",
        response_model=Ticket,
        status_code=201,
        summary="A ticket for a minute, for a browser that opens the stream",
        **TICKETED,
    )
    async def make_ticket(request: Request) -> Response:
        ticket, until = tickets.made(request.headers)
        content = Ticket(ticket=ticket, expires_at=until, url=f"{STREAM_PATH}?{urlencode({'ticket': ticket})}")
        return Response(content.model_dump_json(), 201, {"Cache-Control": "no-store"}, media_type="application/json")

    return api


def next_page_url(request: Request, position: int) -> str:
    """Return the URL of the next page: the same request with another cursor."""
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"))
    kept = [(name, value) for name, value in asked if name not in ("after", "lastEventId", "source")]
    return f"{quote(request.scope['path'])}?{urlencode([*kept, ('after', sequence(position))])}"
