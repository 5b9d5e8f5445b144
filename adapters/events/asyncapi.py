"""The AsyncAPI 3 document: the channels that carry events, and what events contain.

The schemas of all events are part of it, so that readers and generators need nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.events.cloud_events import DATA_MEDIA_TYPE
from adapters.events.json_schemas import Schema, released, under_its_url

Document = dict[str, Any]

ABOUT = """Everything that happens to an account plan, as events.

**Every committed event is delivered at least once, per plan in version order without gaps, and on the feed in commit
order with none skipped. There is no retention limit: any consumer may start from zero. Deduplicate on `id`.**

Events are CloudEvents 1.0, the same on every channel. In `data` a field that is absent was not said; `null` says that
it is known to be empty. Fields marked `x-sealed` hold words about people, `always` or `when-about-people`: who has not
the right to read them gets the event without them, and once a person was forgotten they read `[forgotten]`.
`x-refers-to` says what kind of thing a field names. A released schema may gain optional fields and better words,
nothing else: ignore fields you do not know."""

TEXT: Schema = {"type": "string"}
ATTRIBUTES: Mapping[str, Schema] = {
    "specversion": {"const": "1.0", **TEXT},
    "id": {"description": "The plan and the event's number in it: remember it, to deduplicate.", **TEXT},
    "source": {"description": "The log: /logs/ and its id. A restored log is another one.", **TEXT},
    "type": {"description": "What happened, and in which version.", **TEXT},
    "datacontenttype": {"const": DATA_MEDIA_TYPE, **TEXT},
    "dataschema": {"description": "The JSON Schema of `data`.", "format": "uri", **TEXT},
    "subject": {"description": "The plan.", "format": "uuid", **TEXT},
    "time": {"description": "When it was recorded, by the server's clock, UTC.", "format": "date-time", **TEXT},
    "sequence": {"description": "The position on the log of all plans.", "pattern": "^[0-9]{20}$", **TEXT},
    "partitionkey": {"description": "The plan: its events are in order.", "format": "uuid", **TEXT},
    "planversion": {"description": "1, 2, 3 … in each plan, without gaps.", "type": "integer", "minimum": 1},
    "actor": {"description": "Who said it, by an opaque id.", **TEXT},
    "correlationid": {"description": "The conversation it is part of.", **TEXT},
    "causationid": {"description": "What it follows from, where that was said.", **TEXT},
    "traceparent": {"description": "W3C trace context, where there was one.", **TEXT},
}
"""The attributes of the envelope. The last two are present only if they were given."""
ALWAYS_THERE = [name for name in ATTRIBUTES if name not in ("causationid", "traceparent")]

WEBHOOK_HEADERS: Schema = {
    "type": "object",
    "description": "As Standard Webhooks 1.0 has them.",
    "properties": {
        "webhook-id": {"description": "The event's `id`.", **TEXT},
        "webhook-timestamp": {"description": "When it was sent, in seconds since 1970.", **TEXT},
        "webhook-signature": {"description": "`v1,` and the HMAC-SHA256, one for each secret there is.", **TEXT},
    },
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
}
SSE_HEADERS: Schema = {
    "type": "object",
    "description": "The fields of a server-sent event, whose `data` is the payload.",
    "properties": {
        "id": {"description": "The cursor: send the last one as `Last-Event-ID`.", **TEXT},
        "event": {"description": "The event's type.", **TEXT},
    },
}
HTTP_GET = {"http": {"method": "GET", "bindingVersion": "0.3.0"}}
HTTP_POST = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}


def document(public_url: str, version: str) -> Document:
    types = {type: under_its_url(type, public_url) for type in released()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:plantrail:events",
        "info": {
            "title": "plantrail events",
            "version": version,
            "description": ABOUT,
            "contact": {"name": "Whoever runs this service", "url": public_url},
            "license": {"name": "Private"},
            "tags": [{"name": "feed"}, {"name": "webhooks"}, {"name": "broker"}],
            "externalDocs": {"url": f"{public_url}/docs", "description": "The HTTP API."},
        },
        "defaultContentType": DATA_MEDIA_TYPE,
        "servers": _servers(public_url),
        "channels": _channels(types),
        "operations": _operations(),
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key or token of this service."},
                "broker": {"type": "userPassword", "description": "As the broker is set up."},
            },
            "schemas": dict(_schemas(types)),
            "messages": dict(_messages(types)),
        },
    }


def _servers(public_url: str) -> Document:
    service = urlsplit(public_url)
    return {
        "service": {
            "host": service.netloc,
            "protocol": service.scheme,
            "description": "The service itself.",
            "security": [_ref("securitySchemes", "key")],
            **({"pathname": service.path} if service.path else {}),
        },
        "subscriber": {
            "host": "{host}",
            "protocol": "https",
            "description": "Whoever registered an endpoint.",
            "variables": {"host": {"description": "The host of the endpoint.", "examples": ["hooks.example.com"]}},
        },
        "broker": {
            "host": "{host}",
            "protocol": "nats",
            "description": "The NATS server that `plantrail relay nats` publishes to.",
            "variables": {"host": {"description": "Where it is.", "examples": ["nats.example.com:4222"]}},
            "security": [_ref("securitySchemes", "broker")],
        },
    }


def _channels(types: Mapping[str, Schema]) -> Document:
    def of(server: str, form: str, **channel: Any) -> Document:
        messages = {type: _ref("messages", f"{form}.{type}") for type in types}
        return {"servers": [{"$ref": f"#/servers/{server}"}], **channel, "messages": messages}

    return {
        "pull": {
            "address": "/v1/events",
            "description": "Page by page: ask again with the cursor of the last event, and wait for the next ones.",
            "servers": [{"$ref": "#/servers/service"}],
            "messages": {"batch": _ref("messages", "batch")},
        },
        "stream": of("service", "streamed", address="/v1/events/stream", description="Server-sent events."),
        "webhook": of("subscriber", "posted", address=None, description="Events are posted to the endpoint's URL."),
        "broker": of(
            "broker",
            "published",
            address="plans.{plan_id}.{event_name}",
            description="NATS JetStream, in CloudEvents binary mode. `Nats-Msg-Id` is the event's id.",
            parameters={
                "plan_id": {"description": "The plan, a UUID."},
                "event_name": {"description": "What happened, without a version: `play-planned`."},
            },
        ),
    }


def _operations() -> Document:
    def sends(channel: str, summary: str, tag: str, **more: Any) -> Document:
        channel_there = {"$ref": f"#/channels/{channel}"}
        return {"action": "send", "channel": channel_there, "summary": summary, "tags": [{"name": tag}], **more}

    return {
        "answerWithPage": sends("pull", "Answer with the events after a cursor.", "feed", bindings=HTTP_GET),
        "streamEvents": sends("stream", "Send every event as it is committed.", "feed", bindings=HTTP_GET),
        "postEvent": sends(
            "webhook", "Post an event to an endpoint, signed, in the order of its plan.", "webhooks", bindings=HTTP_POST
        ),
        "publishEvent": sends("broker", "Publish every event once, in the order of the log.", "broker"),
    }


def _schemas(types: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield for each type the schema of its data, and of the whole event."""
    for type, schema in types.items():
        yield type, {word: said for word, said in schema.items() if word not in ("$schema", "$id")}
        known = {"type": {"const": type}, "dataschema": {"const": schema["$id"]}, "data": _ref("schemas", type)}
        yield f"event.{type}", {"allOf": [_ref("schemas", "event"), {"type": "object", "properties": known}]}
    yield (
        "event",
        {
            "type": "object",
            "title": "CloudEvent",
            "description": "What every event says beside what happened.",
            "properties": {**ATTRIBUTES, "data": {"description": "What happened.", "type": "object"}},
            "required": [*ALWAYS_THERE, "data"],
        },
    )
    # In a header every value is text.
    headers = {f"ce-{name}": {**schema, **TEXT} for name, schema in ATTRIBUTES.items()}
    headers["ce-planversion"] = {"description": ATTRIBUTES["planversion"]["description"], **TEXT}
    yield (
        "headers",
        {
            "type": "object",
            "description": "The attributes of the CloudEvent, percent-encoded, and NATS's own.",
            "properties": {**headers, "Nats-Msg-Id": {"description": "The event's `id`, to deduplicate by.", **TEXT}},
            "required": [*(f"ce-{name}" for name in ALWAYS_THERE), "Nats-Msg-Id"],
        },
    )
    yield "webhook-headers", WEBHOOK_HEADERS
    yield "sse-fields", SSE_HEADERS


def _messages(types: Mapping[str, Schema]) -> Iterator[tuple[str, Document]]:
    whole = [_ref("schemas", f"event.{type}") for type in types]
    yield (
        "batch",
        {
            "name": "batch",
            "title": "A page of events",
            "summary": "In the order of the log; empty when there is nothing yet.",
            "contentType": "application/cloudevents-batch+json",
            "payload": {"type": "array", "items": {"anyOf": whole}},
        },
    )
    for type, schema in types.items():
        said = {"name": type, "title": schema["title"], "summary": schema["description"]}
        event = {**said, "contentType": "application/cloudevents+json", "payload": _ref("schemas", f"event.{type}")}
        data = {**said, "contentType": DATA_MEDIA_TYPE, "payload": _ref("schemas", type)}
        yield f"streamed.{type}", {**event, "headers": _ref("schemas", "sse-fields")}
        yield f"posted.{type}", {**event, "headers": _ref("schemas", "webhook-headers")}
        yield f"published.{type}", {**data, "headers": _ref("schemas", "headers")}


def _ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}
