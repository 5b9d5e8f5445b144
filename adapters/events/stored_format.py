"""The stored format of events: `{"meta": …, "data": …, "sealed": […]}` under the event's bare name.

Stored events are never rewritten. A second version of an event has a topic of its own (`PlayStarted.2`), and `UPCASTS`
converts older versions when they are read. To change an event: change its class, add the conversion of the previous
version to `UPCASTS`, and write a golden file of the new topic. Golden files of older topics stay.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from secrets import token_bytes
from typing import Any, NamedTuple, Self, TypeVar, get_args, get_origin
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError
from eventsourcing.utils import TopicError
from pydantic import BaseModel, TypeAdapter
from pydantic_core import from_json, to_json

from adapters.privacy.sealing import Random, seal, unseal
from application.aggregates.ports import CommandContext, ToRecord
from domain.aggregates import AggregateType
from domain.language import FORGOTTEN, STAKEHOLDER, Event
from domain.markers import Sealed, marked
from domain.record import Meta, Recorded, Saying, SealedPart
from domain.registry import REGISTRY

META, DATA, OPEN_END = b'{"meta":', b',"data":', b',"sealed":[]}'
"""The bytes around meta data and payload where nothing is sealed. Quotes inside JSON strings are escaped, so the bytes
occur in no string."""


def _unchanged(data: dict[str, Any]) -> dict[str, Any]:
    """Return the payload unchanged: the fields that the new version added may be missing."""
    return data


UPCASTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    # Version 2 adds the library play from which it was made.
    "ActionAdded": _unchanged,
    "ActionCorrected": _unchanged,
    # Version 2 adds the hash of the document.
    "PackCirculated": _unchanged,
    # Version 2 adds the former values.
    "PlanCorrected": _unchanged,
    "StakeholderCorrected": _unchanged,
    # Version 3 adds who of the customer's people agreed.
    "ActionCorrected.2": _unchanged,
    # Version 3 adds whether the last move was a promotion.
    "StakeholderCorrected.2": _unchanged,
    # Version 2 adds the answer and who gave it.
    "RequestCorrected": _unchanged,
    # Version 2 adds the response to the risk.
    "RiskCorrected": _unchanged,
    # Version 2 adds whether it was taken away.
    "UnitCorrected": _unchanged,
    # Version 2 adds the day.
    "TeamAligned": _unchanged,
    "OfferingCorrected": _unchanged,
}
"""For each older topic, the function that converts its whole payload into the current version."""

Keys = Mapping[str, bytes]
K = TypeVar("K")
V = TypeVar("V")


class UnknownTopic(TopicError):
    """The log holds an event this version does not know: it was written by a newer plantrail; install that version."""


class UnreadableEvent(MapperDeserialisationError):
    """What is stored does not have the shape of its event: plantrail did not write it, or it was altered since."""


def topic_of(name: str) -> str:
    """Return the current topic of an event: its name, with a number from version 2 on."""
    return _topic(name, len(UPCASTS)) if name in UPCASTS else name


@cache
def _topic(name: str, _upcasts: int) -> str:
    """Return the topic of an event that has older versions. It changes only when an upcast is added."""
    return f"{name}.{sum(topic.partition('.')[0] == name for topic in UPCASTS) + 1}"


class MetaToRecord(NamedTuple):
    """The complete meta data of an event to be recorded, with the people its text is about."""

    recorded_at: datetime
    context: CommandContext
    command_id: str
    reason: str | None = None
    about: tuple[str, ...] = ()
    """The stakeholders whom its free text is about."""
    former_about: tuple[str, ...] = ()
    """The stakeholders whom the former text was about, if the event repeats it."""
    named: tuple[str, ...] = ()
    """Those among `about` whose names occur in the text."""

    @classmethod
    def of(cls, each: ToRecord, context: CommandContext) -> Self:
        return cls(each.at, context, each.command_id, each.reason, each.about, each.former_about, each.named)

    @property
    def actor(self) -> str:
        return self.context.actor

    @property
    def on_behalf_of(self) -> str | None:
        return self.context.on_behalf_of

    def said(self) -> dict[str, Any]:
        """Return the stored fields in their stored order; empty values are left out."""
        context = self.context
        said: dict[str, Any] = {"recorded_at": self.recorded_at, "actor": context.actor}
        if context.on_behalf_of is not None:
            said["on_behalf_of"] = context.on_behalf_of
        said["source"] = context.source
        said["command_id"] = self.command_id
        said["request_id"] = context.request_id
        said["correlation_id"] = context.correlation_id
        if context.causation_id is not None:
            said["causation_id"] = context.causation_id
        if context.traceparent is not None:
            said["traceparent"] = context.traceparent
        if self.reason is not None:
            said["reason"] = self.reason
        return said


def encode(
    plan_id: UUID, version: int, event: Event, meta: MetaToRecord, keys: Keys, random: Random = token_bytes
) -> bytes:
    """Return the stored state. `keys` contains the keys of everybody in `people_spoken_of`."""
    parts = words_apart(event, meta)
    if not parts:
        return encode_in_clear(event, meta)
    hidden = [field for words in parts.values() for field in words]
    sealed = [
        seal(plan_id, version, place, people, words, keys, random)
        for place, (people, words) in enumerate(parts.items())
    ]
    clear = {name: value for name, value in meta.said().items() if name not in hidden}
    data = _WRITE[type(event)](event, exclude_unset=True, exclude=_excluded(hidden))
    return b"".join((META, to_json(clear), DATA, data, b',"sealed":', to_json(sealed), b"}"))


def encode_in_clear(event: Event, meta: MetaToRecord) -> bytes:
    """Return the stored state of an event whose text is about nobody, so that nothing in it is sealed."""
    data = _WRITE[type(event)](event, exclude_unset=True)
    return b"".join((META, to_json(meta.said()), DATA, data, OPEN_END))


def _excluded(hidden: Iterable[str]) -> dict[str, Any]:
    """Return the fields to exclude in pydantic's form: whole fields, or some fields of a nested model."""
    exclude: dict[str, Any] = {}
    for name in hidden:
        field, _, inner = name.partition("/")
        if inner:
            exclude.setdefault(field, set()).add(inner)
        else:
            exclude[field] = True
    return exclude


