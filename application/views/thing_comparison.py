"""Comparison of the things of an aggregate at two cuts: which were written to in between, by which events, and which
differ."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Literal, NamedTuple, get_args

from pydantic import AliasChoices, BaseModel, Field

from application.views.by_section import ONE_EACH
from application.views.effects import ValueOfThing, fields_that_differ, section_of, touched, values_of
from domain.account_plan.health import TrafficLight
from domain.account_plan.plan import TIER_RANKS
from domain.account_plan.stakeholders import StakeholderMoved
from domain.account_plan.whitespace import PENETRATION_RANKS
from domain.language import Event, bare, kebab_case
from domain.markers import Sealed, marked
from domain.record import Recorded
from domain.registry import REGISTRY
from domain.things import Aggregate, Thing

Direction = Literal["up", "down"]

ALWAYS_THERE = ONE_EACH - {"plan", "program"} | {"cell"}
"""Kinds of things that always exist. Before the first event about them, each of their values is unknown."""

OF_THEIR_OWN = {"decisions": "decisions-taken"}
"""Fields that form a change of their own even if the same event sets others too, with the name of that change."""

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


class ComputedChange(NamedTuple):
    """A value that changed because of events about other things."""

    kind: type[Thing]
    id: str
    field: str
    before: Any
    after: Any
    records: tuple[Recorded, ...]
    """The events that changed it."""


class ThingComparison:
    """A thing at both cuts, with the events in between by the fields they wrote to."""

    def __init__(
        self,
        of: type[Thing],
        id: str,
        before: Thing | None,
        after: Thing | None,
        touching: Mapping[str, Sequence[Recorded]],
        sealed: "SealedWords",
        following: Iterable[ComputedChange] = (),
    ) -> None:
        self.of, self.id, self.before, self.after, self.touching = of, id, before, after, touching
        self.kind = of.noun
        self.old: Mapping[str, Any] = values_of(before)
        self.new: Mapping[str, Any] = values_of(after)
        for each in following:
            self.old = {**self.old, each.field: each.before}
            self.new = {**self.new, each.field: each.after}
        self.by_event: dict[str, list[str]] = {}
        """The fields that differ, by the type of the event that last set them."""
        self.brought_back: dict[str, str] = {}
        """The fields that were changed back, with the type of the event that last set them."""
        last, what = None, ""
        for field, records in touching.items():
            if records[-1] is not last:
                last = records[-1]
                what = called(last)
            if self._is_same(field, sealed):
                self.brought_back[field] = what
            else:
                self.by_event.setdefault(OF_THEIR_OWN.get(field) or what, []).append(field)

    @property
    def section(self) -> str:
        return section_of(self.after or self.before or self.of)

    @property
    def title(self) -> str | None:
        """The words by which people know the thing."""
        thing = self.after or self.before
        return thing.known_as if thing else None

    @property
    def unit(self) -> str | None:
        thing = self.after or self.before
        return thing.counted_in if thing else None

    @property
    def was_added_or_removed(self) -> bool:
        return self.kind not in ALWAYS_THERE and (self.before is None) != (self.after is None)

    def events(self, fields: Iterable[str]) -> list[Recorded]:
        """Return the events that wrote to these fields, in order and each once."""
        touching = {record.version: record for field in fields for record in self.touching[field]}
        return [touching[version] for version in sorted(touching)] if len(touching) > 1 else list(touching.values())

    def _is_same(self, field: str, sealed: "SealedWords") -> bool:
        """Return whether a value that was written to is the same as before.

        Sealed words always count as changed, because nobody can compare them once the person is forgotten, and
        forgetting must not alter a report of the past.
        """
        old, new = self.old.get(field), self.new.get(field)
        return bool(old == new) and (new is None or not sealed.hold(self.of, self.id, field))

    def move(self, field: str) -> Move:
        old, new = self.old.get(field), self.new.get(field)
        return bare(Move, {"direction": direction(field, old, new), "before": old, "after": new}, MOVE_SAYS)


MOVE_SAYS = frozenset(Move.model_fields)


class SealedWords:
    """The values with text that is sealed at the first cut or was sealed afterwards."""

    def __init__(self, records: Sequence[Recorded]) -> None:
        """`records` are those up to the first cut."""
        self._records = records
        self.since: set[ValueOfThing] = set()

    def hold(self, kind: type[Thing], id: str, field: str) -> bool:
        value = (kind.noun, id, field)
        return value in self.since or (field in _sealable(kind) and value in self._at_first_cut)

    @cached_property
    def _at_first_cut(self) -> AbstractSet[ValueOfThing]:
        """The values that are sealed at the first cut. All earlier records are read for them, which is seldom
        needed.
        """
        sealed: set[ValueOfThing] = set()
        for _, touches in touched(self._records) if any(record.sealed for record in self._records) else ():
            for touch in touches:
                noun, id = touch.kind.noun, touch.id
                if sealed:
                    sealed.difference_update([(noun, id, field) for field in fields_that_differ(touch)])
                sealed.update((noun, id, field) for field in touch.words)
        return sealed


@cache
def _sealable(kind: type[Thing]) -> AbstractSet[str]:
    """Return the fields of a kind of thing that may contain sealed text."""
    return frozenset(field for field, _ in marked(kind, Sealed))


def compare(
    records: Sequence[Recorded], was: Aggregate, now: Aggregate, following: Iterable[ComputedChange] = ()
) -> list[ThingComparison]:
    """Return everything that was written to between two states of an aggregate, in the order of kinds. `records` end
    with the second state.

    `following` contains values that changed although no event wrote to them.
    """
    if not records:
        return []
    touching: dict[tuple[type[Thing], str], dict[str, tuple[Recorded, ...]]] = {}
    sealed = SealedWords(records[: was.version])
    for record, touches in touched(records, was.version, onto=was):
        alone = (record,)
        for touch in touches:
            fields = fields_that_differ(touch)
            before = touching.get((touch.kind, touch.id))
            if before is None and fields:
                touching[touch.kind, touch.id] = dict.fromkeys(fields, alone)
            elif before is not None:
                for field in fields:
                    before[field] = (*before.get(field, ()), record)
            if touch.words:
                sealed.since.update((touch.kind.noun, touch.id, field) for field in touch.words)
    said: dict[tuple[type[Thing], str], list[ComputedChange]] = {}
    for each in following:
        said.setdefault((each.kind, each.id), []).append(each)
        wrote = touching.get((each.kind, each.id), {}).get(each.field, ())
        behind = {record.version: record for record in (*wrote, *each.records)}
        if behind:
            values = touching.setdefault((each.kind, each.id), {})
            values[each.field] = tuple(behind[version] for version in sorted(behind))
    kinds = {kind: place for place, kind in enumerate(REGISTRY.type_of(records[0].event).things.values())}
    return [
        ThingComparison(
            kind, id, was.find(kind, id), now.find(kind, id), touching[kind, id], sealed, said.get((kind, id), ())
        )
        for kind, id in sorted(touching, key=lambda thing: kinds[thing[0]])
    ]


def called(record: Recorded) -> str:
    if isinstance(record.event, StakeholderMoved) and record.event.promoted:
        return "stakeholder-promoted"
    return _called(type(record.event))


@cache
def _called(event: type[Event]) -> str:
    return kebab_case(event.__name__)


def direction(field: str, before: Any, after: Any) -> Direction | None:
    """Return whether a number, or a word on a scale, went up or down. A change from unknown has no direction."""
    if scale := SCALES.get(field):
        before, after = scale.get(before), scale.get(after)
    numbers = all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in (before, after))
    return ("up" if after > before else "down") if numbers and before != after else None
