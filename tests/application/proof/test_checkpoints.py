"""What a checkpoint says, what is taken for one, and the bytes of an event that a proof is about."""

from base64 import b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.proof.checkpoints import (
    Checkpoint,
    KeptCheckpoint,
    LogHead,
    NoteRefused,
    claimed,
    decoded,
    notes_in,
    origin_of,
)
from application.proof.leaves import entry_of, leaf_of
from application.proof.merkle import leaf_hash
from application.proof.ports import EventProof
from tests.cases import for_each

LOG = UUID(int=7)
ROOT = bytes(range(32))
ORIGIN = "plantrail/00000000-0000-0000-0000-000000000007"
SAID = f"{ORIGIN}\n12\n{b64encode(ROOT).decode()}\n"
SIGNATURE = f"— {ORIGIN} AAAA\n"
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def note(origin: str = ORIGIN, size: str = "12", root: str = b64encode(ROOT).decode(), more: str = "") -> str:
    return f"{origin}\n{size}\n{root}\n{more}\n{SIGNATURE}"


def test_a_checkpoint_is_three_lines_and_read_back_from_a_signed_note_says_the_same():
    checkpoint = Checkpoint(origin_of(LOG), 12, ROOT)
    assert checkpoint.text == SAID
    assert claimed(f"{SAID}\n{SIGNATURE}") == checkpoint
    assert claimed(note(more="a line of an extension\n")) == checkpoint
    assert claimed(note(size="0")).size == 0
    assert claimed(note(size="9" * 19)).size == 10**19 - 1


@for_each(
    "text",
    [
        "",
        SAID,
        note(origin=""),
        note(origin=" log"),
        note(size="-1"),
        note(size="01"),
        note(size="1" + "0" * 19),
        note(size="٣"),
        note(root=b64encode(ROOT[1:]).decode()),
        note(root=b64encode(ROOT + b"x").decode()),
        note(root=b64encode(ROOT).decode().replace("=", "")),
        note(root=b64encode(ROOT).decode()[:-2] + "9="),  # of 43 letters, of which the last has bits too many
        note(more="\n"),
    ],
)
def test_what_is_not_in_the_one_form_of_a_checkpoint_is_refused(text):
    with pytest.raises(NoteRefused, match="no checkpoint"):
        claimed(text)


@for_each(
    ("text", "found"), [("AAE=", b"\x00\x01"), ("AAF=", b""), ("AAE", b""), ("AA E=", b""), ("ä", b""), ("", b"")]
)
def test_base64_is_read_in_its_one_canonical_form_only(text, found):
    assert decoded(text) == found


def test_a_file_of_notes_holds_each_with_all_its_signatures_whatever_stands_between():
    once, twice = f"{SAID}\n{SIGNATURE}", f"{SAID}\n{SIGNATURE}— other BBBB\n"
    assert list(notes_in(f"{once}\n\n{twice}{once}")) == [once, twice, once]
    assert list(notes_in(f"{once}no end")) == [once, "no end"]
    assert list(notes_in("\n \n")) == []


def test_the_head_of_the_log_on_a_report_is_what_was_signed():
    kept = KeptCheckpoint(3, LOG, 12, note(), "key", AT)
    assert LogHead.of(kept) == LogHead(log=ORIGIN, size=12, root=ROOT.hex(), sealed_at=AT)
    with pytest.raises(NoteRefused):
        LogHead.of(kept._replace(note="no note"))


def test_the_leaf_of_an_event_has_five_fields_each_after_its_length():
    entry = entry_of(258, UUID(int=5), 3, "Ä", b"state")
    assert entry == (
        b"\x00\x00\x00\x08" + b"\x00" * 6 + b"\x01\x02"
        b"\x00\x00\x00\x10" + b"\x00" * 15 + b"\x05"
        b"\x00\x00\x00\x08" + b"\x00" * 7 + b"\x03"
        b"\x00\x00\x00\x02" + "Ä".encode() +
        b"\x00\x00\x00\x05" + b"state"
    )  # fmt: skip
    assert leaf_of(258, UUID(int=5), 3, "Ä", b"state") == leaf_hash(entry)


def test_a_proof_is_written_as_its_index_its_hashes_and_the_note_it_leads_to():
    proof = EventProof(b"entry", 4, [b"\x00" * 32, ROOT], KeptCheckpoint(1, LOG, 12, note(), "key", AT))
    first, second = (b64encode(each).decode() for each in (b"\x00" * 32, ROOT))
    assert str(proof) == f"c2sp.org/tlog-proof@v1\nindex 4\n{first}\n{second}\n\n{note()}"
    assert proof.leaf == leaf_hash(b"entry")