def words_apart(event: Event, meta: MetaToRecord) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the text that must not be stored in clear, by the people for whom it is sealed: their own data, free text,
    and former text."""
    parts: dict[tuple[str, ...], dict[str, Any]] = {}
    if not speaks_of_people(event, meta):
        return parts
    about, former_about, reason = meta.about, meta.former_about, meta.reason
    for field, marker in marked(type(event), Sealed):
        if marker.always:
            others = meta.named if marker.may_name_others else ()
            people = tuple(sorted({event.subject(), *others}))
        else:
            people = former_about or about if field == "former" else about
        for name, words in _words_in(event, field) if people else ():
            parts.setdefault(people, {})[name] = words
    if about and reason is not None:
        parts.setdefault(about, {})["reason"] = reason
    return parts


def speaks_of_people(event: Event, meta: MetaToRecord | ToRecord) -> bool:
    """Return whether some of an event's text may have to be sealed."""
    return bool(meta.about or meta.former_about or _is_about_somebody(type(event)))


@cache
def _is_about_somebody(event: type[Event]) -> bool:
    return any(marker.always for _, marker in marked(event, Sealed))


def _words_in(event: Event, field: str) -> Iterator[tuple[str, Any]]:
    """Yield the text of a field. Each field of a nested model, such as `former`, has its path: `former/statement`."""
    value = getattr(event, field) if field in event.model_fields_set else None
    if isinstance(value, BaseModel):
        for inner, _ in marked(type(value), Sealed):
            if inner in value.model_fields_set and getattr(value, inner) not in (None, ()):
                yield f"{field}/{inner}", _as_stored(value, inner)
    elif value not in (None, ()):
        yield field, _as_stored(event, field)


def _as_stored(terms: BaseModel, field: str) -> Any:
    """Return the value of a field as JSON, without parts that were not given."""
    return terms.model_dump(mode="json", include={field}, exclude_unset=True)[field]


def people_spoken_of(event: Event, meta: MetaToRecord) -> set[str]:
    """Return everybody whose key is needed to record an event."""
    return {who for people in words_apart(event, meta) for who in people}


