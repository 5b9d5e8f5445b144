"""What each event did to the plan: the values of things before and after it.  History, blame and diffs are made of it,
and need no change for a new event."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.account_plan import EMPTY, add, struck_version
from domain.entries import EntryStruck
from domain.record import Recorded
from domain.things import Draft, Thing


class Effect(NamedTuple):
    """One value that an event changed."""

    noun: str
    id: str
    field: str
    before: Any
    after: Any


class Step(NamedTuple):
    """An event and all it changed; an entry that was struck later changed nothing."""

    record: Recorded
    effects: Sequence[Effect]


class _Watched(Draft):
    """A draft that notes every thing that becomes different, as it was before the event."""

    def __init__(self) -> None:
        super().__init__(EMPTY)
        self.before: dict[tuple[type[Thing], str], Thing | None] = {}

    def write(self, kind: type[Thing], id: str, thing: Thing | None) -> None:
        self.before.setdefault((kind, id), self.dicts[kind].get(id))
        super().write(kind, id, thing)


def walk(records: Sequence[Recorded]) -> Iterator[Step]:
    """Every event of a history from its first, with its effects."""
    struck = {struck_version(record.event) for record in records if isinstance(record.event, EntryStruck)}
    draft = _Watched()
    for record in records:
        draft.before.clear()
        add(draft, record.event, struck)
        effects = [
            effect
            for (kind, id), before in draft.before.items()
            for effect in _differences(kind.noun, id, before, draft.find(kind, id))
        ]
        yield Step(record, effects)


def _differences(noun: str, id: str, before: Thing | None, after: Thing | None) -> Iterator[Effect]:
    was, now = values_of(before), values_of(after)
    for field in {**was, **now}:
        if was.get(field) != now.get(field):
            yield Effect(noun, id, field, was.get(field), now.get(field))


def values_of(thing: Thing | None) -> dict[str, Any]:
    """The values of a thing that were ever said: neither its id nor what is empty, nor what only the rules need."""
    if thing is None:
        return {}
    return {
        name: value
        for name, value in thing.__dict__.items()
        if name != "id" and name not in thing.inner and value not in (None, (), {})
    }
