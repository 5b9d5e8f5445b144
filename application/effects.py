"""What each event did to the plan: the values of things before and after it.  History, blame and diffs are made of it,
and need no change for a new event."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from domain.account_plan import add, fold, struck_version
from domain.entries import EntryStruck
from domain.language import Section
from domain.record import Recorded
from domain.things import AccountPlan, Draft, Thing


class Effect(NamedTuple):
    """One value that an event changed."""

    noun: str
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

    def write(self, kind: type[Thing], id: str, thing: Thing | None) -> None:
        self.before.setdefault((kind, id), self.dicts[kind].get(id))
        super().write(kind, id, thing)

    def become(self, plan: AccountPlan) -> None:
        self.version = plan.version
        for kind, things in self.dicts.items():
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
    known = records[:after]
    draft, struck = _Watched(fold(record.event for record in known)), {*never, *struck_by(known)}
    for record in records[after:]:
        draft.before.clear()
        if struck_by([record]).keys() <= struck:
            add(draft, record.event, struck)
        else:
            struck.update(struck_by([record]))
            draft.become(fold(each.event for each in records[: record.version]))
        effects = [
            effect
            for (kind, id), before in draft.before.items()
            for effect in _differences(kind.noun, id, before, draft.find(kind, id))
        ]
        yield Step(record, effects)


def struck_by(records: Sequence[Recorded]) -> dict[int, str]:
    """The versions of the entries that these events struck, and the ids of the events that struck them."""
    return {struck_version(record.event): record.id for record in records if isinstance(record.event, EntryStruck)}


def _differences(noun: str, id: str, before: Thing | None, after: Thing | None) -> Iterator[Effect]:
    was, now = _said_of(before), _said_of(after)
    for field in now if before is None else {**was, **now}:
        old, new = was.get(field), now.get(field)
        if old is not new and (old := _or_none(old)) != (new := _or_none(new)):
            yield Effect(noun, id, field, old, new)


def values_of(thing: Thing | None) -> dict[str, Any]:
    """The values of a thing that were ever said or follow: neither its id nor what is empty or only the rules need."""
    return {field: value for field, value in _said_of(thing).items() if _or_none(value) is not None}


def _said_of(thing: Thing | None) -> Mapping[str, Any]:
    if thing is None:
        return {}
    kind = type(thing)
    said = {field: value for field, value in thing.__dict__.items() if field != "id" and field not in kind.inner}
    for field in kind.model_computed_fields:
        said[field] = getattr(thing, field)
    return said


def _or_none(value: Any) -> Any:
    return None if value == () or value == {} else value


def section_of(thing: Thing) -> Section:
    """Where a thing is shown: a note in the section it was written for."""
    section: Section = getattr(thing, "section", thing.home)
    return section
