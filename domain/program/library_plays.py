"""Topic: library plays, the plays that worked somewhere and that any plan can adopt."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, assert_never

from pydantic import Field

from domain.account_plan.actions import ActionKind
from domain.account_plan.plays import PlayKind
from domain.aggregates import Topic
from domain.corrections import Correction
from domain.language import (
    AccountId,
    Caution,
    Command,
    Decision,
    Many,
    OptionalText,
    Slug,
    Terms,
    Text,
    Unless,
    changed,
)
from domain.program.language import ProgramState
from domain.program.library import LibraryCommand, LibraryEvent, LibraryThing, in_plain_values
from domain.refusals import Over, Unknown
from domain.things import Draft

MOST_DAYS = 3_660
"""Ten years, the greatest number of days that a play or a step may take."""

DaysAhead = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class LibraryStep(Terms):
    """A step of a library play, and how many days after its beginning it is due."""

    statement: str
    kind: ActionKind
    days_in: int


class LibraryPlayTerms(Terms):
    title: str
    kind: PlayKind
    value_driver: str | None = None
    purpose: str
    success_measure: str
    typical_days: int
    steps: tuple[LibraryStep, ...] = ()
    prerequisites: tuple[str, ...] = ()
    proof_assets: tuple[str, ...] = ()
    counter_move: str | None = None
    source_plan: str | None = None


# Events


class LibraryPlayEvent(LibraryEvent):
    """About one play of the library."""

    noun: ClassVar[str] = "library-play"


class LibraryPlayPublished(LibraryPlayEvent, LibraryPlayTerms):
    """A play that worked somewhere can be adopted by any plan."""

    id: str


class LibraryPlayRevised(LibraryPlayEvent):
    """A play of the library says something else; plans that adopted it keep what they have."""

    id: str
    title: str | None = None
    kind: PlayKind | None = None
    value_driver: str | None = None
    purpose: str | None = None
    success_measure: str | None = None
    typical_days: int | None = None
    steps: tuple[LibraryStep, ...] = ()
    prerequisites: tuple[str, ...] = ()
    proof_assets: tuple[str, ...] = ()
    counter_move: str | None = None
    source_plan: str | None = None


class LibraryPlayRetired(LibraryPlayEvent):
    """A play of the library is not to be adopted any more."""

    id: str


LibraryPlayEvents = LibraryPlayPublished | LibraryPlayRevised | LibraryPlayRetired


# Commands


class PlannedStep(LibraryStep, strict=True):
    statement: Text
    days_in: DaysAhead


class LibraryPlayCommand(LibraryCommand):
    noun: ClassVar[str] = "library-play"


class PublishPlay(LibraryPlayCommand):
    """Put a play that worked into the library, for any plan to adopt."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Text
    kind: PlayKind
    value_driver: OptionalText = None
    purpose: Text
    success_measure: Text
    typical_days: DaysAhead
    steps: Many[PlannedStep] = ()
    prerequisites: Many[Text] = ()
    proof_assets: Many[Text] = ()
    counter_move: OptionalText = None
    source_plan: AccountId | None = None


class RevisePlay(LibraryPlayCommand):
    """Improve a play of the library.  Plans that adopted it keep what they have."""

    id: Slug
    title: Unless[Text] = None
    kind: Unless[PlayKind] = None
    value_driver: OptionalText = None
    purpose: Unless[Text] = None
    success_measure: Unless[Text] = None
    typical_days: Unless[DaysAhead] = None
    steps: Many[PlannedStep] = ()
    prerequisites: Many[Text] = ()
    proof_assets: Many[Text] = ()
    counter_move: OptionalText = None
    source_plan: AccountId | None = None


class RetirePlay(LibraryPlayCommand):
    """Take a play out of the library.  Plans that adopted it keep what they have."""

    id: Slug


LibraryPlayCommands = PublishPlay | RevisePlay | RetirePlay


# State and rules


class LibraryPlay(LibraryPlayTerms, LibraryThing):
    noun: ClassVar[str] = "library-play"


def decide(state: ProgramState, command: LibraryPlayCommands, _today: date) -> Decision[LibraryPlayEvents]:
    event: LibraryPlayEvents | None
    late: Iterable[Caution] = ()
    match command:
        case PublishPlay():
            event = LibraryPlayPublished(**in_plain_values(command))
            late = steps_after(command.steps, command.typical_days)
        case RevisePlay(id=id):
            play = state.the(LibraryPlay, id)
            new = changed(command, play)
            event = LibraryPlayRevised(**in_plain_values(command, {"id", *new})) if new else None
            late = steps_after(new.get("steps", play.steps), new.get("typical_days", play.typical_days))
        case RetirePlay(id=id):
            event = LibraryPlayRetired(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else (), tuple(late))


def check_library_play(library: ProgramState, command: Command) -> None:
    """Check the library play that a command on a plan names. Raises `Unknown`, or `Over` if it was retired."""
    id = getattr(command, "library_play", None)
    if id is None:
        return
    play = library.find(LibraryPlay, id)
    if play is None:
        raise Unknown("/library_play", kind=LibraryPlay.noun, id=id, aggregate=library.noun)
    # What is not to be adopted any more may have been once: a correction names it all the same.
    if play.ending and not isinstance(command, Correction):
        raise Over("/library_play", kind=LibraryPlay.noun, id=id, ending=play.ending)


def steps_after(steps: Sequence[LibraryStep], typical_days: int) -> Iterator[Caution]:
    """Yield a warning for every step that is due after the play itself."""
    for place, step in enumerate(steps):
        if step.days_in > typical_days:
            detail = f"This step is due on day {step.days_in}, after the play itself, which takes {typical_days} days."
            yield Caution("step-after-the-play", f"/steps/{place}/days_in", detail)


def apply(draft: Draft, event: LibraryPlayEvents) -> None:
    match event:
        case LibraryPlayPublished():
            draft.create(LibraryPlay, event)
        case LibraryPlayRevised():
            draft.change(LibraryPlay, event)
        case LibraryPlayRetired(id=id):
            draft.set(LibraryPlay, id, retired=True)
        case _:
            assert_never(event)


TOPIC = Topic(LibraryPlayCommands, LibraryPlayEvents, (LibraryPlay,), decide, apply)
