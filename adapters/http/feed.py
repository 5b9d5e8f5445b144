"""The feed over HTTP: pulled page by page, or as a stream of server-sent events."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from time import monotonic
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from anyio import create_task_group, sleep
from eventsourcing.persistence import Notification
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from adapters.events.cloud_events import CloudEvents, NoSuchType, sequence, topics_of, type_of
from adapters.events.stored_format import Keys
from adapters.http.conditional import CACHING
from adapters.http.documentation import OTHER_PROBLEM, REQUEST_ID, TEXT, header, problem_of
from adapters.http.guard import needs
from adapters.http.live import Live, Part, Read
from adapters.http.problems import rejected_parameter
from adapters.http.requests import NoteRead, caller_of
from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import Cursor, CursorGone, CursorMalformed, SourceMalformed, cursor
from application.feed.ports import EventFilter, Feed, LogWatch
from application.views.plan_names import plans_named

BATCH = "application/cloudevents-batch+json"
STREAM = "text/event-stream"
MOST_EVENTS = 1_000
MOST_MILLISECONDS = 30_000
MOST_STREAMED = 32
"""Events a stream takes at a time: it holds no more of them in memory."""
MOST_SENT = 64 * 1024
"""Bytes it hands on at a time, or one event: no more than that waits in its socket."""
HEARTBEAT = 15.0
LONGEST_STREAM = 3600.0
"""Seconds after which a stream ends, to be begun again: whoever may no longer have it then notices."""
RETRY_MILLISECONDS = 3_000
RETRY_STORE = 1.0


# What may be asked


class Subscription(BaseModel):
    """Of which events, and after which."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(
        None,
        max_length=100,
        description="A cursor: the `id` or the `sequence` of the last event you have; `now` for what comes from here"
        " on. If not given, from the first event.",
        examples=["00000000000000000042"],
    )
    last_event_id: str | None = Field(None, alias="lastEventId", max_length=100, description="The same as `after`.")
    source: str | None = Field(
        None,
        max_length=100,
        description="The `source` of the event the cursor is of: 410 if that is another log, and they parted before"
        " it.",
    )
    type: list[str] = Field(
        [],
        max_length=200,
        description="Only of these types, repeated or separated by commas: `plantrail.play-started.v1`, or"
        " `play-started` for all its shapes.",
    )
    plan_id: str | None = Field(None, max_length=128, description="Only of this plan: its id, or that of its account.")

    def cursor(self, caller: Caller, last_event_id: str | None = None) -> Cursor:
        """Raises `Rejected`."""
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

    def wanted(self, caller: Caller) -> EventFilter:
        """Raises `Rejected`."""
        try:
            topics = topics_of(self.type)
        except NoSuchType as error:
            raise rejected_parameter("type", "unknown-type", str(error)) from None
        plans = frozenset(map(str, plans_named(self.plan_id))) if self.plan_id else None
        theirs = None if caller.plans is None else frozenset(map(str, caller.plans))
        return EventFilter(topics, common(plans, theirs))


class Pulled(Subscription):
    """Which page."""

    limit: int = Field(100, ge=1, le=MOST_EVENTS, description="How many events at most.")
    timeout: int = Field(
        0, ge=0, le=MOST_MILLISECONDS, description="Milliseconds to wait for an event where there is none yet."
    )


