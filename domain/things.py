"""Things, each of a kind and with an id, and the aggregate that holds them."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.folding import folded
from domain.language import FORGOTTEN, STAKEHOLDER, Event, bare
from domain.layers import Layered, copied
from domain.names import Names
from domain.refusals import Unknown
from domain.time_zones import time_zone


class Thing(BaseModel):
    """Something in an aggregate in its current state: everything that was said about it, frozen. Views and rules both
    use things, so that they cannot disagree."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    noun: ClassVar[str]
    home: ClassVar[str]
    """The section of its aggregate that shows it."""
    defaults: ClassVar[dict[str, Any]]
    """Every field with its default, in order; required ones are empty."""
    inner: ClassVar[frozenset[str]]
    """Fields that only rules use and no view shows."""

    id: str

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.defaults = {
            name: None if field.is_required() else field.get_default() for name, field in cls.model_fields.items()
        }
        cls.inner = frozenset(name for name, field in cls.model_fields.items() if field.exclude)

    @property
    def ending(self) -> str | None:
        """Why it is over, in words that follow “the play “pilot” …”; None while it is open."""
        return None

    @property
    def counted_in(self) -> str | None:
        """The unit of its numbers, if it has one of its own."""
        return None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.ending is None

    @property
    def overdue_after(self) -> date | None:
        """The last day on which it is not overdue: the day it is due, while it is open. None: it is never overdue."""
        due_on: date | None = getattr(self, "due_on", None)
        return due_on if due_on and self.is_open else None

    def is_overdue(self, today: date) -> bool:
        """Return whether it was due before `today`."""
        last = self.overdue_after
        return last is not None and last < today

    @property
    def known_as(self) -> str | None:
        """Its name for people, such as its title; None if it has only an id."""
        return known_as(self.__dict__)

    @classmethod
    def unchecked(cls, values: Mapping[str, Any]) -> Self:
        """Return a thing with values from events, which were checked when they were read.

        The result is that of `model_construct`, five times as fast.
        """
        return bare(cls, {**cls.defaults, **values})

    def but(self, values: Mapping[str, Any]) -> Self:
        """Return the same thing with some other values."""
        return self.unchecked({**self.__dict__, **values})


NAMES = "name title statement account_name to_account summary heading outcome".split()
"""The fields that may hold the name of a thing; the first that is set counts."""


def known_as(values: Mapping[str, Any]) -> str | None:
    """Return `Thing.known_as` for the values of a thing."""
    field = name_field(values)
    return values[field] if field else None


def name_field(values: Mapping[str, Any]) -> str | None:
    """Return the field that holds the name of a thing with these values."""
    for name in NAMES:
        if isinstance(values.get(name), str):
            return name
    return None


