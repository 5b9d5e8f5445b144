"""Measures of revenue: what accounts pay, whether they pay more than a year ago, and what was won."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from application.measures.measure import ALL, Figures, one, share
from application.measures.measured import Measured
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity, OpportunityOpened, OpportunityWon
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play
from domain.account_plan.reviews import ReviewHeld
from domain.record import Recorded
from domain.things import Draft, day_of

YEAR = 12
"""The number of months in a year."""

CLASSES = ("under 90 %", "90 to 100 %", "100 to 110 %", "over 110 %")
"""Classes of net retention. 100 % and 110 % belong to the third."""


def arr(at: Measured) -> Figures:
    now = at.arr_before(0)
    return {} if now is None else one(now)


def net_retention(at: Measured) -> Figures:
    now, then = at.arr_before(0), at.arr_before(YEAR)
    return share(now, then) if now is not None and then else {}


def nrr_class(at: Measured) -> Figures:
    found = _class(at, 0)
    return {found: (Decimal(1),)} if found else {}


def nrr_migrations(at: Measured) -> Figures:
    was, now = _class(at, 1), _class(at, 0)
    return {f"{was} → {now}": (Decimal(1),)} if was and now and was != now else {}


def _class(at: Measured, months: int) -> str | None:
    """Return the class of the account so many months before; None if it paid nothing a year before that."""
    now, then = at.arr_before(months), at.arr_before(months + YEAR)
    if now is None or not then:
        return None
    retention = now / then
    return CLASSES[(retention >= Decimal("0.9")) + (retention >= 1) + (retention > Decimal("1.1"))]


def won(plan: AccountPlan) -> list[Opportunity]:
    return [each for each in plan.all(Opportunity).values() if each.state == "won"]


def newly_won(at: Measured) -> list[Opportunity]:
    before = {each.id for each in won(at.before)}
    return [each for each in won(at.plan) if each.id not in before]


def _amount(opportunities: Iterable[Opportunity]) -> Decimal:
    return sum((each.amount for each in opportunities), Decimal(0))


def arr_won(at: Measured) -> Figures:
    return one(_amount(won(at.plan)) - _amount(won(at.before)))


def arr_won_by_source(at: Measured) -> Figures:
    return by_source(won(at.plan), won(at.before))


def by_source(now: Iterable[Opportunity], before: Iterable[Opportunity]) -> Figures:
    """Return the difference between the amounts now and before, by the source of the opportunities."""
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for sign, opportunities in ((1, now), (-1, before)):
        for each in opportunities:
            amounts[each.source] += sign * each.amount
    return {source: (amount,) for source, amount in amounts.items() if amount}


def attributable_arr(at: Measured) -> Figures:
    now, before = _planned(at.plan, at.at.records), _planned(at.before, _records_before(at))
    return one(_amount(now) - _amount(before))


def claimed_arr(at: Measured) -> Figures:
    now, before = _claimed(at.plan, at.at.records), _claimed(at.before, _records_before(at))
    return one(_amount(now) - _amount(before))


def _records_before(at: Measured) -> Sequence[Recorded]:
    """Return the records up to the beginning of the month, without those that were struck by then. What was struck in
    the month counted before, and is taken off now."""
    return at.opening.at.records if at.opening else ()


def _planned(plan: AccountPlan, records: Sequence[Recorded]) -> list[Opportunity]:
    planned, _ = attributed(plan, records) if (found := won(plan)) else (set(), set())
    return [each for each in found if each.id in planned]


def _claimed(plan: AccountPlan, records: Sequence[Recorded]) -> list[Opportunity]:
    planned, linked = attributed(plan, records) if (found := won(plan)) else (set(), set())
    return [each for each in found if each.id in linked - planned]


def attributed(plan: AccountPlan, records: Sequence[Recorded]) -> tuple[set[str], set[str]]:
    """Return the opportunities that were won as planned, and those that are linked to the plan by now. `records` end at
    the state `plan`.

    Planned are opportunities that were opened with the source `plan` by the day they were won, and those that were
    linked to a goal, a hypothesis or a play at a review that was held and recorded before: a win may be recorded late,
    after a review that was held when it was already known, or together with the whole opportunity.
    """
    zone = the_plan(plan).timezone
    draft = Draft(ACCOUNT_PLAN.empty)
    links: dict[tuple[str, str], str | None] = {}
    reviewed_on: dict[str, date] = {}
    opened_on: dict[str, date] = {}
    planned_from = dict[str, date]()
    """From which day on each that was won was planned."""
    for record in records:
        event = record.event
        if event.noun in LINKING:
            ACCOUNT_PLAN.add(draft, [event])
            links[event.noun, event.subject()] = linked_by(draft.find(LINKING[event.noun], event.subject()))
        if isinstance(event, ReviewHeld):
            for id in filter(None, links.values()):
                reviewed_on[id] = min(event.held_on, reviewed_on.get(id, date.max))
        if isinstance(event, OpportunityOpened):
            opened_on[event.id] = day_of(record.meta.recorded_at, zone)
        if isinstance(event, OpportunityWon):
            by_plan = opened_on[event.id] if draft.the(Opportunity, event.id).source == "plan" else date.max
            planned_from[event.id] = min(by_plan, reviewed_on.get(event.id, date.max))
    won_on = {id: plan.the(Opportunity, id).won_on for id in planned_from}  # which may have been corrected since
    planned = {id for id, day in won_on.items() if day and planned_from[id] <= day}
    return planned, set(filter(None, links.values()))


LINKING: Mapping[str, type[Opportunity | Play]] = {Opportunity.noun: Opportunity, Play.noun: Play}


def linked_by(thing: Opportunity | Play | None) -> str | None:
    """Return the opportunity that a thing links to the plan: for a play the one it names; for an opportunity itself, if
    its source is the plan or it names a goal or hypothesis."""
    match thing:
        case Play():
            return thing.opportunity
        case Opportunity() if thing.goal or thing.hypothesis or thing.source == "plan":
            return thing.id
    return None


def discount(at: Measured) -> Figures:
    given = [(each.discount, each.amount) for each in newly_won(at) if each.discount is not None]
    return share(sum(part * amount for part, amount in given), sum(amount for _, amount in given))


def cycle_days(at: Measured) -> Figures:
    deals = [each for each in newly_won(at) if each.won_on]
    days = (max((each.won_on - at.at.added_on(each)).days, 0) for each in deals if each.won_on)
    return {ALL: tuple(map(Decimal, sorted(days)))} if deals else {}
