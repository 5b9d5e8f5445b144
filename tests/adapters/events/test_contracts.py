"""The schemas of events: every event fits its schema, and a released schema never changes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any

import pytest
from eventsourcing.persistence import Notification
from jsonschema import Draft202012Validator
from pydantic import create_model

from adapters.events import json_schemas
from adapters.events.cloud_events import TOPICS, CloudEvents, type_of
from adapters.events.json_schemas import DIALECT, released, schemas, under_its_url
from adapters.events.stored_format import MetaToRecord, encode, topic_of
from domain.account_plan.play_states import PlayStarted
from domain.glossary import MEANINGS, MeaningMissing, meaning
from domain.record import Recorded
from domain.registry import REGISTRY
from tests import catalogue
from tests.adapters.events.test_cloud_events import LOG
from tests.cases import for_each
from tests.catalogue import COMMAND, schemas_now
from tests.compatibility import incompatibilities
from tests.everything import everything
from tests.examples import in_turn, spread
from tests.golden import AT, PLAN, SAID, TELLINGS, VERSION, example
from tests.histories import all_told
from tests.released import broken_promises, file_of, out_of_date, release
from tests.reports import DEMO, WORKED

EVENTS = REGISTRY.events
URL = "https://plans.example.com"
EVERYWHERE = CloudEvents(LOG, URL)
HISTORIES = {
    "everything": lambda: [everything()],
    "the worked case": lambda: all_told(WORKED),
    **{file.stem: lambda file=file: all_told(file) for file in sorted(DEMO.glob("*.jsonl"))},
}


def closed(schema: Any) -> Any:
    """The same schema for the eyes of the tests, that nothing goes out which it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema else {}
    return {word: closed(said) for word, said in schema.items()} | shut


