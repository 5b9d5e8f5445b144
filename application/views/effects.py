"""What each event did to the plan: the values of things before and after it.  History, blame and diffs are made of it,
and need no change for a new event."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from application.views.watched_draft import WatchedDraft
from domain.account_plan.language import Section
from domain.language import Event
from domain.markers import Sealed, marked
from domain.record import Recorded
from domain.things import Thing, Values


@dataclass(slots=True)
class Effect:
    """One value before and after an event; null: none, or not known."""

    kind: str
    id: str
    field: str
    before: Any
    after: Any


ValueOfThing = tuple[str, str, str]
"""Kind, id and field."""


class Step(NamedTuple):
    """An event and all it changed."""

    record: Recorded
    effects: Sequence[Effect]
    sealed: AbstractSet[ValueOfThing] = frozenset()
    """The values that are words it sealed.  Each is among the effects, whatever the words are: nobody can compare them
    once the person they speak of is forgotten, and forgetting may not alter what was."""


def walk(records: Sequence[Recorded], after: int = 0, never: AbstractSet[int] = frozenset()) -> Iterator[Step]:
    """Every event after a version, with what it changed when it was recorded: striking an entry undoes what that did.

    The entries of the versions in `never` are left out from the first, as if they had never been.
    """
    draft = WatchedDraft(never)
    for record in records:
        touched = draft.add(record.event)
        if record.version <= after:
            continue
        effects, sealed = list[Effect](), set[ValueOfThing]()
        for (kind, id), before in touched.items():
            now = draft.values(kind, id)
            words = _words_sealed(record, kind, before, now) if record.sealed and now else ()
            sealed.update((kind.noun, id, field) for field in words)
            effects += _differences(kind, id, before, now, words)
        yield Step(record, effects, sealed)


def _words_sealed(record: Recorded, kind: type[Thing], before: Values | None, now: Values) -> list[str]:
    """The fields that hold the words an event sealed: those of the same name, and what it has no field for and is new,
    such as a list that grew."""
    words = {field for part in record.sealed for field in part.fields} - {"reason"}
    if not words:
        return []
    event_has, was = type(record.event).model_fields, before or {}
    return [
        field
        for field, _ in marked(kind, Sealed)
        if (field in words if field in event_has else now.get(field) is not was.get(field))
    ]


def _differences(
    kind: type[Thing], id: str, before: Values | None, now: Values | None, words: Collection[str]
) -> Iterator[Effect]:
    """In the order of the fields; what follows from others comes last."""
    noun, defaults = kind.noun, kind.defaults
    for field in _perhaps_different(kind, before, now, words):
        old = None if before is None else _or_none(before.get(field, defaults[field]))
        new = None if now is None else _or_none(now.get(field, defaults[field]))
        if old != new or field in words:
            yield Effect(noun, id, field, old, new)
    if following := _following(kind):
        was, is_now = (kind.unchecked(values) if values else None for values in (before, now))
        for field in following:
            old, new = getattr(was, field, None), getattr(is_now, field, None)
            if old != new:
                yield Effect(noun, id, field, old, new)


def _perhaps_different(
    kind: type[Thing], before: Values | None, now: Values | None, words: Collection[str]
) -> Iterable[str]:
    """Those that surely are not are left out: most values of a thing stay the very same objects."""
    if before is None or now is None:
        return _said(kind) if before or now else ()
    said = _places(kind)
    found = {field for field, value in now.items() if value is not before.get(field, _UNSAID) and field in said}
    found.update(words, (field for field in before if field not in now and field in said))
    return sorted(found, key=said.__getitem__) if len(found) > 1 else found


def reasons_given(records: Iterable[Recorded]) -> list[str]:
    """The reasons of some events, each once, oldest first.  Those about somebody count once a command: whether two of
    them are alike nobody can tell once the person is forgotten."""
    reasons: dict[Hashable, str] = {}
    for record in records:
        if reason := record.meta.reason:
            is_sealed = any("reason" in part.fields for part in record.sealed)
            command = from_json(record.stored)["meta"]["command_id"] if is_sealed else None
            reasons.setdefault((command, "" if is_sealed else reason), reason)
    return list(reasons.values())


def values_of(thing: Thing | None) -> dict[str, Any]:
    """What was ever said of a thing and what follows from it: neither its id nor what is empty or only rules need."""
    fields = (*_said(type(thing)), *_following(type(thing))) if thing else ()
    values = ((field, getattr(thing, field)) for field in fields)
    return {field: value for field, value in values if _or_none(value) is not None}


@cache
def _said(kind: type[Thing]) -> tuple[str, ...]:
    return tuple(field for field in kind.model_fields if field != "id" and field not in kind.inner)


@cache
def _places(kind: type[Thing]) -> Mapping[str, int]:
    return {field: place for place, field in enumerate(_said(kind))}


@cache
def _following(kind: type[Thing]) -> tuple[str, ...]:
    """The values that nobody says because they follow from others."""
    return tuple(kind.model_computed_fields)


_UNSAID = object()


def _or_none(value: Any) -> Any:
    return None if value == () or value == {} else value


def section_of(thing: Thing | type[Thing]) -> Section:
    """Where a thing is shown: a note in the section it was written for; of a kind of things, where they are at home."""
    return cast(Section, getattr(thing, "section", thing.home))


def refreshed_by(event: Event) -> Section:
    """The section that is the fresher for an event of a plan."""
    return cast(Section, event.refreshes())
