"""The net difference between two cuts of an aggregate, with the events that made each change.

A change is named after the event that last made it (`sentiment-changed`, `play-won`), so a new event needs no code
here. A value that changed and changed back is listed as touched but unchanged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field

from application.aggregates.loaded import LoadedAggregate
from application.views.by_section import CutView
from application.views.contacts import strengths_moved
from application.views.current_plan import CurrentPlan, current_plan
from application.views.cuts import Cut, judged_from, plans_at, timezone_of
from application.views.effects import SectionName, reasons_given
from application.views.freshness import freshness
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from application.views.thing_comparison import (
    OF_THEIR_OWN,
    ComputedChange,
    Direction,
    Move,
    ThingComparison,
    called,
    compare,
)
from application.views.threads import threads_moved
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import the_plan
from domain.aggregates import A
from domain.language import bare
from domain.record import Recorded

LEADING = ("state", "exposure", "reached", "penetration")
"""Fields that come first in a change, before the fields that the event itself names first."""

TRACES = frozenset({"returned_on", "moved_on"})
"""Fields that describe an event rather than a state. If everything else was changed back, they do not count as a
change."""


class CutsOutOfOrder(Exception):
    """The first cut must not be later than the second, neither in version nor in time."""


class Change(BaseModel):
    """A net change: what differs in a thing because of one type of event.

    If a thing was added, that is one change; what happened to it afterwards is another.
    """

    what: str
    """The event that last made the change, in kebab case: `sentiment-changed`, `stakeholder-left`."""
    kind: str
    id: str
    title: str | None
    field: str | None
    """The most important field that changed; null if the thing as a whole was added or removed."""
    direction: Direction | None
    before: Any = Field(validation_alias=AliasChoices("from", "before"), serialization_alias="from")
    after: Any = Field(validation_alias=AliasChoices("to", "after"), serialization_alias="to")
    also: dict[str, Move] = {}
    """The other fields that differ because of the same type of event."""
    unit: str | None = None
    """The unit of its numbers, if it has one of its own."""
    events: list[str]
    actors: list[str]
    reasons: list[str]


class Touched(BaseModel):
    """A value that was changed and changed back."""

    section: SectionName
    what: str
    """The event that changed it back."""
    kind: str
    id: str
    title: str | None
    field: str | None
    """The field; null if the thing as a whole was added and removed."""
    value: Any
    also: dict[str, Move] = {}
    """What remains of the event, such as the day of the return."""
    unit: str | None = None
    """The unit of its numbers, if it has one of its own."""
    events: list[str]
    actors: list[str]
    reasons: list[str]


class Comparison(BaseModel):
    """The net difference between two cuts of an aggregate."""

    from_: CutView = Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from")
    to: CutView
    unchanged: bool
    """Whether nothing changed at all, which is a finding in itself."""
    changes: dict[SectionName, list[Change]]
    touched_unchanged: list[Touched]
    refreshed: list[SectionName]
    """Sections with an event between the cuts."""


class Diff(Comparison):
    """The net difference between two cuts of a plan."""

    plan_id: UUID
    gone_stale: list[Section]
    """Sections that are stale at the second cut and were not at the first."""
    from_state: CurrentPlan | None = None
    to_state: CurrentPlan | None = None


def comparison(
    known: LoadedAggregate[A], a: Cut, was: A, b: Cut, now: A, following: Iterable[ComputedChange] = ()
) -> Comparison:
    """Return the difference between an aggregate's state `was` at cut `a` and its state at cut `b`.

    Raises `CutsOutOfOrder`.
    """
    check_in_order(a, b)
    compared, sections = compare(known.records[: b.version], was, now, following), known.type.sections
    changes: dict[str, list[Change]] = {section: [] for section in sections}
    for each in compared:
        changes[each.section] += changes_of(each)
    period = known.records[a.version : b.version]
    refreshed = {record.event.refreshes() for record in period}
    return Comparison.model_construct(
        from_=CutView.of(a),
        to=CutView.of(b),
        unchanged=not any(changes.values()),
        changes={section: rows for section, rows in changes.items() if rows},
        touched_unchanged=[touched for each in compared for touched in back_where_it_was(each)],
        refreshed=[section for section in sections if section in refreshed],
    )


def states_at(known: LoadedAggregate[A], a: Cut, b: Cut) -> tuple[A, A]:
    """Return an aggregate at two cuts; it is empty before it was opened. Raises `CutsOutOfOrder`, and `CutBeforePlan`
    for the second cut."""
    check_in_order(a, b)
    return plans_at(known, a, b)


def diff(known: LoadedPlan, a: Cut, b: Cut, states: bool = False, program: Sequence[Recorded] = ()) -> Diff:
    """Return the difference from cut `a` to cut `b`. If `a` is before the plan was opened, everything was added.

    Raises `CutsOutOfOrder`, and `CutBeforePlan` for the second cut.
    """
    return diff_of(known, a, b, *states_at(known, a, b), states, program)


def diff_of(
    known: LoadedPlan,
    a: Cut,
    b: Cut,
    was: AccountPlan,
    now: AccountPlan,
    states: bool = False,
    program: Sequence[Recorded] = (),
) -> Diff:
    """Return the difference between a plan at cut `a` and at cut `b`."""
    records, judged = known.records[: b.version], judged_from(a, b)
    policies = policy_at(program, a).policy, policy_at(program, judged).policy
    following = (
        *strengths_moved(records, was, a.date, now, judged.date),
        *threads_moved(records, was, policies[0], now, policies[1]),
    )
    return Diff.model_construct(
        **comparison(known, a, was, b, now, following).__dict__,
        plan_id=known.id,
        gone_stale=gone_stale(known, (was, a), (now, judged_from(a, b)), program),
        from_state=current_plan(known, a, program) if states and a.version else None,
        to_state=current_plan(known, b, program) if states else None,
    )


def check_in_order(a: Cut, b: Cut) -> None:
    """Check that two cuts can be compared. Raises `CutsOutOfOrder`."""
    if a.version > b.version or a.at > b.at:
        raise CutsOutOfOrder(CutsOutOfOrder.__doc__)


# What is different


def changes_of(thing: ThingComparison) -> Iterator[Change]:
    """Yield the changes of a thing, one for each type of event. If it was added or removed, that is one change, and
    what happened to it since is another."""
    groups: Mapping[str, Sequence[str]] = thing.by_event
    back = set(thing.brought_back.values())
    if thing.was_added_or_removed:
        added_or_removed = thing_added_or_removed(thing)
        yield added_or_removed
        groups = {what: fields for what, fields in groups.items() if tells_more(thing, added_or_removed, what, fields)}
    for what, fields in groups.items():
        if not (what in back and TRACES.issuperset(fields)):
            yield change(thing, what, fields)


def thing_added_or_removed(thing: ThingComparison) -> Change:
    events = thing.events(thing.touching)
    return _change(
        thing,
        called(events[0] if thing.before is None else events[-1]),
        events,
        field=None,
        direction=None,
        before=thing.old or None,
        after=thing.new or None,
        also={},
    )


def tells_more(thing: ThingComparison, came: Change, what: str, fields: Sequence[str]) -> bool:
    """Return whether events after the creation of a thing changed more than a detail, such as its state."""
    if thing.after is None or what == came.what:
        return False
    if "state" in fields or what in OF_THEIR_OWN.values():
        return True
    without = thing.after.but({field: thing.after.defaults.get(field) for field in fields})
    return without.ending != thing.after.ending


def change(thing: ThingComparison, what: str, fields: Sequence[str]) -> Change:
    events = thing.events(fields)
    lead, *others = leading_first(fields, events[-1])
    also = {field: thing.move(field) for field in others}
    return _change(thing, what, events, field=lead, **thing.move(lead).__dict__, also=also)


def _change(thing: ThingComparison, what: str, events: Sequence[Recorded], **said: Any) -> Change:
    """Return a change without validating it again, because thousands are made at a time."""
    values = {
        "what": what,
        "kind": thing.kind,
        "id": thing.id,
        "title": thing.title,
        **said,
        "unit": thing.unit,
        **behind(events),
    }
    return bare(Change, values, CHANGE_SAYS)


CHANGE_SAYS = frozenset(Change.model_fields)


def leading_first(fields: Sequence[str], last: Recorded) -> list[str]:
    """Return the fields with the most important one first: the state to which the event leads, else the field that the
    event names first."""
    order = [*LEADING, *(field for field in type(last.event).model_fields if field not in TRACES)]
    return sorted(fields, key=lambda field: order.index(field) if field in order else len(order))


# What does not


def back_where_it_was(thing: ThingComparison) -> Iterator[Touched]:
    back, groups = thing.brought_back, thing.by_event
    if thing.was_added_or_removed:
        return
    if thing.before is None and thing.after is None:
        yield touched(thing, called(thing.events(list(back))[-1]), list(back))
        return
    for field, what in back.items():
        traces = [trace for trace in groups.get(what, ()) if TRACES.issuperset(groups[what])]
        yield touched(thing, what, [field], traces)


def touched(thing: ThingComparison, what: str, fields: Sequence[str], traces: Sequence[str] = ()) -> Touched:
    field = fields[0] if thing.after else None
    return Touched.model_construct(
        section=thing.section,
        what=what,
        kind=thing.kind,
        id=thing.id,
        title=thing.title,
        unit=thing.unit,
        field=field,
        value=thing.new.get(field) if field else None,
        also={trace: thing.move(trace) for trace in traces},
        **behind(thing.events([*fields, *traces])),
    )


def gone_stale(
    known: LoadedPlan, first: tuple[AccountPlan, Cut], second: tuple[AccountPlan, Cut], program: Sequence[Recorded]
) -> list[Section]:
    """Return the sections that are stale at the second cut and were not at the first."""
    before = stale_at(known, *first, program) if first[1].version else set()
    after = stale_at(known, *second, program)
    return [section for section in get_args(Section) if section in after - before]


def stale_at(known: LoadedPlan, plan: AccountPlan, cut: Cut, program: Sequence[Recorded]) -> set[Section]:
    tier, policy = the_plan(plan).tier, policy_at(program, cut).policy
    fresh = freshness(known.records[: cut.version], tier, timezone_of(known), cut.date, policy)
    return {section for section, freshness in fresh.items() if freshness.stale}


def behind(events: Sequence[Recorded]) -> dict[str, Any]:
    if len(events) == 1:
        meta = events[0].meta
        return {"events": [events[0].id], "actors": [meta.actor], "reasons": [meta.reason] if meta.reason else []}
    return {
        "events": [record.id for record in events],
        "actors": list(dict.fromkeys(record.meta.actor for record in events)),
        "reasons": reasons_given(events),
    }
