"""Metrics of a plan: coverage, open promises, risks, pipeline."""

from collections import Counter
from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.overview import Unit
from domain.account_plan.promises import all_promises
from domain.account_plan.requests import Request
from domain.account_plan.risks import Risk
from domain.account_plan.stakeholders import engaged_people, is_single_threaded, people_there
from domain.account_plan.threads import is_multi_threaded
from domain.account_plan.whitespace import Cell, Offering
from domain.program.limits import Policy

KEY_ROLES = ("economic_buyer", "decision_maker", "technical_owner", "champion", "executive_sponsor")
SOON_DAYS = 14


class StakeholderCoverage(BaseModel):
    """Stakeholder coverage by attitude, level and role. Only stakeholders who are still there count."""

    known: int
    to_fill: int
    """Stakeholders that must exist but have no name yet."""
    engaged: int
    """Stakeholders with a relationship of strength 2 or more."""
    by_attitude: dict[str, int]
    """The number of stakeholders by attitude, from "-2" to "2" and "unknown"."""
    by_level: dict[str, int]
    key_roles: dict[str, list[str]]
    """Who plays each of the roles that every deal needs. An empty list is a gap."""
    blockers: list[str]
    single_threaded: bool
    """Whether fewer than two people are engaged. If one of them leaves, the account has to start anew."""
    single_threaded_opportunities: list[str]
    """Open opportunities with fewer engaged people who are still there than the policy asks for."""
    uncovered_units: list[str]
    """Units with a budget of their own where nobody is engaged."""


class WhitespaceTotals(BaseModel):
    """Totals of the grid of units and offerings. A cell that nobody assessed is unknown."""

    cells: int
    by_penetration: dict[str, int]
    arr_potential: dict[str, Decimal]
    """The potential of assessed cells, by penetration."""
    weighted_arr_potential: Decimal
    """The sum of potential times probability, over cells where both are known and that we neither have nor lost nor
    exclude."""


class OpenPromises(BaseModel):
    """Counts of plays and actions."""

    by_state: dict[str, int]
    """The number of plays and actions by state, including finished ones: planned, in_flight, open, won, done …"""
    open: int
    overdue: int
    due_within_14_days: int
    customer_side: int
    """The number of open joint actions that the customer promised."""


class RiskExposure(BaseModel):
    """The exposure of open risks."""

    open: int
    severe: int
    """The number of open risks with likelihood times impact of 15 or more."""
    highest: int
    arr_exposed: Decimal
    by_kind: dict[str, int]


class Pipeline(BaseModel):
    """Totals of open opportunities."""

    open: int
    amount: Decimal
    weighted_amount: Decimal
    """The sum of amount times probability, where the probability is known."""
    multi_threaded: int
    """The number of open opportunities with as many engaged people who are still there as the policy asks for."""


class Metrics(BaseModel):
    stakeholders: StakeholderCoverage
    whitespace: WhitespaceTotals
    promises: OpenPromises
    risks: RiskExposure
    opportunities: Pipeline
    requests_waiting: int
    """The number of requests to other departments that are neither delivered nor declined."""


def metrics(plan: AccountPlan, today: date, policy: Policy) -> Metrics:
    """Return the metrics on a day, which is the first day that is not over, by the policy in force. Open promises that
    were due before it are overdue."""
    requests = plan.all(Request).values()
    return Metrics(
        stakeholders=stakeholder_coverage(plan, policy),
        whitespace=whitespace_totals(plan),
        promises=open_promises(plan, today),
        risks=risk_exposure(plan),
        opportunities=pipeline(plan, policy),
        requests_waiting=sum(request.is_waiting for request in requests),
    )


def stakeholder_coverage(plan: AccountPlan, policy: Policy) -> StakeholderCoverage:
    there, engaged = people_there(plan), engaged_people(plan)
    attitudes = Counter("unknown" if person.attitude is None else str(person.attitude) for person in there)
    units = [unit.id for unit in plan.open(Unit) if unit.buying_center]
    return StakeholderCoverage(
        known=sum(person.name is not None for person in there),
        to_fill=sum(person.name is None for person in there),
        engaged=len(engaged),
        by_attitude=dict(sorted(attitudes.items())),
        by_level=dict(Counter(person.level for person in there)),
        key_roles={role: [person.id for person in there if role in person.roles] for role in KEY_ROLES},
        blockers=[person.id for person in there if person.attitude == -2],
        single_threaded=is_single_threaded(plan),
        single_threaded_opportunities=[
            each.id
            for each in plan.open(Opportunity)
            if not is_multi_threaded(plan, each, policy.coverage.multi_threaded)
        ],
        uncovered_units=[unit for unit in units if unit not in {person.unit for person in engaged}],
    )


def whitespace_totals(plan: AccountPlan) -> WhitespaceTotals:
    units = {unit.id for unit in plan.open(Unit)}
    offerings = {offering.id for offering in plan.open(Offering)}
    cells = [cell for cell in plan.all(Cell).values() if cell.unit in units and cell.offering in offerings]
    states: Counter[str] = Counter(cell.penetration for cell in cells)
    unassessed = len(units) * len(offerings) - len(cells)
    if unassessed:
        states["unknown"] += unassessed
    potential: dict[str, Decimal] = {}
    for cell in cells:
        if cell.arr_potential is not None:
            potential[cell.penetration] = potential.get(cell.penetration, Decimal(0)) + cell.arr_potential
    white = (cell for cell in cells if cell.is_white)
    weighted = (cell.arr_potential * cell.probability for cell in white if cell.arr_potential and cell.probability)
    return WhitespaceTotals(
        cells=len(units) * len(offerings),
        by_penetration=dict(states),
        arr_potential=potential,
        weighted_arr_potential=sum(weighted, Decimal(0)),
    )


def open_promises(plan: AccountPlan, today: date) -> OpenPromises:
    promises = all_promises(plan)
    still_open = [promise for promise in promises if promise.is_open]
    return OpenPromises(
        by_state=dict(Counter(promise.state for promise in promises)),
        open=len(still_open),
        overdue=sum(promise.is_overdue(today) for promise in still_open),
        due_within_14_days=sum(0 <= (promise.due_on - today).days <= SOON_DAYS for promise in still_open),
        customer_side=sum(promise.side == "customer" for promise in still_open),
    )


def risk_exposure(plan: AccountPlan) -> RiskExposure:
    risks = plan.open(Risk)
    return RiskExposure(
        open=len(risks),
        severe=sum(risk.is_severe for risk in risks),
        highest=max((risk.exposure for risk in risks), default=0),
        arr_exposed=sum((risk.arr_exposed or Decimal(0) for risk in risks), Decimal(0)),
        by_kind=dict(Counter(risk.kind for risk in risks)),
    )


def pipeline(plan: AccountPlan, policy: Policy) -> Pipeline:
    open_ones, least = plan.open(Opportunity), policy.coverage.multi_threaded
    weighted = (each.amount * each.probability for each in open_ones if each.probability is not None)
    return Pipeline(
        open=len(open_ones),
        amount=sum((each.amount for each in open_ones), Decimal(0)),
        weighted_amount=sum(weighted, Decimal(0)),
        multi_threaded=sum(is_multi_threaded(plan, each, least) for each in open_ones),
    )
