"""The annual review: the year in figures, the goals that continue, and what both sides want to reach."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.measures.measure import Adding, Parts, Unit, added, value_of
from application.measures.measured import Measured, measured_months
from application.measures.registry import MEASURES, figures_of
from application.packs.pack import Pack, called, heading_of, shown
from application.reports.months import Month, months_between
from domain.account_plan.competition import Competitor
from domain.account_plan.goals import Goal, GoalAbandoned, GoalKind, GoalState
from domain.account_plan.hypotheses import Hypothesis, HypothesisRefuted
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plan import Tier
from domain.account_plan.plays import Play
from domain.account_plan.risks import Risk
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.vision import Priorities, Vision
from domain.language import Event
from domain.record import Recorded

MONTHS = 12
AnnualMeasure = Literal[
    "arr",
    "net_retention",
    "arr_won",
    "attributable_arr",
    "discount",
    "cycle_days",
    "pipeline_created",
    "on_schedule",
    "play_completion",
    "milestone_on_time",
    "executive_meetings",
    "buyer_meetings",
    "contacts_engaged",
    "new_buying_centers",
    "penetrated_share",
    "hygiene",
]
"""The measures of the year, in the order in which they are shown."""
IN_NUMBERS: Sequence[AnnualMeasure] = get_args(AnnualMeasure)


class YearFigure(BaseModel):
    """A measure over twelve months: what happened in them, or the state at their end."""

    measure: AnnualMeasure
    unit: Unit
    value: Decimal | None
    definition: str


class AnnualGoal(BaseModel):
    """A goal, its progress, and whether it continues."""

    id: str
    kind: GoalKind
    statement: str
    measure: str
    unit: str
    baseline: Decimal
    target: Decimal
    reached: Decimal | None
    due_on: date
    owner: str
    state: GoalState
    achieved_on: date | None
    overdue: bool


class Lesson(BaseModel):
    """Something that did not turn out as expected, and what was observed."""

    kind: str
    id: str
    what: str
    seen: str | None
    expected: str | None = Field(default=None, description="What had been hoped for.")
    actual: str | None = Field(default=None, description="The figure it came to.")
    on: date | None


class Movement(BaseModel):
    """A stakeholder who left, returned, moved or was promoted."""

    id: str
    name: str
    what: Literal["left", "came back", "moved", "was promoted"]
    on: date
    to: str | None = Field(description="Where they went, or their title by now.")


class TierStanding(BaseModel):
    """The tier of the account, and how it got it."""

    tier: Tier
    round: str | None = Field(description="The round it was changed or confirmed in last.")
    decided_by: list[str]


class AnnualPack(Pack):
    """The results of a year, and the plan for the next one."""

    from_month: str
    to_month: str
    tier: TierStanding
    year: list[YearFigure]
    goals_rolled_forward: list[AnnualGoal] = Field(description="Those that are open, the earliest due first.")
    goals_achieved: list[AnnualGoal] = Field(description="In these months.")
    goals_abandoned: list[AnnualGoal] = Field(description="In these months.")
    lessons: list[Lesson] = Field(
        description="Refuted hypotheses, lost plays and opportunities, and risks that materialised in these months."
    )
    people: list[Movement] = Field(description="Who left, came back, moved or rose in these months.")
    vision: str | None
    vision_until_on: date | None
    investments: list[str] = Field(description="What the customer and we put in to get there.")
    priorities: list[str] = Field(description="Of the last quarter that any were set for.")
    priorities_of: str | None


def annual(at: Examined, program: Sequence[Recorded]) -> AnnualPack:
    """Return the pack for the twelve months that end with the month of the cut."""
    last = Month.of(at.day)
    first = last.before(MONTHS - 1)
    goals = [shown(AnnualGoal, each, overdue=each.is_overdue(at.today)) for each in at.plan.all(Goal).values()]
    given_up = {id for id, on in recorded_on(at, GoalAbandoned).items() if on >= first.first}
    vision = at.plan.find(Vision, "vision")
    priorities = max(at.plan.all(Priorities).values(), key=lambda each: each.quarter, default=None)
    return AnnualPack.model_validate(
        heading_of("annual", at)
        | {
            "from_month": str(first),
            "to_month": str(last),
            "tier": shown(TierStanding, at.card),
            "year": year(at, first, last, program),
            "goals_rolled_forward": sorted(
                (each for each in goals if each.state == "open"), key=lambda each: each.due_on
            ),
            "goals_achieved": [each for each in goals if each.achieved_on and each.achieved_on >= first.first],
            "goals_abandoned": [each for each in goals if each.state == "abandoned" and each.id in given_up],
            "lessons": [each for each in lessons(at) if each.on and each.on >= first.first],
            "people": sorted(movements(at, first.first), key=lambda each: each.on),
            "vision": vision.statement if vision else None,
            "vision_until_on": vision.horizon_on if vision else None,
            "investments": list(vision.investments) if vision else [],
            "priorities": list(priorities.statements) if priorities else [],
            "priorities_of": priorities.quarter if priorities else None,
        }
    )


def year(at: Examined, first: Month, last: Month, program: Sequence[Recorded]) -> list[YearFigure]:
    """Return the measures of these months, combined (docs/measures.md)."""
    months = list(measured_months(at.known, months_between(first, last), at.cut.at, program))
    return [_figure(name, months) for name in IN_NUMBERS]


def _figure(name: AnnualMeasure, months: list[Measured]) -> YearFigure:
    measure = MEASURES[name]
    counted = months if measure.span == "in the month" else months[-1:]
    figures = [figures_of(each, [name]).get(name, {}) for each in counted]
    return YearFigure(
        measure=name,
        unit=measure.unit,
        value=_value(measure.adding, [parts for each in figures for parts in each.values()]),
        definition=measure.definition,
    )


def _value(adding: Adding, parts: list[Parts]) -> Decimal | None:
    return value_of(adding, added(adding, parts)) if parts else None


def recorded_on(at: Examined, event: type[Event]) -> Mapping[str, date]:
    """Return the day on which an event of this type was last recorded, by the thing it is about."""
    return {record.event.subject(): at.day_of(record) for record in at.recorded_as(event)}


def lessons(at: Examined) -> list[Lesson]:
    """Return hypotheses that were refuted and plays and opportunities that were lost, if the observation was
    recorded.
    """
    refuted_on = recorded_on(at, HypothesisRefuted)
    refuted = [each for each in at.plan.all(Hypothesis).values() if each.state == "refuted"]
    lost = [each for each in at.plan.all(Play).values() if each.state == "lost"]
    deals = [each for each in at.plan.all(Opportunity).values() if each.state == "lost"]
    risks = [each for each in at.plan.all(Risk).values() if each.outcome == "materialised"]
    return [
        *(
            Lesson(kind=each.noun, id=each.id, what=each.statement, seen=each.outcome, on=each.closed_on)
            for each in risks
        ),
        *(
            Lesson(kind=each.noun, id=each.id, what=each.outcome, seen=each.observed, on=refuted_on.get(each.id))
            for each in refuted
        ),
        *(
            Lesson(
                kind=each.noun,
                id=each.id,
                what=each.title,
                seen=each.result,
                expected=each.expected,
                actual=each.actual,
                on=each.finished_on,
            )
            for each in lost
        ),
        *(
            Lesson(kind=each.noun, id=each.id, what=each.name, seen=_lost_to(at, each), on=each.lost_on)
            for each in deals
        ),
    ]


def movements(at: Examined, first_on: date) -> Iterator[Movement]:
    for each in at.plan.all(Stakeholder).values():
        name = called(each, each.id)
        if each.left_on and each.left_on >= first_on:
            yield Movement(id=each.id, name=name, what="left", on=each.left_on, to=each.went_to)
        if each.returned_on and each.returned_on >= first_on:
            yield Movement(id=each.id, name=name, what="came back", on=each.returned_on, to=each.title)
        if each.moved_on and each.moved_on >= first_on:
            what: Literal["was promoted", "moved"] = "was promoted" if each.promoted else "moved"
            yield Movement(id=each.id, name=name, what=what, on=each.moved_on, to=each.title)


def _lost_to(at: Examined, deal: Opportunity) -> str | None:
    if not deal.competitor:
        return None
    rival = called(at.plan.find(Competitor, deal.competitor), deal.competitor)
    return f"lost to {rival}"
