"""Commands that concern more than one plan: aliases of an account, and the merging of plans."""

from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

from application.aggregates.handle import Reach
from application.views.plan_names import first_open
from domain.account_plan.accounts import (
    AccountHasAPlan,
    AccountNamesAnother,
    AliasAccount,
    MergePlan,
    NoPlanToMerge,
    merged_into,
)
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import OpenPlan, PlanNotOpen, already_open, plan_id_of, the_plan
from domain.language import Command


class NamedPlan(Protocol):
    """A plan in its current state."""

    @property
    def id(self) -> UUID: ...

    @property
    def state(self) -> AccountPlan: ...


P = TypeVar("P", bound=NamedPlan)
P_co = TypeVar("P_co", bound=NamedPlan, covariant=True)


class Plans(Protocol[P_co]):
    """Finds plans by their ids, and by aliases of their accounts."""

    def read(self, id: UUID) -> P_co:
        """Return the plan with this id. Raises `PlanNotOpen`."""

    def meant(self, id: UUID) -> UUID:
        """Return the id of the plan that an id stands for, which is another one if the id is an alias."""


def reach_of(plans: Plans[P], known: P, command: Command, check: Callable[[P], None] = lambda _: None) -> Reach:
    """Return what a command concerns beside its own plan: other plans, and ids that must be vacant. `check` raises
    `PlanNotOpen` if the caller may not see another plan.

    Raises `Refusal`, `StoreUnavailable`.
    """
    match command:
        case OpenPlan(account_id=account_id):
            if plans.meant(plan_id_of(account_id)) != plan_id_of(account_id):
                raise already_open(command)
            return Reach(command)
        case AliasAccount():
            return alias(plans, known, command)
        case MergePlan():
            return merge(plans, known, command, check)
        case _:
            return Reach(command)


def alias(plans: Plans[P], known: P, command: AliasAccount) -> Reach:
    """Return the id that must be vacant. Raises `AccountHasAPlan`, `AccountNamesAnother` if it is not."""
    id = plan_id_of(command.account_id)
    if id == known.id or command.account_id in the_plan(known.state).aliases:
        return Reach(command)
    try:
        other = plans.read(id)
    except PlanNotOpen:
        return Reach(command, vacant=[id])
    refusal = AccountHasAPlan if other.id == id else AccountNamesAnother
    raise refusal("/account_id", account_id=command.account_id)


def merge(plans: Plans[P], known: P, command: MergePlan, check: Callable[[P], None]) -> Reach:
    """Return the command with the account id of the other plan, by whichever name that was given, and the event for
    that plan."""
    try:
        other = first_open(command.account_id, plans.read)
        check(other)
    except PlanNotOpen:
        raise NoPlanToMerge("/account_id", account_id=command.account_id) from None
    theirs = the_plan(other.state)
    meant = command.model_copy(update={"account_id": theirs.account_id})
    if theirs.merged_into == the_plan(known.state).account_id:
        return Reach(meant)
    return Reach(meant, beside=[(other.id, merged_into(other.state, known.state))])
