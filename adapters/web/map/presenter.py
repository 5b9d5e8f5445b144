"""The relationship map: stakeholders by reporting line, attitude and power, who of ours knows them, and what depends on
each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from adapters.rendering.words import POWERS, in_words, spaced
from adapters.web.languages import Speech
from adapters.web.map.tree import HEIGHT, WIDTH, Box, Drawing, children_of, drawing, in_order
from adapters.web.names import name_of
from adapters.web.plan.presenter import Fact, PlanHead, Shown, Value, blame_address, head, plan_path
from application.views.contact_clock import ContactClock, PairingClock, contact_clock
from application.views.contacts import as_the_team_knows
from application.views.cuts import Cut, known_at, timezone_of
from application.views.departure import DepartureView, HangsOn, departure_of_stakeholder
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import StakeholderCoverage, stakeholder_coverage
from application.views.policy_in_force import policy_at
from domain.account_plan.language import AccountPlan
from domain.account_plan.overview import Unit
from domain.account_plan.plan import the_plan
from domain.account_plan.relationships import Influence, Pairing
from domain.account_plan.stakeholders import Level, Stakeholder
from domain.account_plan.standing import AttitudeWord, in_a_word
from domain.account_plan.team import Member
from domain.account_plan.whitespace import Cell
from domain.language import FORGOTTEN
from domain.record import Recorded
from domain.things import Thing

SIGNS: Mapping[AttitudeWord, str] = {
    "champion": "++",
    "supporter": "+",
    "neutral": "=",
    "sceptic": "−",
    "blocker": "−−",
    "unknown": "?",
}
LEVELS: Mapping[Level, int] = {"executive": 0, "management": 1, "execution": 2}
MOST_POWER = max(POWERS)
LONGEST_NAME, LONGEST_LINE = 27, 36
"""The number of characters that fit in a line of a box."""


@dataclass(frozen=True)
class PersonBox:
    """A stakeholder in the drawing: a few short lines, of which the first is the name."""

    id: str
    x: float
    y: float
    width: int
    height: int
    name: str
    lines: Sequence[str]
    look: str
    """CSS classes: the attitude; `gone`, `open`, `old`."""


@dataclass(frozen=True)
class PersonView:
    """A stakeholder in the list below the drawing."""

    id: str
    depth: int
    name: Value
    is_to_fill: bool
    is_forgotten: bool
    gone: Value
    """Why they are no longer there; empty while they are."""
    attitude: Value
    attitude_word: str
    attitude_sign: str
    facts: Sequence[tuple[str, Value]]
    checked: str
    is_old: bool
    listens_to: Sequence[Value]
    if_they_left: Sequence[str]
    links: Sequence[tuple[str, str]]
    """Forms about them, if the reader may use them."""
    opens: bool = False
    """Whether a nested list with their reports follows."""
    closes: int = 0
    """The number of nested lists that end after them."""


@dataclass(frozen=True)
class MatrixRow:
    """A stakeholder, and how well each of our people knows them."""

    name: str
    id: str
    cells: Sequence[tuple[Value, Value, str]]
    """The text, the note and the form of each cell; empty if there is nothing to show or nothing to enter."""


@dataclass(frozen=True)
class MapView:
    head: PlanHead
    facts: Sequence[Fact]
    gaps: str
    boxes: Sequence[PersonBox]
    drawing: Drawing
    people: Sequence[PersonView]
    members: Sequence[str]
    matrix: Sequence[MatrixRow]
    influences: int
    contact_days: int
    """The days without contact or verification that the policy allows."""
    add: str
    """The form for adding a stakeholder; empty if the reader may not."""


def map_view(known: LoadedPlan, cut: Cut, say: Speech, may_change: bool, program: Sequence[Recorded] = ()) -> MapView:
    """Return the view. Raises `CutBeforePlan`."""
    then, policy = known_at(known, cut), policy_at(program, cut).policy
    then = replace(then, state=as_the_team_knows(then.state, cut.date))
    clocks = contact_clock(then.state, then.records, timezone_of(known), cut, policy)
    by_person = {clock.stakeholder: clock for clock in clocks}
    made = _Map(then, cut, say, by_person, may_change and cut.cut == "now", program, policy.contact_days)
    coverage = stakeholder_coverage(then.state, policy)
    card = the_plan(then.state)
    return MapView(
        head=head(card, cut, say),
        facts=list(facts(coverage, then.state, say)),
        gaps=", ".join(say(spaced(role)) for role, who in coverage.key_roles.items() if not who),
        boxes=[made.box(box) for box in made.drawing.boxes],
        drawing=made.drawing,
        people=made.people(),
        members=made.members,
        matrix=list(made.matrix()),
        influences=len(made.drawing.curves),
        contact_days=policy.contact_days,
        add=made.form("add-stakeholder"),
    )


def facts(coverage: StakeholderCoverage, plan: AccountPlan, say: Speech) -> Iterator[Fact]:
    yield Fact(say("Known by name"), say.number(coverage.known))
    few = coverage.single_threaded
    note = say("single-threaded") if few else ""
    yield Fact(say("Engaged"), say.number(coverage.engaged), note, "warning" if few else "")
    blockers = len(coverage.blockers)
    yield Fact(say("Blockers"), say.number(blockers), tone="bad" if blockers else "")
    yield Fact(say("Roles to fill"), say.number(coverage.to_fill))
    gone = sum(not person.is_there for person in plan.all(Stakeholder).values())
    yield Fact(say("No longer there"), say.number(gone))


@dataclass
class _Map:
    """The stakeholders of a plan at a cut, as a reader sees them."""

    known: LoadedPlan
    """The plan; its records end at the cut."""
    cut: Cut
    say: Speech
    clocks: Mapping[str, ContactClock]
    """For each stakeholder, when they were last met and verified."""
    may_change: bool
    program: Sequence[Recorded]
    contact_days: int
    drawing: Drawing = field(init=False)

    def __post_init__(self) -> None:
        plan = self.known.state
        self._card = the_plan(plan)
        self._shown = Shown(plan, self._card, self.cut, self.say)
        self._people = plan.all(Stakeholder)
        ranked = sorted(self._people.values(), key=lambda each: (not each.is_there, LEVELS[each.level]))
        self._superiors = {each.id: each.reports_to for each in ranked}
        self._influences = list(plan.all(Influence).values())
        self.drawing = drawing(self._superiors, [(each.influencer, each.influenced) for each in self._influences])
        self._pairings = {(id, each.member): each for id, clock in self.clocks.items() for each in clock.pairings}
        self._agreed = {(each.stakeholder, each.member): each for each in plan.open(Pairing)}
        self.members = self._ours()

    def _ours(self) -> list[str]:
        """Our people who are on the team, know a stakeholder, or are paired with one."""
        team = [each.person for each in self.known.state.all(Member).values() if each.is_current(self.cut.date)]
        known = [member for each in self._people.values() if each.is_there for member in each.relationships]
        return sorted({*team, *known, *(member for _, member in self._pairings)})

    def form(self, command: str, **given: str) -> str:
        return f"{self._path}/do/{command}?{urlencode(given)}".rstrip("?") if self.may_change else ""

    @property
    def _path(self) -> str:
        return plan_path(self._card)

    def name(self, person: Stakeholder) -> str:
        name = name_of(person)
        return self.say("words of a forgotten person") if name == FORGOTTEN else name

    def box(self, box: Box) -> PersonBox:
        person = self._people[box.id]
        lines = [self._title(person), self._standing(person)]
        if person.roles:
            lines.append(", ".join(self.say(spaced(role)) for role in person.roles))
        look: list[str] = [in_a_word(person.attitude)]
        look += ["gone"] if not person.is_there else []
        look += ["open"] if person.name is None else []
        look += ["old"] if self._is_old(person) else []
        look += self._fades(person)
        return PersonBox(
            box.id, box.x, box.y, WIDTH, HEIGHT,
            short(self.name(person), LONGEST_NAME),
            [short(line, LONGEST_LINE) for line in lines],
            " ".join(look),
        )  # fmt: skip

    def _title(self, person: Stakeholder) -> str:
        if person.title and person.title != FORGOTTEN and person.name is not None:
            return person.title
        return self.say("to be found") if person.name is None else self.say(spaced(person.level))

    def _standing(self, person: Stakeholder) -> str:
        if person.ending:
            return self.say(person.ending)
        word = in_a_word(person.attitude)
        parts = [f"{SIGNS[word]} {self.say(word)}"]
        if person.strength is not None:
            parts.append(self.say(in_words(person.strength, "strength")))
        if person.power is not None:
            parts.append("●" * person.power + "○" * (MOST_POWER - person.power))
        return "  ".join(parts)

    def _is_old(self, person: Stakeholder) -> bool:
        clock = self.clocks.get(person.id)
        return clock is not None and clock.verification_overdue

    def _fades(self, person: Stakeholder) -> list[str]:
        """Return how far a person has faded: the longer ago somebody checked their details, the paler they are."""
        clock = self.clocks.get(person.id)
        days = (self.cut.date - clock.verified_on).days if clock and clock.verified_on else 0
        return ["faded"] if days > 2 * self.contact_days else ["fading"] if 2 * days > self.contact_days else []

    def people(self) -> list[PersonView]:
        """Return the stakeholders, leaders before their reports, each with the nested lists that begin and end
        there.
        """
        order = in_order(children_of(self._superiors))
        ends = [*(level for _, level in order), 0][1:]
        return [
            self._person(self._people[id], depth, after > depth, max(depth - after, 0))
            for (id, depth), after in zip(order, ends, strict=True)
        ]

    def _person(self, person: Stakeholder, depth: int, opens: bool, closes: int) -> PersonView:
        word = in_a_word(person.attitude)
        return PersonView(
            id=person.id,
            depth=depth,
            name=self._set(person, "name", self.name(person)),
            is_to_fill=person.name is None,
            is_forgotten=person.forgotten,
            gone=self._gone(person),
            attitude=self._shown.value(person, "attitude", person.attitude),
            attitude_word=self.say(word),
            attitude_sign=SIGNS[word],
            facts=list(self._facts(person)),
            checked=self._checked(person),
            is_old=self._is_old(person),
            listens_to=[
                self._set(each, "influencer", self._named(each.influencer))
                for each in self._influences
                if each.influenced == person.id
            ],
            if_they_left=self._if_they_left(person) if person.is_there else [],
            links=self._links(person),
            opens=opens,
            closes=closes,
        )

    def _named(self, id: str) -> str:
        person = self._people.get(id)
        return self.name(person) if person else id

    def _set(self, thing: Thing, field: str, text: str) -> Value:
        return Value(text, blame_address(self._card, thing, field, self.cut))

    def _gone(self, person: Stakeholder) -> Value:
        if person.forgotten or not person.left_on:
            return Value(self.say(person.ending) if person.ending else "", "")
        return self._set(person, "left_on", self.say("left on {day}", day=self.say.day(person.left_on)))

    def _facts(self, person: Stakeholder) -> Iterator[tuple[str, Value]]:
        for name in ("title", "power", "strength", "roles", "level"):
            value = getattr(person, name)
            if value not in (None, ()) and not (name == "title" and value in (FORGOTTEN, name_of(person))):
                yield self.say(spaced(name)), self._shown.value(person, name, value)
        unit = self.known.state.find(Unit, person.unit) if person.unit else None
        if unit:
            value = self._shown.value(person, "unit", person.unit)
            yield self.say("unit"), Value(unit.name, value.address)

    def _checked(self, person: Stakeholder) -> str:
        """Return when somebody last confirmed their details, and last met them."""
        clock, say = self.clocks.get(person.id), self.say
        if clock is None:
            return ""
        parts = []
        if clock.verified_on and person.name:
            parts.append(say("checked {how_far}", how_far=say.how_far(clock.verified_on, self.cut.date)))
        if clock.last:
            parts.append(say("met {how_far}", how_far=say.how_far(clock.last.happened_on, self.cut.date)))
        return " · ".join(parts)

    def _if_they_left(self, person: Stakeholder) -> list[str]:
        gone, say = departure_of_stakeholder(self.known, self.cut, person.id, self.program), self.say
        lines = list(self._lost(gone))
        left = len(gone.engaged.left)
        still = say.counted("{number} other would be engaged", "{number} others would be engaged", left)
        return [*lines, f"{still}: {say('single-threaded')}" if gone.single_threaded else still]

    def _lost(self, gone: DepartureView) -> Iterator[str]:
        say = self.say
        if gone.roles_left_open:
            roles = ", ".join(say(spaced(role)) for role in gone.roles_left_open)
            yield say("nobody else is {roles}", roles=roles)
        if gone.uncovered_units:
            units = [self.known.state.find(Unit, id) for id in gone.uncovered_units]
            yield say("nobody else is engaged at {units}", units=", ".join(unit.name for unit in units if unit))
        for each in (*gone.promises, *gone.opportunities, *gone.whitespace, *gone.others):
            amount = f", {say.amount(each.amount, self._card.currency)}" if each.amount else ""
            yield f"{say(spaced(each.kind))} {self._title_of(each)}{amount}: {say.told(each.because)}"

    def _title_of(self, each: HangsOn) -> str:
        thing = self.known.state.named(each.kind, each.id)
        if isinstance(thing, Cell):
            pair = (self.known.state.named("offering", thing.offering), self.known.state.named("unit", thing.unit))
            return " · ".join(name_of(each) for each in pair if each)
        return self.name(thing) if isinstance(thing, Stakeholder) else each.title or each.id

    def _links(self, person: Stakeholder) -> list[tuple[str, str]]:
        if not self.may_change or not person.is_there:
            return []
        forms = [
            ("change-sentiment", self.say("Attitude")),
            ("rate-power", self.say("Power")),
            ("assign-roles", self.say("Roles")),
            ("log-touch", self.say("Contact")),
            ("verify-stakeholder", self.say("Checked")),
            ("record-departure", self.say("Left")),
        ]
        return [
            (self.form(command, **{"stakeholders" if command == "log-touch" else "id": person.id}), name)
            for command, name in forms
        ]

    def matrix(self) -> Iterator[MatrixRow]:
        if not self.members:
            return
        for person in self._people.values():
            if person.is_there and person.name is not None:
                yield MatrixRow(self.name(person), person.id, [self._met(person, member) for member in self.members])

    def _met(self, person: Stakeholder, member: str) -> tuple[Value, Value, str]:
        strength, pairing = person.relationships.get(member), self._pairings.get((person.id, member))
        words = self.say(in_words(strength, "strength")) if strength is not None else ""
        return (
            self._set(person, "relationships", words) if words else Value("", ""),
            self._turn(person, pairing) if pairing else Value("", ""),
            self.form("rate-relationship", id=person.id, member=member),
        )

    def _turn(self, person: Stakeholder, pairing: PairingClock) -> Value:
        every = self.say.counted("every {number} day", "every {number} days", pairing.every_days)
        late = self.say.counted("{number} day overdue", "{number} days overdue", pairing.days_overdue or 0)
        agreed = self._agreed.get((person.id, pairing.member))
        text = f"{every}, ! {late}" if pairing.days_overdue else every
        return self._set(agreed, "every_days", text) if agreed else Value(text, "")


def short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
