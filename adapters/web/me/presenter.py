"""My day: a person's promises in all plans they work on, by due day, and what else is waiting for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.names import name_of
from adapters.web.plan.presenter import plan_path
from adapters.web.promises.presenter import NOTHING, PromiseLine, Typed, promise_line
from application.reports.promises import lives
from application.views.contact_clock import ContactClock, contact_clock
from application.views.cuts import Cut, timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import Plan, the_plan
from domain.account_plan.promises import PROMISES
from domain.account_plan.reviews import Review
from domain.account_plan.stakeholders import Stakeholder
from domain.language import same_person
from domain.program.limits import Policy

THIS_WEEK_DAYS = 7
REVIEWS_AHEAD_DAYS = 31


@dataclass(frozen=True)
class MyPromise:
    """A promise of the person, with its plan."""

    line: PromiseLine
    due_on: date
    plan: str
    action: str
    expected: int
    may_change: bool


@dataclass(frozen=True)
class Waiting:
    """Something else that is waiting for the person: a review, a pairing that is due, or details to verify."""

    on: date
    day: str
    how_far: str
    is_late: bool
    what: str
    plan: str
    plan_address: str
    address: str


@dataclass(frozen=True)
class MyDay:
    key: str
    name: str
    today: str
    groups: Sequence[tuple[str, Sequence[MyPromise]]]
    waiting: Sequence[Waiting]
    plans: int
    more_plans: bool
    """Whether there are more plans than the page looks at."""


def my_promises(
    me: str, known: LoadedPlan, cut: Cut, say: Speech, may_change: bool, typed: Typed = NOTHING
) -> Iterator[MyPromise]:
    plan, card = known.state, the_plan(known.state)
    mine = [
        each
        for kind in PROMISES.values()
        for each in plan.open(kind)
        if same_person(each.owner) == me
    ]  # fmt: skip
    found = lives(known.records) if mine else {}
    path = plan_path(card)
    for promise in mine:
        line = promise_line(promise, found.get((promise.noun, promise.id)), cut, say, typed, path)
        changes = may_change and not card.archived
        yield MyPromise(line, promise.due_on, card.account_name, address_of(card), known.version, changes)


def address_of(card: Plan) -> str:
    """Return the address to which outcomes of the person's promises in a plan are sent."""
    return f"/me/{quote(card.account_id, safe='')}"


def waiting_for(me: str, known: LoadedPlan, cut: Cut, policy: Policy, say: Speech) -> Iterator[Waiting]:
    """Return the reviews ahead, the pairings that are due, and the stakeholders to verify in the person's own plans."""
    plan, card = known.state, the_plan(known.state)
    owns = same_person(card.owner) == me
    shown = _Shown(card, cut, say)
    soon = cut.date + timedelta(days=REVIEWS_AHEAD_DAYS)
    for review in plan.open(Review):
        on = review.planned_on if review.state == "scheduled" else None
        if on and on <= soon and (owns or me in map(same_person, review.ours)):
            yield shown.waiting(on, say("{kind} review", kind=say(spaced(review.kind))), "/review")
    for clock in contact_clock(plan, known.records, timezone_of(known), cut, policy):
        yield from _contacts(me, owns, clock, plan, cut, shown)


def _contacts(
    me: str, owns: bool, clock: ContactClock, plan: AccountPlan, cut: Cut, shown: "_Shown"
) -> Iterator[Waiting]:
    say, person = shown.say, plan.find(Stakeholder, clock.stakeholder)
    name, soon = name_of(person) if person else clock.stakeholder, cut.date + timedelta(days=THIS_WEEK_DAYS)
    for pairing in clock.pairings:
        if same_person(pairing.member) == me and pairing.due_on <= soon:
            form = f"/do/log-touch?stakeholders={clock.stakeholder}"
            yield shown.waiting(pairing.due_on, say("be in touch with {person}", person=name), form)
    if owns and clock.verification_due_on and clock.verification_overdue:
        form = f"/do/verify-stakeholder?id={clock.stakeholder}"
        yield shown.waiting(clock.verification_due_on, say("check the details of {person}", person=name), form)


@dataclass(frozen=True)
class _Shown:
    card: Plan
    cut: Cut
    say: Speech

    def waiting(self, on: date, what: str, page: str) -> Waiting:
        path, day = plan_path(self.card), self.cut.date
        how_far = self.say.how_far(on, day)
        return Waiting(on, self.say.day(on), how_far, on < day, what, self.card.account_name, path, f"{path}{page}")


def grouped(promises: Sequence[MyPromise], today: date, say: Speech) -> list[tuple[str, list[MyPromise]]]:
    """Group promises: overdue, due within a week, and later; each group by day."""
    ordered = sorted(promises, key=lambda each: (each.due_on, each.plan, each.line.key))
    soon = today + timedelta(days=THIS_WEEK_DAYS)
    groups = [
        (say("Overdue"), [each for each in ordered if each.line.is_overdue]),
        (say("Within a week"), [each for each in ordered if not each.line.is_overdue and each.due_on <= soon]),
        (say("Later"), [each for each in ordered if not each.line.is_overdue and each.due_on > soon]),
    ]
    return [(name, some) for name, some in groups if some]
