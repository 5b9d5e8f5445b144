"""Finds the texts about a person who is to be forgotten: which become unreadable, and which still contain the name."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.language import FORGOTTEN, STAKEHOLDER
from domain.markers import Refers, marked
from domain.names import Names
from domain.record import Recorded
from domain.things import Aggregate

REASON = "reason"


class Gone(BaseModel):
    """A text that nobody can read any more once the person is forgotten."""

    model_config = ConfigDict(frozen=True)

    event: str
    type: str
    fields: list[str]
    others: list[str] = Field(
        description="Other stakeholders the same words speak of: what was said of them goes as well."
    )


class Left(BaseModel):
    """A text that still contains the name of a person who is forgotten."""

    model_config = ConfigDict(frozen=True)

    event: str
    type: str
    fields: list[str]
    sealed_for: list[str] = Field(description="Stakeholders who have to be forgotten to end it; none: it is in clear.")


class Traces(BaseModel):
    """What becomes unreadable if somebody is forgotten, and what does not, by event and field; without the texts."""

    model_config = ConfigDict(frozen=True)

    gone: list[Gone] = Field(description="Events whose words go.")
    left: list[Left] = Field(description="Events that name them in words that stay.")


def traces(state: Aggregate, records: Sequence[Recorded], ids: Collection[str]) -> Traces:
    """Return what happens to the texts about a person, who may have several ids. This must be asked before the person
    is forgotten, because nobody can read the name afterwards."""
    own = {(id, name) for record in records for id, name in _named_by(record) if id in ids}
    person = next(iter(sorted(ids)))
    others = ((id, name) for id, name in state.people() if id not in ids)
    names = Names([*((person, name) for _, name in own), *others])
    return Traces(
        gone=[gone for record in records if (gone := _gone(record, ids))],
        left=[left for record in records for left in _left(record, ids, names, person)],
    )


def _named_by(record: Recorded) -> Iterator[tuple[str, str]]:
    """Yield the id and the name that an event gives a stakeholder, and the former name if it repeats it."""
    event = record.event
    if event.noun == STAKEHOLDER:
        for said in (event, getattr(event, "former", None)):
            name = getattr(said, "name", None)
            if isinstance(name, str) and name != FORGOTTEN:
                yield event.subject(), name


def _gone(record: Recorded, ids: Collection[str]) -> Gone | None:
    parts = [part for part in record.sealed if not set(part.about).isdisjoint(ids)]
    if not parts:
        return None
    fields = [field for part in parts for field in part.fields]
    others = sorted({who for part in parts for who in part.about}.difference(ids))
    return Gone(event=record.id, type=_type(record), fields=fields, others=others)


def _left(record: Recorded, ids: Collection[str], names: Names, person: str) -> Iterator[Left]:
    sealed = {field: part.about for part in record.sealed for field in part.fields}
    holders: dict[tuple[str, ...], list[str]] = {}
    for field, text in _texts(record):
        people = sealed.get(field, ())
        if set(people).isdisjoint(ids) and person in names.found_in(text):
            holders.setdefault(people, []).append(field)
    for people, fields in holders.items():
        yield Left(event=record.id, type=_type(record), fields=list(dict.fromkeys(fields)), sealed_for=list(people))


def _texts(record: Recorded) -> Iterator[tuple[str, str]]:
    """Yield every text of an event with the field that contains it, named as sealed parts name fields. Ids of people
    are left out."""
    event = record.event
    people = {name for name, refers in marked(type(event), Refers) if refers.kind == STAKEHOLDER}
    if event.noun == STAKEHOLDER:
        people.add("id")
    for name, value in event:
        if name not in people:
            yield from _texts_in(value, name)
    if record.meta.reason:
        yield REASON, record.meta.reason


def _texts_in(value: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, BaseModel):
        for name, inner in value:
            yield from _texts_in(inner, f"{field}/{name}")
    elif isinstance(value, tuple):
        for each in value:
            yield from ((field, text) for _, text in _texts_in(each, field))


def _type(record: Recorded) -> str:
    return type(record.event).__name__
