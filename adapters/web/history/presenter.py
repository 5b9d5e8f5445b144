"""The history of a plan: who recorded what when, what changed, and why. And the page of a single event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.history.timeline import Month, timeline
from adapters.web.languages import Speech
from adapters.web.names import called, kinds_named
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import PlanHead, at_cut, value_text
from application.proof.ports import EventProof
from application.views.effects import Effect
from application.views.history import Entry, Filter, history
from application.views.pages import HistoryPage, UnknownKind, thing_named
from domain.aggregates import AggregateType
from domain.folding import folded
from domain.language import kebab_case
from domain.record import Recorded
from domain.things import Aggregate

FILTERS = ("section", "type", "actor", "entity", "from", "to", "words")
LONGEST_VALUE = 400


@dataclass(frozen=True)
class ChangedValue:
    """A value before and after an event."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class EntryView:
    """One event of the history."""

    version: int
    address: str
    at: str
    actor: str
    what: str
    thing: str
    thing_address: str
    changes: Sequence[ChangedValue]
    reason: str
    source: str
    is_struck: bool
    sealed_for: str


@dataclass(frozen=True)
class HistoryView:
    head: PlanHead
    entries: Sequence[EntryView]
    given: Mapping[str, str]
    sections: Sequence[tuple[str, str, bool]]
    types: Sequence[tuple[str, str]]
    """The types of events in this history, and how they are said."""
    actors: Sequence[str]
    things: Sequence[tuple[str, str]]
    """The things it is about, by their names."""
    next: str | None
    is_filtered: bool
    months: Sequence[Month]
    csv: str
    """The address of all of it as a table; empty where only pages can filter so."""


def history_view(
    of: AggregateType[Any],
    asked: AggregateRequest[Any],
    page: HistoryPage,
    given: Mapping[str, str],
    found: Sequence[Recorded],
) -> HistoryView:
    """`found` are the events of all times that the other filters leave in."""
    say = asked.say
    sections = [(section, say(spaced(section)), given.get("section") == section) for section in of.sections]
    here = f"{asked.path}/history"

    def between(first: str, last: str) -> str:
        return at_cut(here, asked.cut, **given_but(given, **{"from": first, "to": last, "cursor": ""}))

    days = given.get("from", ""), given.get("to", "")
    records = asked.known.records[: asked.cut.version]
    as_table = given_but(given, format="csv", cursor="")
    if "to" not in as_table:
        as_table["to"] = asked.cut.cut
    return HistoryView(
        head=asked.head,
        entries=[entry_view(entry, asked) for entry in page.items],
        given={name: given.get(name, "") for name in FILTERS},
        sections=sections,
        types=sorted((name, say(spaced(name))) for name in {kebab_case(type(each.event).__name__) for each in records}),
        actors=sorted({each.meta.actor for each in records}),
        things=things_in(asked),
        next=at_cut(here, asked.cut, **given_but(given, cursor=page.next)) if page.next else None,
        is_filtered=any(given.get(name) for name in FILTERS),
        months=timeline(found, asked.cut.date, say, between, days),
        csv="" if given.get("words") else f"/v1{here}?{urlencode(as_table)}",
    )


def things_in(asked: AggregateRequest[Any]) -> list[tuple[str, str]]:
    """Return the things of the aggregate at the cut that have names, as the filter names them and as people do."""
    state, say = asked.as_known, asked.say
    named = (
        (f"{each.noun}:{each.id}", f"{say(spaced(each.noun))} {each.known_as}")
        for things in state.kinds().values()
        for each in things.values()
        if each.known_as
    )
    return sorted(named, key=lambda each: folded(each[1]))


def given_but(given: Mapping[str, str], **but: str) -> dict[str, str]:
    return {name: value for name, value in {**given, **but}.items() if value and name != "as_of"}


def entry_view(entry: Entry, asked: AggregateRequest[Any]) -> EntryView:
    state, say = asked.known.state, asked.say
    thing, kind = state.named(entry.entity.kind, entry.entity.id), say(spaced(entry.entity.kind))
    refers = kinds_named(type(thing)) if thing else {}
    entity = f"{entry.entity.kind}:{entry.entity.id}"
    return EntryView(
        version=entry.version,
        address=f"/events/{quote(entry.id, safe=':')}",
        at=say.instant(entry.recorded_at),
        actor=entry.actor
        if not entry.on_behalf_of
        else say("{actor} for {person}", actor=entry.actor, person=entry.on_behalf_of),
        what=say(spaced(entry.type)),
        thing=kind
        if thing is None or entry.entity.kind == entry.entity.id
        else f"{kind} {called(state, thing.noun, thing.id, say)}",
        thing_address=f"{asked.path}/history?{urlencode({'entity': entity})}",
        changes=[changed(effect, asked.currency, say, state, refers.get(effect.field, "")) for effect in entry.changes],
        reason=entry.reason or "",
        source=entry.source,
        is_struck=entry.struck_by is not None,
        sealed_for=", ".join(entry.sealed_for),
    )


