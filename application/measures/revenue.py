"""Measures of revenue: what accounts pay, whether they pay more than a year ago, and what was won."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from application.measures.measure import ALL, Figures, one, share
from application.measures.measured import Measured
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity, OpportunityOpened, OpportunityRelinked, OpportunityWon
from domain.account_plan.plays import PlayPlanned, PlayRelinked
from domain.account_plan.reviews import ReviewHeld
from domain.record import Recorded

YEAR = 12
"""Months."""

CLASSES = ("under 90 %", "90 to 100 %", "100 to 110 %", "over 110 %")
"""Classes of net retention.  100 % and 110 % are in the third."""


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
    """The class that the account was in so many months before; None where it paid nothing the year before."""
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
    """The amounts now less the amounts before, by what the opportunities came from."""
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
    return [record for record in at.at.records if record.version <= at.period.a.version]


def _planned(plan: AccountPlan, records: Sequence[Recorded]) -> list[Opportunity]:
    planned, _ = attributed(records)
    return [each for each in won(plan) if each.id in planned]


def _claimed(plan: AccountPlan, records: Sequence[Recorded]) -> list[Opportunity]:
    planned, linked = attributed(records)
    return [each for each in won(plan) if each.id in linked - planned]


def attributed(records: Sequence[Recorded]) -> tuple[set[str], set[str]]:
    """The opportunities that were won as planned, and those that are linked to the plan by now.

    Planned is what was opened with the source plan, and what was linked to a goal, a hypothesis or a play at a review
    that was held before it was won.
    """
    from_plan, served, at_a_review, planned = set[str](), set[str](), set[str](), set[str]()
    of_plays: dict[str, str | None] = {}
    for record in records:
        match record.event:
            case OpportunityOpened() | OpportunityRelinked() as event:
                (served.add if event.goal or event.hypothesis else served.discard)(event.id)
                if isinstance(event, OpportunityOpened) and event.source == "plan":
                    from_plan.add(event.id)
            case PlayPlanned() | PlayRelinked() as event:
                of_plays[event.id] = event.opportunity
            case ReviewHeld():
                at_a_review |= served.union(filter(None, of_plays.values()))
            case OpportunityWon(id=id):
                (planned.add if id in from_plan | at_a_review else planned.discard)(id)
    return planned, served.union(filter(None, of_plays.values()))


def discount(at: Measured) -> Figures:
    given = [(each.discount, each.amount) for each in newly_won(at) if each.discount is not None]
    return share(sum(part * amount for part, amount in given), sum(amount for _, amount in given))


def cycle_days(at: Measured) -> Figures:
    deals = [each for each in newly_won(at) if each.won_on]
    days = (max((each.won_on - at.at.added_on(each)).days, 0) for each in deals if each.won_on)
    return {ALL: tuple(map(Decimal, sorted(days)))} if deals else {}
