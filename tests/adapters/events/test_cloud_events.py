"""What subscribers get is a CloudEvent 1.0 by the rules of the specification, and its data are the bytes that are
stored."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from eventsourcing.persistence import Notification
from hypothesis import given
from hypothesis import strategies as some

from adapters.bootstrap.settings import Settings, SettingsError, public_url, served_at
from adapters.events import cloud_events
from adapters.events.cloud_events import CloudEvents, NoSuchType, topics_named, type_of
from adapters.events.stored_format import MetaToRecord, encode, topic_of
from application.aggregates.ports import CommandContext
from domain.account_plan.entries import NoteWritten
from domain.registry import REGISTRY
from tests.cases import for_each
from tests.golden import AT, PLAN, TELLINGS, VERSION, Telling, example

EVENTS = REGISTRY.events
LOG = UUID("10910910-9109-4109-8109-109109109109")
CLOUD_EVENTS = CloudEvents(LOG, "https://plans.example.com")
IN_CLEAR, SEALED = TELLINGS
EXAMPLES = [
    pytest.param(name, telling, id=telling.file.format(topic_of(name))) for name in EVENTS for telling in TELLINGS
]
UNRESERVED_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def row(name: str, telling: Telling = IN_CLEAR, position: int = 42) -> Notification:
    state = telling.golden(topic_of(name))
    return Notification(PLAN, VERSION, topic_of(name), state, position)


def assert_is_cloud_event(event: dict[str, Any]) -> None:
    """The rules of CloudEvents 1.0 for attributes, and of its JSON format."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    assert attributes["specversion"] == "1.0"
    for name, value in attributes.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name), name
        assert isinstance(value, str) or type(value) is int, name
        if isinstance(value, str):
            assert value
            assert value.isprintable()
        else:
            assert -(2**31) <= value < 2**31
    assert {"id", "source", "type"} <= attributes.keys()
    assert UNRESERVED_URI.fullmatch(attributes["source"])
    assert urlsplit(attributes["dataschema"]).scheme == "https"
    assert attributes["datacontenttype"] == "application/json"
    assert datetime.fromisoformat(attributes["time"]).tzinfo
    assert isinstance(event["data"], dict)


@for_each(("name", "telling"), EXAMPLES)
def test_every_event_is_a_cloud_event_around_the_bytes_that_are_stored(name, telling):
    stored = row(name, telling)
    written = CLOUD_EVENTS.structured(stored)
    assert_is_cloud_event(json.loads(written))
    data = written[written.index(b',"data":') + len(b',"data":') : -1]
    assert data in stored.state
    assert json.loads(data) == json.loads(stored.state)["data"]
    assert not telling.about or b"Zo" not in written


def test_the_attributes_are_those_that_were_promised():
    event = json.loads(CLOUD_EVENTS.structured(row("PlayRescheduled")))
    assert event == {
        "specversion": "1.0",
        "id": f"{PLAN}:7",
        "source": f"/logs/{LOG}",
        "type": "plantrail.play-rescheduled.v1",
        "datacontenttype": "application/json",
        "dataschema": "https://plans.example.com/schemas/plantrail.play-rescheduled.v1.json",
        "subject": str(PLAN),
        "time": "2026-03-31T17:00:00.123456Z",
        "sequence": "00000000000000000042",
        "partitionkey": str(PLAN),
        "planversion": 7,
        "actor": "ann",
        "correlationid": "conversation-1",
        "causationid": "event-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "data": json.loads(row("PlayRescheduled").state)["data"],
    }


def test_what_is_not_known_of_an_event_is_not_among_its_attributes():
    state = (
        b'{"meta":{"recorded_at":"2026-01-05T09:00:00Z","actor":"ann","source":"api","command_id":"c","request_id":"r",'
    )
    state += b'"correlation_id":"k"},"data":{"id":"pilot"},"sealed":[]}'
    event = json.loads(CLOUD_EVENTS.structured(Notification(PLAN, 1, "PlayStarted", state, 1)))
    assert_is_cloud_event(event)
    assert not event.keys() & {"causationid", "traceparent"}


def test_what_was_stored_in_another_order_says_the_same():
    """An import may bring meta data whose fields come in another order."""
    told = row("PlayStarted", SEALED)
    meta, *_ = stored = json.loads(told.state).items()
    turned = dict([("meta", dict(reversed(meta[1].items()))), *list(stored)[1:]])
    other = replace(told, state=json.dumps(turned).encode())
    assert json.loads(CLOUD_EVENTS.structured(other)) == json.loads(CLOUD_EVENTS.structured(told))


@pytest.mark.parametrize("name", ["NoteWritten", "PlayBlocked"])
def test_text_that_looks_like_the_edges_of_an_event_does_not_move_them(name):
    told = row(name)
    stored = json.loads(told.state)
    stored["meta"]["reason"] = 'because },"data":{ and \\","sealed":[] \\'
    field = next(field for field, value in stored["data"].items() if isinstance(value, str))
    stored["data"][field] = ',"sealed":[]},"data":{"\\'
    for sealed in ([], json.loads(row(name, SEALED).state)["sealed"]):
        state = json.dumps(stored | {"sealed": sealed}, separators=(",", ":")).encode()
        assert json.loads(CLOUD_EVENTS.structured(replace(told, state=state)))["data"] == stored["data"]


