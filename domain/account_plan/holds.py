"""Topic: archiving and legal holds, which stop work on a plan and the forgetting of its people."""

from datetime import date
from typing import ClassVar, assert_never

from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import Plan, PlanCommand, PlanEvent, check_not_merged, the_plan
from domain.aggregates import Topic
from domain.language import CommandRight, Decision, Text
from domain.things import Draft

# Events


class PlanArchived(PlanEvent):
    """The plan is no longer worked on: it can only be read."""


class PlanReopened(PlanEvent):
    """An archived plan is worked on again."""


class LegalHoldPlaced(PlanEvent):
    """Nobody in this plan may be forgotten for the time being."""


class LegalHoldReleased(PlanEvent):
    """People in this plan may be forgotten again."""


HoldEvents = PlanArchived | PlanReopened | LegalHoldPlaced | LegalHoldReleased


# Commands


class ArchivePlan(PlanCommand):
    """From here on the plan is read-only, but for forgetting and holds."""

    reason: Text


class ReopenPlan(PlanCommand):
    """An archived plan is worked on again."""

    on_archived: ClassVar[bool] = True

    reason: Text


class PlaceHold(PlanCommand):
    """Under a legal hold nobody is forgotten."""

    on_archived: ClassVar[bool] = True
    right: ClassVar[CommandRight] = "hold"

    reason: Text


class ReleaseHold(PlanCommand):
    """The legal hold is over: people may be forgotten again."""

    on_archived: ClassVar[bool] = True
    right: ClassVar[CommandRight] = "hold"

    reason: Text


HoldCommands = ArchivePlan | ReopenPlan | PlaceHold | ReleaseHold


# Rules


def decide(account_plan: AccountPlan, command: HoldCommands, _today: date) -> Decision[HoldEvents]:
    plan = the_plan(account_plan)
    event: HoldEvents | None
    match command:
        case ArchivePlan():
            event = PlanArchived()
        case ReopenPlan():
            check_not_merged(plan)
            event = PlanReopened() if plan.archived else None
        case PlaceHold():
            event = None if plan.on_hold else LegalHoldPlaced()
        case ReleaseHold():
            event = LegalHoldReleased() if plan.on_hold else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: HoldEvents) -> None:
    match event:
        case PlanArchived():
            draft.change(Plan, event, archived=True)
        case PlanReopened():
            draft.change(Plan, event, archived=False)
        case LegalHoldPlaced():
            draft.change(Plan, event, on_hold=True)
        case LegalHoldReleased():
            draft.change(Plan, event, on_hold=False)
        case _:
            assert_never(event)


TOPIC = Topic(HoldCommands, HoldEvents, (), decide, apply)
