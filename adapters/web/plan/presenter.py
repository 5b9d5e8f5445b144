"""The page of a plan at a cut: facts at the top, then every section with its age and all its things."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, get_args
from urllib.parse import quote, urlencode

from adapters.rendering.words import NOTHING, spaced
from adapters.web.languages import Speech, is_prose
from adapters.web.names import kinds_named, names_in
from adapters.web.plan.columns import AMOUNT_OF_PLAN, COLUMNS
from application.views.by_section import ONE_EACH, plural
from application.views.contacts import as_the_team_knows
from application.views.cuts import Cut, plan_at, timezone_of
from application.views.effects import section_of
from application.views.freshness import Freshness, freshness_since, last_refreshed
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import metrics
from application.views.policy_in_force import policy_at
from domain.account_plan.entries import Note, SectionConfirmed
from domain.account_plan.health import Contract
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import Plan, the_plan
from domain.account_plan.promises import Promise
from domain.language import FORGOTTEN
from domain.program.limits import Policy
from domain.record import Recorded
from domain.things import Aggregate, Thing, name_field

PAGES = (
    ("", "Plan"),
    ("/promises", "Promises"),
    ("/review", "Review"),
    ("/said-vs-did", "Said versus did"),
    ("/map", "Map"),
    ("/whitespace", "Whitespace"),
    ("/packs/canvas", "Packs"),
    ("/changes", "Changes"),
    ("/history", "History"),
)
"""The pages of a plan, with their names."""


class Value(NamedTuple):
    """A value in words, with the address of its blame."""

    text: str
    address: str
    is_forgotten: bool = False


HAPPENED = frozenset({"review", "touch", "news", "note", "referral"})
"""Kinds of things that happened and hardly ever end. Only the latest of them are shown."""

LATEST, MOST_SHOWN = 10, 40
"""The number of things of a kind on the page of a plan. The others are on a page of their own."""

NEVER_SAID = Value(NOTHING, "")
"""A value that nobody has set, so it has no blame."""

EMPTY: Sequence[object] = (None, (), {})


Cell = tuple[str, str, Value]
"""A value in its column: the heading, for small screens (empty in the first column, which names the row); `blank`,
`day` or nothing as its style; and the value."""


@dataclass(frozen=True)
class ThingRow:
    """One thing, with its values in the order of the columns."""

    id: str
    cells: Sequence[Cell]
    ending: str


@dataclass(frozen=True)
class ThingTable:
    """Everything of one kind in a section."""

    kind: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[ThingRow]
    in_all: int
    """The number of all of them, including those that are over."""
    all_address: str
    """The address of the page with all of them; empty if all are shown."""
    is_named_by_section: bool
    """Whether the section in which it stands is called the same."""
    one_only: bool
    """Whether a plan has one of the kind. Its values are then listed and not put in columns."""


@dataclass(frozen=True)
class SectionView:
    name: Section
    title: str
    age: str
    is_stale: bool
    last: str
    """Who changed or confirmed it last; empty if nobody did."""
    event: str
    """The address of the event with which they did."""
    tables: Sequence[Any]
    """Its tables, as `Drawn` returns them."""


Drawn = Callable[[str, str, Sequence[object], Callable[[], ThingTable]], Any]
"""Draws the table of a kind in a section, given the values that it shows and a function that makes it."""


def undrawn(_kind: str, _section: str, _values: Sequence[object], table: Callable[[], ThingTable]) -> ThingTable:
    return table()


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    note: str = ""
    tone: str = ""
    address: str = ""
    """Where it says who set the value; empty for a figure that is computed."""
    note_address: str = ""


@dataclass(frozen=True)
class PlanHead:
    """What stands at the top of every page of a plan."""

    account_name: str
    account_id: str
    path: str
    archived: bool
    tabs: Sequence[tuple[str, str]]
    """Address and name of each page of the plan, at the same cut."""
    name_address: str
    """Where it says who gave the account its name."""
    goes_on: tuple[str, str] | None = None
    """Address and account of the plan into which this one was merged; None if it was not."""


@dataclass(frozen=True)
class PlanParts:
    """The parts of a plan's page that are the same for all readers."""

    facts: Sequence[Fact]
    sections: Sequence[SectionView]


