"""The effects of each event: the values of things before and after it.

History, blame and diff are computed from effects, so they need no code for a new event.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, NamedTuple, cast

from pydantic import WithJsonSchema
from pydantic_core import from_json

from application.views.watched_draft import WatchedDraft
from domain.account_plan.language import Section
from domain.language import Event
from domain.markers import Sealed, marked
from domain.record import Recorded, ToldOfThings, told_of, told_of_each
from domain.registry import REGISTRY
from domain.things import Aggregate, Thing, Values

_SECTIONS: list[Any] = [section for type in REGISTRY.types for section in type.sections]
SectionName = Annotated[str, WithJsonSchema({"type": "string", "enum": _SECTIONS})]
"""A section of an aggregate of any type."""


@dataclass(slots=True)
class Effect:
    """A value before and after an event; null if there is none or it is unknown."""

    kind: str
    id: str
    field: str
    before: Any
    after: Any


ValueOfThing = tuple[str, str, str]
"""Kind, id and field."""


class Step(NamedTuple):
    """An event and everything it changed."""

    record: Recorded
    effects: Sequence[Effect]
    sealed: AbstractSet[ValueOfThing] = frozenset()
    """The values in which the event sealed text. Each of them is among the effects even if its text did not change,
    because nobody can compare sealed text once the person is forgotten, and forgetting must not alter history."""


def walk(records: Sequence[Recorded], after: int = 0, never: AbstractSet[int] = frozenset()) -> Iterator[Step]:
    """Yield every event after a version with its effects at that time. An event that strikes an entry undoes its
    effects.

    Entries whose versions are in `never` are treated as if they had never been recorded.
    """
    for record, touches in touched(records, after, never):
        effects: list[Effect] = []
        sealed: set[ValueOfThing] = set()
        for touch in touches:
            noun, id, words = touch.kind.noun, touch.id, touch.words
            sealed.update((noun, id, field) for field in words)
            effects += [Effect(noun, id, *change) for change in differences(touch)]
        yield Step(record, effects, sealed)


class Touch(NamedTuple):
    """A thing that an event wrote to, with its values before."""

    kind: type[Thing]
    id: str
    before: Values | None
    now: Values | None
    words: Collection[str]
    """The fields with text that the event sealed or brought back."""


def touched(
    records: Sequence[Recorded],
    after: int = 0,
    never: AbstractSet[int] = frozenset(),
    onto: Aggregate | None = None,
) -> Iterator[tuple[Recorded, list[Touch]]]:
    """Yield the same events as `walk`, each with the things it wrote to. Nothing is compared yet.

    `onto` is the aggregate at the version `after`, for a caller who already has it.
    """
    if not records:
        return
    aggregate_type = REGISTRY.type_of(records[0].event)
    looks_back = never or any((struck := record.event.strikes()) and struck <= after for record in records[after:])
    begin = 0 if looks_back else after
    if onto is None or begin != after:
        onto = aggregate_type.fold(record.event for record in records[:begin])
    draft, sealed = WatchedDraft(aggregate_type, never, onto), SealedEvents(records)
    for record in records[begin:]:
        written = draft.add(record.event)
        if record.version > after:
            event = record.event
            taken_back = sealed.taken_back_by(record) if event.withdraws or event.strikes() else ()
            touches: list[Touch] = []
            for (kind, id), before in written.items():
                now = draft.values(kind, id)
                words: Collection[str] = ()
                if record.sealed or taken_back:
                    words = {*words_sealed(record, kind, before, now), *words_brought_back(taken_back, kind, now)}
                touches.append(_touch(Touch, (kind, id, before, now, words)))
            yield record, touches


_touch: Callable[..., Touch] = tuple.__new__
"""This makes the same as `Touch(…)` in a third of the time."""


@dataclass
class SealedEvents:
    """The events of a history that contain sealed text."""

    records: Sequence[Recorded]

    def taken_back_by(self, record: Recorded) -> Sequence[Recorded]:
        """Return those of them that an event strikes or withdraws."""
        struck, event = record.event.strikes(), record.event
        entry = [self.records[struck - 1]] if struck else []
        withdrawn = (each for each in told_of(self._told, record) if event.takes_back(each.event))
        return [each for each in (*entry, *withdrawn) if each.sealed]

    @cached_property
    def _told(self) -> ToldOfThings:
        return told_of_each(record for record in self.records if record.sealed)


def words_sealed(record: Recorded, kind: type[Thing], before: Values | None, now: Values | None) -> Collection[str]:
    """Return the fields of a thing with text that an event sealed.

    These are fields with the names of the event's sealed fields, and fields that the event does not have but wrote to,
    such as a list that grew.
    """
    words = {field for part in record.sealed for field in part.fields} - {"reason"} if record.sealed else ()
    if not words or now is None:
        return ()
    event_has, was = type(record.event).model_fields, before or {}
    return [
        field
        for field, _ in marked(kind, Sealed)
        if (field in words if field in event_has else now.get(field) is not was.get(field))
    ]


def words_brought_back(taken_back: Sequence[Recorded], kind: type[Thing], now: Values | None) -> Collection[str]:
    """Return the fields of a thing that contain earlier text again because later sealed text was taken back. Nobody can
    compare the two once the person is forgotten."""
    if now is None or not taken_back:
        return ()
    said = {field for each in taken_back for part in each.sealed for field in part.fields}
    return [field for field, _ in marked(kind, Sealed) if field in said and now.get(field)]


def differences(touch: Touch) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields that differ and those with sealed text, with both values. Computed fields come last."""
    kind, _, before, now, _ = touch
    said = _said(kind)
    for field in _said_otherwise(touch):
        default = said[field]
        old = None if before is None else _or_none(before.get(field, default))
        yield field, old, None if now is None else _or_none(now.get(field, default))
    yield from _differences_that_follow(touch)


