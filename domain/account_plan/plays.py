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
from domain.language import (
    Command,
    Decision,
    DueDay,
    Event,
    Many,
    OptionalFigure,
    OptionalName,
    OptionalText,
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


PlayEvents = PlayPlanned | PlayRescheduled | PlayReassigned | PlayRestated | PlayRelinked


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


PlayCommands = PlanPlay | ReschedulePlay | ReassignPlay | RestatePlay | RelinkPlay


# Refusals


class PlayStartsAfterItIsDue(Refusal):
    """A play cannot start on {starts_on}, after the day it is due ({due_on})."""


# State and rules

ENDINGS: Mapping[PlayState, str | None] = {
    "planned": None,
    "in_flight": None,
    "blocked": None,
    "won": "was won",
    "lost": "was lost",
    "dropped": "was dropped",
}
"""The ending that each state means, for a sentence; None while it is open."""


class Play(PlayLinks, PlayTerms, Thing):
    noun: ClassVar[str] = "play"
    home: ClassVar[Section] = "plays"

    side: ClassVar[Side] = "us"
    """A play is always ours."""

    state: PlayState = "planned"
    state_before: tuple[PlayState, ...] = Field((), exclude=True)
    """The states to which unblocking and reopening return, the latest last."""
    started_on: date | None = None
    finished_on: date | None = None
    result: Prose | None = None
    actual: Prose | None = None
    evidence: Prose | None = None

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


def decide(plan: AccountPlan, command: PlayCommands, _today: date) -> Decision[PlayEvents]:
    if isinstance(command, PlanPlay):
        check_play(plan, None, command)
        return Decision((PlayPlanned(**said(command)),))

    play = plan.the(Play, command.id)
    new = changed(command, play)
    event: PlayEvents | None
    match command:
        case ReschedulePlay(id=id):
            event = PlayRescheduled(id=id, **new, former=play.due_on) if new else None
        case ReassignPlay(id=id):
            event = PlayReassigned(id=id, **new, former=play.owner) if new else None
        case RestatePlay(id=id):
            event = PlayRestated(id=id, **new) if new else None
        case RelinkPlay(id=id):
            links = links_of(command)
            event = PlayRelinked(id=id, **links) if links != links_of(play) else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def check_play(_plan: AccountPlan, _before: Play | None, after: PlanPlay | Play) -> None:
    if after.starts_on and after.starts_on > after.due_on:
        raise PlayStartsAfterItIsDue("/starts_on", starts_on=after.starts_on, due_on=after.due_on)


def links_of(linked: LinkingPlay | Play) -> dict[str, Any]:
    return {name: getattr(linked, name) for name in PlayLinks.model_fields}


def apply(draft: Draft, event: PlayEvents) -> None:
    match event:
        case PlayPlanned():
            draft.create(Play, event)
        case PlayRescheduled() | PlayReassigned() | PlayRestated() | PlayRelinked():
            draft.change(Play, event)
        case _:
            assert_never(event)


TOPIC = Topic(PlayCommands, PlayEvents, (Play,), decide, apply)
