"""A stored event as others get to see it: a CloudEvent 1.0.

What is stored goes out as it is: its JSON is cut out and put between the attributes, not read and written again.  Only
to whoever may read people's words is the payload read: sealed parts are opened and put back where they were said.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

from eventsourcing.persistence import Notification
from pydantic_core import from_json, to_json

from adapters.events.stored_format import OPEN_END, UPCASTS, Keys, put_back, topic_of
from domain.language import kebab_case
from domain.registry import REGISTRY

DATA_MEDIA_TYPE = "application/json"

TIME, ACTOR, CORRELATION = b'{"meta":{"recorded_at":"', b',"actor":"', b'","correlation_id":"'
"""What stands before them in what `adapters.events.stored_format.encode` writes, and in no string: there, quotes are
escaped."""
STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
FURTHER = re.compile(
    rb'(?:,"causation_id":(S))?(?:,"traceparent":(S))?(?:,"reason":S)?\},"data":'.replace(b"S", STRING)
)
"""What may follow the correlation, which mostly nothing does."""
NOTHING_FURTHER = b'},"data":'
BACKSLASH = ord("\\")
SEALED = b',"sealed":['
"""Where the payload ends, the last time it occurs: the names in a sealed part are others."""


def source_of(log_id: UUID) -> str:
    return f"/logs/{log_id}"


def type_of(topic: str) -> str:
    """`PlayStarted` is `plantrail.play-started.v1`, `PlayStarted.2` is `plantrail.play-started.v2`."""
    name, _, shape = topic.partition(".")
    return f"plantrail.{kebab_case(name)}.v{shape or 1}"


class NoSuchType(Exception):
    """There is no such type of event."""

    def __init__(self, named: str) -> None:
        super().__init__(f"There is no type of event called “{named}”.")
        self.named = named


TOPICS = {type_of(topic): topic for topic in (*map(topic_of, REGISTRY.events), *UPCASTS)}
"""By type, in every shape there ever was."""


def topics_named(type: str) -> frozenset[str]:
    """What a type is stored under: `plantrail.play-started.v1` is one shape of an event, `play-started` and
    `PlayStarted` are all of its shapes.  Raises `NoSuchType`."""
    if type in TOPICS:
        return frozenset({TOPICS[type]})
    name = (
        type if type in REGISTRY.events else next((name for name in REGISTRY.events if kebab_case(name) == type), None)
    )
    if name is None:
        raise NoSuchType(type)
    return frozenset(topic for topic in TOPICS.values() if topic.partition(".")[0] == name)


def topics_of(types: Iterable[str]) -> frozenset[str] | None:
    """Of types as a subscriber names them, some of them separated by commas; None where none is named.

    Raises `NoSuchType`.
    """
    named = [type.strip() for each in types for type in each.split(",") if type.strip()]
    return frozenset().union(*map(topics_named, named)) if named else None


class CloudEvents:
    """Of one log; `public_url` is where the schemas of its events are to be had."""

    def __init__(self, log_id: UUID, public_url: str) -> None:
        self.log_id = log_id
        self._source = source_of(log_id)
        self._schemas = f"{public_url.rstrip('/')}/schemas"
        self._constant = lru_cache(maxsize=None)(self._same_for_all)

    def structured(self, notification: Notification, keys: Keys | None = None) -> bytes:
        """As a JSON document.  `keys`, of the people of its plan, are for those who may read people's words."""
        topic, state = notification.topic, notification.state
        ends = state.endswith(OPEN_END)
        meta = None if keys is not None and not ends else cut(state)
        if meta is None:
            return self._rebuilt(notification, keys)
        recorded_at, actor, correlation, further, data_begins = meta
        plan, number = str(notification.originator_id).encode(), b"%d" % notification.originator_version
        return b"".join(
            (
                b'{"specversion":"1.0","id":"', plan, b":", number, b'"', self._constant(topic), b',"subject":"', plan,
                b'","time":', recorded_at, b',"sequence":"%020d","partitionkey":"' % notification.id, plan,
                b'","planversion":', number, b',"actor":', actor, b',"correlationid":', correlation, further,
                b',"data":', state[data_begins : -len(OPEN_END) if ends else state.rindex(SEALED)], b"}",
            )
        )  # fmt: skip

    def binary(self, notification: Notification, keys: Keys | None = None) -> tuple[dict[str, str], bytes]:
        """As headers and a body: the binary mode of NATS, whose header values are percent-encoded."""
        stored = from_json(notification.state)
        attributes = self.attributes(notification, stored)
        headers = {f"ce-{name}": quote(str(value), safe=HEADER_SAFE) for name, value in attributes.items()}
        return headers, payload(notification, stored, keys)

    def attributes(self, notification: Notification, stored: Mapping[str, Any]) -> dict[str, str | int]:
        """Of a stored event that was read; what it does not have is not there."""
        plan_id, version, meta = str(notification.originator_id), notification.originator_version, stored["meta"]
        told = {
            "specversion": "1.0",
            "id": f"{plan_id}:{version}",
            **self._of_topic(notification.topic),
            "subject": plan_id,
            "time": meta["recorded_at"],
            "sequence": sequence(notification.id),
            "partitionkey": plan_id,
            "planversion": version,
            "actor": meta["actor"],
            "correlationid": meta["correlation_id"],
            "causationid": meta.get("causation_id"),
            "traceparent": meta.get("traceparent"),
        }
        return {name: value for name, value in told.items() if value is not None}

    def _rebuilt(self, notification: Notification, keys: Keys | None) -> bytes:
        stored = from_json(notification.state)
        attributes = to_json(self.attributes(notification, stored))
        return attributes[:-1] + b',"data":' + payload(notification, stored, keys) + b"}"

    def _of_topic(self, topic: str) -> dict[str, str]:
        type = type_of(topic)
        return {
            "source": self._source,
            "type": type,
            "datacontenttype": DATA_MEDIA_TYPE,
            "dataschema": f"{self._schemas}/{type}.json",
        }

    def _same_for_all(self, topic: str) -> bytes:
        """The attributes that are the same for all events of a topic, in the middle of an object."""
        return b"," + to_json(self._of_topic(topic))[1:-1]


