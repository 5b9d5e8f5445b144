"""Topic: examples, the gold-standard plans that are shown to everybody."""

from datetime import date
from typing import Any, ClassVar, assert_never

from domain.aggregates import Topic
from domain.language import AccountId, Decision, Many, Name, Refusal, Slug, Terms, Text
from domain.program.language import ProgramState
from domain.program.library import LibraryCommand, LibraryEvent, LibraryThing, in_plain_values
from domain.things import Draft


class Redaction(Terms):
    """Words of the plan that readers of an example see as other words."""

    words: str
    shown_as: str


class ExampleTerms(Terms):
    id: str
    title: str
    plan: str
    cut: str
    redactions: tuple[Redaction, ...] = ()


# Events


class ExampleEvent(LibraryEvent):
    """About one gold-standard plan."""

    noun: ClassVar[str] = "example"


class ExamplePublished(ExampleEvent, ExampleTerms):
    """A plan as it stood at a cut is shown to everybody, with the words that name somebody replaced."""


class ExampleWithdrawn(ExampleEvent):
    """A gold-standard plan is no longer shown."""

    id: str


ExampleEvents = ExamplePublished | ExampleWithdrawn


# Commands


class ReplacedWords(Redaction, strict=True):
    words: Text
    shown_as: Text


class PublishExample(LibraryCommand):
    """Show a plan as it stood at a cut to everybody, as one to learn from.

    People's words never show in an example; say which other words are to be replaced, the account's name among them.
    """

    noun: ClassVar[str] = "example"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Text
    plan: AccountId
    cut: Name
    redactions: Many[ReplacedWords] = ()


class WithdrawExample(LibraryCommand):
    """Show a gold-standard plan no longer."""

    noun: ClassVar[str] = "example"

    id: Slug


ExampleCommands = PublishExample | WithdrawExample


# Refusals


class NoPlanToShow(Refusal):
    """There is no plan of “{plan}” that you could show."""


class NoCutToShow(Refusal):
    """The plan of “{plan}” cannot be shown as of “{cut}”.  {why}"""


# State and rules


class Example(ExampleTerms, LibraryThing):
    noun: ClassVar[str] = "example"

    @property
    def ending(self) -> str | None:
        return "was withdrawn" if self.retired else None


def decide(_state: ProgramState, command: ExampleCommands, _today: date) -> Decision[ExampleEvents]:
    match command:
        case PublishExample():
            return Decision((ExamplePublished(**in_plain_values(command)),))
        case WithdrawExample(id=id):
            return Decision((ExampleWithdrawn(id=id),))


def apply(draft: Draft, event: ExampleEvents) -> None:
    match event:
        case ExamplePublished():
            draft.create(Example, event)
        case ExampleWithdrawn(id=id):
            draft.set(Example, id, retired=True)
        case _:
            assert_never(event)


TOPIC = Topic(ExampleCommands, ExampleEvents, (Example,), decide, apply)
