"""Measures of the plan itself: whitespace, risks, hypotheses, and whether it is well kept."""

import re
from collections import Counter
from decimal import Decimal
from typing import get_args

from application.measures.measure import Figures, one, share
from application.measures.measured import Measured
from application.measures.promises import newly_finished
from application.views.freshness import freshness
from application.views.metrics import risk_exposure, whitespace_totals
from domain.account_plan.hypotheses import Hypothesis
from domain.account_plan.risks import Risk
from domain.account_plan.whitespace import Cell, Penetration
from domain.program.limits import Severity
from domain.record import Recorded

NOTHING_YET: frozenset[Penetration] = frozenset({"unknown", "none", "aware"})
CONVERTED: frozenset[Penetration] = frozenset({"opportunity", "pilot", "adopted"})
DAYS_OF_A_WEEK = 7
ONE_NUMBER = re.compile(r"[^\d.,]*?(-?\d+(?:\.\d+)?)[^\d.,]*")
"""Text that contains one number: "25", "25 %", "−3 hours" with a hyphen."""


def whitespace_converted(at: Measured) -> Figures:
    before = {id: cell.penetration for id, cell in at.before.all(Cell).items()}
    came = Counter(
        cell.penetration
        for id, cell in at.plan.all(Cell).items()
        if cell.penetration in CONVERTED and before.get(id, "unknown") in NOTHING_YET
    )
    return {reached: (Decimal(number),) for reached, number in came.items()}


def penetrated_share(at: Measured) -> Figures:
    totals = whitespace_totals(at.plan)
    return share(totals.by_penetration.get("adopted", 0), totals.cells - totals.by_penetration.get("na", 0))


def risks_worked(at: Measured) -> Figures:
    return one(len({record.event.subject() for record in _about_risks(at)}))


def risk_updates_per_week(at: Measured) -> Figures:
    days = (at.period.b.date - at.period.a.date).days
    return share(len(_about_risks(at)) * DAYS_OF_A_WEEK, days)


def _about_risks(at: Measured) -> list[Recorded]:
    """Return the records of the month about risks. That a risk was entered by mistake is no work on it."""
    return [record for record in at.recorded if record.event.noun == Risk.noun and not record.event.withdraws]


def exposure(at: Measured) -> Figures:
    return one(sum(each.exposure for each in at.plan.open(Risk)))


def arr_exposed(at: Measured) -> Figures:
    return one(risk_exposure(at.plan).arr_exposed)


def hypothesis_quality(at: Measured) -> Figures:
    grades = [each.quality for each in at.plan.open(Hypothesis) if each.quality is not None]
    return share(sum(grades), len(grades))


def calibration_hypotheses(at: Measured) -> Figures:
    before = {each.id for each in at.before.all(Hypothesis).values() if not each.is_open}
    closed = [each for each in at.plan.all(Hypothesis).values() if not each.is_open and each.id not in before]
    come_true = [reached for each in closed if (reached := _came_true(each)) is not None]
    return share(sum(come_true, Decimal(0)), len(come_true))


def _came_true(closed: Hypothesis) -> Decimal | None:
    """Return the observed value divided by the expected one, both relative to the baseline if there is one; None if
    they are not numbers."""
    expected, observed, baseline = map(number_in, (closed.expected, closed.observed, closed.baseline))
    if expected is None or observed is None or expected == (baseline or 0):
        return None
    return (observed - (baseline or 0)) / (expected - (baseline or 0))


def number_in(figure: str | None) -> Decimal | None:
    """Return the number in a text; None if it contains none or several."""
    said = ONE_NUMBER.fullmatch(figure or "")
    return Decimal(said[1]) if said else None


def calibration_plays(at: Measured) -> Figures:
    sure = [(each.confidence, each.state == "won") for each in newly_finished(at) if each.confidence is not None]
    return share(sum((confidence - won for confidence, won in sure), Decimal(0)), len(sure))


def hygiene(at: Measured) -> Figures:
    sections = freshness(at.at.known.records, at.at.tier, at.at.card.timezone, at.at.day, at.at.policy).values()
    owed = [section for section in sections if section.most_days is not None]
    return share(sum(not section.stale for section in owed), len(owed))


def findings(at: Measured) -> Figures:
    loudness = Counter(each.severity for each in at.closing.findings if each.excused is None)
    return {severity: (Decimal(loudness[severity]),) for severity in get_args(Severity)}