def fields_that_differ(touch: Touch) -> list[str]:
    """Return the fields that `differences` yields."""
    fields = _said_otherwise(touch)
    if _following(touch.kind):
        fields += [field for field, _, _ in _differences_that_follow(touch)]
    return fields


def _said_otherwise(touch: Touch) -> list[str]:
    """Return the recorded fields that differ, in the order of the thing's fields."""
    kind, _, before, now, words = touch
    said = _said(kind)
    if before is not None and now is not None:
        # Values that are the same object need no comparison.
        fields = [name for name, value in now.items() if value is not before.get(name, _UNSAID) and name in said]
        if words or not before.keys() <= now.keys():
            fields = [*{*fields, *words, *(name for name in before if name not in now and name in said)}]
        return [
            field
            for field in sorted(fields, key=_order(kind).__getitem__)
            if field in words or _differ(before.get(field, said[field]), now.get(field, said[field]))
        ]
    if not (values := now or before):
        return []
    say = values.get
    return [
        field
        for field, default in said.items()
        if (value := say(field, default)) is not None and (value or value not in _EMPTY)
    ]


def _differences_that_follow(touch: Touch) -> Iterator[tuple[str, Any, Any]]:
    """Yield the computed fields that differ, with both values."""
    kind, _, before, now, _ = touch
    if following := _following(kind):
        was, is_now = (kind.unchecked(values) if values else None for values in (before, now))
        for field in following:
            old, new = getattr(was, field, None), getattr(is_now, field, None)
            if old != new:
                yield field, old, new


@cache
def fields_of(kind: type[Thing]) -> tuple[str, ...]:
    """Return the fields that views show of a kind of thing."""
    return (*_said(kind), *_following(kind))


def reasons_given(records: Iterable[Recorded]) -> list[str]:
    """Return the reasons of events, each once, the oldest first. A sealed reason counts once for each command, because
    nobody can compare two sealed reasons once the person is forgotten."""
    reasons: dict[Hashable, str] = {}
    for record in records:
        if reason := record.meta.reason:
            is_sealed = any("reason" in part.fields for part in record.sealed)
            command = from_json(record.stored)["meta"]["command_id"] if is_sealed else None
            reasons.setdefault((command, "" if is_sealed else reason), reason)
    return list(reasons.values())


def values_of(thing: Thing | None) -> dict[str, Any]:
    """Return the values of a thing, recorded and computed, without its id, without empty values, and without values
    that only rules need."""
    if thing is None:
        return {}
    kind, said = type(thing), thing.__dict__
    values = {
        field: value for field in _said(kind) if (value := said[field]) is not None and (value or value not in _EMPTY)
    }
    for field in _following(kind):
        if _or_none(value := getattr(thing, field)) is not None:
            values[field] = value
    return values


@cache
def _said(kind: type[Thing]) -> Mapping[str, Any]:
    """Return the recorded fields that views show, in order, with their defaults."""
    return {name: said for name, said in kind.defaults.items() if name != "id" and name not in kind.inner}


@cache
def _order(kind: type[Thing]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(_said(kind))}


@cache
def _following(kind: type[Thing]) -> tuple[str, ...]:
    """Return the computed fields of a kind of thing."""
    return tuple(kind.model_computed_fields)


_UNSAID = object()
_EMPTY: tuple[Any, ...] = ((), {})


def _or_none(value: Any) -> Any:
    return value if value or value not in _EMPTY else None


def _differ(one: Any, other: Any) -> bool:
    """Return whether two values differ. All empty values are equal."""
    return bool(one != other and (one or other or _or_none(one) != _or_none(other)))


def section_of(thing: Thing | type[Thing]) -> str:
    """Return the section in which a thing is shown: for a note the section for which it was written, else that of its
    kind."""
    section: str = thing.__dict__.get("section", thing.home)
    return section


def refreshed_by(event: Event) -> Section:
    """Return the section that an event refreshes."""
    return cast(Section, event.refreshes())
