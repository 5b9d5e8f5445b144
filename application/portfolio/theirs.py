"""Reads plans that callers name. A caller who may not see a plan learns nothing about it, not even from the time that
the answer takes."""

from uuid import UUID

from application.aggregates.access import Caller
from application.aggregates.read import AggregateReader
from application.portfolio.ports import Portfolio
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen


def may_know(caller: Caller, id: UUID, plans: AggregateReader[AccountPlan], portfolio: Portfolio) -> bool:
    """Return False if the caller certainly may not see a plan. The plan is not read for that. Raises
    `StoreUnavailable`."""
    known = may_know_at_once(caller, id, plans)
    return not portfolio.knows_not_on_team(caller.actor, id) if known is None else known


def may_know_at_once(caller: Caller, id: UUID, plans: AggregateReader[AccountPlan]) -> bool | None:
    """Return what `may_know` returns, if it is known without a query; else None."""
    if caller.was_named(id) or not caller.works_on_plans:
        return caller.was_named(id)
    return True if plans.remembered(id).records else None


def read_for(caller: Caller, name: str, plans: AggregateReader[AccountPlan], portfolio: Portfolio) -> LoadedPlan:
    """Return the plan with this name, if the caller may see it. Raises `PlanNotOpen`, `StoreUnavailable`."""

    def read(id: UUID) -> LoadedPlan:
        meant = plans.meant(id)
        if not may_know(caller, meant, plans, portfolio):
            raise PlanNotOpen
        known = plans.read(meant)
        if not caller.sees(known, plans.now()):
            raise PlanNotOpen
        return known

    return first_open(name, read)
