"""An aggregate under construction that records what each event changed, and can take back entries that are struck."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from domain.aggregates import AggregateType
from domain.language import Event
from domain.things import Aggregate, Draft, Thing, Values, ValuesById

Key = tuple[type[Thing], str]
"""A kind of thing and an id."""


@dataclass(slots=True)
class Written:
    """An event that wrote to a thing, and the values of the thing before it."""

    version: int
    event: Event
    before: Values | None


class WatchedDraft(Draft):
    """A draft that applies events one by one. Values that it has returned never change afterwards."""

    def __init__(self, type: AggregateType[Any], never: AbstractSet[int], onto: Aggregate) -> None:
        """Start from `onto`. Entries with versions in `never` are skipped. What is already in `onto` cannot be taken
        back."""
        super().__init__(onto)
        self._type = type
        self._never = never
        self._touched: dict[Key, Values | None] = {}
        self._written: dict[Key, list[Written]] = {}
        """For each thing that an entry wrote to, every later event that wrote to it. They are applied again when the
        entry is struck."""
        self._entries: dict[int, list[Key]] = {}

    def values(self, kind: type[Thing], id: str) -> Values | None:
        """Return the values of a thing; None if there is no such thing."""
        things = self._values.get(kind)
        return things.get(id) if things else None

    def to_write(self, kind: type[Thing], id: str) -> ValuesById:
        """Return the things of a kind for writing. This thing is copied once per event, so that its values before are
        kept."""
        key = kind, id
        if key in self._touched:
            return self._values[kind]
        if kind not in self._own:
            return self._first_of_its_kind(kind, id)
        things = self._values[kind]
        before = self._touched[key] = things.get(id)
        if before is not None:
            things[id] = before.copy()
        return things

    def _first_of_its_kind(self, kind: type[Thing], id: str) -> ValuesById:
        self._own[kind] = set()
        self._values[kind] = dict(self._values.get(kind, ()))
        return self.to_write(kind, id)

    def add(self, event: Event) -> Mapping[Key, Values | None]:
        """Apply the next event. Returns the things it wrote to, each with its values before; None if it did not
        exist.
        """
        self._touched = {}
        struck = event.strikes() if type(event) in self._type.striking else None
        if struck is None or struck in self._never:
            self._type.add(self, [event], self._never)
            for key, before in self._touched.items() if event.strikable or self._written else ():
                if event.strikable:
                    self._entries.setdefault(self.version, []).append(key)
                    self._written.setdefault(key, [])
                if key in self._written:
                    self._written[key].append(Written(self.version, event, before))
        else:
            self.version += 1
            for kind, id in self._entries.pop(struck, ()):
                self._write_again(kind, id, without=struck)
        return self._touched

    def _write_again(self, kind: type[Thing], id: str, without: int) -> None:
        """Apply the events of a thing again, without an entry that was struck."""
        written = self._written[kind, id]
        place = next(place for place, each in enumerate(written) if each.version == without)
        values = written.pop(place).before
        for later in written[place:]:
            later.before = values
            aside = Draft(self._type.state({**self._values, kind: {} if values is None else {id: values}}))
            self._type.add(aside, [later.event])
            values = aside._values[kind].get(id)
        things = self.to_write(kind, id)
        if values is None:
            things.pop(id, None)
        else:
            things[id] = values
