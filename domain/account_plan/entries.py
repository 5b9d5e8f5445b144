"""Topic: entries: notes, documents, confirmations of sections, and the striking of entries made by mistake."""

import re
from datetime import date
from typing import Any, ClassVar, Literal, assert_never, cast

from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import plan_id_of, the_plan
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import Command, Decision, Event, Name, OptionalText, Prose, Refusal, Slug, Terms, Text, Url, said
from domain.things import Draft, Thing

DocumentKind = Literal[
    "benchmark_pack", "cost_model", "roi_model", "stability_plan", "post_mortem", "case_study", "other"
]


class NoteTerms(Terms):
    id: str
    section: Section
    heading: Prose | None = None
    text: Prose


class DocumentTerms(Terms):
    id: str
    kind: DocumentKind
    title: Prose
    url: str


# Events


class EntryEvent(Event):
    """Something was written down, looked at or struck out."""

    home: ClassVar[Section] = "plan"


class NoteWritten(EntryEvent, NoteTerms):
    """A note was written into a section of the plan."""

    noun: ClassVar[str] = "note"
    strikable: ClassVar[str | None] = "note"

    def refreshes(self) -> Section:
        return self.section


class DocumentAttached(EntryEvent, DocumentTerms):
    """A document that lies elsewhere was added to the plan."""

    noun: ClassVar[str] = "document"


class SectionConfirmed(EntryEvent):
    """Somebody looked at a section and found nothing to change: it is fresh again."""

    noun: ClassVar[str] = "section"

    section: Section

    def subject(self) -> str:
        return self.section

    def refreshes(self) -> Section:
        return self.section


class EntryStruck(EntryEvent):
    """An entry had been made by mistake.

    Views of later cuts are made as if the entry had never been; those of earlier ones keep it.
    """

    noun: ClassVar[str] = "entry"

    event: str
    entry: str
    section: Section

    def subject(self) -> str:
        return self.event

    def refreshes(self) -> Section:
        return self.section

    def strikes(self) -> int:
        return int(self.event.rpartition(":")[2])


EntryEvents = NoteWritten | DocumentAttached | SectionConfirmed | EntryStruck


# Commands


class EntryCommand(Command):
    home: ClassVar[Section] = "plan"


class WriteNote(EntryCommand):
    """Write down what belongs to a section and has no field of its own."""

    noun: ClassVar[str] = "note"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    section: Section
    heading: OptionalText = None
    text: Text


class AttachDocument(EntryCommand):
    """Point to a document that lies elsewhere: the plan keeps its address and not the file."""

    noun: ClassVar[str] = "document"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: DocumentKind
    title: Name
    url: Url


class ConfirmSection(EntryCommand):
    """Somebody looked at the section and there was nothing to change: it is fresh without a fake edit."""

    noun: ClassVar[str] = "section"
    needs: ClassVar[Any] = "nothing"

    section: Section

    def subject(self) -> str | None:
        return self.section


class StrikeEntry(EntryCommand):
    """An event of kind news, touch, health, evidence, progress, note or review was entered by mistake."""

    noun: ClassVar[str] = "entry"
    needs: ClassVar[Any] = "nothing"

    event: Name
    reason: Text

    def subject(self) -> str | None:
        return self.event


EntryCommands = WriteNote | AttachDocument | ConfirmSection | StrikeEntry


# Refusals


class EntryUnknown(Refusal):
    """There is no entry “{event}” in this plan that could be struck: only news, touches, health, evidence, progress,
    notes and held reviews can, and each only once."""


# State and rules


class Note(NoteTerms, Thing):
    noun: ClassVar[str] = "note"
    home: ClassVar[Section] = "plan"


class Document(DocumentTerms, Thing):
    noun: ClassVar[str] = "document"
    home: ClassVar[Section] = "plan"


def decide(plan: AccountPlan, command: EntryCommands, _today: date) -> Decision[EntryEvents]:
    match command:
        case WriteNote():
            return Decision((NoteWritten(**said(command)),))
        case AttachDocument():
            return Decision((DocumentAttached(**said(command)),))
        case ConfirmSection(section=section):
            return Decision((SectionConfirmed(section=section),))
        case StrikeEntry(event=event):
            version = version_named(plan, event)
            if version is None or version not in plan.entries:
                raise EntryUnknown("/event", event=event)
            entry = plan.entries[version]
            struck = f"{plan_id_of(the_plan(plan).account_id)}:{version}"
            return Decision((EntryStruck(event=struck, entry=entry.name, section=cast(Section, entry.section)),))
        case _:
            assert_never(command)


def version_named(plan: AccountPlan, event: str) -> int | None:
    """Return the version that names an event of this plan: alone, or after the id of the plan or account."""
    whose, _, version = event.rpartition(":")
    account = the_plan(plan)
    known = whose in ("", str(plan_id_of(account.account_id)), account.account_id, *account.aliases)
    return int(version) if known and re.fullmatch("[0-9]{1,9}", version) else None


def apply(draft: Draft, event: EntryEvents) -> None:
    match event:
        case NoteWritten():
            draft.create(Note, event)
        case DocumentAttached():
            draft.create(Document, event)
        case SectionConfirmed() | EntryStruck():
            """Nothing in the plan is different: that it was looked at is in the history."""
        case _:
            assert_never(event)


TOPIC = Topic(
    EntryCommands,
    EntryEvents,
    (Note, Document),
    decide,
    apply,
    mistakes=(
        Mistakes(Note, WriteNote),
        Mistakes(Document, AttachDocument),
    ),
)
