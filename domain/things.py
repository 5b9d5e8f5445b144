"""What a plan is made of: things, each of a kind and with an id, and the plan that holds them."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.language import Event, Section, Unknown


class Thing(BaseModel):
    """Something in a plan as it stands after the events so far: everything that was said of it, frozen.

    It is the raw material of every view and of every rule, so that the two cannot disagree.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    noun: ClassVar[str]
    home: ClassVar[Section]
    defaults: ClassVar[dict[str, Any]]
    """Every field in order; those that must be said are empty here."""
    inner: ClassVar[frozenset[str]]
    """Fields that only the rules need and no view shows."""

    id: str

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.defaults = {
            name: None if field.is_required() else field.get_default() for name, field in cls.model_fields.items()
        }
        cls.inner = frozenset(name for name, field in cls.model_fields.items() if field.exclude)

    @property
    def ending(self) -> str | None:
        """How it came to be over, to stand after “the play “pilot” …”; None while it goes on."""
        return None

    @classmethod
    def unchecked(cls, values: Mapping[str, Any]) -> Self:
        """A thing of values that come from events: they were checked when those were read.

        Same result as `model_construct`, five times as fast: a fold is made of this.
        """
        thing = cls.__new__(cls)
        set_slot = object.__setattr__
        set_slot(thing, "__dict__", {**cls.defaults, **values})
        set_slot(thing, "__pydantic_fields_set__", _NONE_SET)
        set_slot(thing, "__pydantic_extra__", None)
        set_slot(thing, "__pydantic_private__", None)
        return thing

    def but(self, values: Mapping[str, Any]) -> Self:
        """The same thing with other values."""
        return self.unchecked({**self.__dict__, **values})


_NONE_SET: set[str] = set()


class Entry(NamedTuple):
    """What `strike-entry` may name: what it is called and the section it stands in."""

    name: str
    section: Section


Kind = TypeVar("Kind", bound=Thing)
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class AccountPlan:
    """A plan at some point of its history.  Before `PlanOpened` it is empty and its version is 0."""

    def __init__(
        self,
        things: Mapping[type[Thing], Mapping[str, Any]] = _NOTHING,
        version: int = 0,
        entries: Mapping[int, Entry] = _NOTHING,
    ) -> None:
        self._things = things
        self._by_noun = {thing.noun: things[thing] for thing in things}
        self.version = version
        self.entries = entries
        """What may still be struck, by the version of the event."""

    def all(self, kind: type[Kind]) -> Mapping[str, Kind]:
        """Every thing of a kind, those that are over included, in the order they came."""
        return self._things.get(kind, _NOTHING)

    def find(self, kind: type[Kind], id: str) -> Kind | None:
        return self.all(kind).get(id)

    def the(self, kind: type[Kind], id: str | None) -> Kind:
        """The thing a command is about, where `decide` has already seen that it is there."""
        found = self.all(kind).get(id or "")
        if found is None:
            raise Unknown("/id", kind=kind.noun, id=id)
        return found

    def named(self, noun: str, id: str) -> Thing | None:
        """A thing by the name of its kind: how topics that do not know each other refer to one another."""
        found: Thing | None = self._by_noun.get(noun, _NOTHING).get(id)
        return found

    def kinds(self) -> Mapping[type[Thing], Mapping[str, Thing]]:
        return self._things


class Draft(AccountPlan):
    """A plan in the making: mutable while events pour in, never handed out."""

    entries: dict[int, Entry]

    def __init__(self, plan: AccountPlan) -> None:
        self.dicts: dict[type[Thing], dict[str, Any]] = {kind: dict(things) for kind, things in plan.kinds().items()}
        super().__init__(self.dicts, plan.version, dict(plan.entries))

    def put(self, thing: Thing) -> None:
        kind = type(thing)
        if kind not in self.dicts:
            self.dicts[kind] = self._by_noun[kind.noun] = {}
        self.write(kind, thing.id, thing)

    def write(self, kind: type[Thing], id: str, thing: Thing | None) -> None:
        """The one place where a plan becomes different; None takes the thing away."""
        if thing is None:
            del self.dicts[kind][id]
        else:
            self.dicts[kind][id] = thing

    def create(self, kind: type[Thing], event: BaseModel, **more: Any) -> None:
        """A new thing: what the event says, and what follows from it."""
        self.put(kind.unchecked({"id": kind.noun, **event.__dict__, **more}))

    def change(self, kind: type[Thing], event: Event, **more: Any) -> None:
        """What the event says is now so, and what follows from it; what it does not say stays."""
        values = event.__dict__
        now = {name: values[name] for name in event.__pydantic_fields_set__ if name != "former"}
        now.update(more)
        id = values.get("id") or event.noun
        self.write(kind, id, self.dicts[kind][id].but(now))

    def amend(self, kind: type[Thing], event: Event, **more: Any) -> None:
        """`change` of what a plan has one of, which is there from the first event about it."""
        things = self.dicts.get(kind, _NOTHING)
        if event.subject() not in things:
            self.put(kind.unchecked({"id": event.subject()}))
        self.change(kind, event, **more)

    def set(self, kind: type[Thing], id: str, **values: Any) -> None:
        """These values are now so."""
        self.write(kind, id, self.dicts[kind][id].but(values))

    def remove(self, kind: type[Thing], id: str) -> None:
        self.write(kind, id, None)

    def frozen(self) -> AccountPlan:
        return AccountPlan(
            MappingProxyType({kind: MappingProxyType(things) for kind, things in self.dicts.items()}),
            self.version,
            MappingProxyType(dict(self.entries)),
        )


def day_of(at: datetime, timezone: str) -> date:
    """The calendar day of an instant where the plan lives."""
    return at.astimezone(ZoneInfo(timezone)).date()
