"""Projection: what is different between two cuts of a plan, net, each change with the events that made it.

A change is called after the event that last made it (`sentiment-changed`, `play-won`), so that a new event needs no
line here.  What went and came back is *touched but unchanged*.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, Field

from application.current_plan import CurrentPlan, CutView, current_plan
from application.cuts import Cut, plan_at
from application.effects import values_of, walk
from application.freshness import freshness
from application.plan_memory import KnownPlan
from domain.account_plan import EMPTY, THINGS, struck_version
from domain.entries import EntryStruck
from domain.language import Section, kebab_case
from domain.plan import the_plan
from domain.record import Recorded
from domain.things import AccountPlan, Thing


class CutsOutOfOrder(Exception):
    """The first cut must not be later than the second, neither in version nor in time."""


class Move(BaseModel):
    """A value before and after."""

    before: Any = Field(serialization_alias="from")
    after: Any = Field(serialization_alias="to")


class Change(BaseModel):
    """One thing that is different, net, in what one kind of event says of it."""

    what: str
    """The event that last made it so, in kebab case: `sentiment-changed`, `stakeholder-left`."""
    kind: str
    id: str
    title: str | None
    field: str | None
    """The value that leads; null where a thing came or went as a whole."""
    direction: Literal["up", "down"] | None
    before: Any = Field(serialization_alias="from")
    after: Any = Field(serialization_alias="to")
    also: dict[str, Move] = {}
    """What else of the thing is different by the same kind of event."""
    events: list[str]
    actors: list[str]
    reasons: list[str]


class Touched(BaseModel):
    """A value that was changed and changed back."""

    section: Section
    what: str
    kind: str
    id: str
    field: str
    value: Any
    events: list[str]
    actors: list[str]
    reasons: list[str]


class Diff(BaseModel):
    """The comparison of two cuts."""

    plan_id: UUID
    from_: CutView = Field(serialization_alias="from")
    to: CutView
    unchanged: bool
    """No change at all, which is itself a finding."""
    changes: dict[Section, list[Change]]
    touched_unchanged: list[Touched]
    refreshed: list[Section]
    """Sections with an event between the cuts."""
    gone_stale: list[Section]
    """Sections that were fresh enough at the first cut and are not at the second."""
    from_state: CurrentPlan | None = None
    to_state: CurrentPlan | None = None


Key = tuple[str, str, str]


def diff(known: KnownPlan, a: Cut, b: Cut, states: bool = False) -> Diff:
    """From cut `a` to cut `b`; before the plan opened, everything came.

    Raises `CutsOutOfOrder`, and `CutBeforePlan` for the second cut.
    """
    if a.version > b.version or a.at > b.at:
        raise CutsOutOfOrder(CutsOutOfOrder.__doc__)
    now = plan_at(known, b)
    was = plan_at(known, a) if a.version else EMPTY
    touching = touches(known.records, a, b)
    changes: dict[Section, list[Change]] = {}
    for change in net_changes(was, now, touching):
        changes.setdefault(THINGS[change.kind].home, []).append(change)
    ordered = {section: changes[section] for section in get_args(Section) if section in changes}
    period = known.records[a.version : b.version]
    refreshed = {record.event.refreshes() for record in period}
    return Diff(
        plan_id=known.plan_id,
        from_=CutView.of(a),
        to=CutView.of(b),
        unchanged=not changes,
        changes=ordered,
        touched_unchanged=list(back_where_they_were(was, now, touching)),
        refreshed=[section for section in get_args(Section) if section in refreshed],
        gone_stale=gone_stale(known, a, b) if a.version else [],
        from_state=current_plan(known, a) if states and a.version else None,
        to_state=current_plan(known, b) if states else None,
    )


def touches(records: Sequence[Recorded], a: Cut, b: Cut) -> Mapping[Key, list[Recorded]]:
    """The events between the cuts that changed each value; striking an entry undoes what the entry did."""
    touching: dict[Key, list[Recorded]] = defaultdict(list)
    period = records[a.version : b.version]
    undone = {struck_version(record.event): record for record in period if isinstance(record.event, EntryStruck)}
    if undone:
        for step in walk(records[: a.version]):
            if striking := undone.get(step.record.version):
                for effect in step.effects:
                    touching[effect.noun, effect.id, effect.field].append(striking)
    for step in walk(records[: b.version]):
        if step.record.version > a.version:
            for effect in step.effects:
                touching[effect.noun, effect.id, effect.field].append(step.record)
    return touching


def net_changes(was: AccountPlan, now: AccountPlan, touching: Mapping[Key, list[Recorded]]) -> Iterator[Change]:
    for kind in THINGS.values():
        before, after = was.all(kind), now.all(kind)
        for id in {**before, **after}:
            yield from changes_of(kind.noun, id, before.get(id), after.get(id), touching)


def changes_of(
    noun: str, id: str, before: Thing | None, after: Thing | None, touching: Mapping[Key, list[Recorded]]
) -> Iterator[Change]:
    """One change per kind of event; a thing that came or went is one change."""
    old, new = values_of(before), values_of(after)
    fields = [field for field in {**old, **new} if old.get(field) != new.get(field)]
    title = title_of(after or before)
    if before is None or after is None:
        events = sorted({record for field in fields for record in touching.get((noun, id, field), [])}, key=_version)
        what = _called(events[0] if before is None else events[-1]) if events else f"{noun}-changed"
        yield Change(
            what=what, kind=noun, id=id, title=title, field=None, direction=None,
            before=old or None, after=new or None, **_behind(events),
        )  # fmt: skip
        return
    by_event: dict[str, list[str]] = defaultdict(list)
    for field in fields:
        by = touching.get((noun, id, field))
        by_event[_called(by[-1]) if by else f"{noun}-changed"].append(field)
    for what, together in by_event.items():
        events = sorted({record for field in together for record in touching.get((noun, id, field), [])}, key=_version)
        lead, *others = _leading_first(together, events[-1] if events else None)
        yield Change(
            what=what, kind=noun, id=id, title=title, field=lead,
            direction=direction(old.get(lead), new.get(lead)),
            before=old.get(lead), after=new.get(lead),
            also={field: Move(before=old.get(field), after=new.get(field)) for field in others},
            **_behind(events),
        )  # fmt: skip


def back_where_they_were(
    was: AccountPlan, now: AccountPlan, touching: Mapping[Key, list[Recorded]]
) -> Iterator[Touched]:
    for (noun, id, field), records in touching.items():
        before, after = was.named(noun, id), now.named(noun, id)
        value = values_of(after).get(field)
        if before is not None and after is not None and values_of(before).get(field) == value:
            events = sorted(set(records), key=_version)
            yield Touched(
                section=THINGS[noun].home, what=_called(events[-1]), kind=noun, id=id, field=field, value=value,
                **_behind(events),
            )  # fmt: skip


def gone_stale(known: KnownPlan, a: Cut, b: Cut) -> list[Section]:
    at_a, at_b = (
        freshness(
            known.records[: cut.version], the_plan(plan_at(known, cut)).tier, the_plan(known.plan).timezone, cut.date
        )
        for cut in (a, b)
    )
    return [section for section in get_args(Section) if at_b[section].stale and not at_a[section].stale]


def title_of(thing: Thing | None) -> str | None:
    """The words people know a thing by."""
    said = (getattr(thing, name, None) for name in ("title", "statement", "name", "summary", "heading", "outcome"))
    return next((words for words in said if isinstance(words, str)), None)


def direction(before: Any, after: Any) -> Literal["up", "down"] | None:
    """Of numbers that are known at both cuts.  From unknown to something is a change without a direction."""
    numbers = all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in (before, after))
    return ("up" if after > before else "down") if numbers else None


def _leading_first(fields: list[str], last: Recorded | None) -> list[str]:
    """The value an event is about comes first: the state it leads to, else what it says first."""
    said = list(type(last.event).model_fields) if last else []
    order = ["state", *said]
    return sorted(fields, key=lambda field: order.index(field) if field in order else len(order))


def _called(record: Recorded) -> str:
    return kebab_case(type(record.event).__name__)


def _version(record: Recorded) -> int:
    return record.version


def _behind(events: Sequence[Recorded]) -> dict[str, Any]:
    return {
        "events": [record.id for record in events],
        "actors": list(dict.fromkeys(record.meta.actor for record in events)),
        "reasons": [record.meta.reason for record in events if record.meta.reason],
    }
