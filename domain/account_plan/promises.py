"""Promises: plays and actions together, as what somebody said they would do by a day."""

from collections.abc import Mapping

from domain.account_plan.actions import Action
from domain.account_plan.language import AccountPlan
from domain.account_plan.plays import Play

Promise = Play | Action
PROMISES: Mapping[str, type[Promise]] = {Play.noun: Play, Action.noun: Action}
"""By noun."""


def all_promises(plan: AccountPlan) -> list[Promise]:
    """Every play, then every action, each in the order they came."""
    return [*plan.all(Play).values(), *plan.all(Action).values()]


def open_promises(plan: AccountPlan) -> list[Promise]:
    return [promise for promise in all_promises(plan) if promise.is_open]
