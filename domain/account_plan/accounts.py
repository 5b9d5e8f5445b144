"""Topic: the accounts of a plan: other ids of its account, and the merging of plans for the same account."""

from datetime import date
from typing import ClassVar, assert_never

from pydantic import Field

from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import (
    NewAccountId,
    Plan,
    PlanCommand,
    PlanEvent,
    check_not_merged,
    the_plan,
)
from domain.aggregates import Topic
from domain.language import AccountId, Decision, Refusal, Text
from domain.things import Draft

# Events


class AccountAliased(PlanEvent):
    """The account has another id as well, which names this plan from here on."""

    account_id: str


class PlanMerged(PlanEvent):
    """Two plans turned out to be of one account. One goes on; the other can be read, and leads to it."""

    account_id: str
    goes_on: bool


AccountEvents = AccountAliased | PlanMerged


# Commands


class AliasAccount(PlanCommand):
    """The account is known by another id, too, such as after a move to another CRM: from here on it names this plan.

    An id that has a plan of its own cannot; merge that plan instead.
    """

    reaches_beyond: ClassVar[bool] = True

    account_id: NewAccountId


class MergePlan(PlanCommand):
    """The account was entered twice: this plan goes on, and the other becomes read-only and leads here.

    The history of the other stays where it is.  What was open there is listed, to be adopted here.
    """

    reaches_beyond: ClassVar[bool] = True

    reason: Text
    account_id: AccountId = Field(description="The other plan: its id, or an id of its account.")


AccountCommands = AliasAccount | MergePlan


# Refusals


class AccountHasAPlan(Refusal):
    """“{account_id}” has a plan of its own: merge that one into this instead."""


class AccountNamesAnother(Refusal):
    """“{account_id}” names another plan already."""


class NoPlanToMerge(Refusal):
    """There is no plan “{account_id}” to merge."""


class MergedIntoItself(Refusal):
    """A plan cannot be merged into itself: “{account_id}” names this one."""


class MergesAnArchivedPlan(Refusal):
    """The plan of “{account_id}” is archived, so it is read-only; reopen it first, or leave it as it is."""


# Rules


def decide(account_plan: AccountPlan, command: AccountCommands, _today: date) -> Decision[AccountEvents]:
    plan, account_id = the_plan(account_plan), command.account_id
    ours = account_id in (plan.account_id, *plan.aliases)
    event: AccountEvents | None
    match command:
        case AliasAccount():
            event = None if ours else AccountAliased(account_id=account_id)
        case MergePlan():
            if ours:
                raise MergedIntoItself("/account_id", account_id=account_id)
            event = None if account_id in plan.merged else PlanMerged(account_id=account_id, goes_on=True)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def merged_into(account_plan: AccountPlan, into: AccountPlan) -> PlanMerged:
    """Return the event of a plan that is merged into another.

    Raises `MergedIntoItself`, `PlanIsMerged`, `MergesAnArchivedPlan`.
    """
    plan, other = the_plan(account_plan), the_plan(into)
    if plan.account_id == other.account_id:
        raise MergedIntoItself("/account_id", account_id=plan.account_id)
    check_not_merged(plan)
    if plan.archived:
        raise MergesAnArchivedPlan("/account_id", account_id=plan.account_id)
    return PlanMerged(account_id=other.account_id, goes_on=False)


def apply(draft: Draft, event: AccountEvents) -> None:
    match event:
        case AccountAliased(account_id=account_id):
            draft.set(Plan, "plan", aliases=(*draft.value(Plan, "plan", "aliases"), account_id))
        case PlanMerged(account_id=account_id, goes_on=True):
            draft.set(Plan, "plan", merged=(*draft.value(Plan, "plan", "merged"), account_id))
        case PlanMerged(account_id=account_id):
            draft.set(Plan, "plan", archived=True, merged_into=account_id)
        case _:
            assert_never(event)


TOPIC = Topic(AccountCommands, AccountEvents, (), decide, apply)
"""Without things of its own: it is the plan's card that says which accounts it is of."""
