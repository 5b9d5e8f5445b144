"""The stored format never changes: bytes are pinned, older versions are still read, and text is read back as it was
written."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal, get_args, get_origin
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from adapters.events import stored_format
from adapters.events.stored_format import (
    UPCASTS,
    WHOLE_EVENTS,
    MetaToRecord,
    UnknownTopic,
    UnreadableEvent,
    decode,
    encode,
    people_spoken_of,
    topic_of,
)
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import PlanOpened
from domain.account_plan.play_states import PlayStarted
from domain.account_plan.plays import Play, PlayPlanned
from domain.markers import Sealed, marked
from domain.registry import REGISTRY
from tests.cases import for_each
from tests.examples import examples
from tests.given import OPENED, stored_as
from tests.golden import AT, COMMAND, GOLDEN, PLAN, REASON, SAID, TELLINGS, VERSION, example
from tests.stores import commit, log

EVENTS = REGISTRY.events
EXAMPLES = [
    pytest.param(name, telling, id=telling.file.format(topic_of(name))) for name in EVENTS for telling in TELLINGS
]
PLANNED = PlayPlanned(
    id="pilot", title="Pilot", kind="proof", owner="ann", due_on=date(2026, 3, 31), success_measure="It runs"
)


RELEASED_OTHERWISE = (
    "{topic} was released with other bytes, which stores hold for ever: give the new shape a topic of its own and the"
    " old one an upcast (adapters/events/stored_format.py)"
)


def topic_in(file):
    return file.name.removesuffix(".json").removesuffix(".sealed")


# Golden files


@for_each(("name", "telling"), EXAMPLES)
def test_an_event_is_stored_byte_for_byte_as_it_was_released(name, telling):
    stored, golden = telling.stored(example(EVENTS[name])), telling.golden(topic_of(name))
    assert stored.decode() == golden.decode(), RELEASED_OTHERWISE.format(topic=topic_of(name))


@for_each(("name", "telling"), EXAMPLES)
def test_what_was_stored_is_read_as_it_was_said(name, telling):
    golden = telling.golden(topic_of(name))
    event = example(EVENTS[name])
    record = decode(PLAN, VERSION, 42, topic_of(name), golden, telling.keys(event))
    assert stored_as(record.event) == stored_as(event)
    assert (record.aggregate_id, record.version, record.position, record.stored) == (PLAN, VERSION, 42, golden)
    meta = record.meta
    assert (meta.recorded_at, meta.actor, meta.on_behalf_of, meta.reason) == (AT, "ann", "bob", REASON)
    assert all(part.open for part in record.sealed)


@for_each(("name", "telling"), EXAMPLES)
def test_an_event_can_be_read_when_all_keys_are_gone(name, telling):
    golden = telling.golden(topic_of(name))
    event = example(EVENTS[name])
    record = decode(PLAN, VERSION, 42, topic_of(name), golden, {})
    assert record.event.model_fields_set == event.model_fields_set
    hidden = {field.partition("/")[0] for part in record.sealed for field in part.fields} - {"reason"}
    for field in event.model_fields_set:
        assert bool(getattr(record.event, field)) == bool(getattr(event, field))
        assert (getattr(record.event, field) == getattr(event, field)) == (field not in hidden)
    assert "Zoë" not in record.event.model_dump_json() or not telling.about
    assert (record.meta.reason == "[forgotten]") == bool(telling.about)


def test_every_event_has_its_golden_files_and_they_are_nobody_elses():
    topics = {topic_of(name) for name in EVENTS} | set(UPCASTS)
    needed = {each.file.format(topic) for topic in topics for each in TELLINGS}
    assert {file.name for file in GOLDEN.iterdir()} == needed, f"write those that are missing: {COMMAND}"


@for_each("name", EVENTS)
def test_an_example_leaves_nothing_out(name):
    event = example(EVENTS[name])
    assert event.model_fields_set == set(EVENTS[name].model_fields)
    assert all(value not in (None, ()) for value in event.__dict__.values())


@for_each("name", EVENTS)
def test_what_is_always_sealed_is_said_of_the_stakeholder_the_event_is_about(name):
    if any(marker.always for _, marker in marked(EVENTS[name], Sealed)):
        assert EVENTS[name].noun == "stakeholder"


# Older shapes


@pytest.fixture
def _starting_had_another_shape(monkeypatch):
    """As if `PlayStarted` had once called its day `on` and given it as a number."""
    monkeypatch.setitem(
        UPCASTS, "PlayStarted", lambda data: {"id": data["id"], "started_on": f"2026-01-{data['on']:02}"}
    )
    monkeypatch.delitem(WHOLE_EVENTS, "PlayStarted")


OLD = b'{"meta":{"recorded_at":"2026-01-05T09:00:00Z","actor":"ann"},"data":{"id":"pilot","on":9},"sealed":[]}'


@pytest.mark.usefixtures("_starting_had_another_shape")
def test_an_older_shape_is_read_as_one_of_today():
    record = decode(PLAN, 3, 42, "PlayStarted", OLD, {})
    assert record.event == PlayStarted(id="pilot", started_on=date(2026, 1, 9))
    assert record.stored == OLD


@pytest.mark.usefixtures("_starting_had_another_shape")
def test_an_old_stream_loads_goes_on_in_the_new_shape_and_is_stored_as_it_was(store):
    today = PlayStarted(id="pilot", started_on=date(2026, 1, 12))
    store.events.append(commit(PLAN, 0, OPENED, PLANNED))
    with store.datastore.connection() as connection:
        connection.execute(
            "INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, 3, 'PlayStarted', %s)",
            (PLAN, OLD),
        )
    store.events.append(commit(PLAN, 3, today))
    known = LoadedPlan.of(ACCOUNT_PLAN, PLAN, store.events.read(PLAN))
    assert [record.event for record in known.records] == [
        OPENED,
        PLANNED,
        PlayStarted(id="pilot", started_on=date(2026, 1, 9)),
        today,
    ]
    assert known.state.the(Play, "pilot").started_on == date(2026, 1, 12)
    assert [row.topic for row in log(store.where.service)][2:] == ["PlayStarted", "PlayStarted.2"]
    assert log(store.where.service)[2].state == OLD


@pytest.mark.usefixtures("_starting_had_another_shape")
def test_a_new_shape_asks_for_golden_files_of_its_own():
    assert topic_of("PlayStarted") == "PlayStarted.2"
    assert topic_of("PlayPlanned") == "PlayPlanned"
    assert not (GOLDEN / "PlayStarted.2.json").exists()


def test_an_older_shape_is_opened_before_it_is_brought_up_to_date(monkeypatch):
    event = PlayPlanned(**PLANNED.model_dump(exclude_unset=True))
    meta = MetaToRecord(AT, SAID, "command-1", about=("cfo",))
    state = encode(PLAN, 2, event, meta, {"cfo": b"k" * 32}).replace(b'"title"', b'"named"')
    assert b"named" in state
    monkeypatch.setitem(UPCASTS, "PlayPlanned", lambda data: {**data, "title": data.get("title", data.get("named"))})
    assert decode(PLAN, 2, 1, "PlayPlanned", state, {"cfo": b"k" * 32}).event == event
    monkeypatch.setitem(UPCASTS, "PlayPlanned", lambda data: {"title": data.pop("named"), **data})
    forgotten = decode(PLAN, 2, 1, "PlayPlanned", state, {}).event
    assert (forgotten.title, forgotten.success_measure) == ("[forgotten]", "[forgotten]")


@pytest.mark.parametrize(
    "topic", ["PlayTeleported", "PlayStarted.2", "PlayStarted.1", "domain.account_plan.plays.PlayStarted"]
)
def test_what_was_never_released_is_refused_with_what_to_do(topic):
    state = (GOLDEN / "PlayStarted.json").read_bytes()
    with pytest.raises(UnknownTopic) as unknown:
        decode(PLAN, VERSION, 42, topic, state, {})
    assert str(unknown.value) == (
        "The log holds an event this version does not know: it was written by a newer plantrail; install that version."
        f" ({topic!r} at position 42)"
    )


def test_rules_are_for_deciding_so_an_old_event_may_break_all_of_them():
    odd = PlanOpened(
        account_id="no id at all\n",
        account_name="",
        tier="strategic",
        owner="",
        currency="€uro",
        timezone="Moon/Crater",
        opened_on=date(1, 1, 1),
    )
    stored = encode(PLAN, 1, odd, MetaToRecord(AT, SAID, "command-1"), {})
    assert decode(PLAN, 1, 1, "PlanOpened", stored, {}).event == odd


def test_a_field_nobody_knows_is_never_dropped_silently():
    state = (GOLDEN / "PlayStarted.json").read_bytes().replace(b'"data":{', b'"data":{"mood":"high",')
    with pytest.raises(UnreadableEvent, match=f"{PLAN}:{VERSION}") as unreadable:
        decode(PLAN, VERSION, 42, "PlayStarted", state, {})
    assert "mood" in str(unreadable.value.__cause__)


# Any event


@cache
def anything(annotation):
    """Whatever fits the type, fields that may be left out included or not."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        required = {name: anything(field.annotation) for name, field in fields.items() if field.is_required()}
        optional = {name: anything(field.annotation) for name, field in fields.items() if not field.is_required()}
        return st.fixed_dictionaries(required, optional=optional).map(lambda said: annotation(**said))
    if annotation is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False)
    if annotation is str or isinstance(annotation, type):
        return st.from_type(annotation)
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) is dict:
        return st.dictionaries(*map(anything, get_args(annotation)), max_size=3)
    if get_origin(annotation) is tuple:
        return st.lists(anything(get_args(annotation)[0]), max_size=3).map(tuple)
    if get_origin(annotation) is Annotated:
        return anything(get_args(annotation)[0])
    return st.one_of(anything(part) for part in get_args(annotation))


