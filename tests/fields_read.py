"""Who reads what: every field of every event, and the views, findings, measures, packs and reports that look at it.

Nobody types the table.  Each reader is run on histories that hold everything, while it is watched which fields of
events and of things it asks for; what a fold, a history, a blame or a diff asks for does not count, nor what is only
copied into an answer.  A field of an event is read where it is asked for itself, or where the value of the thing is
that it went to, which is found out from histories in which every value stands nowhere else.

`python -m tests.fields_read` writes the table anew.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from typing import Any

from pydantic import BaseModel

from adapters.cli.card import card
from adapters.cli.program import head_of
from adapters.web.languages import Speech
from adapters.web.plan.columns import COLUMNS
from adapters.web.plan.pages import AggregateRequest
from adapters.web.program.library import library_view
from adapters.web.program.overview import overview
from adapters.web.program.rounds import round_page, rounds_view
from application.aggregates.access import Right
from application.findings.examined import Examined
from application.findings.program import PROGRAM_RULES
from application.findings.program_examined import ProgramExamined
from application.findings.registry import RULES
from application.library.examples import example_view
from application.measures.exchange import rates_at
from application.measures.measured import measured_months
from application.measures.registry import MEASURES
from application.packs.pack import PackKind
from application.packs.registry import FOR_CUSTOMERS, PACKS, pack
from application.portfolio.promises import PromisesOfAPlan, rows_of
from application.portfolio.row import KEPT
from application.reports.months import Month, months_between
from application.reports.said_vs_did import said_vs_did
from application.views.contact_clock import contact_clock
from application.views.current_program import committed_list, current_program
from application.views.cuts import Cut, cut_at, known_at, timezone_of
from application.views.departure import departure_of_member, departure_of_stakeholder
from application.views.effects import walk
from application.views.freshness import duties, freshness
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import metrics
from application.views.pages import review_list
from application.views.policy_in_force import DEFAULT, policy_at
from application.views.round_ranking import ranking
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.entries import Note
from domain.account_plan.plan import the_plan
from domain.account_plan.promises import PROMISES
from domain.account_plan.stakeholders import Stakeholder
from domain.aggregates import AggregateType
from domain.language import Event, Terms
from domain.program import PROGRAM
from domain.program.language import ProgramState
from domain.program.limits import DEFAULT_POLICY
from domain.program.rounds import Round
from domain.registry import REGISTRY
from domain.things import NAMES, Thing
from tests.application.packs.canaried import canaried
from tests.everything import everything
from tests.histories import told
from tests.places import ROOT
from tests.reports import DEMO

COMMAND = "python -m tests.fields_read"
EXAMPLE = "view: example"
TABLE = ROOT / "docs" / "fields.md"

Field = tuple[type[BaseModel], str]
"""A field of an event, of a thing, or of a part of one."""
Reader = tuple[str, Callable[[], object]]

FOR_SUBSCRIBERS = {"former": "the value before, for those who take events from the feed"}
"""Fields that no view need read, whatever the event."""

NOBODY_YET: Mapping[tuple[str, str], str] = {
    ("EntryStruck", "entry"): "nobody types it: it tells subscribers what kind of entry was struck",
    ("PlanMerged", "goes_on"): "tells the two plans of a merger apart, in which each event says what is read of it",
}
"""The fields that nothing of these reads, and why that is so or what is missing.  It only gets shorter."""


# Watching


@contextmanager
def watched(seen: set[Field]) -> Iterator[None]:
    """Note every field that is asked for by its name, but not while events are folded or say what they are about."""
    folding = 0

    def asked(self: Any, name: str) -> Any:
        if not folding and name in type(self).__pydantic_fields__:
            seen.add((type(self), name))
        elif not folding and name == "known_as":
            seen.update((type(self), known_by) for known_by in _known_by(self))
        value = object.__getattribute__(self, name)
        return apart(value) if name in ("subject", "takes_back") else value

    def apart(method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            nonlocal folding
            folding += 1
            try:
                return method(*given, **named)
            finally:
                folding -= 1

        return called

    folds = {name: getattr(AggregateType, name) for name in ("fold", "add")}
    kinds: tuple[Any, ...] = (Terms, Thing)
    try:
        for name, method in folds.items():
            setattr(AggregateType, name, apart(method))
        for kind in kinds:
            kind.__getattribute__ = asked
        yield
    finally:
        for kind in kinds:
            del kind.__getattribute__
        for name, method in folds.items():
            setattr(AggregateType, name, method)


def _known_by(thing: Thing) -> Sequence[str]:
    """The field that says what people know a thing by."""
    said = vars(thing)
    return [name for name in NAMES if isinstance(said.get(name), str)][:1]


# Readers


def readers_of_a_plan(known: LoadedPlan) -> Iterator[Reader]:
    now = known.records[-1].meta.recorded_at
    cut, zone, plan, policy = cut_at("now", known, now), timezone_of(known), known.state, DEFAULT.policy
    card_of_it = the_plan(plan)
    yield "view: contact clock", lambda: contact_clock(plan, known.records, zone, cut, policy)
    yield "view: metrics", lambda: metrics(plan, cut.today, DEFAULT_POLICY)
    yield "view: freshness", lambda: freshness(known.records, card_of_it.tier, zone, cut.date, policy)
    yield "view: duties", lambda: duties(known.records, zone, cut.today)
    yield "view: reviews", lambda: review_list(known, cut)
    yield "view: plan at the command line", lambda: list(card(known, cut))
    yield "view: departure", lambda: _departures(known)
    yield "view: promises by person", lambda: _promises(known)
    for name in RULES:
        yield f"finding: {name}", partial(_found, RULES[name].judge, Examined(known, cut, DEFAULT))
    last = Month.of(cut.date)
    for measure in MEASURES:
        yield f"measure: {measure}", partial(_measured, measure, known, months_between(last.before(2), last), now)
    for kind in PACKS:
        yield f"pack: {kind}", partial(_packed, kind, known)
    for kind in FOR_CUSTOMERS:
        yield f"pack: {kind} for customers", partial(pack, kind, known, cut, (), "customer")
    yield (
        "report: said versus did",
        lambda: said_vs_did(known, cut_at(f"version:{known.version // 2}", known, now), cut),
    )


def _found(judge: Callable[[Any], Iterable[object]], examined: object) -> list[object]:
    return list(judge(examined))


def _measured(measure: str, known: LoadedPlan, months: Sequence[Month], now: datetime) -> list[object]:
    return [MEASURES[measure].judge(at) for at in measured_months(known, months, now)]


def _packed(kind: PackKind, known: LoadedPlan) -> list[object]:
    return [pack(kind, known, at) for at in _cuts(known)]


def _cuts(known: LoadedPlan) -> list[Cut]:
    """Now, and when a quarter, a half and three quarters of it were recorded."""
    now = known.records[-1].meta.recorded_at
    return [cut_at(f"version:{known.version * part // 4}", known, now) for part in (1, 2, 3, 4)]


def _departures(known: LoadedPlan) -> None:
    cut = cut_at("now", known, known.records[-1].meta.recorded_at)
    for person in known.state.open(Stakeholder):
        departure_of_stakeholder(known, cut, person.id)
    departure_of_member(known, cut, the_plan(known.state).owner)


def _promises(known: LoadedPlan) -> None:
    of_it = PromisesOfAPlan(known, known.records[-1].meta.recorded_at)
    for noun, kind in PROMISES.items():
        for id in known.state.all(kind):
            of_it.shown(noun, id)  # type: ignore[arg-type]
    list(rows_of(known.state))


def readers_of_the_program(known: Any) -> Iterator[Reader]:
    now = known.records[-1].meta.recorded_at
    cut = cut_at("now", known, now)
    yield "every verdict", lambda: policy_at(known.records, cut)
    yield "view: program", lambda: committed_list(known, cut)
    yield (
        "view: ranking of a round",
        lambda: [ranking(known.state, each, {}) for each in known.state.all(Round).values()],
    )
    yield "view: program at the command line", lambda: head_of(current_program(known, cut))
    yield "view: pages of the program", lambda: _pages_of_the_program(known, cut)
    yield EXAMPLE, lambda: example_view(known, "gold-2026", lambda _: told(DEMO / "retailer.jsonl").known)
    yield "measures of money", lambda: rates_at(known.records, Month.of(cut.date), now)
    for name, rule in PROGRAM_RULES.items():
        for then in (known, known_at(known, cut_at("version:1", known, now))):
            yield f"finding: {name}", partial(_found, rule.judge, ProgramExamined(then, cut_at("now", then, now), ()))
    plan = told(DEMO / "retailer.jsonl")
    yield "pack: qbr", lambda: pack("qbr", plan.known, plan.cut("now", "2027-01-01"), known.records)


class AskedByAnybody(AggregateRequest[ProgramState]):
    """A page that is asked for by somebody who may everything."""

    def may(self, _right: Right) -> bool:
        return True


def _pages_of_the_program(known: Any, cut: Cut) -> None:
    nothing: Any = None
    asked = AskedByAnybody(nothing, known, cut, cut.at, Speech("en"), nothing, "EUR")
    overview(asked)
    library_view(asked)
    rounds_view(asked)
    for each in known.state.all(Round).values():
        round_page(asked, each, ranking(known.state, each, {}), (), True)


def shown_as_they_stand() -> Iterator[tuple[str, type[Thing], str]]:
    """What pages and tables name field by field."""
    for kind, fields in KEPT.items():
        yield from (("view: portfolio", kind, name) for name in fields)
    yield "view: section of the plan", Note, "section"  # see `section_of`
    for noun, columns in COLUMNS.items():
        yield from (("view: page of a plan", ACCOUNT_PLAN.things[noun], name) for name in columns)


@cache
def asked_for() -> Mapping[Field, set[str]]:
    """Who asks for each field of events, things and their parts."""
    found: defaultdict[Field, set[str]] = defaultdict(set)
    stories = [told(DEMO / f"{name}.jsonl").known for name in ("retailer", "manufacturer", "win-back")]
    plans = [everything().known, *stories]
    readers = [reader for known in plans for reader in readers_of_a_plan(known)]
    readers += readers_of_the_program(told(DEMO / "program.jsonl").known)
    for name, read in readers:
        seen = set[Field]()
        with watched(seen):
            read()
        for kind, field in seen:
            # What an example shows of a plan, its view does.
            if name != EXAMPLE or kind.__module__.startswith("domain.program."):
                found[kind, field].add(name)
    for name, thing, field in shown_as_they_stand():
        found[thing, field].add(name)
    return found


# Where the field of an event goes


@cache
def recorded() -> Sequence[Event]:
    """Every event of histories in which everything is said, one of which says nothing twice."""
    told_of = (canaried()[0], everything().known, told(DEMO / "program.jsonl").known)
    return [record.event for known in told_of for record in known.records]


@cache
def names_it() -> set[Field]:
    """The fields by which events say what they are about."""
    asked, events = set[Field](), recorded()
    with watched(asked):
        for event in events:
            type(event).subject(event)
    return asked | {(event, "id") for event, name in _all_fields() if name == "id"}


def _all_fields() -> Iterator[tuple[type[Event], str]]:
    for of in (ACCOUNT_PLAN, PROGRAM):
        for event in of.events.values():
            yield from ((event, name) for name in event.model_fields)


@cache
def goes_to() -> Mapping[Field, set[Field]]:
    """The values of things that the fields of events become: those of the same name of the thing an event is about, and
    those that events are seen to change into what they say.  A value that they change into something else more often
    was the same by accident."""
    found: defaultdict[Field, set[Field]] = defaultdict(set)
    alike = Counter[tuple[Field, Field]]()
    for known in (canaried()[0], everything().known, told(DEMO / "program.jsonl").known):
        things = REGISTRY.type_of(known.records[0].event).things
        for step in walk(known.records):
            event = step.record.event
            for name in type(event).model_fields:
                about, said = things.get(event.noun), getattr(event, name)
                if about and name in about.model_fields:
                    found[type(event), name].add((about, name))
                for effect in step.effects:
                    if said not in (None, (), False, True):
                        held = _holds(effect.after, said) or _loses(effect.before, said)
                        alike[(type(event), name), (things[effect.kind], effect.field)] += 1 if held else -1
                    found[type(event), name] |= set(_within(effect.after, name, said))
    for (field, value), more_often in alike.items():
        found[field] |= {value} if more_often >= 0 else set()
    return found


def _holds(value: Any, said: Any) -> bool:
    """Whether a value is what was said, or has it, or all of it, in itself."""
    if said == value or not isinstance(value, tuple | list | Mapping):
        return bool(said == value)
    parts = list(value)
    return said in parts or (isinstance(said, tuple) and all(each in parts for each in said))


def _loses(value: Any, said: Any) -> bool:
    """Whether what was said was among the parts that a value had before."""
    return isinstance(value, tuple | list | Mapping) and _holds(value, said)


def _within(value: Any, name: str, said: Any) -> Iterator[Field]:
    """The parts of a value that hold what an event said under the same name."""
    for part in value if isinstance(value, tuple | list) else [value]:
        if isinstance(part, Terms) and said is not None and getattr(part, name, None) == said:
            yield type(part), name


@cache
def asked_by_name() -> Mapping[str, Sequence[tuple[type[BaseModel], set[str]]]]:
    """The same, by the name of the field."""
    found: defaultdict[str, list[tuple[type[BaseModel], set[str]]]] = defaultdict(list)
    for (kind, name), names in asked_for().items():
        found[name].append((kind, names))
    return found


@cache
def readers(event: type[Event], field: str) -> Sequence[str]:
    """Who reads a field of an event: itself, or the value that it becomes.  A part that several events share is read
    under the name of the class that says it."""
    asked = asked_for()
    found = set(asked.get((event, field), ()))
    for thing, name in goes_to().get((event, field), ()):
        found |= asked.get((thing, name), set())
    for kind, names in asked_by_name().get(field, ()):
        if kind is not event and issubclass(event, kind):
            found |= names
    return sorted(found)


def fields() -> Iterator[tuple[type[Event], str]]:
    """Every field of every event of every aggregate, but for those that name what it is about."""
    for event, name in _all_fields():
        if name not in FOR_SUBSCRIBERS and (event, name) not in names_it():
            yield event, name


def unread() -> set[tuple[str, str]]:
    return {(event.__name__, name) for event, name in fields() if not readers(event, name)}


# The table

ABOUT = """# Fields, and what reads them

