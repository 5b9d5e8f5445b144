"""The catalogue of events for people: the meaning, the contents, and an example from the demo for each event.

It is generated from the code and the demo alone, so that it cannot be wrong.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from textwrap import fill
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.events.cloud_events import CloudEvents, type_of
from adapters.events.json_schemas import ALWAYS, Schema, schemas, title_of
from adapters.events.stored_format import topic_of
from domain.account_plan.plays import PlayRescheduled
from domain.language import Event
from domain.record import Recorded
from domain.registry import REGISTRY
from tests.histories import all_told
from tests.reports import DEMO

COMMAND = "python -m tests.released"
STORIES = ("retailer", "manufacturer", "win-back", "spreadsheet", "program", "small-accounts")
LINE_LENGTH = 120
LOG = UUID("0f5f1e3c-6f0a-4d7e-9d0a-2b8f6c1d7e55")

INTRODUCTION = """# The events of a plan

*Generated from the code by `python -m tests.released`; do not edit it by hand.*

Whatever happens to an account plan is an **event**: a fact that is recorded once and never changed. Everything that
plantrail shows is computed from these events, and every subscriber receives all of them: from [the feed](feed.md), page
by page or as a stream, as [webhooks](webhooks.md), or over [NATS](nats.md). This page says what each event means and
what it contains.

## How to read an event