@dataclass(frozen=True)
class PlanView:
    head: PlanHead
    facts: Sequence[Fact]
    canvas: str
    findings: object
    sections: str
    """The rendered canvas and sections."""


def plan_path(card: Plan) -> str:
    return f"/plans/{quote(card.account_id, safe='')}"


def at_cut(address: str, cut: Cut, **more: str) -> str:
    """Return an address at the same point of the history."""
    parameters = {**({} if cut.cut == "now" else {"as_of": cut.cut}), **more}
    return f"{address}?{urlencode(parameters)}" if parameters else address


def value_address(path: str, cut: Cut, kind: str, id: str, field: str) -> str:
    """Return the address of who set a value of an aggregate, when and why."""
    return at_cut(f"{path}/values/{kind}/{quote(id, safe='')}/{field}", cut)


def set_in(state: Aggregate, value: tuple[str, str, str], path: str, cut: Cut) -> str:
    """Return the same of a value that a document names by kind, id and field."""
    kind, id, field = value
    thing = state.named(kind, id)
    return value_address(path, cut, kind, id, field) if getattr(thing, field, None) not in EMPTY else ""


OF_PROMISES = ("kind", "state", "owner", "side", "due_on")
"""The fields of a promise that lists show besides its name."""


def who_set(promise: Promise, path: str, cut: Cut) -> Mapping[str, str]:
    """Return the addresses of who set what is shown of a promise, `name` for its name."""
    fields = {"name": name_field(promise.__dict__) or "id"} | {name: name for name in OF_PROMISES}
    return {shown: value_address(path, cut, promise.noun, promise.id, field) for shown, field in fields.items()}


def blame_address(card: Plan, thing: Thing, field: str, cut: Cut) -> str:
    """Return the same of a value of a plan; nothing if it was never said."""
    if getattr(thing, field) in EMPTY:
        return ""
    return value_address(plan_path(card), cut, thing.noun, thing.id, field)


def head(card: Plan, cut: Cut, say: Speech) -> PlanHead:
    path = plan_path(card)
    tabs = [(at_cut(f"{path}{page}", cut), say(name)) for page, name in PAGES]
    into = card.merged_into
    goes_on = (f"/plans/{quote(into, safe='')}", into) if into else None
    named = blame_address(card, card, "account_name", cut)
    return PlanHead(card.account_name, card.account_id, path, card.archived, tabs, named, goes_on)


def plan_parts(
    known: LoadedPlan,
    cut: Cut,
    say: Speech,
    blaming: bool,
    program: Sequence[Recorded] = (),
    drawn: Drawn = undrawn,
) -> PlanParts:
    """Return the parts. Raises `CutBeforePlan`."""
    plan = as_the_team_knows(plan_at(known, cut), cut.date)
    zone, records = timezone_of(known), known.records[: cut.version]
    card = the_plan(plan)
    shown = Shown(plan, card, cut, say, blaming)
    tables: dict[str, list[Any]] = {section: [] for section in get_args(Section)}
    for kind, things in plan.kinds().items():
        for section, some in by_section(kind, things.values()):
            table = partial(shown.table, kind, some)
            made_of = [plan.values_of(kind), *named_by_it(plan, kind)]
            tables[section].append(drawn(kind.noun, section, made_of, table))
    policy = policy_at(program, cut).policy
    last = last_refreshed(records)
    fresh = freshness_since(last, records, card.tier, zone, cut.date, policy)
    return PlanParts(
        facts=list(facts(plan, card, cut, say, policy)),
        sections=[
            SectionView(
                section,
                say(spaced(section)),
                age_of(age, say),
                age.stale,
                *last_told(last.get(section), say),
                tables[section],
            )
            for section, age in fresh.items()
        ],
    )