def common(plans: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    if plans is None or others is None:
        return others if plans is None else plans
    return plans & others


# What the routes say of themselves

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
    """What a route of the feed says of itself."""
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


# How it is answered

KeysOf = Callable[[Sequence[Notification]], Mapping[str, Keys]]


class Subscribers:
    """What subscribers are given, by whether they may read words about people.

    `keys` are those there are now of the people that events speak of, by plan.
    """

    def __init__(self, feed: Feed[Notification], keys: KeysOf, watch: LogWatch, public_url: str) -> None:
        self._feed = feed
        self._keys = keys
        self._public_url = public_url
        self._cloud_events = lru_cache(maxsize=2)(self._of_log)
        self._live = {words: Live(self._reader(words), watch) for words in (False, True)}

    def live(self, caller: Caller) -> Live:
        return self._live[caller.personal_data]

    def _reader(self, words: bool) -> Read:
        def read(after: Cursor | int, wanted: EventFilter, most: int) -> Part:
            page = self._feed.page(after, wanted, most)
            written = self._cloud_events(page.log_id).structured
            if words:
                keys = self._keys(page.rows)
                documents = [written(row, keys.get(str(row.originator_id), {})) for row in page.rows]
            else:
                documents = [written(row) for row in page.rows]
            return Part(page.rows, documents, page.next, page.end)

        return read

    def _of_log(self, log_id: UUID) -> CloudEvents:
        return CloudEvents(log_id, self._public_url)


async def pulled(live: Live, who: str, after: Cursor, wanted: EventFilter, most: int, seconds: float) -> Part:
    """The next page, as soon as there is something on it or the time is over.

    Raises `CursorGone`, `TooManyWaiting`, `StoreUnavailable`."""
    deadline = monotonic() + seconds
    part = await live.part(after, wanted, most)
    if part.documents or not seconds:
        return part
    with live.subscribed(who):
        while not part.documents and monotonic() < deadline and not live.over:
            if part.is_last:
                await live.moved(part.next, deadline - monotonic())
            part = await live.part(part.next, wanted, most)
    return part


class EventStream(Response):
    """Server-sent events, sent no faster than they are taken: what is held for a subscriber is a page at most."""

    media_type = STREAM

    def __init__(self, live: Live, who: str, first: Part, wanted: EventFilter) -> None:
        super().__init__(headers=CACHING | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._who = who
        self._first = [first]
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.subscribed(self._who):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if not scope["head_only"]:
                await self._send_all(receive, send)
        await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, receive: Receive, send: Send) -> None:
        async with create_task_group() as group:

            async def end_when_gone() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(end_when_gone)
            async for text in self._texts():
                await send({"type": "http.response.body", "body": text, "more_body": True})
            group.cancel_scope.cancel()

    async def _texts(self) -> AsyncIterator[bytes]:
        part, until = self._first.pop(), monotonic() + LONGEST_STREAM
        yield b"retry: %d\n: \n\n" % RETRY_MILLISECONDS
        told = part.next
        while True:
            position, is_last, told = part.next, part.is_last, part.next if part.documents else told
            pieces = deque(texts(part))
            del part  # while its pieces are taken, however slowly, nothing else of it is kept
            while pieces:
                yield pieces.popleft()
            if is_last and not await self._live.moved(position, HEARTBEAT):
                # What was looked through in vain need not be looked through again.
                yield b": \n\n" if told == position else b": \nid: %020d\n\n" % position
                told = position
            if self._live.over or monotonic() > until:
                return
            try:
                part = await self._live.part(position, self._wanted, MOST_STREAMED)
            except CursorGone:
                return
            except StoreUnavailable:
                await sleep(RETRY_STORE)
                part = Part([], [], position, position + 1)


def batch(documents: Sequence[bytes]) -> bytes:
    """A JSON array, put together at once: what is as long as a page is copied in more time than it is written."""
    if not documents:
        return b"[]"
    first, *others = documents
    if not others:
        return b"[%b]" % first
    return b",".join((b"[" + first, *others[:-1], others[-1] + b"]"))


def texts(part: Part) -> Iterator[bytes]:
    """Events as they are sent, in pieces."""
    waiting, size = [], 0
    for row, document in zip(part.rows, part.documents, strict=True):
        waiting.append(server_sent(row, document))
        size += len(waiting[-1])
        if size >= MOST_SENT:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def server_sent(row: Notification, document: bytes) -> bytes:
    return b"id: %020d\nevent: %b\ndata: %b\n\n" % (row.id, type_line(row.topic), document)


@cache
def type_line(topic: str) -> bytes:
    return type_of(topic).encode()


# Routes


def routes(subscribers: Subscribers, note_read: NoteRead) -> APIRouter:
    api = APIRouter(prefix="/v1/events", tags=["feed"])

    @api.get("", summary="Events after a cursor, in the order they were recorded", **PULLED)
    async def pull_events(request: Request, asked: Annotated[Pulled, Query()]) -> Response:
        caller = caller_of(request)
        after, wanted = asked.cursor(caller), asked.wanted(caller)
        if caller.personal_data:
            note_read(request, None, None)
        part = await pulled(subscribers.live(caller), caller.actor, after, wanted, asked.limit, asked.timeout / 1000)
        return Response(
            batch(part.documents),
            headers=CACHING | {"Link": f'<{further(request, part.next)}>; rel="next"'},
            media_type=BATCH,
        )

    @api.get("/stream", summary="Events after a cursor, and from then on as they are recorded", **STREAMED)
    async def stream_events(
        request: Request,
        asked: Annotated[Subscription, Query()],
    ) -> Response:
        caller = caller_of(request)
        after = asked.cursor(caller, request.headers.get("last-event-id"))
        live, wanted = subscribers.live(caller), asked.wanted(caller)
        if caller.personal_data:
            note_read(request, None, None)
        return EventStream(live, caller.actor, await live.part(after, wanted, MOST_STREAMED), wanted)

    return api


def further(request: Request, position: int) -> str:
    """Where the feed goes on: the same question, from there on."""
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"))
    kept = [(name, value) for name, value in asked if name not in ("after", "lastEventId", "source")]
    return f"{quote(request.scope['path'])}?{urlencode([*kept, ('after', sequence(position))])}"
