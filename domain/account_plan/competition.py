"""Topic: competition, who else sells to the account and how we mean to win against them."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import AfterValidator

from domain.account_plan.language import AccountPlan, Section, UnitId
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Decision,
    Event,
    Many,
    Name,
    OptionalText,
    Prose,
    Refusal,
    Slug,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

Position = Literal["entrenched", "challenging", "exploring", "gone"]


class CompetitorTerms(Terms):
    id: str
    name: str
    entrenched_in: tuple[UnitId, ...] = ()
    displacement_angle: Prose | None = None
    proof_assets: tuple[Prose, ...] = ()


class Neutralisation(Terms):
    """Something the competitor has, and our answer to it."""

    asset: Prose
    answer: Prose


class Assessment(Terms):
    """What is found out about a competitor bit by bit."""

    position: Position | None = None
    traps_to_set: tuple[Prose, ...] = ()
    traps_to_avoid: tuple[Prose, ...] = ()
    neutralise: tuple[Neutralisation, ...] = ()
    note: Prose | None = None


# Events


class CompetitorEvent(Event):
    """About one competitor."""

    noun: ClassVar[str] = "competitor"
    home: ClassVar[Section] = "competition"


class CompetitorIdentified(CompetitorEvent, CompetitorTerms):
    """Somebody competes with us at the account."""


class CompetitorReassessed(CompetitorEvent, Assessment):
    """Where a competitor stands and what we do about it, in the parts that are said."""

    id: str
    name: str | None = None
    entrenched_in: tuple[UnitId, ...] = ()
    displacement_angle: Prose | None = None
    proof_assets: tuple[Prose, ...] = ()


CompetitorEvents = CompetitorIdentified | CompetitorReassessed


# Commands


class NeutralisationSaid(Neutralisation):
    """Something the competitor has, and our answer to it."""

    asset: Text
    answer: Text


def _plain(said: NeutralisationSaid) -> Neutralisation:
    return Neutralisation(asset=said.asset, answer=said.answer)


class CompetitorCommand(Command):
    noun: ClassVar[str] = "competitor"
    home: ClassVar[Section] = "competition"


class IdentifyCompetitor(CompetitorCommand):
    """`entrenched_in` names the units where it is at home."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    name: Name
    entrenched_in: Many[UnitId] = ()
    displacement_angle: OptionalText = None
    proof_assets: Many[Text] = ()


class ReassessCompetitor(CompetitorCommand):
    """Only what is said changes; the first time that includes its position.  A competitor that is gone may come back:
    reassess it again."""

    id: Slug
    position: Unless[Position] = None
    name: Unless[Name] = None
    entrenched_in: Many[UnitId] = ()
    displacement_angle: OptionalText = None
    proof_assets: Many[Text] = ()
    traps_to_set: Many[Text] = ()
    traps_to_avoid: Many[Text] = ()
    neutralise: Many[Annotated[NeutralisationSaid, AfterValidator(_plain)]] = ()
    note: OptionalText = None


CompetitorCommands = IdentifyCompetitor | ReassessCompetitor


# Refusals


class PositionNotSaid(Refusal):
    """Nobody has said yet where “{id}” stands at the account: say its position (entrenched, challenging, exploring or
    gone) the first time it is reassessed."""


# State and rules


class Competitor(Assessment, CompetitorTerms, Thing):
    """Gone is a position, not an end: until it is reassessed its position is unknown."""

    noun: ClassVar[str] = "competitor"
    home: ClassVar[Section] = "competition"


def decide(plan: AccountPlan, command: CompetitorCommands, _today: date) -> Decision[CompetitorEvents]:
    match command:
        case IdentifyCompetitor():
            return Decision((CompetitorIdentified(**said(command)),))
        case ReassessCompetitor(id=id):
            competitor = plan.the(Competitor, id)
            if not (command.position or competitor.position):
                raise PositionNotSaid("/position", id=id)
            new = changed(command, competitor)
            return Decision((CompetitorReassessed(id=id, **new),) if new else ())
        case _:
            assert_never(command)


def apply(draft: Draft, event: CompetitorEvents) -> None:
    match event:
        case CompetitorIdentified():
            draft.create(Competitor, event)
        case CompetitorReassessed():
            draft.change(Competitor, event)
        case _:
            assert_never(event)


TOPIC = Topic(
    CompetitorCommands,
    CompetitorEvents,
    (Competitor,),
    decide,
    apply,
    mistakes=(Mistakes(Competitor, IdentifyCompetitor),),
)
