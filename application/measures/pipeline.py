"""Measures of the pipeline, and of the next steps and people it depends on."""

from decimal import Decimal

from application.measures.measure import Figures, one, share
from application.measures.measured import Measured
from application.measures.revenue import by_source
from application.views.metrics import pipeline
from domain.account_plan.opportunities import Opportunity


def _created(at: Measured) -> list[Opportunity]:
    before = at.before.all(Opportunity)
    return [each for each in at.plan.all(Opportunity).values() if each.id not in before]


def pipeline_created(at: Measured) -> Figures:
    return one(sum((each.amount for each in _created(at)), Decimal(0)))


def pipeline_created_by_source(at: Measured) -> Figures:
    return by_source(_created(at), ())


def pipeline_open(at: Measured) -> Figures:
    return one(pipeline(at.plan, at.at.policy).amount)


def weighted_pipeline(at: Measured) -> Figures:
    return one(pipeline(at.plan, at.at.policy).weighted_amount)


def multi_threaded(at: Measured) -> Figures:
    return share(_multi_threaded(at), len(at.plan.open(Opportunity)))


def multi_threaded_opportunities(at: Measured) -> Figures:
    return one(_multi_threaded(at))


def _multi_threaded(at: Measured) -> int:
    return pipeline(at.plan, at.at.policy).multi_threaded


def next_step_dated(at: Measured) -> Figures:
    open_ones = at.plan.open(Opportunity)
    steps = [each.next_best_action for each in open_ones if each.next_best_action]
    return share(sum(step.due_on >= at.at.today for step in steps), len(open_ones))
