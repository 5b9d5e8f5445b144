"""Things at two cuts of an aggregate: what was touched in between, by which events, and which of it differs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Literal, get_args

from pydantic import AliasChoices, BaseModel, Field

from application.views.by_section import ONE_EACH
from application.views.effects import ValueOfThing, differences, section_of, touched, values_of
from domain.account_plan.health import TrafficLight
from domain.account_plan.plan import TIER_RANKS
from domain.account_plan.stakeholders import StakeholderMoved
from domain.account_plan.whitespace import PENETRATION_RANKS
from domain.language import Event, kebab_case
from domain.record import Recorded
from domain.registry import REGISTRY
from domain.things import Aggregate, Thing

Direction = Literal["up", "down"]

ALWAYS_THERE = ONE_EACH - {"plan", "program"} | {"cell"}
"""Kinds of things that always exist. Before anything was said of them, each of their values was unknown."""

OF_THEIR_OWN = {"decisions": "decisions-taken"}
"""Fields that are a change of their own, whatever else the same event says, with the name of that change."""

SCALES: Mapping[str, Mapping[Any, int | None]] = {
    "health": {light: -place for place, light in enumerate(get_args(TrafficLight))},
    "penetration": PENETRATION_RANKS,
    "tier": {tier: -rank for tier, rank in TIER_RANKS.items()},
}
"""For each field, the order of its words; None for a word without a place in the order."""


class Move(BaseModel):
    """A value before and after."""

    direction: Direction | None
    before: Any = Field(validation_alias=AliasChoices("from", "before"), serialization_alias="from")
    after: Any = Field(validation_alias=AliasChoices("to", "after"), serialization_alias="to")


@dataclass(frozen=True)
class Compared:
    """A thing at both cuts, and the events in between by the values they touched."""

    of: type[Thing]
    id: str
    before: Thing | None
    after: Thing | None
    touching: Mapping[str, Sequence[Recorded]]
    sealed: AbstractSet[ValueOfThing]
    """The values of all things whose words are sealed at the first cut, or were sealed since."""

    @property
    def kind(self) -> str:
        return self.of.noun

    @property
    def section(self) -> str:
        return section_of(self.after or self.before or self.of)

    @property
    def title(self) -> str | None:
        """The words people know the thing by."""
        thing = self.after or self.before
        return thing.known_as if thing else None

    @property
    def unit(self) -> str | None:
        thing = self.after or self.before
        return thing.counted_in if thing else None

    @property
    def came_or_went(self) -> bool:
        return self.kind not in ALWAYS_THERE and (self.before is None) != (self.after is None)

    def events(self, fields: Sequence[str]) -> list[Recorded]:
        """Return the events that touched these fields, in order and each once."""
        touching = {record.version: record for field in fields for record in self.touching[field]}
        return [touching[version] for version in sorted(touching)]

    @cached_property
    def old(self) -> Mapping[str, Any]:
        return values_of(self.before)

    @cached_property
    def new(self) -> Mapping[str, Any]:
        return values_of(self.after)

    @cached_property
    def by_event(self) -> Mapping[str, Sequence[str]]:
        """The fields that differ, by the type of the event that last set them."""
        groups: dict[str, list[str]] = defaultdict(list)
        for field, records in self.touching.items():
            if field not in self.brought_back:
                groups[OF_THEIR_OWN.get(field) or called(records[-1])].append(field)
        return groups

    @cached_property
    def brought_back(self) -> Mapping[str, str]:
        """The fields that were changed back, with the type of the event that last set them."""
        return {field: called(records[-1]) for field, records in self.touching.items() if self.is_same(field)}

    def is_same(self, field: str) -> bool:
        """Return whether a value that was touched is the same again. Sealed words count as changed, whatever they were:
        once the person is forgotten nobody can compare them, and forgetting must not alter a report of the past."""
        old, new = self.old.get(field), self.new.get(field)
        return bool(old == new) and (new is None or (self.kind, self.id, field) not in self.sealed)

    def move(self, field: str) -> Move:
        old, new = self.old.get(field), self.new.get(field)
        return Move(direction=direction(field, old, new), before=old, after=new)


def compare(records: Sequence[Recorded], was: Aggregate, now: Aggregate) -> list[Compared]:
    """All that was touched between two states of an aggregate, kind by kind. The records end with the second."""
    touching: dict[tuple[str, str], dict[str, list[Recorded]]] = defaultdict(lambda: defaultdict(list))
    sealed: set[ValueOfThing] = set()
    # Which words were sealed at the first cut only words that were sealed before it can tell.
    begin = 0 if any(record.sealed for record in records[: was.version]) else was.version
    for record, touches in touched(records, begin):
        for touch in touches:
            noun, id = touch.kind.noun, touch.id
            if record.version > was.version:
                fields = touching[noun, id]
                for field, _, _ in differences(touch):
                    fields[field].append(record)
            elif sealed:
                sealed.difference_update((noun, id, field) for field, _, _ in differences(touch))
            sealed.update((noun, id, field) for field in touch.words)
    if not records:
        return []
    things = REGISTRY.type_of(records[0].event).things
    kinds = list(things)
    return [
        Compared(things[kind], id, was.find(things[kind], id), now.find(things[kind], id), touching[kind, id], sealed)
        for kind, id in sorted(touching, key=lambda thing: kinds.index(thing[0]))
    ]


def called(record: Recorded) -> str:
    if isinstance(record.event, StakeholderMoved) and record.event.promoted:
        return "stakeholder-promoted"
    return _called(type(record.event))


@cache
def _called(event: type[Event]) -> str:
    return kebab_case(event.__name__)


def direction(field: str, before: Any, after: Any) -> Direction | None:
    """Return whether a number, or a word on a scale, went up or down. From unknown to a value has no direction."""
    if scale := SCALES.get(field):
        before, after = scale.get(before), scale.get(after)
    numbers = all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in (before, after))
    return ("up" if after > before else "down") if numbers and before != after else None