WORDS = some.text(min_size=1) | some.text('"\\\\,:{}acdort', min_size=1) | some.sampled_from(
    ['","correlation_id":"x', '},"data":{', ',"actor":"', '\\\\', '"', '\\"}']
)  # fmt: skip


@given(actor=WORDS, boss=some.none() | WORDS, correlation=WORDS, cause=some.none() | WORDS, reason=some.none() | WORDS)
def test_whatever_the_words_are_what_is_cut_out_is_what_a_reader_of_json_finds(actor, boss, correlation, cause, reason):
    said = CommandContext(actor, "api", "request", correlation, on_behalf_of=boss, causation_id=cause)
    event = NoteWritten(id="n1", section="plan", text=reason or actor)
    state = encode(PLAN, 1, event, MetaToRecord(AT, said, "command", reason), {})
    told = Notification(PLAN, 1, "NoteWritten", state, 1)
    read = CLOUD_EVENTS.attributes(told, json.loads(state)) | {"data": json.loads(state)["data"]}
    assert json.loads(CLOUD_EVENTS.structured(told)) == read


# Words about people


@for_each("name", EVENTS)
def test_who_may_read_peoples_words_gets_them_where_they_were_said(name):
    keys = SEALED.keys(example(EVENTS[name]))
    read = json.loads(CLOUD_EVENTS.structured(row(name, SEALED), keys))
    assert_is_cloud_event(read)
    assert read == json.loads(CLOUD_EVENTS.structured(row(name), keys))
    words = json.loads(example(EVENTS[name]).model_dump_json(exclude_unset=True))
    assert read["data"] == words


def test_words_of_somebody_who_was_forgotten_read_so():
    event = json.loads(CLOUD_EVENTS.structured(row("StakeholderAdded", SEALED), {}))
    assert (event["data"]["name"], event["data"]["motivators"]) == ("[forgotten]", ["[forgotten]"])
    assert event["data"]["level"] == "executive"
    assert "reason" not in event["data"]


# In headers


@for_each(("name", "telling"), EXAMPLES)
def test_in_binary_mode_the_headers_say_what_the_document_says(name, telling):
    for keys in (None, telling.keys(example(EVENTS[name]))):
        headers, body = CLOUD_EVENTS.binary(row(name, telling), keys)
        document = json.loads(CLOUD_EVENTS.structured(row(name, telling), keys))
        assert json.loads(body) == document.pop("data")
        assert headers == {f"ce-{attribute}": str(value) for attribute, value in document.items()}


def test_what_may_not_stand_in_a_header_is_percent_encoded():
    told = row("PlayStarted")
    state = told.state.replace(b'"actor":"ann"', '"actor":"Zoë \\"100%\\" €"'.encode())
    headers, _ = CLOUD_EVENTS.binary(replace(told, state=state))
    assert headers["ce-actor"] == "Zo%C3%AB%20%22100%25%22%20%E2%82%AC"
    assert unquote(headers["ce-actor"]) == 'Zoë "100%" €'
    assert headers["ce-source"] == f"/logs/{LOG}"


# Types


def test_every_topic_has_a_type_of_its_own():
    assert type_of("PlayStarted") == "plantrail.play-started.v1"
    assert type_of("PlayStarted.2") == "plantrail.play-started.v2"
    assert len({type_of(topic) for topic in map(topic_of, EVENTS)}) == len(EVENTS)


def test_a_type_names_one_shape_of_an_event_and_its_name_all_of_them(monkeypatch):
    monkeypatch.setitem(cloud_events.TOPICS, "plantrail.play-started.v2", "PlayStarted.2")
    assert topics_named("plantrail.play-started.v1") == {"PlayStarted"}
    assert topics_named("plantrail.play-started.v2") == {"PlayStarted.2"}
    assert topics_named("play-started") == topics_named("PlayStarted") == {"PlayStarted", "PlayStarted.2"}
    for unknown in ("plantrail.play-started.v3", "play-sung", ""):
        with pytest.raises(NoSuchType, match=f"“{unknown}”"):
            topics_named(unknown)


@pytest.mark.parametrize("url", ["plans.example.com", "ftp://plans.example.com", "https://plans example.com", ""])
def test_a_public_url_that_is_none_is_refused_in_words(monkeypatch, url):
    monkeypatch.setenv("PLANTRAIL_PUBLIC_URL", url)
    with pytest.raises(SettingsError, match="PLANTRAIL_PUBLIC_URL must be a URL"):
        public_url(Settings())


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "http://127.0.0.1:9000"), ("::1", "http://[::1]:9000")])
def test_a_service_names_its_own_address_unless_another_is_configured(monkeypatch, host, address):
    assert public_url(served_at(Settings(), host, 9000)) == address
    monkeypatch.setenv("PLANTRAIL_PUBLIC_URL", "https://example.com")
    assert public_url(served_at(Settings(), host, 9000)) == "https://example.com"


def test_a_public_url_may_end_in_a_slash(monkeypatch):
    assert public_url(Settings()) == "http://127.0.0.1:8080"
    monkeypatch.setenv("PLANTRAIL_PUBLIC_URL", "https://example.com/plans/")
    assert public_url(Settings()) == "https://example.com/plans"
