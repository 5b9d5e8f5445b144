"""The canvas: the plan on one page."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.packs.pack import Pack, called, heading_of, shown
from application.packs.promises import Dated, in_the_days, promised, scheduled
from application.views.metrics import WhitespaceTotals, whitespace_totals
from domain.account_plan.cycles import Cycle
from domain.account_plan.hypotheses import Hypothesis, Proof
from domain.account_plan.overview import Fit, Overview, Trajectory, Unit, WhyUs
from domain.account_plan.plays import Play, PlayKind, PlayState
from domain.account_plan.relationships import Influence
from domain.account_plan.risks import Risk, RiskKind
from domain.account_plan.stakeholders import Level, Role, Stakeholder
from domain.account_plan.summary import Summary
from domain.account_plan.whitespace import Cell, Offering, Penetration, cell_id

MOST_PEOPLE = 10
MOST_DATES = 10
AHEAD = timedelta(days=90)


class AccountFit(BaseModel):
    """Why this account, and why us."""

    goal_sentence: str | None
    relevance: str | None
    why_now: str | None
    icp_fit: Fit | None
    trajectory: Trajectory | None
    our_fit: str | None
    why_us: list[WhyUs]
    change_drivers: list[str]
    industry: str | None
    decision_process: str | None


class GridCell(BaseModel):
    """An offering in a unit."""

    offering: str
    penetration: Penetration
    arr_potential: Decimal | None


class GridRow(BaseModel):
    """A unit, and every offering in it."""

    unit: str
    name: str
    buying_center: bool
    cells: list[GridCell]
    arr_potential: Decimal = Field(description="What is still to be won in it.")


class Grid(BaseModel):
    """Units by offerings, and what is still to be won."""

    offerings: list[str] = Field(description="Their names, in the order of the cells.")
    rows: list[GridRow]
    arr_potential: list[Decimal] = Field(description="What is still to be won, by offering.")
    totals: WhitespaceTotals


class CanvasPerson(BaseModel):
    """A stakeholder, and their role."""

    id: str
    name: str
    title: str | None
    level: Level
    roles: list[Role]
    attitude: int | None
    power: int | None
    strength: int | None = Field(description="How well the one on the team knows them who knows them best.")
    listens_to: list[str]
    listened_to_by: list[str]
    influencers: list[str] = Field(description="The ids of whom they listen to.")
    influenced: list[str] = Field(description="The ids of those who listen to them.")


class CanvasHypothesis(BaseModel):
    """A value hypothesis: what the customer would gain."""

    id: str
    outcome: str
    metric: str
    unit: str
    baseline: str | None
    expected: str
    value_driver: str | None
    payback_months: int | None
    proof: list[Proof]
    quality: int | None
    triggers: list[str] = Field(description="What has to happen for it to matter.")
    counter_evidence: list[str] = Field(description="What speaks against it.")


class CanvasPlay(BaseModel):
    """An open play."""

    id: str
    title: str
    kind: PlayKind
    owner: str
    due_on: date
    state: PlayState
    overdue: bool
    success_measure: str
    confidence: Decimal | None
    measure: str | None
    target: str | None
    value_driver: str | None
    counter_move: str | None = Field(description="What it answers of a competitor's.")
    starts_on: date | None


class PackRisk(BaseModel):
    """An open risk and its mitigation."""

    id: str
    statement: str
    kind: RiskKind
    likelihood: int
    impact: int
    exposure: int
    owner: str
    arr_exposed: Decimal | None
    mitigation: str | None = Field(description="What was planned last.")


class CanvasPack(Pack):
    """The plan on one page."""

    fit: AccountFit
    whitespace: Grid
    stakeholders: list[CanvasPerson] = Field(description=f"The most powerful first, at most {MOST_PEOPLE}.")
    stakeholders_left_out: int
    hypotheses: list[CanvasHypothesis] = Field(
        description="Open ones, the best first, at most as many as the policy wants open."
    )
    plays: list[CanvasPlay]
    risks: list[PackRisk] = Field(description="The highest exposure first, as many as the policy looks at.")
    risks_missing: int = Field(description="How many more a plan should name, by the policy.")
    until_on: date = Field(description="The end of the cycle of ninety days, or ninety days ahead.")
    next_90_days: list[Dated] = Field(description=f"The earliest first, at most {MOST_DATES}.")


def canvas(at: Examined) -> CanvasPack:
    """Return the canvas of a plan at a cut."""
    until_on = _end_of_cycle(at) or at.day + AHEAD
    dates = in_the_days((each for which in (promised, scheduled) for each in which(at)), at.day, until_on - at.day)
    there = sorted(at.plan.open(Stakeholder), key=lambda each: (-(each.power or 0), -(each.strength or 0)))
    plays = sorted(at.plan.open(Play), key=lambda each: each.due_on)
    hypotheses = sorted(at.plan.open(Hypothesis), key=lambda each: -(each.quality or 0))
    return CanvasPack.model_validate(
        heading_of("canvas", at)
        | {
            "fit": fit(at),
            "whitespace": grid(at),
            "stakeholders": [person(each, at) for each in there[:MOST_PEOPLE]],
            "stakeholders_left_out": max(len(there) - MOST_PEOPLE, 0),
            "hypotheses": [shown(CanvasHypothesis, each) for each in hypotheses[: at.policy.hypotheses.most]],
            "plays": [shown(CanvasPlay, each, overdue=each.is_overdue(at.today)) for each in plays],
            "risks": risks(at, at.policy.risks.top),
            "risks_missing": max(at.policy.risks.least - len(at.open(Risk)), 0),
            "until_on": until_on,
            "next_90_days": dates[:MOST_DATES],
        }
    )


def _end_of_cycle(at: Examined) -> date | None:
    """Return the last day of the ninety-day cycle that contains the day."""
    ends = [
        each.ends_on
        for each in at.plan.all(Cycle).values()
        if each.kind == "ninety_days" and each.starts_on <= at.day <= each.ends_on
    ]
    return max(ends, default=None)


def fit(at: Examined) -> AccountFit:
    overview = at.plan.find(Overview, "overview") or Overview(id="overview")
    summary = at.plan.find(Summary, "summary") or Summary(id="summary")
    said = {name: getattr(summary, name) for name in ("goal_sentence", "relevance", "why_now")}
    return shown(AccountFit, overview, **said)


def grid(at: Examined) -> Grid:
    offerings, units = at.plan.open(Offering), at.plan.open(Unit)
    cells = at.plan.all(Cell)
    by_offering = [Decimal(0)] * len(offerings)
    rows = []
    for unit in units:
        row, still_to_win = list[GridCell](), Decimal(0)
        for place, offering in enumerate(offerings):
            cell = cells.get(cell_id(unit.id, offering.id))
            row.append(
                GridCell(
                    offering=offering.id,
                    penetration=cell.penetration if cell else "unknown",
                    arr_potential=cell.arr_potential if cell else None,
                )
            )
            if cell and cell.is_white and cell.arr_potential:
                still_to_win += cell.arr_potential
                by_offering[place] += cell.arr_potential
        rows.append(
            GridRow(
                unit=unit.id,
                name=unit.name,
                buying_center=unit.buying_center,
                cells=row,
                arr_potential=still_to_win,
            )
        )
    return Grid(
        offerings=[each.name for each in offerings],
        rows=rows,
        arr_potential=by_offering,
        totals=whitespace_totals(at.plan),
    )


def person(each: Stakeholder, at: Examined) -> CanvasPerson:
    everybody, lines = at.plan.all(Stakeholder), at.plan.all(Influence).values()

    def named(ids: Iterable[str]) -> list[str]:
        return [called(everybody.get(id), id) for id in ids]

    influencers = [line.influencer for line in lines if line.influenced == each.id]
    influenced = [line.influenced for line in lines if line.influencer == each.id]

    return shown(
        CanvasPerson,
        each,
        name=called(each, each.id),
        strength=each.strength,
        listens_to=named(influencers),
        listened_to_by=named(influenced),
        influencers=influencers,
        influenced=influenced,
    )


def risks(at: Examined, at_most: int | None = None) -> list[PackRisk]:
    """Return the open risks, the highest exposure first."""
    return [
        shown(PackRisk, each, mitigation=each.mitigations[-1] if each.mitigations else None)
        for each in sorted(at.open(Risk), key=lambda each: -each.exposure)[:at_most]
    ]
