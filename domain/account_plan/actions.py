"""Topic: actions, the steps of a plan with an owner and a day, including those promised together with the customer."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import BaseModel

from domain.account_plan.language import AccountPlan, GoalId, OpportunityId, PlayId, ReviewId, RiskId, Section, Side
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Decision,
    DueDay,
    Event,
    FinishDay,
    Many,
    OptionalName,
    OptionalText,
    PastDay,
    Person,
    PersonId,
    Prose,
    Refusal,
    Slug,
    StakeholderId,
    Statement,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.markers import Belongs
from domain.things import Draft, Thing

ActionKind = Literal["task", "touch", "introduction", "mitigation", "milestone", "joint"]
ActionState = Literal["open", "done", "dropped"]


class ActionLinks(Terms):
    """What the action serves."""

    play: PlayId | None = None
    risk: RiskId | None = None
    goal: GoalId | None = None
    opportunity: OpportunityId | None = None
    review: ReviewId | None = None
    via: StakeholderId | None = None
    stakeholders: tuple[StakeholderId, ...] = ()


class ActionTerms(Terms):
    id: str
    statement: Prose
    kind: ActionKind
    owner: Person
    due_on: date
    expected: Prose | None = None
    side: Side = "us"
    stage: str | None = None
    calendar_hold: bool = False
    library_play: str | None = None


# Events


class ActionEvent(Event):
    """About one action."""

    noun: ClassVar[str] = "action"
    home: ClassVar[Section] = "plays"


class ActionAdded(ActionEvent, ActionLinks, ActionTerms):
    """Somebody promised to do something by a day."""


class ActionRescheduled(ActionEvent):
    """The day an action is due was moved."""

    id: str
    due_on: date
    former: date
    calendar_hold: bool = False


class ActionReassigned(ActionEvent):
    """Somebody else will do an action."""

    id: str
    owner: Person
    former: Person


class ActionRestated(ActionEvent):
    """An action was put in other words, in the parts that are said."""

    id: str
    statement: Prose | None = None
    expected: Prose | None = None


class ActionRelinked(ActionEvent, ActionLinks):
    """What an action serves, all of it: it has no links beside."""

    id: str


class DateHeld(ActionEvent):
    """The day of a milestone is in the calendar."""

    id: str


class ActionAcknowledged(ActionEvent):
    """The customer agreed to an action."""

    id: str
    stakeholder: StakeholderId
    acknowledged_on: date


class ActionCompleted(ActionEvent):
    """An action was done."""

    id: str
    finished_on: date
    result: Prose | None = None
    evidence: Prose | None = None


class ActionDropped(ActionEvent):
    """An action will not be done."""

    id: str


class ActionReopened(ActionEvent):
    """An action that was done or dropped is open again."""

    id: str


ActionEvents = (
    ActionAdded
    | ActionRescheduled
    | ActionReassigned
    | ActionRestated
    | ActionRelinked
    | DateHeld
    | ActionAcknowledged
    | ActionCompleted
    | ActionDropped
    | ActionReopened
)


# Commands

OF_JOINT_ACTIONS, OF_MILESTONES = Belongs(("joint",)), Belongs(("milestone",))


class ActionCommand(Command):
    noun: ClassVar[str] = "action"
    home: ClassVar[Section] = "plays"


class LinkingAction(Command):
    """What an action may be linked to."""

    play: PlayId | None = None
    risk: RiskId | None = None
    goal: GoalId | None = None
    opportunity: OpportunityId | None = None
    review: Annotated[ReviewId | None, OF_JOINT_ACTIONS] = None
    via: Annotated[StakeholderId | None, Belongs(("introduction",))] = None
    stakeholders: Many[StakeholderId] = ()


class AddAction(ActionCommand, LinkingAction):
    """Promise a step: by whom and by when.

    Of a joint action, `side` says who promised it and `review` at which review; of a milestone, `stage` says which
    stage of the sales process it belongs to and `calendar_hold` whether its day is in the calendar; `via` says who
    makes an introduction; `library_play` names the published play of the library that the step was taken from.
    """

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    statement: Statement
    kind: ActionKind
    owner: PersonId
    due_on: DueDay
    expected: OptionalText = None
    side: Annotated[Side, OF_JOINT_ACTIONS] = "us"
    stage: Annotated[OptionalName, OF_MILESTONES] = None
    calendar_hold: Annotated[bool, OF_MILESTONES] = False
    library_play: OptionalName = None


class RescheduleAction(ActionCommand):
    """Move the day it is due, which ends a calendar hold unless `calendar_hold` is true."""

    id: Slug
    due_on: DueDay
    calendar_hold: Annotated[bool, OF_MILESTONES] = False


class ReassignAction(ActionCommand):
    """Give an action to somebody else."""

    id: Slug
    owner: PersonId


class RestateAction(ActionCommand):
    """Say in other words what is to be done and what is expected of it. It is the same promise as before."""

    id: Slug
    statement: Unless[Statement] = None
    expected: OptionalText = None


class RelinkAction(ActionCommand, LinkingAction):
    """All its links, whole: a link left out is gone."""

    id: Slug


class HoldDate(ActionCommand):
    """The milestone is in the calendar of those who have to be there."""

    id: Slug


class AcknowledgeAction(ActionCommand):
    """The customer agreed to it."""

    id: Slug
    stakeholder: StakeholderId
    acknowledged_on: PastDay


class CompleteAction(ActionCommand):
    """Say that an action was done, on which day, and what came of it."""

    id: Slug
    finished_on: FinishDay
    result: OptionalText = None
    evidence: OptionalText = None


class DropAction(ActionCommand):
    """Say that an action will not be done, and why. It counts as a promise that was not kept."""

    id: Slug
    reason: Text


class ReopenAction(ActionCommand):
    """Take back that an action was done or dropped."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