INSTANTS = st.datetimes(timezones=st.just(UTC))
PEOPLE = st.lists(st.sampled_from(["cfo", "cto", "coo"]), unique=True).map(tuple)
ANY_EVENT = st.sampled_from(list(EVENTS.values())).flatmap(anything)


@settings(max_examples=examples(50))
@given(event=ANY_EVENT, at=INSTANTS, reason=st.none() | st.text(), about=PEOPLE, former_about=PEOPLE)
def test_what_is_stored_is_what_is_read(event, at, reason, about, former_about):
    plan_id, version = uuid4(), 3
    meta = MetaToRecord(at, SAID, "c", reason, about, former_about)
    keys = dict.fromkeys(people_spoken_of(event, meta), b"k" * 32)
    stored = encode(plan_id, version, event, meta, keys)
    record = decode(plan_id, version, 9, topic_of(type(event).__name__), stored, keys)
    assert stored_as(record.event) == stored_as(event)
    assert (record.meta.recorded_at, record.meta.reason) == (at, reason)
    assert list(json.loads(stored)) == ["meta", "data", "sealed"]
    assert b"\n" not in stored


@settings(max_examples=examples(50))
@given(event=ANY_EVENT, reason=st.none() | st.text(), about=PEOPLE, former_about=PEOPLE)
def test_what_is_stored_can_be_read_by_whoever_has_no_key(event, reason, about, former_about):
    meta = MetaToRecord(AT, SAID, "c", reason, about, former_about)
    stored = encode(PLAN, 3, event, meta, dict.fromkeys(people_spoken_of(event, meta), b"k" * 32))
    record = decode(PLAN, 3, 9, topic_of(type(event).__name__), stored, {})
    assert record.event.model_fields_set == event.model_fields_set
    for field in event.model_fields_set:
        assert bool(getattr(record.event, field)) == bool(getattr(event, field)) or getattr(event, field) == ""


def test_an_instant_keeps_its_microseconds_and_is_in_utc():
    meta = MetaToRecord(datetime(2026, 3, 31, 17, 0, 0, 1, tzinfo=UTC), SAID, "c")
    stored = encode(PLAN, 1, PLANNED, meta, {})
    assert stored.startswith(b'{"meta":{"recorded_at":"2026-03-31T17:00:00.000001Z",')


def test_reading_takes_the_short_way_for_what_stands_in_clear(monkeypatch):
    monkeypatch.delattr(stored_format, "_decode_slowly")
    golden = (GOLDEN / "PlayWon.json").read_bytes()
    assert decode(PLAN, VERSION, 1, "PlayWon", golden, {}).event == example(EVENTS["PlayWon"])