def changed(effect: Effect, currency: str, say: Speech, state: Aggregate, refers_to: str) -> ChangedValue:
    def text(value: Any) -> str:
        shown = value_text(effect.field, value, currency, say, state, refers_to)
        return shown if len(shown) <= LONGEST_VALUE else f"{shown[: LONGEST_VALUE - 1]}…"

    return ChangedValue(say(spaced(effect.field)), text(effect.before), text(effect.after))


def says(words: str) -> Any:
    """Return whether the reason of an event contains these words, as people type them."""
    sought = folded(words)

    def wanted(record: Recorded, _records: Sequence[Recorded]) -> bool:
        return sought in folded(record.meta.reason or "")

    return wanted


def filter_in(of: AggregateType[Any], given: Mapping[str, str], type: str | None) -> Filter:
    """Return the filter in the address. Raises `NoSuchPage` for an unknown section or kind."""
    named = given.get("section") or None
    section = next((section for section in of.sections if section == named), None)
    if named and section is None:
        raise NoSuchPage(f"There is no section “{named}”.")
    try:
        kind, id = thing_named(given.get("entity"), of)
    except UnknownKind as error:
        raise NoSuchPage(str(error)) from None
    return Filter(section=section, type=type, actor=given.get("actor") or None, kind=kind, id=id)


# One event


@dataclass(frozen=True)
class EventView:
    """Everything that is known about one event."""

    head: PlanHead
    entry: EntryView
    id: str
    position: int
    facts: Sequence[tuple[str, str]]
    stored: str
    proof: Sequence[tuple[str, str]]
    """Its position in the tree over the log; empty for readers who may not see it, and while no checkpoint covers it.
    """
    hashes: Sequence[str]
    """The hashes on the path from its leaf to the root."""
    bundle: str
    """The address of an audit bundle up to the event; empty if there is none."""
    before: str | None
    """The address of the plan just before the event."""
    after: str


def event_view(asked: AggregateRequest[Any], version: int, proof: EventProof | None) -> EventView:
    """Return the view. Raises `NoSuchPage`."""
    known, say, path = asked.known, asked.say, asked.path
    if not 1 <= version <= known.version:
        raise NoSuchPage(say("There is no event {version} here.", version=version))
    record = known.records[version - 1]
    [found], _ = history(known.records, lambda each, _: each.version == version, version - 1, 1)
    return EventView(
        head=asked.head,
        entry=entry_view(found, asked),
        id=record.id,
        position=record.position,
        facts=list(facts_of(found, say)),
        stored=record.stored.decode(),
        proof=list(proof_of(proof, say)) if proof else [],
        hashes=[hash.hex() for hash in proof.hashes] if proof else [],
        bundle=f"{path}/bundle?as_of=version:{version}" if path.startswith("/plans/") else "",
        before=f"{path}?as_of=version:{version - 1}" if version > 1 else None,
        after=f"{path}?as_of=version:{version}",
    )


def facts_of(entry: Entry, say: Speech) -> Iterator[tuple[str, str]]:
    yield say("Recorded"), f"{say.instant(entry.recorded_at)} · {entry.recorded_at.isoformat()}"
    yield say("Source"), entry.source
    yield say("Command"), entry.command_id
    yield say("Request"), entry.request_id
    yield say("Correlation"), entry.correlation_id
    if entry.causation_id:
        yield say("Caused by"), entry.causation_id
    if entry.sealed_for:
        yield say("Sealed for"), ", ".join(entry.sealed_for)
    if entry.struck_by:
        yield say("Struck by"), entry.struck_by


def proof_of(proof: EventProof, say: Speech) -> Iterator[tuple[str, str]]:
    yield say("Leaf"), proof.leaf.hex()
    yield say("Index of the leaf"), say.number(proof.leaf_index)
    yield say("Events under the checkpoint"), say.number(proof.checkpoint.size)
    yield say("Checkpoint of"), say.instant(proof.checkpoint.sealed_at)
