"""Stored events in the form that subscribers receive: CloudEvents 1.0.

The stored JSON of the payload is copied between the attributes without parsing it. It is parsed only for subscribers
who may read text about people: then sealed parts are opened and put back in their place.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

from eventsourcing.persistence import Notification
from pydantic_core import from_json, to_json

from adapters.events.stored_format import OPEN_END, OPEN_END_BEGINS, UPCASTS, Keys, put_back, topic_of
from domain.language import kebab_case, shortened
from domain.registry import REGISTRY

DATA_MEDIA_TYPE = "application/json"

TIME, ACTOR, CORRELATION = b'{"meta":{"recorded_at":"', b',"actor":"', b'","correlation_id":"'
"""What precedes these values in the stored bytes that `adapters.events.stored_format.encode` writes. Quotes inside
strings are escaped, so it occurs in none."""
STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
FURTHER = re.compile(
    rb'(?:,"causation_id":(S))?(?:,"traceparent":(S))?(?:,"reason":S)?\},"data":'.replace(b"S", STRING)
)
"""What may follow the correlation id; usually nothing does."""
NOTHING_FURTHER = b'},"data":'
BACKSLASH = ord("\\")
TIME_LENGTH, NOTHING_FURTHER_LENGTH = len(TIME), len(NOTHING_FURTHER)
BEFORE_ACTOR, BEFORE_CORRELATION = len(ACTOR) - 1, len(CORRELATION) - 1
"""The number of bytes up to the quote with which the value begins."""
SEALED = b',"sealed":['
"""The bytes that end the payload, at their last occurrence; inside a sealed part the names are different."""


def source_of(log_id: UUID) -> str:
    return f"/logs/{log_id}"


@lru_cache(maxsize=2048)
def type_of(topic: str) -> str:
    """Return the type of a topic: `PlayStarted` is `plantrail.play-started.v1`, `PlayStarted.2` is
    `plantrail.play-started.v2`."""
    name, _, shape = topic.partition(".")
    return f"plantrail.{kebab_case(name)}.v{shape or 1}"


class NoSuchType(Exception):
    """There is no such type of event."""

    def __init__(self, named: str) -> None:
        known = {each: each for each in TOPICS} | {kebab_case(each): type_of(each) for each in REGISTRY.events}
        close = get_close_matches(kebab_case(named), known, 1)
        meant = f": did you mean “{known[close[0]]}”?" if close else "."
        super().__init__(f"There is no type of event called “{shortened(named)}”{meant}")
        self.named = named


TOPICS = {type_of(topic): topic for topic in (*map(topic_of, REGISTRY.events), *UPCASTS)}
"""Topics by type, for every version that events ever had."""


def topics_named(type: str) -> frozenset[str]:
    """Return the topics of a type: `plantrail.play-started.v1` is one version of an event; `play-started` and
    `PlayStarted` stand for all its versions.

    Raises `NoSuchType`.
    """
    if type in TOPICS:
        return frozenset({TOPICS[type]})
    name = (
        type if type in REGISTRY.events else next((name for name in REGISTRY.events if kebab_case(name) == type), None)
    )
    if name is None:
        raise NoSuchType(type)
    return frozenset(topic for topic in TOPICS.values() if topic.partition(".")[0] == name)


def topics_of(types: Iterable[str]) -> frozenset[str] | None:
    """Return the topics of types as subscribers name them, possibly several separated by commas; None for no types.

    Raises `NoSuchType`.
    """
    named = [type.strip() for each in types for type in each.split(",") if type.strip()]
    return frozenset().union(*map(topics_named, named)) if named else None


class CloudEvents:
    """Converts events of one log. The schemas of its events are served at `public_url`."""

    def __init__(self, log_id: UUID, public_url: str) -> None:
        self.log_id = log_id
        self._source = source_of(log_id)
        self._schemas = f"{public_url.rstrip('/')}/schemas"
        self._constant = lru_cache(maxsize=None)(self._same_for_all)

    def structured(self, notification: Notification, keys: Keys | None = None) -> bytes:
        """Return the event as a JSON document. If the `keys` of the people in its plan are given, text about them is
        included."""
        topic, state = notification.topic, notification.state
        ends, meta = state.endswith(OPEN_END), cut(state)
        if meta is None:
            return self._rebuilt(notification, keys)
        recorded_at, actor, correlation, further, data_begins = meta
        if ends:
            data = state[data_begins:OPEN_END_BEGINS]
        elif keys is None:
            data = state[data_begins : state.rindex(SEALED)]
        else:
            data = payload(notification, from_json(state), keys)
        number = b"%d" % notification.originator_version
        identified, subject, partition = _of_originator(notification.originator_id)
        return b"".join(
            (
                identified, number, b'"', self._constant(topic), subject, recorded_at,
                b',"sequence":"%020d' % notification.id, partition, number,
                b',"actor":', actor, b',"correlationid":', correlation, further,
                b',"data":', data, b"}",
            )
        )  # fmt: skip

    def binary(self, notification: Notification, keys: Keys | None = None) -> tuple[dict[str, str], bytes]:
        """Return headers and body in the binary mode of NATS, whose header values are percent-encoded."""
        stored = from_json(notification.state)
        attributes = self.attributes(notification, stored)
        headers = {f"ce-{name}": quote(str(value), safe=HEADER_SAFE) for name, value in attributes.items()}
        return headers, payload(notification, stored, keys)

    def attributes(self, notification: Notification, stored: Mapping[str, Any]) -> dict[str, str | int]:
        """Return the attributes of a parsed stored event. Optional ones that it lacks are left out."""
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
        """Return the attributes that all events of a topic share, as a fragment of JSON."""
        return b"," + to_json(self._of_topic(topic))[1:-1]


def cut(state: bytes) -> tuple[bytes, bytes, bytes, bytes, int] | None:
    """Find time, actor, correlation id, further attributes and the beginning of the payload in a stored state, as JSON.

    Searching for the surrounding bytes takes half the time of a regular expression. Returns None if the state is not
    that simple.
    """
    time_ends = state.find(b'"', TIME_LENGTH) + 1
    actor_begins = time_ends + BEFORE_ACTOR
    actor_ends = state.find(b'"', actor_begins + 1) + 1
    correlation_begins = state.find(CORRELATION, actor_ends - 1) + BEFORE_CORRELATION
    correlation_ends = state.find(b'"', correlation_begins + 1) + 1
    if (
        not (state.startswith(TIME) and state.startswith(ACTOR, time_ends))
        or correlation_begins < actor_ends
        or state[actor_ends - 2] == BACKSLASH  # The quote may be escaped.
        or state[correlation_ends - 2] == BACKSLASH
    ):
        return None
    recorded_at, actor = state[TIME_LENGTH - 1 : time_ends], state[actor_begins:actor_ends]
    correlation, further = state[correlation_begins:correlation_ends], b""
    if state.startswith(NOTHING_FURTHER, correlation_ends):
        return recorded_at, actor, correlation, further, correlation_ends + NOTHING_FURTHER_LENGTH
    found = FURTHER.match(state, correlation_ends)
    if found is None:
        return None
    causation, traceparent = found.groups()
    further += b',"causationid":' + causation if causation else b""
    further += b',"traceparent":' + traceparent if traceparent else b""
    return recorded_at, actor, correlation, further, found.end()


def payload(notification: Notification, stored: Mapping[str, Any], keys: Keys | None) -> bytes:
    """Return the data of a parsed stored event. Without keys, sealed parts are left out."""
    if keys is not None:
        plan_id, version, topic = notification.originator_id, notification.originator_version, notification.topic
        put_back(plan_id, version, topic, stored, keys)
    return to_json(stored["data"])


@lru_cache(maxsize=1_000)
def _of_originator(originator_id: UUID | str) -> tuple[bytes, bytes, bytes]:
    """Return what all events of a plan have in common: the JSON before the version, before the time and after the
    sequence."""
    plan = str(originator_id).encode()
    return (
        b'{"specversion":"1.0","id":"%b:' % plan,
        b',"subject":"%b","time":' % plan,
        b'","partitionkey":"%b","planversion":' % plan,
    )


def sequence(position: int) -> str:
    """Return a position as text that sorts in the order of the numbers."""
    return f"{position:020}"


def of_no_plan(log_id: UUID, id: str, type: str, at: datetime, data: Any) -> bytes:
    """Return a message of the service itself, which belongs to no plan, as a CloudEvent of this log."""
    return to_json(
        {
            "specversion": "1.0",
            "id": id,
            "source": source_of(log_id),
            "type": type,
            "time": at,
            "datacontenttype": DATA_MEDIA_TYPE,
            "data": data,
        }
    )


HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""The characters that stand for themselves in a header value. All others are percent-encoded."""