An event is sent as a [CloudEvent](https://cloudevents.io), which says which plan the event is about, when it was
recorded, and by whom. What happened is under `data`:

```json
{envelope}
```

- `type` is the kind of event and its version. `id` is the id of the plan and the number of the event in it: 1, 2, 3 and
  so on, without gaps. You may receive an event twice, so remember the ids that you have processed. `sequence` orders
  the events of all plans.
- `time` is when the event was recorded. Days such as `due_on` say when something is or was true; they are days in the
  plan's time zone.
- A field that is **absent** was not mentioned, and keeps its value. A field that is **null** is known to be empty from
  now on. A list always replaces the whole list.
- **`former`** is the previous value, for events where it is often needed: from which day a promise was moved, or what a
  goal was before.
- Amounts and shares are written as text, such as `"0.15"`, so that no program rounds them. Amounts are in the plan's
  currency.
- Fields marked **personal** contain words about people, and are sealed. A subscriber without the right to read personal
  data receives the event without them. Once a person was forgotten, they read `[forgotten]`. Fields that are *always*
  personal describe a stakeholder; those that are *maybe* personal are free text, which is sealed if its author said
  that it is about somebody.
- `id` in `data` is the id of the thing that the event is about. All events of one plan with the same id tell the life
  of one play, one risk or one stakeholder.

A published version of an event never changes: its schema may gain optional fields and better explanations, nothing
else, so ignore fields that you do not know. Any other change makes a `.v2`, which is a type of its own.
"""


def catalogue() -> str:
    example = _example(PlayRescheduled)
    stored = Notification(example.aggregate_id, example.version, "PlayRescheduled", example.stored, example.position)
    envelope = json.loads(CloudEvents(LOG, "https://plans.example.com").structured(stored))
    return "\n".join((INTRODUCTION.format(envelope=_indented(envelope)), *_contents(), *_topics()))


class NotTold(Exception):
    """{event} occurs in none of the stories of the demo, so the catalogue has no example of it.  Tell it in one of
    adapters/cli/demo/*.jsonl, by its command, and say again: {command}"""

    def __init__(self, event: type[Event], command: str) -> None:
        sentence = " ".join((self.__doc__ or "").split())
        super().__init__(sentence.format(event=event.__name__, command=command))


def _example(event: type[Event]) -> Recorded:
    """Return the example. Raises `NotTold`."""
    found = _examples().get(event.__name__)
    if found is None:
        raise NotTold(event, COMMAND)
    return found


@cache
def _examples() -> Mapping[str, Recorded]:
    """Return the example with the most fields for every event in the demo."""
    found: dict[str, Recorded] = {}
    for story in STORIES:
        histories = all_told(DEMO / f"{story}.jsonl")
        for record in (record for history in histories for record in history.known.records):
            name = type(record.event).__name__
            if name not in found or _fullness(found[name]) < _fullness(record):
                found[name] = record
    return found


def _fullness(record: Recorded) -> int:
    return sum(value not in (None, ()) for _, value in record.event)


def schemas_now() -> Mapping[str, Schema]:
    """Return the schemas that the code generates now. They are made once, because that takes half a second."""
    return _schemas_of(tuple(REGISTRY.events.items()))


@cache
def _schemas_of(_events: tuple[tuple[str, type[Event]], ...]) -> Mapping[str, Schema]:
    return schemas()


def _events_of_topics() -> Iterator[tuple[str, str, tuple[type[Event], ...]]]:
    """Return the title, the description and the events of each topic."""
    for topic in (topic for aggregate in REGISTRY.types for topic in aggregate.topics):
        events = topic.event_types()
        _, _, about = (sys.modules[events[0].__module__].__doc__ or "").partition("Topic: ")
        about = " ".join(about.split())
        yield about.partition(",")[0].partition(":")[0].capitalize(), about, events


def _contents() -> Iterator[str]:
    yield "## All events\n"
    for called, _, events in _events_of_topics():
        links = ", ".join(f"[{title_of(event.__name__)}](#{_anchor(event)})" for event in events)
        yield wrapped(f"- **{called}**: {links}", "  ")
    yield ""


def wrapped(prose: str, indent: str = "") -> str:
    return fill(prose, LINE_LENGTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _anchor(event: type[Event]) -> str:
    return title_of(event.__name__).lower().replace(" ", "-")


def _topics() -> Iterator[str]:
    made = schemas_now()
    for called, about, events in _events_of_topics():
        yield f"## {called}\n\n{wrapped(about[0].upper() + about[1:])}\n"
        for event in events:
            type = type_of(topic_of(event.__name__))
            yield from _event(event, type, made[type])


def _event(event: type[Event], type: str, schema: Schema) -> Iterator[str]:
    yield f"### {schema['title']}\n"
    yield f"`{type}` · [schema](schemas/{type}.json)\n"
    yield f"{wrapped(schema['description'])}\n"
    if schema["properties"]:
        yield "| field | meaning | holds | there | personal |\n|---|---|---|---|---|"
        yield from _rows(schema, {name for name, field in event.model_fields.items() if field.is_required()})
        yield f"\n```json\n{_indented(_data(_example(event)))}\n```\n"
    else:
        yield "There is nothing more to say: its `data` is `{}`.\n"


def _rows(schema: Schema, needed: AbstractSet[str], within: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        there = ("always" if name in schema.get("required", ()) else "unless sealed") if name in needed else "if said"
        personal = {None: "", ALWAYS: "always"}.get(field.get("x-sealed"), "maybe")
        yield f"| `{within}{name}` | {field['description']} | {_holds(field)} | {there} | {personal} |"
        yield from _parts(field, f"{within}{name}")


def _parts(field: Schema, within: str) -> Iterator[str]:
    """Return the contents of a field: the fields of a model, of the items of a list, and of the values of a mapping."""
    if "properties" in field:
        yield from _rows(field, set(field.get("required", ())), f"{within}.")
    if "items" in field:
        yield from _parts(field["items"], f"{within}[]")
    if isinstance(field.get("additionalProperties"), dict):
        yield from _parts(field["additionalProperties"], f"{within}.*")


WORDS = {"string": "text", "integer": "whole number", "boolean": "yes or no", "object": "parts", "array": "list"}


def _holds(field: Schema) -> str:
    if "type" not in field:  # The contents of a command.
        return "anything"
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    values = [value for value in field.get("enum", ()) if value is not None]
    if values:
        said = "one of " + ", ".join(f"`{value}`" for value in values)
    elif isinstance(field.get("additionalProperties"), dict):
        names = ", ".join(f"`{name}`" for name in field.get("propertyNames", {}).get("enum", ()))
        of_what = _holds(field["additionalProperties"])
        said = f"{of_what} for each of {names}" if names else f"{of_what} by name"
    elif "items" in field:
        said = "list of " + _holds(field["items"]).removeprefix("one of ")
    elif field.get("format") == "date":
        said = "day"
    elif "pattern" in field:
        said = "number"
    elif "x-refers-to" in field:
        said = f"id of {_with_article(field['x-refers-to'])}"
    else:
        said = WORDS[types[0]]
    return f"{said}, or null" if "null" in types else said


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _data(record: Recorded) -> dict[str, Any]:
    return record.event.model_dump(mode="json", exclude_unset=True)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