class Acknowledgement(BaseModel):
    """The customer's consent as events store it; empty if they have not agreed."""

    acknowledged_by: StakeholderId | None = None
    acknowledged_on: PastDay | None = None


ActionCommands = (
    AddAction
    | RescheduleAction
    | ReassignAction
    | RestateAction
    | RelinkAction
    | HoldDate
    | AcknowledgeAction
    | CompleteAction
    | DropAction
    | ReopenAction
)


# Refusals


class OnlyMilestonesAreHeld(Refusal):
    """Only a milestone has a date to be held in the calendar; “{id}” is an action of kind {kind}."""


class AcknowledgedByNobody(Refusal):
    """That the customer agreed says who did and on which day: say both, or empty both where nobody has agreed."""


# State and rules

ENDINGS: Mapping[ActionState, str | None] = {"open": None, "done": "is done", "dropped": "was dropped"}
"""The ending that each state means, for a sentence; None while it is open."""


class Action(ActionLinks, ActionTerms, Thing):
    noun: ClassVar[str] = "action"
    home: ClassVar[Section] = "plays"

    state: ActionState = "open"
    acknowledged_by: StakeholderId | None = None
    acknowledged_on: date | None = None
    finished_on: date | None = None
    result: Prose | None = None
    evidence: Prose | None = None

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


def decide(plan: AccountPlan, command: ActionCommands, _today: date) -> Decision[ActionEvents]:
    if isinstance(command, AddAction):
        return Decision((ActionAdded(**said(command)),))

    action = plan.the(Action, command.id)
    new = changed(command, action)
    event: ActionEvents | None
    match command:
        case RescheduleAction(id=id, due_on=due_on):
            event = reschedule(action, due_on, command.calendar_hold)
        case ReassignAction(id=id):
            event = ActionReassigned(id=id, **new, former=action.owner) if new else None
        case RestateAction(id=id):
            event = ActionRestated(id=id, **new) if new else None
        case RelinkAction(id=id):
            links = links_of(command)
            event = ActionRelinked(id=id, **links) if links != links_of(action) else None
        case HoldDate(id=id):
            if action.kind != "milestone":
                raise OnlyMilestonesAreHeld("/id", id=id, kind=action.kind)
            event = None if action.calendar_hold else DateHeld(id=id)
        case AcknowledgeAction(stakeholder=who, acknowledged_on=when):
            known = (action.acknowledged_by, action.acknowledged_on) == (who, when)
            event = None if known else ActionAcknowledged(**said(command))
        case CompleteAction():
            event = ActionCompleted(**said(command))
        case DropAction(id=id):
            event = ActionDropped(id=id)
        case ReopenAction(id=id):
            event = ActionReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def reschedule(action: Action, due_on: date, keep_hold: bool) -> ActionRescheduled | None:
    """Return the event of a new day. It ends a calendar hold, unless the command keeps it."""
    if due_on == action.due_on:
        return None
    return ActionRescheduled(id=action.id, due_on=due_on, former=action.due_on, calendar_hold=keep_hold)


def links_of(linked: LinkingAction | Action) -> dict[str, Any]:
    return {name: getattr(linked, name) for name in ActionLinks.model_fields}


def check_acknowledgement(_plan: AccountPlan, _before: Action, after: Action) -> None:
    if (after.acknowledged_by is None) != (after.acknowledged_on is None):
        raise AcknowledgedByNobody("/acknowledged_on" if after.acknowledged_by else "/acknowledged_by")


def apply(draft: Draft, event: ActionEvents) -> None:
    match event:  # what happens most comes first
        case ActionAdded():
            draft.create(Action, event)
        case ActionCompleted():
            draft.change(Action, event, state="done")
        case ActionRescheduled() | ActionReassigned() | ActionRestated() | ActionRelinked():
            draft.change(Action, event)
        case DateHeld():
            draft.change(Action, event, calendar_hold=True)
        case ActionAcknowledged():
            by, on = event.stakeholder, event.acknowledged_on
            draft.set(Action, event.id, acknowledged_by=by, acknowledged_on=on)
        case ActionDropped():
            draft.change(Action, event, state="dropped")
        case ActionReopened():
            draft.change(Action, event, state="open", finished_on=None, result=None, evidence=None)
        case _:
            assert_never(event)


TOPIC = Topic(
    ActionCommands,
    ActionEvents,
    (Action,),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Action,
            AddAction,
            later={
                CompleteAction: ("finished_on", "result", "evidence"),
                Acknowledgement: ("acknowledged_by", "acknowledged_on"),
            },
            check=check_acknowledgement,
        ),
    ),
)
