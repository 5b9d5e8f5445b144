"""Topic: the states of plays, from planned to won, lost or dropped."""

from datetime import date
from typing import Any, ClassVar, assert_never

from domain.account_plan.language import (
    AccountPlan,
)
from domain.account_plan.plays import PlanPlay, Play, PlayCommand, PlayEvent, PlayState, check_play
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Decision,
    FinishDay,
    OptionalFigure,
    OptionalText,
    PastDay,
    Prose,
    Refusal,
    Slug,
    Terms,
    Text,
    said,
)
from domain.things import Draft

# Events


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


PlayStateEvents = PlayStarted | PlayBlocked | PlayUnblocked | PlayWon | PlayLost | PlayDropped | PlayReopened


# Commands


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


PlayStateCommands = StartPlay | BlockPlay | UnblockPlay | WinPlay | LosePlay | DropPlay | ReopenPlay


# Refusals


class PlayIsBlocked(Refusal):
    """The play “{id}” is blocked; unblock it before it is started."""


# Rules


def decide(plan: AccountPlan, command: PlayStateCommands, today: date) -> Decision[PlayStateEvents]:
    play = plan.the(Play, command.id)
    event: PlayStateEvents | None
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


def apply(draft: Draft, event: PlayStateEvents) -> None:
    match event:
        case PlayStarted():
            draft.change(Play, event, state="in_flight")
        case PlayWon():
            _enter(draft, event, "won")
        case PlayLost():
            _enter(draft, event, "lost")
        case PlayDropped():
            _enter(draft, event, "dropped")
        case PlayBlocked():
            _enter(draft, event, "blocked")
        case PlayUnblocked():
            _return(draft, event)
        case PlayReopened():
            _return(draft, event, finished_on=None, result=None, actual=None, evidence=None)
        case _:
            assert_never(event)


def _enter(draft: Draft, event: PlayBlocked | PlayWon | PlayLost | PlayDropped, state: PlayState) -> None:
    """Put a play into a state from which it may return."""
    before, former = draft.value(Play, event.id, "state_before"), draft.value(Play, event.id, "state")
    draft.change(Play, event, state=state, state_before=(*before, former))


def _return(draft: Draft, event: PlayUnblocked | PlayReopened, **emptied: None) -> None:
    *before, state = draft.value(Play, event.id, "state_before")
    draft.change(Play, event, state=state, state_before=tuple(before), **emptied)


TOPIC = Topic(
    PlayStateCommands,
    PlayStateEvents,
    (),
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
