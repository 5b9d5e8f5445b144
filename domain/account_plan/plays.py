"""Topic: plays, the timeboxed bets we say we will make."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import Field

from domain.account_plan.language import (
    AccountPlan,
    CompetitorId,
    GoalId,
    HypothesisId,
    OfferingId,
    OpportunityId,
    RiskId,
    Section,
    Side,
    UnitId,
)
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Decision,
    DueDay,
    Event,
    FinishDay,
    Many,
    OptionalFigure,
    OptionalName,
    OptionalText,
    PastDay,
    Person,
    PersonId,
    Prose,
    Refusal,
    Share,
    Slug,
    StakeholderId,
    Statement,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

PlayKind = Literal["access", "discovery", "proof", "governance"]
PlayState = Literal["planned", "in_flight", "blocked", "won", "lost", "dropped"]


class PlayLinks(Terms):
    """What the play serves."""

    goal: GoalId | None = None
    risk: RiskId | None = None
    hypothesis: HypothesisId | None = None
    competitor: CompetitorId | None = None
    opportunity: OpportunityId | None = None
    unit: UnitId | None = None
    offering: OfferingId | None = None
    stakeholders: tuple[StakeholderId, ...] = ()


class PlayTerms(Terms):
    id: str
    title: Prose
    kind: PlayKind
    owner: Person
    due_on: date
    success_measure: Prose
    starts_on: date | None = None
    measure: Prose | None = None
    target: Prose | None = None
    expected: Prose | None = None
    confidence: Decimal | None = None
    prerequisites: tuple[Prose, ...] = ()
    counter_move: Prose | None = None
    value_driver: Prose | None = None
    library_play: str | None = None


# Events


class PlayEvent(Event):
    """About one play."""

    noun: ClassVar[str] = "play"
    home: ClassVar[Section] = "plays"


class PlayPlanned(PlayEvent, PlayLinks, PlayTerms):
    """We say what we will try, by when, and how we shall know that it worked."""


class PlayStarted(PlayEvent):
    """A play is in flight."""

    id: str
    started_on: date | None = None


class PlayBlocked(PlayEvent):
    """A play cannot go on for the time being."""

    id: str


class PlayUnblocked(PlayEvent):
    """A play goes on: it is as it was before it was blocked."""

    id: str


class PlayRescheduled(PlayEvent):
    """The day a play is due was moved."""

    id: str
    due_on: date
    former: date


class PlayReassigned(PlayEvent):
    """Somebody else of ours answers for a play."""

    id: str
    owner: Person
    former: Person


class PlayRestated(PlayEvent):
    """A play was put in other words, in the parts that are said."""

    id: str
    title: Prose | None = None
    success_measure: Prose | None = None
    measure: Prose | None = None
    target: Prose | None = None
    expected: Prose | None = None


class PlayRelinked(PlayEvent, PlayLinks):
    """What a play serves, all of it: it has no links beside."""

    id: str


class PlayFinish(Terms):
    """How a play ended that was tried."""

    id: str
    finished_on: date
    result: Prose | None = None
    actual: Prose | None = None
    evidence: Prose | None = None


class PlayWon(PlayEvent, PlayFinish):
    """A play worked."""


class PlayLost(PlayEvent, PlayFinish):
    """A play was tried and did not work."""


class PlayDropped(PlayEvent):
    """A play will not be tried, or not to its end."""

    id: str


class PlayReopened(PlayEvent):
    """A play that was over is as it was before."""

    id: str


PlayEvents = (
    PlayPlanned
    | PlayStarted
    | PlayBlocked
    | PlayUnblocked
    | PlayRescheduled
    | PlayReassigned
    | PlayRestated
    | PlayRelinked
    | PlayWon
    | PlayLost
    | PlayDropped
    | PlayReopened
)


# Commands


class PlayCommand(Command):
    noun: ClassVar[str] = "play"
    home: ClassVar[Section] = "plays"


class LinkingPlay(Command):
    """What a play may be linked to."""

    goal: GoalId | None = None
    risk: RiskId | None = None
    hypothesis: HypothesisId | None = None
    competitor: CompetitorId | None = None
    opportunity: OpportunityId | None = None
    unit: UnitId | None = None
    offering: OfferingId | None = None
    stakeholders: Many[StakeholderId] = ()


class PlanPlay(PlayCommand, LinkingPlay):
    """Say what we will try, by when, and how we shall know that it worked."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Statement
    kind: PlayKind
    owner: PersonId
    due_on: DueDay
    success_measure: Text
    starts_on: Day | None = None
    measure: OptionalText = None
    target: OptionalFigure = None
    expected: OptionalFigure = None
    confidence: Share | None = None
    prerequisites: Many[Text] = ()
    counter_move: OptionalText = None
    value_driver: OptionalText = None
    library_play: OptionalName = None


class StartPlay(PlayCommand):
    """Say that work on a planned play has begun."""

    id: Slug
    started_on: PastDay | None = None


class BlockPlay(PlayCommand):
    """Say that a play cannot go on, and why. Its day stays as it is."""

    id: Slug
    reason: Text


class UnblockPlay(PlayCommand):
    """The play returns to the state it had before it was blocked."""

    id: Slug


class ReschedulePlay(PlayCommand):
    """Move the day it is due.  The first promise stays on record; give a reason."""

    id: Slug
    due_on: DueDay


class ReassignPlay(PlayCommand):
    """Give a play to somebody else of ours."""

    id: Slug
    owner: PersonId


class RestatePlay(PlayCommand):
    """Say in other words what a play is and how its success is measured. It is the same promise as before."""

    id: Slug
    title: Unless[Statement] = None
    success_measure: Unless[Text] = None
    measure: OptionalText = None
    target: OptionalFigure = None
    expected: OptionalFigure = None