class LazyValues(dict[K, V]):
    """A dictionary that computes a value when its key is first used."""

    def __init__(self, events: Mapping[K, type[Event]], make: Callable[[type[Event]], V]) -> None:
        self._events, self._make = events, make

    def __missing__(self, key: K) -> V:
        event = self._events[key]
        event.model_rebuild()  # pydantic builds it once.
        made = self[key] = self._make(event)
        return made


EVENTS_BY_TOPIC = {topic_of(name): event for name, event in REGISTRY.events.items()}
WHOLE_EVENTS = EVENTS_BY_TOPIC | {
    topic: REGISTRY.events[topic.partition(".")[0]] for topic, upcast in UPCASTS.items() if upcast is _unchanged
}
"""For each topic, the event whose payload contains every field that the current version requires."""
_WRITE = LazyValues(
    {event: event for event in REGISTRY.events.values()}, lambda event: event.__pydantic_serializer__.to_json
)


def is_open(state: bytes) -> bool:
    """Return whether nothing in a stored state is sealed."""
    return state.endswith(OPEN_END)


def is_whole(topic: str) -> bool:
    """Return whether a payload of the topic can be read without conversion."""
    return topic in WHOLE_EVENTS and UPCASTS.get(topic, _unchanged) is _unchanged


_READ = LazyValues(WHOLE_EVENTS, lambda event: event.__pydantic_validator__.validate_json)
_READ_DATA = LazyValues(REGISTRY.events, lambda event: event.__pydantic_validator__.validate_python)
_READ_META = TypeAdapter(Saying).validator


def topics_of_aggregate(type: AggregateType[Any]) -> frozenset[str]:
    """Return the topics of all events of an aggregate type, in every version."""
    return frozenset(topic for topic in (*EVENTS_BY_TOPIC, *UPCASTS) if topic.partition(".")[0] in type.events)


FORGETTING = frozenset(
    topic
    for topic in (*EVENTS_BY_TOPIC, *UPCASTS)
    if REGISTRY.events[topic.partition(".")[0]].forgets is not Event.forgets
)
"""The topics of events that forget a stakeholder, whose id is the event's `id`."""

OF_STAKEHOLDERS = frozenset(topic for topic, event in EVENTS_BY_TOPIC.items() if event.noun == STAKEHOLDER)
"""The topics of events about a stakeholder."""


class LazyMeta:
    """The meta data of a stored event. They are parsed when first used, because most folds never use them."""

    __slots__ = ("_stored", "actor", "on_behalf_of", "reason", "recorded_at")

    recorded_at: datetime
    actor: str
    on_behalf_of: str | None
    reason: str | None

    def __init__(self, stored: bytes) -> None:
        self._stored = stored

    def __getattr__(self, name: str) -> Any:
        """Parse all meta data when a missing field is first used."""
        if name not in LazyMeta.__slots__:
            raise AttributeError(name)
        said = _READ_META.validate_json(self._stored[META_BEGINS : self._stored.index(DATA)])
        self.recorded_at, self.actor, self.on_behalf_of = said.recorded_at, said.actor, said.on_behalf_of
        self.reason = said.reason
        return getattr(said, name)


META_BEGINS = len(META)
DATA_LENGTH = len(DATA)
OPEN_END_BEGINS = -len(OPEN_END)
_record: Callable[..., Recorded] = tuple.__new__


def decode(plan_id: UUID, version: int, position: int, topic: str, state: bytes, keys: Keys) -> Recorded:
    """Return the recorded event. Every part that the keys open is opened; the others read `[forgotten]`."""
    return decode_all(plan_id, [(version, position, topic, state)], keys)[0]


def decode_all(plan_id: UUID, rows: Iterable[tuple[Any, ...]], keys: Keys) -> list[Recorded]:
    """Apply `decode` to rows of an aggregate: version, position, topic, state.

    Raises `UnknownTopic`, `UnreadableEvent`.
    """
    records: list[Recorded] = []
    version, read = 0, _READ
    try:
        for version, position, topic, state in rows:
            if state.endswith(OPEN_END) and is_whole(topic):
                event = read[topic](state[state.index(DATA) + DATA_LENGTH : OPEN_END_BEGINS])
                # This makes the same as `Recorded(…)` in a third of the time.
                records.append(_record(Recorded, (plan_id, version, position, LazyMeta(state), event, state, ())))
            else:
                records.append(_decode_slowly(plan_id, version, position, topic, state, keys))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEvent(f"{UnreadableEvent.__doc__} ({plan_id}:{version})") from error
    return records


