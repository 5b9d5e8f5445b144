"""Topic: the library: plays that worked, templates of plans, agendas of reviews, and gold-standard plans."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, assert_never

from pydantic import Field, ValidationError
from pydantic_core import to_json

from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.actions import ActionKind
from domain.account_plan.plan import OpenPlan, Segment, Tier
from domain.account_plan.plays import PlayKind
from domain.account_plan.reviews import MOST_MINUTES, AgendaItem, PlannedItem, ReviewKind
from domain.aggregates import Topic
from domain.language import (
    AccountId,
    Decision,
    Event,
    Many,
    Name,
    OptionalText,
    Refusal,
    Slug,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.mistakes import sentence
from domain.program.language import OnProgram, ProgramSection, ProgramState
from domain.things import Draft, Thing
from domain.time_zones import time_zone

MOST_DAYS = 3_660
"""Ten years: no play and no step of one lies further ahead."""

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


class TemplateCommand(Terms):
    """A command of a template, with placeholders in its body."""

    command: str
    body: dict[str, Any]


class TemplateTerms(Terms):
    id: str
    title: str
    segment: Segment | None = None
    tier: Tier | None = None
    commands: tuple[TemplateCommand, ...] = ()


class AgendaTerms(Terms):
    kind: ReviewKind
    items: tuple[AgendaItem, ...]
    minutes: int


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


class LibraryEvent(Event):
    """About something in the library."""

    home: ClassVar[ProgramSection] = "library"


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


class TemplateEvent(LibraryEvent):
    """About one template."""

    noun: ClassVar[str] = "template"


class TemplatePublished(TemplateEvent, TemplateTerms):
    """Plans can be opened with these commands carried out at once."""


class TemplateRetired(TemplateEvent):
    """A template is not to be used any more."""

    id: str


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


class ExampleEvent(LibraryEvent):
    """About one gold-standard plan."""

    noun: ClassVar[str] = "example"


class ExamplePublished(ExampleEvent, ExampleTerms):
    """A plan as it stood at a cut is shown to everybody, with the words that name somebody replaced."""


class ExampleWithdrawn(ExampleEvent):
    """A gold-standard plan is no longer shown."""

    id: str


LibraryEvents = (
    LibraryPlayPublished
    | LibraryPlayRevised
    | LibraryPlayRetired
    | TemplatePublished
    | TemplateRetired
    | AgendaPublished
    | AgendaRetired
    | ExamplePublished
    | ExampleWithdrawn
)


# Commands


class LibraryCommand(OnProgram):
    home: ClassVar[ProgramSection] = "library"


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


class DraftedCommand(TemplateCommand, strict=True):
    command: Annotated[str, Field(max_length=64)]


class PublishTemplate(LibraryCommand):
    """Let plans be opened with these commands carried out at once.  They are tried against an empty plan first.

    In their bodies `{account_name}`, `{owner}`, `{today}` and `{today+30}` stand for what is so when a plan is opened.
    """

    noun: ClassVar[str] = "template"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Text
    segment: Segment | None = None
    tier: Tier | None = None
    commands: Annotated[tuple[DraftedCommand, ...], Field(min_length=1, max_length=100)]


class RetireTemplate(LibraryCommand):
    """Take a template away.  Plans that were opened by it keep what they have."""

    noun: ClassVar[str] = "template"

    id: Slug


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


LibraryCommands = (
    PublishPlay
    | RevisePlay
    | RetirePlay
    | PublishTemplate
    | RetireTemplate
    | PublishAgenda
    | RetireAgenda
    | PublishExample
    | WithdrawExample
)


# Refusals


class PlaceholderUnknown(Refusal):
    """“{placeholder}” is no placeholder; use {{account_name}}, {{owner}}, {{today}} or {{today+30}}."""


class TemplateCommandUnknown(Refusal):
    """“{command}” is no command of an account plan that a template could hold."""


class TemplateCommandRefused(Refusal):
    """A plan opened by this template would refuse {command}: {why}"""


class AgendaDoesNotFit(Refusal):
    """The items of the agenda take {items} minutes, and the review has {minutes}."""


# State and rules


class LibraryThing(Thing):
    """Something in the library, until it is retired."""

    home: ClassVar[ProgramSection] = "library"

    retired: bool = False

    @property
    def ending(self) -> str | None:
        return "was retired" if self.retired else None


class LibraryPlay(LibraryPlayTerms, LibraryThing):
    noun: ClassVar[str] = "library-play"


class Template(TemplateTerms, LibraryThing):
    noun: ClassVar[str] = "template"


class Agenda(AgendaTerms, LibraryThing):
    noun: ClassVar[str] = "agenda"


class Example(ExampleTerms, LibraryThing):
    noun: ClassVar[str] = "example"

    @property
    def ending(self) -> str | None:
        return "was withdrawn" if self.retired else None


PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
TODAY = re.compile(r"today(?:\+([0-9]{1,4}))?")


def filled(value: Any, account_name: str, owner: str, today: date) -> Any:
    """The body of a template's command with its placeholders replaced.  Raises `PlaceholderUnknown`."""

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if day := TODAY.fullmatch(name):
            return (today + timedelta(days=int(day[1] or 0))).isoformat()
        if name == "account_name":
            return account_name
        if name == "owner":
            return owner
        raise PlaceholderUnknown("/commands", placeholder=found[0])

    if isinstance(value, str):
        return PLACEHOLDER.sub(replaced, value)
    if isinstance(value, dict):
        return {name: filled(each, account_name, owner, today) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, account_name, owner, today) for each in value]
    return value


