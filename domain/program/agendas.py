"""Topic: agendas, what reviews of each kind talk about and for how long."""

from datetime import date
from typing import Annotated, Any, ClassVar, assert_never

from pydantic import Field

from domain.account_plan.reviews import MOST_MINUTES, AgendaItem, PlannedItem, ReviewKind
from domain.aggregates import Topic
from domain.language import Decision, Refusal, Terms
from domain.program.language import ProgramState
from domain.program.library import LibraryCommand, LibraryEvent, LibraryThing, in_plain_values
from domain.things import Draft


class AgendaTerms(Terms):
    kind: ReviewKind
    items: tuple[AgendaItem, ...]
    minutes: int


# Events


class AgendaEvent(LibraryEvent):
    """About the agenda of one kind of review."""

    noun: ClassVar[str] = "agenda"


class AgendaPublished(AgendaEvent, AgendaTerms):
    """Reviews of a kind follow this agenda."""

    def subject(self) -> str:
        return self.kind


class AgendaRetired(AgendaEvent):
    """Reviews of a kind have no agenda any more."""

    kind: ReviewKind

    def subject(self) -> str:
        return self.kind


AgendaEvents = AgendaPublished | AgendaRetired


# Commands


class PublishAgenda(LibraryCommand):
    """Say what reviews of a kind talk about, and for how long."""

    noun: ClassVar[str] = "agenda"
    needs: ClassVar[Any] = "nothing"

    kind: ReviewKind
    items: Annotated[tuple[PlannedItem, ...], Field(min_length=1, max_length=100)]
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]

    def subject(self) -> str | None:
        return self.kind


class RetireAgenda(LibraryCommand):
    """Reviews of a kind need no agenda any more."""

    noun: ClassVar[str] = "agenda"

    kind: ReviewKind

    def subject(self) -> str | None:
        return self.kind


AgendaCommands = PublishAgenda | RetireAgenda


# Refusals


class AgendaDoesNotFit(Refusal):
    """The items of the agenda take {items} minutes, and the review has {minutes}."""


# State and rules


class Agenda(AgendaTerms, LibraryThing):
    noun: ClassVar[str] = "agenda"


def decide(state: ProgramState, command: AgendaCommands, _today: date) -> Decision[AgendaEvents]:
    event: AgendaEvents | None
    match command:
        case PublishAgenda(kind=kind, items=items, minutes=minutes):
            taken = sum(item.minutes for item in items)
            if taken > minutes:
                raise AgendaDoesNotFit("/minutes", items=taken, minutes=minutes)
            event = AgendaPublished(**in_plain_values(command))
            agenda = state.find(Agenda, kind)
            if agenda and not agenda.retired and all(getattr(agenda, name) == value for name, value in event):
                event = None
        case RetireAgenda(kind=kind):
            event = AgendaRetired(kind=kind)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: AgendaEvents) -> None:
    match event:
        case AgendaPublished(kind=kind):
            draft.create(Agenda, event, id=kind, retired=False)
        case AgendaRetired(kind=kind):
            draft.set(Agenda, kind, retired=True)
        case _:
            assert_never(event)


TOPIC = Topic(AgendaCommands, AgendaEvents, (Agenda,), decide, apply)
