"""Topic: goals, what the plan is to achieve, by when, and how far it has come."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import computed_field

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.cautions import is_late_to_ease
from domain.corrections import Mistakes
from domain.language import (
    Caution,
    Command,
    Decision,
    DueDay,
    Event,
    FinishDay,
    Name,
    Number,
    PastDay,
    Person,
    PersonId,
    Prose,
    Slug,
    Statement,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

GoalKind = Literal["revenue", "logo", "reference", "strategic", "relationship"]
GoalState = Literal["open", "achieved", "abandoned"]


class GoalTerms(Terms):
    id: str
    kind: GoalKind
    statement: Prose
    measure: Prose
    unit: str
    """The unit of baseline, target and progress, such as EUR, plants or %."""
    baseline: Decimal
    target: Decimal
    due_on: date
    owner: Person


class Goalposts(Terms):
    """What may be revised of a goal."""

    target: Decimal | None = None
    due_on: date | None = None
    statement: Prose | None = None
    measure: Prose | None = None
    owner: Person | None = None


class Progress(Terms):
    value: Decimal
    as_of_on: date


# Events


class GoalEvent(Event):
    """About one goal."""

    noun: ClassVar[str] = "goal"
    home: ClassVar[Section] = "goals"


class GoalSet(GoalEvent, GoalTerms):
    """Something to be reached, measured by a figure, by a day and by somebody of ours."""


class GoalRevised(GoalEvent, Goalposts):
    """A goal was moved: what it aims at, how it is put or measured, its day or its owner."""

    id: str
    former: Goalposts


class ProgressReported(GoalEvent, Progress):
    """How far a goal had come on a day."""

    strikable: ClassVar[str | None] = "progress"

    id: str


class GoalAchieved(GoalEvent):
    """A goal was reached."""

    id: str
    achieved_on: date
    value: Decimal | None = None


class GoalAbandoned(GoalEvent):
    """A goal is no longer pursued."""

    id: str


class GoalReopened(GoalEvent):
    """A goal that was achieved or abandoned is pursued again."""

    id: str


GoalEvents = GoalSet | GoalRevised | ProgressReported | GoalAchieved | GoalAbandoned | GoalReopened


# Commands


class GoalCommand(Command):
    noun: ClassVar[str] = "goal"
    home: ClassVar[Section] = "goals"


class SetGoal(GoalCommand):
    """Say what is to be achieved, by when, and what it is measured by.  `unit` is the unit of measurement."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: GoalKind
    statement: Statement
    measure: Text
    unit: Name
    baseline: Number
    target: Number
    due_on: DueDay
    owner: PersonId


class ReviseGoal(GoalCommand):
    """Move the goalposts.  Where they stood before stays on record, and so does the reason."""

    id: Slug
    target: Unless[Number] = None
    due_on: Unless[DueDay] = None
    statement: Unless[Statement] = None
    measure: Unless[Text] = None
    owner: Unless[PersonId] = None
    reason: Text


class ReportProgress(GoalCommand):
    """The value measured on a day, in the goal's own unit.  A later report for the same day corrects it."""

    id: Slug
    value: Number
    as_of_on: PastDay


class AchieveGoal(GoalCommand):
    """Say that a goal was achieved, on which day, and with which value if it is measured."""

    id: Slug
    achieved_on: FinishDay
    value: Number | None = None


class AbandonGoal(GoalCommand):
    """Give a goal up. It counts as not achieved."""

    id: Slug
    reason: Text


class ReopenGoal(GoalCommand):
    """Pursue a goal again that was achieved or given up."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


GoalCommands = SetGoal | ReviseGoal | ReportProgress | AchieveGoal | AbandonGoal | ReopenGoal


# State and rules

ENDINGS: Mapping[GoalState, str | None] = {"open": None, "achieved": "was achieved", "abandoned": "was abandoned"}
"""The ending that each state means, for a sentence; None while it is open."""


class Goal(GoalTerms, Thing):
    noun: ClassVar[str] = "goal"
    home: ClassVar[Section] = "goals"

    state: GoalState = "open"
    progress: tuple[Progress, ...] = ()
    """All reports, in the order of recording."""
    achieved_on: date | None = None
    value: Decimal | None = None
    """The value given when it was achieved."""

    @property
    def counted_in(self) -> str:
        return self.unit

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]

    @computed_field
    @property
    def reached(self) -> Decimal | None:
        """The value reached: the one given when it was achieved, else the one reported for the latest day."""
        if self.value is not None or not self.progress:
            return self.value
        return max(reversed(self.progress), key=lambda report: report.as_of_on).value

    def value_on(self, day: date) -> Decimal | None:
        """Return the value last reported for a day."""
        return {report.as_of_on: report.value for report in self.progress}.get(day)


EASED = "A target that is eased so late looks like moving the goalposts: {former} was said for {due_on}."


def cautions_about_goalposts(before: Goal, after: Goal, today: date) -> Iterator[Caution]:
    """Yield a warning if a target is eased so late that the goal can hardly be missed any more."""
    eased = after.target < before.target if before.target >= before.baseline else after.target > before.target
    if eased and is_late_to_ease(before.due_on, today):
        yield Caution("goalpost", "/target", EASED.format(former=before.target, due_on=before.due_on))


def decide(plan: AccountPlan, command: GoalCommands, today: date) -> Decision[GoalEvents]:
    if isinstance(command, SetGoal):
        return Decision((GoalSet(**said(command)),))

    goal = plan.the(Goal, command.id)
    new = changed(command, goal)
    event: GoalEvents | None
    match command:
        case ReviseGoal(id=id):
            former = Goalposts(**{name: getattr(goal, name) for name in new})
            revised = (GoalRevised(id=id, **new, former=former),) if new else ()
            return Decision(revised, tuple(cautions_about_goalposts(goal, goal.but(new), today)))
        case ReportProgress(value=value, as_of_on=day):
            event = ProgressReported(**said(command)) if value != goal.value_on(day) else None
        case AchieveGoal():
            event = GoalAchieved(**said(command))
        case AbandonGoal(id=id):
            event = GoalAbandoned(id=id)
        case ReopenGoal(id=id):
            event = GoalReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: GoalEvents) -> None:
    match event:
        case GoalSet():
            draft.create(Goal, event)
        case GoalRevised():
            draft.change(Goal, event)
        case ProgressReported(id=id, value=value, as_of_on=day):
            report = Progress(value=value, as_of_on=day)
            draft.set(Goal, id, progress=(*draft.the(Goal, id).progress, report))
        case GoalAchieved():
            draft.change(Goal, event, state="achieved")
        case GoalAbandoned():
            draft.change(Goal, event, state="abandoned")
        case GoalReopened():
            draft.change(Goal, event, state="open", achieved_on=None, value=None)
        case _:
            assert_never(event)


TOPIC = Topic(
    GoalCommands,
    GoalEvents,
    (Goal,),
    decide,
    apply,
    mistakes=(
        Mistakes(Goal, SetGoal, later={AchieveGoal: ("achieved_on", "value")}, cautions=cautions_about_goalposts),
    ),
)