def try_template(template: PublishTemplate, today: date) -> None:
    """Carry the commands out on a plan that was just opened.  Raises the refusals a publisher has to hear."""
    at = datetime.combine(today, time(12), time_zone("UTC"))
    opening = OpenPlan(
        account_id="template",
        account_name="A new account",
        tier=template.tier or "strategic",
        owner="owner",
        currency="EUR",
        segment=template.segment,
        reason=None,
    )
    plan = ACCOUNT_PLAN.fold(ACCOUNT_PLAN.decide(ACCOUNT_PLAN.empty, opening, at).events)
    for place, each in enumerate(template.commands):
        pointer, kind = f"/commands/{place}", ACCOUNT_PLAN.commands.get(each.command)
        if kind is None or kind is OpenPlan:
            raise TemplateCommandUnknown(f"{pointer}/command", command=each.command)
        body = filled(each.body, "A new account", "owner", today)
        try:
            # Through JSON, as it will come: strict types take a day as text only there.
            command: Any = kind.model_validate_json(to_json(body))
            if getattr(command, "id", "") is None:  # as the server would, where it is left out
                command = command.model_copy(update={"id": f"made-up-{place}"})
            events = ACCOUNT_PLAN.decide(plan, command, at).events
        except ValidationError as error:
            why = sentence(error.errors()[0], kind)
            raise TemplateCommandRefused(f"{pointer}/body", command=each.command, why=why) from None
        except Refusal as refusal:
            where = f"{pointer}/body{refusal.pointer}"
            raise TemplateCommandRefused(where, command=each.command, why=str(refusal)) from None
        plan = ACCOUNT_PLAN.fold(events, plan)


def decide(state: ProgramState, command: LibraryCommands, today: date) -> Decision[LibraryEvents]:
    event: LibraryEvents | None
    match command:
        case PublishPlay():
            event = LibraryPlayPublished(**in_plain_values(command))
        case RevisePlay(id=id):
            new = changed(command, state.the(LibraryPlay, id))
            event = LibraryPlayRevised(**in_plain_values(command, {"id", *new})) if new else None
        case RetirePlay(id=id):
            event = LibraryPlayRetired(id=id)
        case PublishTemplate():
            try_template(command, today)
            event = TemplatePublished(**in_plain_values(command))
        case RetireTemplate(id=id):
            event = TemplateRetired(id=id)
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
        case PublishExample():
            event = ExamplePublished(**in_plain_values(command))
        case WithdrawExample(id=id):
            event = ExampleWithdrawn(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def in_plain_values(command: LibraryCommands, only: set[str] | None = None) -> dict[str, Any]:
    """What the command says, with the items of its lists for the event to make its own of."""
    return command.model_dump(include=only or set(said(command)), exclude_unset=True, exclude_none=only is None)


def apply(draft: Draft, event: LibraryEvents) -> None:
    match event:
        case LibraryPlayPublished():
            draft.create(LibraryPlay, event)
        case LibraryPlayRevised():
            draft.change(LibraryPlay, event)
        case LibraryPlayRetired(id=id):
            draft.set(LibraryPlay, id, retired=True)
        case TemplatePublished():
            draft.create(Template, event)
        case TemplateRetired(id=id):
            draft.set(Template, id, retired=True)
        case AgendaPublished(kind=kind):
            draft.create(Agenda, event, id=kind, retired=False)
        case AgendaRetired(kind=kind):
            draft.set(Agenda, kind, retired=True)
        case ExamplePublished():
            draft.create(Example, event)
        case ExampleWithdrawn(id=id):
            draft.set(Example, id, retired=True)
        case _:
            assert_never(event)


TOPIC = Topic(LibraryCommands, LibraryEvents, (LibraryPlay, Template, Agenda, Example), decide, apply)