def named_by(id: str, said: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the id and the name of the person whom the values of a stakeholder name; None if they name nobody."""
    name = said.get("name")
    return (said.get("merged_into") or id, name) if name and name != FORGOTTEN else None


class Entry(NamedTuple):
    """An entry that `strike-entry` may name: its kind and its section."""

    name: str
    section: str


Kind = TypeVar("Kind", bound=Thing)
State = TypeVar("State", bound="Aggregate")
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


Values = dict[str, Any]
"""The values of a thing by field. They are never altered inside of an aggregate, so that aggregates may share them."""

ValuesById = dict[str, Values] | Layered[str, Values]
"""The values of all things of a kind, by their ids and in the order in which they were added."""

IdsByName = Mapping[str, tuple[str, ...]]
"""Of things of one kind, those that have a name in one field, by that name without case and accents, in the order they
came."""


def with_names(former: IdsByName, field: str, things: Mapping[str, Mapping[str, Any]], new: Iterable[str]) -> IdsByName:
    """Return the ids by name with new ones among the things."""
    ids = copied(former)
    for id in new:
        if name := things[id].get(field):
            plain = folded(name)
            ids[plain] = (*ids.get(plain, ()), id)
    return ids


class Aggregate:
    """An aggregate at some point of its history. Before it is opened it is empty and has version 0."""

    noun: str
    """Its noun, such as `plan`, as refusals use it."""

    def __init__(
        self,
        values: Mapping[type[Thing], Mapping[str, Values]] = _NOTHING,
        version: int = 0,
        entries: Mapping[int, Entry] = _NOTHING,
        spent_ids: AbstractSet[tuple[str, str]] = frozenset(),
    ) -> None:
        self._values = values
        self._things: dict[type[Thing], dict[str, Any]] = {}
        self._all: dict[type[Thing], Mapping[str, Any]] = {}
        """By kind, for which somebody asked for all things."""
        self._ids_by_name: dict[tuple[type[Thing], str], IdsByName] = {}
        """By kind and field: of those for which somebody asked, here or of what this is made of."""
        self.version = version
        self.entries = entries
        """The entries that can still be struck, by the version of their events."""
        self.spent_ids = spent_ids
        """Nouns and ids of struck events that must not be used again: see `Event.spends_its_id`."""

    @cached_property
    def names(self) -> Names:
        """The names of all stakeholders, to find them in texts."""
        return Names(self.people())

    def _people_there(self) -> Mapping[str, Values]:
        """The values of the stakeholders. The object stays the same until one of them changes."""
        kind = self._kind(STAKEHOLDER)
        return self._values[kind] if kind else _NOTHING

    def people(self) -> Iterator[tuple[str, str]]:
        """Yield id and name of every stakeholder whose name is known. Of somebody who was merged, the id is the
        other's."""
        return filter(None, (named_by(id, said) for id, said in self._people_there().items()))

    def find(self, kind: type[Kind], id: str) -> Kind | None:
        """Return a thing or None. It is built on first request: a fold builds none."""
        things = self._things.setdefault(kind, {})
        if id not in things:
            values = self._values.get(kind, _NOTHING).get(id)
            if values is None:
                return None
            things[id] = kind.unchecked(values)
        found: Kind = things[id]
        return found

    def all(self, kind: type[Kind]) -> Mapping[str, Kind]:
        """Return all things of a kind in the order in which they were added, including those that are over."""
        found = self._all.get(kind)
        if found is None:
            found = self._all[kind] = self._all_of(kind)
        return found

    def _all_of(self, kind: type[Kind]) -> Mapping[str, Kind]:
        ids = list(self._values.get(kind, _NOTHING))
        return {id: thing for id in ids if (thing := self.find(kind, id)) is not None}

    def values_of(self, kind: type[Thing]) -> Mapping[str, Values]:
        """Return the values of all things of a kind. The object stays the same until one of them changes."""
        return self._values.get(kind, _NOTHING)

    def open(self, kind: type[Kind]) -> list[Kind]:
        """Return all open things of a kind in the order in which they were added."""
        return [thing for thing in self.all(kind).values() if thing.is_open]

    def the(self, kind: type[Kind], id: str | None) -> Kind:
        """Return the thing of a command. `decide` has checked that it exists."""
        found = self.find(kind, id or "")
        if found is None:
            raise Unknown("/id", kind=kind.noun, id=id, aggregate=self.noun)
        return found

    def with_values(self, kind: type[Thing], values: Mapping[str, Mapping[str, Any]]) -> Self:
        """The same aggregate, in which things of one kind have other values, by their ids; what was made of the others
        serves both."""
        there = self._values[kind]
        other = type(self)(
            {**self._values, kind: {**there, **{id: {**there[id], **now} for id, now in values.items()}}},
            self.version, self.entries, self.spent_ids,
        )  # fmt: skip
        other._things = {each: things for each, things in self._things.items() if each is not kind}
        other._all = {each: things for each, things in self._all.items() if each is not kind}
        other._ids_by_name = {at: ids for at, ids in self._ids_by_name.items() if at[0] is not kind}
        return other

    def named(self, noun: str, id: str) -> Thing | None:
        """Return a thing by the noun of its kind, by which topics refer to each other without importing each other."""
        kind = self._kind(noun)
        return self.find(kind, id) if kind else None

    def called(self, noun: str, field: str, name: str) -> Iterator[Thing]:
        """Yield every thing of a kind that has a name in a field, those that are over included, in the order they came.
        Case and accents do not matter."""
        if kind := self._kind(noun):
            for id in self._by_name(kind, field).get(folded(name), ()):
                yield self.the(kind, id)

    def _by_name(self, kind: type[Thing], field: str) -> IdsByName:
        ids = self._ids_by_name.get((kind, field))
        if ids is None:
            things = self._values[kind]
            ids = self._ids_by_name[kind, field] = with_names({}, field, things, things)
        return ids

    def _kind(self, noun: str) -> type[Thing] | None:
        for kind in self._values:
            if kind.noun == noun:
                return kind
        return None

    def kinds(self) -> Mapping[type[Thing], Mapping[str, Thing]]:
        return {kind: self.all(kind) for kind in list(self._values)}

    def parts(self) -> tuple[dict[type[Thing], Any], int, MutableMapping[int, Entry], set[tuple[str, str]]]:
        """Return what a draft that continues from this aggregate starts with."""
        return dict(self._values), self.version, copied(self.entries), set(self.spent_ids)


class Draft(Aggregate):
    """A mutable aggregate to which events are applied. It is never handed out."""

    _values: dict[type[Thing], ValuesById]
    entries: MutableMapping[int, Entry]
    spent_ids: set[tuple[str, str]]

    def __init__(self, of: Aggregate) -> None:
        super().__init__(*of.parts())
        self.noun = of.noun
        self._people_of, self._names_of = of._people_there(), of.__dict__.get("names")
        self._by_name_of = [(key, ids, of._values[key[0]]) for key, ids in of._ids_by_name.items()]
        self._own: dict[type[Thing], set[str]] = {}
        card = of._kind(of.noun)
        self._card_of = (card, of._things[card]) if card and card in of._things else None
        """The thing that stands for the whole aggregate, which every command asks for and few change."""

    def find(self, kind: type[Kind], id: str) -> Kind | None:
        values = self._values.get(kind, _NOTHING).get(id)
        return None if values is None else kind.unchecked(values)

    def all(self, kind: type[Kind]) -> Mapping[str, Kind]:
        return self._all_of(kind)

    def has(self, kind: type[Thing], id: str) -> bool:
        return id in self._values.get(kind, _NOTHING)

    def value(self, kind: type[Thing], id: str, field: str) -> Any:
        """Return a value of an existing thing without building the thing."""
        values = self._values[kind][id]
        return values[field] if field in values else kind.defaults[field]

    def to_write(self, kind: type[Thing], id: str) -> ValuesById:
        """Return the things of a kind with a private copy of one of them. Every change of a draft starts here."""
        own = self._own.get(kind)
        if own is None:
            own = self._own[kind] = set()
            self._values[kind] = copied(self._values.get(kind, _NOTHING))
        things = self._values[kind]
        if id not in own:
            own.add(id)
            if id in things:
                things[id] = dict(things[id])
        return things

    def put(self, thing: Thing) -> None:
        self.to_write(type(thing), thing.id)[thing.id] = dict(thing.__dict__)

    def create(self, kind: type[Thing], event: BaseModel, **more: Any) -> None:
        """Add a thing with the fields of an event and further values that follow from it."""
        values = {**event.__dict__, **more}
        id = values.setdefault("id", kind.noun)
        self.to_write(kind, id)[id] = values

    def change(self, kind: type[Thing], event: Event, **more: Any) -> None:
        """Change a thing by the fields that an event sets and further values that follow from it."""
        says = event.__dict__
        id = says.get("id") or event.noun
        values = self.to_write(kind, id)[id]
        for name in event.__pydantic_fields_set__:
            if name != "former":
                values[name] = says[name]
        values.update(more)

    def amend(self, kind: type[Thing], event: Event, **more: Any) -> None:
        """Change the only thing of a kind, which exists from the first event about it."""
        id = event.subject()
        self.to_write(kind, id).setdefault(id, {"id": id})
        self.change(kind, event, **more)

    def set(self, kind: type[Thing], id: str, **values: Any) -> None:
        """Set values of a thing."""
        self.to_write(kind, id)[id].update(values)

    def touched(self, kind: type[Thing]) -> AbstractSet[str]:
        """Return the ids of the things of a kind that this draft has changed or removed."""
        return self._own.get(kind, frozenset())

    def remove(self, kind: type[Thing], id: str) -> None:
        del self.to_write(kind, id)[id]

    def frozen(self, kind: type[State]) -> State:
        """Return the aggregate. The draft must not be used afterwards."""
        frozen = kind(self._values, self.version, self.entries, self.spent_ids)
        if self._card_of:
            card, things = self._card_of
            if card not in self._own:
                frozen._things[card] = things
        if self._names_of is not None and (names := self._names_now(self._names_of)) is not None:
            frozen.__dict__["names"] = names
        for (kind_named, field), ids, before in self._by_name_of:
            if (now := self._by_name_now(kind_named, field, ids, before)) is not None:
                frozen._ids_by_name[kind_named, field] = now
        return frozen

    def _names_now(self, former: Names) -> Names | None:
        """Return the names, extended from the former ones; None if a name has changed or a person is gone."""
        there = self._people_there()
        if there is self._people_of:
            return former
        kind = self._kind(STAKEHOLDER)
        new: list[tuple[str, str]] = []
        for id in self.touched(kind) if kind else ():
            now = named_by(id, there.get(id, _NOTHING))
            if id in self._people_of:
                if now != named_by(id, self._people_of[id]):
                    return None
            elif now:
                new.append(now)
        return former.with_more(new) if new else former

    def _by_name_now(
        self, kind: type[Thing], field: str, former: IdsByName, before: Mapping[str, Values]
    ) -> IdsByName | None:
        """Return the ids by name, extended from the former ones; None if a name has changed or a thing is gone."""
        there = self._values[kind]
        for id in self.touched(kind):
            if id in before and (id not in there or there[id].get(field) != before[id].get(field)):
                return None
        new = [*islice(reversed(there), len(there) - len(before))]
        return with_names(former, field, there, reversed(new)) if new else former


def day_of(at: datetime, timezone: str) -> date:
    """Return the calendar day of an instant in an IANA time zone."""
    return _day_of_second(at.replace(microsecond=0), timezone)


@lru_cache(maxsize=1024)
def _day_of_second(at: datetime, timezone: str) -> date:
    """Return the same for an instant in whole seconds: every offset from UTC is whole seconds too."""
    return at.astimezone(time_zone(timezone)).date()
