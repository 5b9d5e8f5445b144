"""Promises: plays and actions, the things that somebody said they would do by a day."""

from collections.abc import Mapping

from domain.account_plan.actions import Action
from domain.account_plan.language import AccountPlan
from domain.account_plan.plays import Play

Promise = Play | Action
PROMISES: Mapping[str, type[Promise]] = {Play.noun: Play, Action.noun: Action}
"""The kinds of promises, by noun."""


def all_promises(plan: AccountPlan) -> list[Promise]:
    """Return all plays, then all actions, each in the order in which they were added."""
    return [*plan.all(Play).values(), *plan.all(Action).values()]


def open_promises(plan: AccountPlan) -> list[Promise]:
    return [promise for promise in all_promises(plan) if promise.is_open]
