"""The executive read-out: which decisions are needed, what threatens the account, where it can grow, and whether
promises were kept."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.packs.canvas import PackRisk, risks
from application.packs.pack import QUARTER, Pack, called, heading_of, held, people, shown
from application.reports.outcomes import PromiseOutcome, rows
from application.reports.period import Period
from application.reports.scores import Score, score
from application.views.by_section import CutView
from application.views.metrics import Pipeline, pipeline, whitespace_totals
from application.views.reviews import held_reviews, last_review
from domain.account_plan.competition import Competitor, Neutralisation, Position
from domain.account_plan.health import Contract, Health, TrafficLight
from domain.account_plan.opportunities import Opportunity, OpportunityKind
from domain.account_plan.overview import Unit
from domain.account_plan.reviews import ReviewKind
from domain.account_plan.summary import Summary
from domain.account_plan.threads import is_multi_threaded
from domain.account_plan.whitespace import Assumptions, Bet, Cell, Level, Offering, Tactic, Timing

MOST_CELLS = 5
TOLD_ELSEWHERE = ("kept", "pending")
"""Outcomes that need no explanation."""


class DecisionRequired(BaseModel):
    """A decision that a review asked for."""

    what: str
    review: str
    kind: ReviewKind
    held_on: date


class AccountState(BaseModel):
    """The state of the account in a few figures."""

    health: TrafficLight | None
    score: Decimal | None
    executive_perception: str | None
    executive_air_cover: bool | None
    open_issues: list[str]
    expansion_arr: Decimal | None
    as_of_on: date | None
    arr: Decimal | None = Field(description="Of the contract.")
    renews_on: date | None
    net_retention: Decimal | None = Field(description="Of the last renewal.")


class Opening(BaseModel):
    """A cell of the whitespace that is still to be won."""

    cell: str = Field(description="Its id.")
    unit: str
    offering: str
    arr_potential: Decimal | None
    probability: Decimal | None
    bet: Bet | None
    effort: Level | None
    strategic_value: Level | None
    timing: Timing | None
    sponsor: str | None = Field(description="Who could open the door, by name.")
    tactic: Tactic | None
    entry_path: str | None
    incumbent: str
    assumptions: Assumptions | None = Field(description="What the potential is reckoned from.")


class OpenDeal(BaseModel):
    """An open opportunity."""

    id: str
    name: str
    stage: str
    kind: OpportunityKind | None
    amount: Decimal
    probability: Decimal | None
    close_on: date
    multi_threaded: bool
    crm_id: str | None


class ExpansionPath(BaseModel):
    """How the account is to grow."""

    path: str | None
    said_on: date | None = Field(description="The review at which it was said; null where the summary says it.")
    said_at: str | None = Field(description="The id of this review.")
    addressable_spend: Decimal | None
    weighted_arr_potential: Decimal
    openings: list[Opening] = Field(description=f"The largest weighted potential first, at most {MOST_CELLS}.")
    pipeline: Pipeline
    deals: list[OpenDeal]


class SaidAndDone(BaseModel):
    """What was said at the last review of its kind, and what was done since."""

    since: CutView
    score: Score
    to_explain: list[PromiseOutcome] = Field(description="What was neither kept nor is still to come.")


class Rival(BaseModel):
    """A competitor at the account, and our counter-strategy."""

    id: str
    name: str
    position: Position | None
    entrenched_in: list[str] = Field(description="The units, by name.")
    displacement_angle: str | None
    traps_to_set: list[str]
    traps_to_avoid: list[str]
    neutralise: list[Neutralisation]
    proof_assets: list[str]
    note: str | None


class ReadoutPack(Pack):
    """What executives need to know and to decide."""

    decisions_required: list[DecisionRequired]
    state: AccountState
    risks: list[PackRisk]
    expansion: ExpansionPath
    rivals: list[Rival] = Field(description="Competitors that stand in the way of the expansion path.")
    said_vs_did: SaidAndDone | None = Field(description="Null while no review was held before.")


def readout(at: Examined) -> ReadoutPack:
    """Return the read-out at a cut. It covers the time since the last read-out, or the last quarter."""
    return ReadoutPack.model_validate(
        heading_of("readout", at)
        | {
            "decisions_required": list(_decisions(at)),
            "state": _state(at),
            "risks": risks(at),
            "expansion": _expansion(at),
            "rivals": [_rival(at, each) for each in at.plan.all(Competitor).values() if each.position != "gone"],
            "said_vs_did": _said_and_done(at),
        }
    )


def _decisions(at: Examined) -> Iterator[DecisionRequired]:
    """Yield the decisions required since the last read-out, and those of the last quarter in any case."""
    last = max((each.held_on for each in held(at) if each.kind == "executive_readout" and each.held_on), default=at.day)
    for review in reversed(held(at)):
        if review.held_on and review.held_on >= min(last, at.day - QUARTER):
            for what in review.decisions_required:
                yield DecisionRequired(what=what, review=review.id, kind=review.kind, held_on=review.held_on)


def _state(at: Examined) -> AccountState:
    health, contract = at.plan.find(Health, "health") or Health(id="health"), at.plan.find(Contract, "contract")
    return shown(
        AccountState,
        health,
        arr=contract.arr if contract else health.arr,
        renews_on=contract.renews_on if contract else None,
        net_retention=contract.net_retention if contract else None,
    )


def _expansion(at: Examined) -> ExpansionPath:
    summary = at.plan.find(Summary, "summary") or Summary(id="summary")
    said = next((each for each in reversed(held(at)) if each.expansion_path), None)
    return ExpansionPath(
        path=said.expansion_path if said else summary.growth_path,
        said_on=said.held_on if said else None,
        said_at=said.id if said else None,
        addressable_spend=summary.addressable_spend,
        weighted_arr_potential=whitespace_totals(at.plan).weighted_arr_potential,
        openings=list(_openings(at)),
        pipeline=pipeline(at.plan, at.policy),
        deals=[
            shown(OpenDeal, each, multi_threaded=is_multi_threaded(at.plan, each, at.policy.coverage.multi_threaded))
            for each in open_deals(at)
        ],
    )


def _rival(at: Examined, competitor: Competitor) -> Rival:
    units = at.plan.all(Unit)
    return shown(Rival, competitor, entrenched_in=[called(units.get(id), id) for id in competitor.entrenched_in])


def open_deals(at: Examined) -> list[Opportunity]:
    """Return the open opportunities, the earliest closing date first."""
    return sorted(at.plan.open(Opportunity), key=lambda each: each.close_on)


def _openings(at: Examined) -> Iterator[Opening]:
    units = {each.id: each.name for each in at.plan.open(Unit)}
    offerings = {each.id: each.name for each in at.plan.open(Offering)}
    cells = [
        cell
        for cell in at.plan.all(Cell).values()
        if cell.is_white and cell.arr_potential and cell.unit in units and cell.offering in offerings
    ]
    for cell in sorted(cells, key=_worth, reverse=True)[:MOST_CELLS]:
        yield shown(
            Opening,
            cell,
            cell=cell.id,
            unit=units[cell.unit],
            offering=offerings[cell.offering],
            sponsor=next(iter(people(at, filter(None, [cell.sponsor]))), None),
            incumbent=called(at.plan.find(Competitor, cell.incumbent), cell.incumbent),
        )


def _worth(cell: Cell) -> tuple[Decimal, Decimal]:
    """Return the sort key of an opening. Openings without a probability come last."""
    potential = cell.arr_potential or Decimal(0)
    return potential * (cell.probability or Decimal(0)), potential


def _said_and_done(at: Examined) -> SaidAndDone | None:
    """Return the result since the last read-out; if there is none, since the last review at least a quarter ago, else
    since the first review."""
    reviews = [each for each in held_reviews(at.known, at.cut) if each.cut.is_before(at.cut)]
    if not reviews:
        return None
    readouts = (each for each in reviews if each.event.kind == "executive_readout")
    a_quarter_ago = (each for each in reviews if each.event.held_on <= at.day - QUARTER)
    last = last_review(readouts) or last_review(a_quarter_ago) or reviews[0]
    outcomes = rows(Period.between(at.known, last.cut, at.cut))
    ours = [row for row in outcomes["said"] if row.side == "us"]
    return SaidAndDone(
        since=CutView.of(last.cut),
        score=score(ours),
        to_explain=[row for row in (*ours, *outcomes["carried"]) if row.outcome not in TOLD_ELSEWHERE],
    )
