import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.entries import (
    AttachDocument,
    ConfirmSection,
    Document,
    DocumentAttached,
    EntryStruck,
    Note,
    NoteWritten,
    SectionConfirmed,
    StrikeEntry,
    WriteNote,
)
from domain.account_plan.plan import AccountRenamed, plan_id_of
from tests.cases import for_each
from tests.given import OPENED, given

NOTE = {"id": "n1", "section": "risks", "text": "They hired a new CFO"}
WRITTEN = NoteWritten(**NOTE)
DOCUMENT = {"id": "roi", "kind": "roi_model", "title": "ROI of line B", "url": "https://example.com/roi"}
ATTACHED = DocumentAttached(**DOCUMENT)
STRUCK = EntryStruck(event=f"{plan_id_of('acme')}:2", entry="note", section="risks")


# Notes and documents


def test_a_note_can_be_written():
    headed = {"heading": "CFO"}
    given().when(WriteNote(**NOTE)).then(WRITTEN)
    given().when(WriteNote(**NOTE | headed)).then(NoteWritten(**NOTE | headed))
    given().when(WriteNote(**NOTE, heading=" ")).then(WRITTEN)
    given(WRITTEN).when(WriteNote(**NOTE)).then_refused("note-id-taken", "/id")
    assert fold((OPENED, WRITTEN)).the(Note, "n1").model_dump() == NOTE | {"heading": None}


def test_a_note_refreshes_the_section_it_is_written_in():
    assert WRITTEN.refreshes() == "risks"


@pytest.mark.parametrize("wrong", [{"text": " "}, {"section": "weather"}, {"text": "bell \a"}])
def test_a_note_says_something_in_some_section(wrong):
    with pytest.raises(ValidationError):
        WriteNote(**NOTE | wrong)


def test_a_document_can_be_attached():
    given().when(AttachDocument(**DOCUMENT)).then(ATTACHED)
    given(ATTACHED).when(AttachDocument(**DOCUMENT)).then_refused("document-id-taken", "/id")
    assert fold((OPENED, ATTACHED)).the(Document, "roi").model_dump() == DOCUMENT


@pytest.mark.parametrize("url", ["example.com/roi", "file:///etc/passwd", "https://", "https://a b"])
def test_a_document_is_somewhere_on_the_web(url):
    with pytest.raises(ValidationError):
        AttachDocument(**DOCUMENT | {"url": url})


# Sections


def test_a_section_can_be_confirmed_any_number_of_times():
    confirmed = SectionConfirmed(section="goals")
    given().when(ConfirmSection(section="goals")).then(confirmed)
    given(confirmed).when(ConfirmSection(section="goals")).then(confirmed)
    assert (confirmed.refreshes(), confirmed.subject()) == ("goals", "goals")


def test_a_confirmed_section_changes_nothing():
    assert fold((OPENED, SectionConfirmed(section="goals"))).kinds() == fold((OPENED,)).kinds()


# Striking


@pytest.mark.parametrize("event", [f"{plan_id_of('acme')}:2", "acme:2", "2"])
def test_an_entry_can_be_struck_by_any_name_of_its_event(event):
    given(WRITTEN).when(StrikeEntry(event=event, reason="wrong account")).then(STRUCK)


@for_each("event", ["3", "0", "-2", "two", "beta:2", "acme:", "acme:2:2", "99999999999999999999"])
def test_only_an_entry_there_is_can_be_struck(event):
    given(WRITTEN).when(StrikeEntry(event=event, reason="wrong account")).then_refused("entry-unknown", "/event")


def test_only_entries_can_be_struck():
    renamed = AccountRenamed(account_name="Acme", former="Acme Manufacturing")
    for version in ("1", "2", "3"):
        strike = StrikeEntry(event=version, reason="wrong account")
        given(renamed, ATTACHED).when(strike).then_refused("entry-unknown", "/event")


def test_an_entry_is_struck_once():
    again = StrikeEntry(event="2", reason="wrong account")
    given(WRITTEN, STRUCK).when(again).then_refused("entry-unknown", "/event")


def test_an_entry_is_not_struck_without_a_reason():
    with pytest.raises(ValidationError):
        StrikeEntry(event="2")


def test_a_struck_entry_is_as_if_it_had_never_been():
    before, after = fold((OPENED, WRITTEN)), fold((OPENED, WRITTEN, STRUCK))
    assert (list(before.all(Note)), list(after.all(Note))) == (["n1"], [])
    assert (list(before.entries), list(after.entries), after.version) == ([2], [], 3)
    given(WRITTEN, STRUCK).when(WriteNote(**NOTE)).then(WRITTEN)


def test_striking_refreshes_the_section_the_entry_stood_in():
    assert STRUCK.refreshes() == "risks"
