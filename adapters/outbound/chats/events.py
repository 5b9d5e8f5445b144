"""Events as chat messages for people: what happened in which plan, who recorded it, and why."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from adapters.outbound.chats.message import ChatMessage, Line, Section
from adapters.rendering.words import in_words, spaced, with_unit
from application.aggregates.loaded import LoadedAggregate
from application.views.dates import things_said_of_people
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import the_plan
from domain.record import Recorded

OF_THE_PROGRAM = "Program"


def event_message(known: LoadedAggregate[Any], record: Recorded, address: str, personal_data: bool) -> ChatMessage:
    """Return the message for one event of an aggregate.

    Without `personal_data`, everything that this event or an earlier one sealed is left out: text about people, and
    titles that name them.
    """
    is_plan = known.type is ACCOUNT_PLAN
    account = the_plan(known.state) if is_plan else None
    called = account.account_name if account else OF_THE_PROGRAM
    currency = account.currency if account else ""
    lines = [
        *_thing(known, record, personal_data),
        *_said(record, currency, personal_data),
        *_who(record, personal_data),
    ]
    title = f"{called}: {spaced(type(record.event).__name__)}"
    link = f"{address}/plans/{known.id}" if is_plan else f"{address}/program"
    return ChatMessage(title, [Section(lines)], link)


def _thing(known: LoadedAggregate[Any], record: Recorded, personal_data: bool) -> Iterator[Line]:
    event = record.event
    noun, id = event.noun, event.subject()
    thing = known.state.named(noun, id)
    title = thing.known_as if thing else None
    if title is None or (not personal_data and (noun, id) in things_said_of_people(known.records)):
        title = id
    if title != noun:
        yield Line(spaced(noun).capitalize(), title)


def _said(record: Recorded, currency: str, personal_data: bool) -> Iterator[Line]:
    event = record.event
    hidden = set() if personal_data else {field for part in record.sealed for field in part.fields}
    for field in type(event).model_fields:
        value = getattr(event, field)
        if field == "id" or field not in event.model_fields_set or field in hidden:
            continue
        if isinstance(value, BaseModel):
            inner = {each.partition("/")[2] for each in hidden if each.startswith(f"{field}/")}
            value = {name: each for name, each in value if name in value.model_fields_set and name not in inner}
        said = in_words(value, field) if isinstance(value, dict) else with_unit(value, field, currency)
        yield Line(spaced(field).capitalize(), said)


def _who(record: Recorded, personal_data: bool) -> Iterator[Line]:
    meta = record.meta
    yield Line("By", f"{meta.actor} for {meta.on_behalf_of}" if meta.on_behalf_of else meta.actor)
    is_sealed = any("reason" in part.fields for part in record.sealed)
    if meta.reason and (personal_data or not is_sealed):
        yield Line("Because", meta.reason)