class RelinkPlay(PlayCommand, LinkingPlay):
    """All its links, whole: a link left out is gone."""

    id: Slug


class FinishingPlay(PlayCommand):
    """A blank result is accepted, and the review says that there is none."""

    id: Slug
    finished_on: FinishDay
    result: OptionalText
    actual: OptionalFigure = None
    evidence: OptionalText = None


class WinPlay(FinishingPlay):
    """It worked."""


class LosePlay(FinishingPlay):
    """It was tried and did not work."""


class DropPlay(PlayCommand):
    """It will not be tried."""

    id: Slug
    reason: Text


class ReopenPlay(PlayCommand):
    """The play returns to the state it had before it was over."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


PlayCommands = (
    PlanPlay
    | StartPlay
    | BlockPlay
    | UnblockPlay
    | ReschedulePlay
    | ReassignPlay
    | RestatePlay
    | RelinkPlay
    | WinPlay
    | LosePlay
    | DropPlay
    | ReopenPlay
)


# Refusals


class PlayStartsAfterItIsDue(Refusal):
    """A play cannot start on {starts_on}, after the day it is due ({due_on})."""


class PlayIsBlocked(Refusal):
    """The play “{id}” is blocked; unblock it before it is started."""


# State and rules

ENDINGS: Mapping[PlayState, str | None] = {
    "planned": None,
    "in_flight": None,
    "blocked": None,
    "won": "was won",
    "lost": "was lost",
    "dropped": "was dropped",
}
"""How it came to be over in each state; None where it goes on."""


class Play(PlayLinks, PlayTerms, Thing):
    noun: ClassVar[str] = "play"
    home: ClassVar[Section] = "plays"

    side: ClassVar[Side] = "us"
    """A play is always ours."""

    state: PlayState = "planned"
    state_before: tuple[PlayState, ...] = Field((), exclude=True)
    """The states to return to: by unblocking, then by reopening."""
    started_on: date | None = None
    finished_on: date | None = None
    result: Prose | None = None
    actual: Prose | None = None
    evidence: Prose | None = None

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


def decide(plan: AccountPlan, command: PlayCommands, today: date) -> Decision[PlayEvents]:
    if isinstance(command, PlanPlay):
        check_play(plan, None, command)
        return Decision((PlayPlanned(**said(command)),))

    play = plan.the(Play, command.id)
    new = changed(command, play)
    event: PlayEvents | None
    match command:
        case StartPlay(id=id):
            if play.state == "blocked":
                raise PlayIsBlocked("/id", id=id)
            started = PlayStarted(id=id, started_on=command.started_on or today)
            event = started if play.state == "planned" else None
        case BlockPlay(id=id):
            event = PlayBlocked(id=id) if play.state != "blocked" else None
        case UnblockPlay(id=id):
            event = PlayUnblocked(id=id) if play.state == "blocked" else None
        case ReschedulePlay(id=id):
            event = PlayRescheduled(id=id, **new, former=play.due_on) if new else None
        case ReassignPlay(id=id):
            event = PlayReassigned(id=id, **new, former=play.owner) if new else None
        case RestatePlay(id=id):
            event = PlayRestated(id=id, **new) if new else None
        case RelinkPlay(id=id):
            links = links_of(command)
            event = PlayRelinked(id=id, **links) if links != links_of(play) else None
        case WinPlay():
            event = PlayWon(**said(command))
        case LosePlay():
            event = PlayLost(**said(command))
        case DropPlay(id=id):
            event = PlayDropped(id=id)
        case ReopenPlay(id=id):
            event = PlayReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def check_play(_plan: AccountPlan, _before: Play | None, after: PlanPlay | Play) -> None:
    if after.starts_on and after.starts_on > after.due_on:
        raise PlayStartsAfterItIsDue("/starts_on", starts_on=after.starts_on, due_on=after.due_on)


def links_of(linked: LinkingPlay | Play) -> dict[str, Any]:
    return {name: getattr(linked, name) for name in PlayLinks.model_fields}


def apply(draft: Draft, event: PlayEvents) -> None:
    match event:  # what happens most comes first
        case PlayPlanned():
            draft.create(Play, event)
        case PlayStarted():
            draft.change(Play, event, state="in_flight")
        case PlayWon():
            _enter(draft, event, "won")
        case PlayRescheduled() | PlayReassigned() | PlayRestated() | PlayRelinked():
            draft.change(Play, event)
        case PlayBlocked():
            _enter(draft, event, "blocked")
        case PlayLost():
            _enter(draft, event, "lost")
        case PlayDropped():
            _enter(draft, event, "dropped")
        case PlayUnblocked():
            _return(draft, event)
        case PlayReopened():
            _return(draft, event, finished_on=None, result=None, actual=None, evidence=None)
        case _:
            assert_never(event)


def _enter(draft: Draft, event: PlayBlocked | PlayWon | PlayLost | PlayDropped, state: PlayState) -> None:
    """A state the play may later return from."""
    before, former = draft.value(Play, event.id, "state_before"), draft.value(Play, event.id, "state")
    draft.change(Play, event, state=state, state_before=(*before, former))


def _return(draft: Draft, event: PlayUnblocked | PlayReopened, **emptied: None) -> None:
    *before, state = draft.value(Play, event.id, "state_before")
    draft.change(Play, event, state=state, state_before=tuple(before), **emptied)


TOPIC = Topic(
    PlayCommands,
    PlayEvents,
    (Play,),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Play,
            PlanPlay,
            later={StartPlay: ("started_on",), WinPlay: ("finished_on", "result", "actual", "evidence")},
            check=check_play,
        ),
    ),
)
