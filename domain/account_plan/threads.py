"""Topic: threads, the customer's people who take part in an opportunity."""

from datetime import date
from typing import assert_never

from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity, OpportunityCommand, OpportunityEvent
from domain.aggregates import Topic
from domain.language import (
    STAKEHOLDER,
    AtLeastOne,
    Decision,
    Many,
    Slug,
    StakeholderId,
)
from domain.things import Aggregate, Draft

# Events


class StakeholdersEngaged(OpportunityEvent):
    """Who joins those who take part in an opportunity on their side.  As many as the policy asks for, of those who are
    still there, make it multi-threaded."""

    id: str
    stakeholders: tuple[StakeholderId, ...]


class StakeholdersDisengaged(OpportunityEvent):
    """Some of those who took part in an opportunity on their side no longer do."""

    id: str
    stakeholders: tuple[StakeholderId, ...]


ThreadEvents = StakeholdersEngaged | StakeholdersDisengaged


# Commands


class EngageStakeholders(OpportunityCommand):
    """These take part in it, beside those who do already.  As many different ones as the policy asks for, of those who
    are still there, make it multi-threaded."""

    id: Slug
    stakeholders: Many[StakeholderId]


class DisengageStakeholders(OpportunityCommand):
    """These no longer take part in it.  Whoever did not is left out."""

    id: Slug
    stakeholders: AtLeastOne[StakeholderId]


ThreadCommands = EngageStakeholders | DisengageStakeholders


# Rules


def engaged_there(plan: Aggregate, opportunity: Opportunity) -> list[str]:
    """Return the stakeholders who are engaged and still with the customer."""
    people = ((id, plan.named(STAKEHOLDER, id)) for id in opportunity.engaged)
    return [id for id, person in people if person and person.is_open]


def is_multi_threaded(plan: Aggregate, opportunity: Opportunity, least: int) -> bool:
    """Return whether at least so many people are engaged and still with the customer. The policy says how many."""
    return len(engaged_there(plan, opportunity)) >= least


def decide(plan: AccountPlan, command: ThreadCommands, _today: date) -> Decision[ThreadEvents]:
    engaged = plan.the(Opportunity, command.id).engaged
    event: ThreadEvents | None
    match command:
        case EngageStakeholders(id=id, stakeholders=stakeholders):
            joining = tuple(who for who in dict.fromkeys(stakeholders) if who not in engaged)
            event = StakeholdersEngaged(id=id, stakeholders=joining) if joining else None
        case DisengageStakeholders(id=id, stakeholders=stakeholders):
            leaving = tuple(who for who in dict.fromkeys(stakeholders) if who in engaged)
            event = StakeholdersDisengaged(id=id, stakeholders=leaving) if leaving else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: ThreadEvents) -> None:
    engaged = draft.the(Opportunity, event.id).engaged
    match event:
        case StakeholdersEngaged(id=id, stakeholders=joining):
            draft.set(Opportunity, id, engaged=tuple(dict.fromkeys((*engaged, *joining))))
        case StakeholdersDisengaged(id=id, stakeholders=leaving):
            draft.set(Opportunity, id, engaged=tuple(who for who in engaged if who not in leaving))
        case _:
            assert_never(event)


TOPIC = Topic(ThreadCommands, ThreadEvents, (), decide, apply)