def by_section(kind: type[Thing], things: Collection[Thing]) -> Iterator[tuple[str, list[Thing]]]:
    """Return things of one kind by section: all in the section of their kind, except notes."""
    for section in dict.fromkeys(map(section_of, things if kind is Note else [kind] if things else ())):
        yield section, [each for each in things if kind is not Note or section_of(each) == section]


def named_by_it(plan: AccountPlan, kind: type[Thing]) -> Iterator[object]:
    """Yield the values of the kinds of things that things of a kind name."""
    nouns = {noun for field, noun in kinds_named(kind).items() if field in COLUMNS[kind.noun]}
    yield from (plan.values_of(each) for each in plan.kinds() if each.noun in nouns and each is not kind)


@dataclass(frozen=True)
class KindView:
    """All things of one kind."""

    head: PlanHead
    table: ThingTable
    back: str


def kind_view(known: LoadedPlan, cut: Cut, kind: type[Thing], say: Speech, blaming: bool) -> KindView:
    """Return the page of a kind. Raises `CutBeforePlan`."""
    plan = plan_at(known, cut)
    card = the_plan(plan)
    shown = Shown(plan, card, cut, say, blaming)
    table = shown.table_of_all(kind, list(plan.all(kind).values()))
    return KindView(head(card, cut, say), table, at_cut(plan_path(card), cut, **({"blame": "yes"} if blaming else {})))


def age_of(fresh: Freshness, say: Speech) -> str:
    if not fresh.ever_touched:
        return say("empty so far")
    age = say.counted("{number} day old", "{number} days old", fresh.age_days)
    if fresh.most_days is None:
        return age
    return say("{age}, may be {most}", age=age, most=fresh.most_days)


def last_told(record: Recorded | None, say: Speech) -> tuple[str, str]:
    """Return who changed or confirmed a section last, and the address of the event; nothing if nobody did."""
    if record is None:
        return "", ""
    actor, confirmed = record.meta.actor, isinstance(record.event, SectionConfirmed)
    words = say("confirmed by {actor}", actor=actor) if confirmed else say("changed by {actor}", actor=actor)
    return words, f"/events/{record.id}"


def facts(plan: AccountPlan, card: Plan, cut: Cut, say: Speech, policy: Policy) -> Iterator[Fact]:
    follows = metrics(plan, cut.today, policy)
    contract = plan.find(Contract, "contract")
    owned = say("owned by {owner}", owner=card.owner)
    set_by = partial(blame_address, card, card, cut=cut)
    yield Fact(say("Tier"), say(spaced(card.tier)), owned, address=set_by("tier"), note_address=set_by("owner"))
    if contract:
        renews, path = say.how_far(contract.renews_on, cut.date), partial(blame_address, card, contract, cut=cut)
        yield Fact(say("ARR"), say.amount(contract.arr, card.currency), address=path("arr"))
        yield Fact(say("Renews"), say.day(contract.renews_on), renews, address=path("renews_on"))
    overdue = follows.promises.overdue
    yield Fact(
        say("Open promises"),
        say.number(follows.promises.open),
        say.counted("{number} overdue", "{number} overdue", overdue) if overdue else say("none overdue"),
        "bad" if overdue else "",
    )
    yield Fact(
        say("Stakeholders engaged"),
        say("{engaged} of {known}", engaged=follows.stakeholders.engaged, known=follows.stakeholders.known),
        say("single-threaded") if follows.stakeholders.single_threaded else "",
        "warning" if follows.stakeholders.single_threaded else "",
    )
    yield Fact(
        say("Open pipeline"),
        say.amount(follows.opportunities.amount, card.currency),
        say("weighted {amount}", amount=say.amount(follows.opportunities.weighted_amount, card.currency)),
    )


def capital(words: str) -> str:
    """Return words as they stand alone, with a capital in front."""
    return words[:1].upper() + words[1:]


