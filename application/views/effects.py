"""What each event did to the plan: the values of things before and after it.  History, blame and diffs are made of it,
and need no change for a new event."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast

from domain.account_plan import ACCOUNT_PLAN, fold
from domain.account_plan.language import AccountPlan, Section
from domain.language import Event
from domain.record import Recorded, struck_by
from domain.things import Draft, Thing, Values


@dataclass(slots=True)
class Effect:
    """One value before and after an event; null: none, or not known."""

    kind: str
    id: str
    field: str
    before: Any
    after: Any


class Step(NamedTuple):
    """An event and all it changed."""

    record: Recorded
    effects: Sequence[Effect]


class _Watched(Draft):
    """A draft that notes every thing that becomes different, as it was before the event."""

    def __init__(self, plan: AccountPlan) -> None:
        super().__init__(plan)
        self.before: dict[tuple[type[Thing], str], Thing | None] = {}

    def to_write(self, kind: type[Thing], id: str) -> dict[str, Values]:
        if (kind, id) not in self.before:
            self.before[kind, id] = self.find(kind, id)
        return super().to_write(kind, id)

    def become(self, plan: AccountPlan) -> None:
        self.version = plan.version
        for kind, things in self.kinds().items():
            for id in things.keys() - plan.all(kind).keys():
                self.remove(kind, id)
        for kind, others in plan.kinds().items():
            for id, thing in others.items():
                if self.find(kind, id) != thing:
                    self.put(thing)


def walk(records: Sequence[Recorded], after: int = 0, never: AbstractSet[int] = frozenset()) -> Iterator[Step]:
    """Every event after a version, with what it changed when it was recorded: striking an entry undoes what that did.

    The entries of the versions in `never` are left out from the first, as if they had never been.
    """
    draft = _Watched(fold(record.event for record in records[:after]))
    for record in records[after:]:
        draft.before.clear()
        if struck_by([record]).keys() <= never:
            ACCOUNT_PLAN.add(draft, [record.event], never)
        else:
            draft.become(fold(each.event for each in records[: record.version]))
        effects = [
            effect
            for (kind, id), before in draft.before.items()
            for effect in _differences(kind.noun, id, before, draft.find(kind, id))
        ]
        if record.version not in never:
            effects += _words_gone(record, draft, effects)
        yield Step(record, effects)


def _words_gone(record: Recorded, draft: Draft, effects: Sequence[Effect]) -> list[Effect]:
    """Words that took the place of others before somebody was forgotten: both read alike now, yet they were changed,
    for only what changes is recorded."""
    noun, id = record.event.noun, record.event.subject()
    gone = [field for part in record.sealed if not part.open for field in part.fields]
    thing = draft.named(noun, id) if gone else None
    if thing is None:
        return []
    noted = {effect.field for effect in effects if (effect.kind, effect.id) == (noun, id)}
    fields = [field for field in _said(type(thing)) if field in gone and field not in noted]
    return [Effect(noun, id, field, getattr(thing, field), getattr(thing, field)) for field in fields]


def _differences(noun: str, id: str, before: Thing | None, after: Thing | None) -> Iterator[Effect]:
    was, now = before.__dict__ if before else {}, after.__dict__ if after else {}
    there = after or before
    if there is None:
        return
    kind = type(there)
    for field in _said(kind):
        old, new = was.get(field), now.get(field)
        if old is not new and (old := _or_none(old)) != (new := _or_none(new)):
            yield Effect(noun, id, field, old, new)
    for field in _following(kind):
        old, new = getattr(before, field, None), getattr(after, field, None)
        if old != new:
            yield Effect(noun, id, field, old, new)


def values_of(thing: Thing | None) -> dict[str, Any]:
    """What was ever said of a thing and what follows from it: neither its id nor what is empty or only rules need."""
    fields = (*_said(type(thing)), *_following(type(thing))) if thing else ()
    values = ((field, getattr(thing, field)) for field in fields)
    return {field: value for field, value in values if _or_none(value) is not None}


@cache
def _said(kind: type[Thing]) -> tuple[str, ...]:
    return tuple(field for field in kind.model_fields if field != "id" and field not in kind.inner)


@cache
def _following(kind: type[Thing]) -> tuple[str, ...]:
    """The values that nobody says because they follow from others."""
    return tuple(kind.model_computed_fields)


def _or_none(value: Any) -> Any:
    return None if value == () or value == {} else value


def section_of(thing: Thing | type[Thing]) -> Section:
    """Where a thing is shown: a note in the section it was written for; of a kind of things, where they are at home."""
    return cast(Section, getattr(thing, "section", thing.home))


def refreshed_by(event: Event) -> Section:
    """The section that is the fresher for an event of a plan."""
    return cast(Section, event.refreshes())