Every field of every event, and the views, findings, measures, packs and reports that look at it. Histories, blame and
diffs show every field of every event and are not counted, nor is the plan as JSON, which holds them all. `id` names the
thing, `former` is the value before, for whoever takes events from the feed.

This table is made by watching what each of them asks for: `python -m tests.fields_read`.

| event | field | read by |
|---|---|---|
"""
MOST_NAMED = 6


def table() -> str:
    return ABOUT + "".join(line(event, name) for event, name in fields())


def rows(written: str) -> Mapping[tuple[str, str], set[str]]:
    """What a table names: by event and field, those that read it; none where nothing does."""
    found = {}
    for each in written.splitlines():
        if each.startswith("| ") and not each.startswith("| event "):
            event, field, told = each.strip("| ").split(" | ")
            named = re.sub(r" and \d+ more$", "", told).split(", ")
            found[event, field] = set() if told.startswith("**nothing**") else set(named)
    return found


def line(event: type[Event], name: str) -> str:
    found = readers(event, name)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    told = ", ".join(found[:MOST_NAMED]) or f"**nothing**: {NOBODY_YET.get((event.__name__, name), '')}"
    return f"| {event.__name__} | {name} | {told}{more} |\n"


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
    print(f"wrote {TABLE.relative_to(ROOT)}")
    for event_name, field in sorted(unread() ^ set(NOBODY_YET)):
        print(f"say in NOBODY_YET why nothing reads {event_name}.{field}, or take it out there")