def cut(state: bytes) -> tuple[bytes, bytes, bytes, bytes, int] | None:
    """Of a stored state, as JSON: when, by whom, the correlation, further attributes, and where the payload begins.

    By looking for what stands around them, in half the time of a regular expression.  None where it is not that simple.
    """
    time_ends = state.find(b'"', len(TIME)) + 1
    actor_begins = time_ends + len(ACTOR) - 1
    actor_ends = state.find(b'"', actor_begins + 1) + 1
    correlation_begins = state.find(CORRELATION, actor_ends - 1) + len(CORRELATION) - 1
    correlation_ends = state.find(b'"', correlation_begins + 1) + 1
    if (
        not (state.startswith(TIME) and state.startswith(ACTOR, time_ends))
        or correlation_begins < actor_ends
        or state[actor_ends - 2] == BACKSLASH  # what is escaped there is perhaps the quote
        or state[correlation_ends - 2] == BACKSLASH
    ):
        return None
    recorded_at, actor = state[len(TIME) - 1 : time_ends], state[actor_begins:actor_ends]
    correlation, further = state[correlation_begins:correlation_ends], b""
    if state.startswith(NOTHING_FURTHER, correlation_ends):
        return recorded_at, actor, correlation, further, correlation_ends + len(NOTHING_FURTHER)
    found = FURTHER.match(state, correlation_ends)
    if found is None:
        return None
    causation, traceparent = found.groups()
    further += b',"causationid":' + causation if causation else b""
    further += b',"traceparent":' + traceparent if traceparent else b""
    return recorded_at, actor, correlation, further, found.end()


def payload(notification: Notification, stored: Mapping[str, Any], keys: Keys | None) -> bytes:
    """The data of a stored event that was read.  Without keys it goes out as it is stored, sealed parts left out."""
    if keys is not None:
        plan_id = UUID(str(notification.originator_id))
        put_back(plan_id, notification.originator_version, notification.topic, stored, keys)
    return to_json(stored["data"])


def sequence(position: int) -> str:
    """Positions that sort as text as they do as numbers."""
    return f"{position:020}"


HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What stands in a header value as it is; everything else is percent-encoded."""