LOOKS = {noun: tuple("day" if field.endswith("_on") else "" for field in fields) for noun, fields in COLUMNS.items()}
"""The style of the values in each column."""


class Shown:
    """The things of a plan at a cut, as a reader sees them."""

    def __init__(self, plan: AccountPlan, card: Plan, cut: Cut, say: Speech, blaming: bool = False) -> None:
        self._plan = plan
        self._card = card
        self._cut = cut
        self._say = say
        self._blaming = blaming
        self._path = plan_path(card)
        self._at = at_cut("", cut)

    def table(self, kind: type[Thing], things: Sequence[Thing]) -> ThingTable:
        """Return the table of things that are open, and of the latest of those that happened."""
        goes_on = [thing for thing in things if not thing.ending]
        return self._table(kind, goes_on[-LATEST:] if kind.noun in HAPPENED else goes_on[:MOST_SHOWN], len(things))

    def table_of_all(self, kind: type[Thing], things: Sequence[Thing]) -> ThingTable:
        """Return the table of all things; those that are over come last."""
        return self._table(kind, sorted(things, key=lambda each: each.ending is not None), len(things))

    def _table(self, kind: type[Thing], things: Sequence[Thing], in_all: int) -> ThingTable:
        blaming = {"blame": "yes"} if self._blaming else {}
        every = at_cut(f"{self._path}/all/{kind.noun}", self._cut, **blaming)
        headings = [capital(self._say(spaced(field))) for field in COLUMNS[kind.noun]]
        columns = [*zip(COLUMNS[kind.noun], ("", *headings[1:]), LOOKS[kind.noun], strict=True)]
        return ThingTable(
            kind=kind.noun,
            caption=self._say(spaced(plural(kind.noun))),
            headings=headings,
            rows=[self._row(thing, columns) for thing in things],
            in_all=in_all,
            all_address=every if in_all > len(things) else "",
            is_named_by_section=plural(kind.noun) in get_args(Section),
            one_only=kind.noun in ONE_EACH,
        )

    def _row(self, thing: Thing, columns: Sequence[tuple[str, str, str]]) -> ThingRow:
        where, refers, cells = self._where(thing), kinds_named(type(thing)), list[Cell]()
        for field, heading, look in columns:
            value = self._value(field, getattr(thing, field), where, refers.get(field, ""))
            cells.append((heading, look if value.text != NOTHING else "blank", value))
        ending = thing.ending if "state" not in COLUMNS[thing.noun] else None  # Its value says so already.
        return ThingRow(thing.id, cells, self._say.told(ending) if ending else "")

    def _where(self, thing: Thing) -> str:
        """Return the address of the blame of each value of a thing, without the name of the field."""
        return f"{self._path}/values/{thing.noun}/{quote(thing.id, safe='')}"

    def value(self, thing: Thing, field: str, value: Any) -> Value:
        return self._value(field, value, self._where(thing), kinds_named(type(thing)).get(field, ""))

    def _value(self, field: str, value: Any, where: str, refers_to: str) -> Value:
        if value in EMPTY:
            return NEVER_SAID
        forgotten = value == FORGOTTEN
        text = (
            self._say("words of a forgotten person") if forgotten
            else value if not refers_to and type(value) is str and is_prose(field)
            else value_text(field, value, self._card.currency, self._say, self._plan, refers_to)
        )  # fmt: skip
        return Value(text, f"{where}/{field}{self._at}", forgotten)


def value_text(
    field: str, value: Any, currency: str, say: Speech, state: Aggregate | None = None, refers_to: str = ""
) -> str:
    """Return a value in the reader's language; an amount has the currency of the plan, and what names a thing by its
    id has the name that the thing has in `state`."""
    if refers_to and state and value not in EMPTY and (names := names_in(state, refers_to, value)):
        return names
    if isinstance(value, Decimal) and field in AMOUNT_OF_PLAN:
        return say.amount(value, currency)
    return say.value(value, field)