VALIDATORS = {
    type: Draft202012Validator(closed(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for type, schema in released().items()
}


def complaints(type: str, data: Any) -> list[str]:
    if type not in VALIDATORS:
        pytest.fail(f"{type} has no schema yet; run: {COMMAND}", pytrace=False)
    return [f"{type} {error.json_path}: {error.message}" for error in VALIDATORS[type].iter_errors(data)]


def row_of(record: Recorded) -> Notification:
    return Notification(
        record.aggregate_id, record.version, topic_of(type(record.event).__name__), record.stored, record.position
    )


# They hold


CHECKED = in_turn(["checked", "", ""], at_each=1)


@pytest.mark.hypothesis
@for_each("type", sorted(released()))
def test_a_schema_is_one(type):
    """Every third is looked at word for word, and in `make torture` all are."""
    schema = released()[type]
    if "checked" in next(CHECKED):
        Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == f"{type}.json"


def test_every_version_of_every_event_has_a_schema_and_nothing_else_has():
    assert released().keys() == TOPICS.keys(), f"run: {COMMAND}"


@pytest.mark.hypothesis
@for_each("name", HISTORIES)
def test_whatever_goes_out_is_as_its_schema_says(name):
    """To who may read what was said about people, and to who may not; most events go out to both alike.  Of the stories
    of the demo every third event, and in `make torture` all."""
    turns = spread(range(3), 3)
    for history in HISTORIES[name]():
        records = history.known.records
        for record in records if name == "everything" else parts_of(records, next(turns)):
            for sent in {EVERYWHERE.structured(row_of(record), keys) for keys in (history.keys, None)}:
                event = json.loads(sent)
                assert event["dataschema"] == under_its_url(event["type"], URL)["$id"]
                assert complaints(event["type"], event["data"]) == []


def parts_of(records: Sequence[Recorded], turns: Iterable[int]) -> Iterator[Recorded]:
    return chain.from_iterable(records[turn::3] for turn in turns)


@for_each("telling", TELLINGS)
@for_each("keys", ["all", "none", "no right"])
def test_every_golden_file_goes_out_as_its_schema_says(telling, keys):
    for name, event in EVENTS.items():
        topic = topic_of(name)
        row = Notification(PLAN, VERSION, topic, telling.golden(topic), 1)
        known = {"all": telling.keys(example(event)), "none": {}, "no right": None}[keys]
        sent = json.loads(EVERYWHERE.structured(row, known))
        assert complaints(sent["type"], sent["data"]) == []


@for_each("name", EVENTS)
def test_what_is_forgotten_is_still_as_the_schema_says(name):
    """Also a whole list of parts, of which nothing can be read any more."""
    event = example(EVENTS[name])
    telling = TELLINGS[1]
    state = encode(PLAN, VERSION, event, MetaToRecord(AT, SAID, "c", about=telling.about), telling.keys(event))
    sent = json.loads(EVERYWHERE.structured(Notification(PLAN, VERSION, topic_of(name), state, 1), {}))
    assert complaints(sent["type"], sent["data"]) == []


@for_each("name", EVENTS)
def test_a_field_that_is_sealed_or_need_not_be_said_is_not_asked_for(name):
    """What is required is exactly what every event has, whoever looks at it."""
    schema = released()[type_of(topic_of(name))]
    full = EVENTS[name]
    row = Notification(PLAN, VERSION, topic_of(name), TELLINGS[1].stored(example(full)), 1)
    visible = json.loads(EVERYWHERE.structured(row))["data"]
    needed = {field for field, info in full.model_fields.items() if info.is_required()}
    assert set(schema.get("required", ())) == needed & visible.keys()


# They are said in the domain's words


def test_every_event_says_what_it_means_and_its_fields_do():
    for type, schema in schemas_now().items():
        assert schema["description"].endswith("."), type
        assert all(field["description"].endswith(".") for field in schema["properties"].values()), type


def test_the_glossary_explains_no_field_that_is_not_there():
    said = {
        field["description"]
        for schema in schemas_now().values()
        for field in everything_described(schema)
        if "description" in field
    }
    nouns = {event.noun for event in REGISTRY.events.values()}
    unused = [key for key, text in MEANINGS.items() if not {text.format(noun=noun) for noun in nouns} & said]
    assert unused == []


def test_a_meaning_holds_of_everything_only_where_several_kinds_of_things_share_it(monkeypatch):
    nouns: dict[str, set[str]] = {}

    def noted(field: str, noun: str, *owners: str) -> str:
        if not any(f"{owner}.{field}" in MEANINGS for owner in (*owners, noun)):
            nouns.setdefault(field, set()).add(noun)
        return meaning(field, noun, *owners)

    monkeypatch.setattr(json_schemas, "meaning", noted)
    schemas()
    alone = {field: only for field, (only, *others) in nouns.items() if not others}
    assert alone == {}, "say each of these in domain/glossary.py of the thing alone, as in “play.due_on”"


def test_a_new_field_borrows_no_meaning_from_another_thing():
    assert meaning("until_on", "member") == "The last day in the role."
    with pytest.raises(
        MeaningMissing, match=r"`until_on` of a goal means: say it in domain/glossary[.]py as “goal[.]until_on”"
    ):
        meaning("until_on", "goal")


def everything_described(schema: Any) -> list[dict[str, Any]]:
    several = [schema[word] for word in ("items", "additionalProperties") if isinstance(schema.get(word), dict)]
    inner = [*schema.get("properties", {}).values(), *several]
    return [schema, *(each for part in inner for each in everything_described(part))]


# They are kept


def test_no_released_schema_is_broken():
    assert broken_promises() == [], (
        f"give the event a new shape (adapters/events/stored_format.py), then run: {COMMAND}"
    )


def test_what_is_committed_is_what_the_code_says():
    assert [file.name for file in out_of_date()] == [], f"run: {COMMAND}"


RELEASED: dict[str, Any] = {
    "$id": "plantrail.play-planned.v1.json",
    "title": "Play planned",
    "description": "As it was said.",
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "due_on": {"type": ["string", "null"], "format": "date"},
        "kind": {"type": "string", "enum": ["access", "proof"], "description": "What kind."},
        "arr": {"type": "string", "pattern": "^[0-9]+$"},
        "description": {"type": "string"},
        "metrics": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
        "former": {"type": "object", "properties": {"owner": {"type": "string"}}},
        "rates": {"type": "object", "additionalProperties": {"type": "string", "description": "What one is worth."}},
    },
    "required": ["id", "kind"],
}


def changed(path: str, **words: Any) -> dict[str, Any]:
    """The schema above, at a path with other words; None takes a word away."""
    schema = deepcopy(RELEASED)
    place = schema
    for step in filter(None, path.split("/")):
        place = place[step]
    for word, said in words.items():
        word = word.replace("dollar_", "$").replace("x_", "x-").rstrip("_")
        if said is None:
            del place[word]
        else:
            place[word] = said
    return schema


@for_each(
    "now",
    [
        pytest.param(RELEASED, id="nothing changed"),
        pytest.param(changed("", title="Planned", description="Said better."), id="an event is explained better"),
        pytest.param(changed("properties/kind", description="Said better."), id="a field is explained better"),
        pytest.param(changed("properties/kind", x_sealed="always"), id="a field is known to be personal"),
        pytest.param(changed("properties", note={"type": "string"}), id="a field more, that need not be there"),
        pytest.param(changed("properties", title={"type": "string"}), id="a field that is called like a word"),
        pytest.param(changed("properties/former/properties", due_on={"type": "string"}), id="a field more in a part"),
        pytest.param(changed("properties/metrics/items/properties", goal={"type": "string"}), id="… and of a list"),
        pytest.param(
            changed("properties/rates/additionalProperties", description="Said better."), id="… or what stands by name"
        ),
        pytest.param(changed("properties/kind", enum=["proof", "access"]), id="values in another order"),
        pytest.param(changed("", required=["kind", "id"]), id="required in another order"),
        pytest.param(changed("properties/due_on", type=["null", "string"]), id="types in another order"),
        pytest.param(changed("properties/id", type=["string"]), id="the one type, as a list"),
    ],
)
def test_a_released_schema_may_become(now):
    assert incompatibilities(RELEASED, now) == []


@for_each(
    ("now", "where"),
    [
        (changed("properties", arr=None), "/arr: it is gone"),
        (changed("properties", description=None), "/description: it is gone"),
        (changed("", required=["kind"]), "/id: it need not be there"),
        (changed("", required=None), "/id: it need not be there"),
        (changed("", required=["id", "kind", "due_on"]), "/due_on: it must be there"),
        (changed("properties/id", type="integer"), "/id: its type"),
        (changed("properties/id", type=["string", "null"]), "/id: its type"),
        (changed("properties/due_on", type="string"), "/due_on: its type"),
        (changed("properties/id", type=None), "/id: its type"),
        (changed("properties/kind", enum=["access"]), "/kind: its values"),
        (changed("properties/kind", enum=["access", "proof", "governance"]), "/kind: its values"),
        (changed("properties/kind", enum=["access", "proofs"]), "/kind: its values"),
        (changed("properties/kind", enum=None), "/kind: its values"),
        (changed("properties/id", enum=["a"]), "/id: its values"),
        (changed("properties/due_on", format="date-time"), "/due_on: its format"),
        (changed("properties/due_on", format=None), "/due_on: its format"),
        (changed("properties/arr", pattern="^-?[0-9]+$"), "/arr: its pattern"),
        (changed("properties/arr", pattern=None), "/arr: its pattern"),
        (changed("properties/id", maxLength=64), "/id: “maxLength”"),
        (changed("properties/metrics", minItems=1), "/metrics: “minItems”"),
        (changed("properties/metrics", items=None), "/metrics: “items”"),
        (changed("properties/id", items={"type": "string"}), "/id: “items”"),
        (changed("properties/metrics/items", required=None), "/metrics/items/name: it need not be there"),
        (changed("properties/metrics/items/properties", name=None), "/metrics/items/name: it is gone"),
        (changed("properties/metrics/items/properties/name", type="integer"), "/metrics/items/name: its type"),
        (changed("properties/former", properties=None), "/former/owner: it is gone"),
        (changed("properties/former", required=["owner"]), "/former/owner: it must be there"),
        (changed("properties/former/properties/owner", type="integer"), "/former/owner: its type"),
        (changed("properties", actor={"type": "string"}, arr=None), "/arr: it is gone"),
        (changed("", type="array"), "/: its type"),
        (changed("", additionalProperties=False), "/: “additionalProperties”"),
        (changed("properties/rates", additionalProperties=False), "/rates: “additionalProperties”"),
        (changed("properties/rates/additionalProperties", type="integer"), "/rates/additionalProperties: its type"),
        (changed("", dollar_id="plantrail.play-planned.v2.json"), "/: it goes by another name"),
        (changed("", if_={"required": ["due_on"]}), "/: “if”"),
    ],
)
def test_a_released_schema_may_not_become(now, where):
    found = incompatibilities(RELEASED, now)
    assert any(each.startswith(where) for each in found), found


def test_an_event_that_was_made_another_is_not_released_over_what_was(monkeypatch):
    numbered = create_model("PlayStarted", __base__=PlayStarted, started_on=(int | None, None))
    monkeypatch.setitem(EVENTS, "PlayStarted", numbered)
    before = file_of("plantrail.play-started.v1").read_bytes()
    with pytest.raises(SystemExit, match="/started_on: its type is another") as refused:
        release()
    assert "new shape" in str(refused.value)
    assert file_of("plantrail.play-started.v1").read_bytes() == before


def test_an_event_that_no_story_tells_is_asked_for_in_words(monkeypatch):
    told_of = {name: record for name, record in catalogue._examples().items() if name != "PlayWon"}
    monkeypatch.setattr(catalogue, "_examples", lambda: told_of)
    with pytest.raises(
        SystemExit, match=r"PlayWon occurs in none of the stories.+adapters/cli/demo/.+tests[.]released"
    ):
        release()


def test_a_file_that_is_missing_says_the_command_that_writes_it():
    with pytest.raises(pytest.fail.Exception, match=r"PlayForetold[.]json yet; run: python -m tests[.]golden"):
        TELLINGS[0].golden("PlayForetold")
    with pytest.raises(pytest.fail.Exception, match=r"has no schema yet; run: python -m tests[.]released"):
        complaints("plantrail.play-foretold.v1", {})