def as_written(plan_id: UUID, version: int, position: int, event: Event, state: bytes, said: Meta) -> Recorded:
    """Return what `decode` would return for an event that was just encoded with nothing sealed, without parsing it."""
    meta = LazyMeta(state)
    meta.recorded_at, meta.actor, meta.on_behalf_of = said.recorded_at, said.actor, said.on_behalf_of
    meta.reason = said.reason
    return _record(Recorded, (plan_id, version, position, meta, event, state, ()))


def _decode_slowly(plan_id: UUID, version: int, position: int, topic: str, state: bytes, keys: Keys) -> Recorded:
    stored, name = from_json(state), topic.partition(".")[0]
    if name not in REGISTRY.events or (topic != topic_of(name) and topic not in UPCASTS):
        raise UnknownTopic(f"{UnknownTopic.__doc__} ({topic!r} at position {position})")
    parts = put_back(plan_id, version, topic, stored, keys)
    data = UPCASTS[topic](stored["data"]) if topic in UPCASTS else stored["data"]
    event: Event = _READ_DATA[name](data)
    return Recorded(plan_id, version, position, _READ_META.validate_python(stored["meta"]), event, state, parts)


def event_from_data(topic: str, data: Mapping[str, Any]) -> Event:
    """Return the event for a payload that a subscriber received, in its current version.

    Text that the subscriber may not read is missing; where the event needs it, it reads `[forgotten]`. Raises
    `UnreadableEvent`.
    """
    name = topic.partition(".")[0]
    there = UPCASTS[topic](dict(data)) if topic in UPCASTS else dict(data)
    fields = REGISTRY.events[name].model_fields
    sealed = dict(marked(REGISTRY.events[name], Sealed))
    left_out = {field: _placeholder(name, field) for field in sealed if fields[field].is_required()}
    try:
        event: Event = _READ_DATA[name](left_out | there)
    except ValueError as error:
        raise UnreadableEvent(f"{UnreadableEvent.__doc__} ({topic})") from error
    return event


def put_back(
    plan_id: UUID | str, version: int, topic: str, stored: Mapping[str, Any], keys: Keys
) -> tuple[SealedPart, ...]:
    """Put the text of sealed parts back in `data` and `meta`; parts that do not open read `[forgotten]`.

    Returns the parts.
    """
    name, data, meta = topic.partition(".")[0], stored["data"], stored["meta"]
    parts = []
    for place, part in enumerate(stored["sealed"]):
        opened = unseal(plan_id, version, place, part, keys)
        words = opened if opened is not None else {field: _placeholder(name, field) for field in part["fields"]}
        for field, value in words.items():
            outer, _, inner = field.rpartition("/")
            (meta if field == "reason" else data[outer] if outer else data)[inner] = value
        parts.append(SealedPart(tuple(part["about"]), tuple(part["fields"]), opened is not None))
    return tuple(parts)


def _placeholder(topic: str, field: str) -> Any:
    """Return the value of a forgotten field, which shows that it was given, but not its text."""
    outer, _, inner = field.partition("/")
    said = REGISTRY.events[topic].model_fields.get(outer)
    if said is None:
        return FORGOTTEN
    return _forgotten(_part_of(said.annotation).model_fields[inner].annotation if inner else said.annotation)


def _part_of(annotation: Any) -> type[BaseModel]:
    """Return the model of a field, also if the field is optional."""
    part: type[BaseModel] = next(each for each in (annotation, *get_args(annotation)) if is_model(each))
    return part


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _forgotten(annotation: Any) -> Any:
    if is_model(annotation):
        fields = {name: _forgotten(field.annotation) for name, field in annotation.model_fields.items()}
        return {name: value for name, value in fields.items() if value is not None}
    if get_origin(annotation) is tuple:
        return [_forgotten(get_args(annotation)[0])]
    if annotation is str:
        return FORGOTTEN
    if annotation is int:
        return 0
    return next((found for part in get_args(annotation) if (found := _forgotten(part)) is not None), None)
