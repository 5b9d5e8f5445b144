"""Checkpoints and keys are written as C2SP says, and read by whoever follows it."""

from base64 import b64decode
from uuid import UUID

import pytest

from adapters.proof.checkpoints import LogKey, VerifierKey, checkpoint_in, opened
from application.proof.checkpoints import Checkpoint, NoteRefused, notes_in, origin_of
from tests.cases import for_each

# Reference vectors: the signed-note specification's, and those of the implementation it goes back to.
SECRET = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

KEY = LogKey(b"l" * 32)
OURS = origin_of(UUID(int=7))
HEAD = Checkpoint(OURS, 20852163, b"r" * 32)
SIGNED = KEY.signed(OURS, HEAD.text)
VERIFIER = KEY.verifier(OURS)


def test_a_note_and_its_key_are_those_of_the_reference():
    key = LogKey(SECRET)
    assert str(key.verifier("PeterNeumann")) == NEUMANN
    assert key.signed("PeterNeumann", TEXT) == NOTE


@pytest.mark.parametrize(("note", "key", "text"), [(NOTE, NEUMANN, TEXT), (EXAMPLE_NOTE, EXAMPLE, EXAMPLE_NOTE[:28])])
def test_the_notes_of_the_reference_open_by_their_keys(note, key, text):
    assert opened(note, [VerifierKey.read(key)]) == text


def test_a_checkpoint_says_origin_size_and_root_a_line_each():
    assert SIGNED.startswith("plantrail/00000000-0000-0000-0000-000000000007\n20852163\ncnJycn")
    assert checkpoint_in(SIGNED, [VERIFIER]) == HEAD


def test_the_key_counts_and_not_the_name_it_is_kept_under():
    assert checkpoint_in(SIGNED, [KEY.verifier("plantrail/another")]) == HEAD


def test_signatures_of_others_are_let_be():
    cosigned = SIGNED + NOTE.splitlines(keepends=True)[-1]
    assert checkpoint_in(cosigned, [VERIFIER]) == HEAD
    assert checkpoint_in(NOTE.splitlines()[-1].join([SIGNED, "\n"]), [VERIFIER]) == HEAD


@for_each("bit", range(8))
def test_a_note_of_which_any_bit_was_altered_is_refused(bit):
    note = SIGNED.encode()
    for place in range(len(note)):
        altered = note[:place] + bytes([note[place] ^ 1 << bit]) + note[place + 1 :]
        with pytest.raises((NoteRefused, UnicodeDecodeError)):
            checkpoint_in(altered.decode(), [VERIFIER])


@for_each(
    "text",
    [
        f"{OURS}\n020\n{'A' * 43}=\n",
        f"{OURS}\n-1\n{'A' * 43}=\n",
        f"{OURS}\n20\nAAAA\n",
        f"{OURS}\n20\n",
        f"\n20\n{'A' * 43}=\n",
        f"{OURS}\n20\n{'A' * 43}=\n\n",
    ],
)
def test_what_is_signed_but_no_checkpoint_is_refused(text):
    with pytest.raises(NoteRefused):
        checkpoint_in(KEY.signed(OURS, text), [VERIFIER])


def test_a_checkpoint_of_somebody_else_is_refused():
    with pytest.raises(NoteRefused, match="not signed by a key that is trusted"):
        checkpoint_in(LogKey(b"m" * 32).signed(OURS, HEAD.text), [VERIFIER])
    with pytest.raises(NoteRefused, match="no signed note"):
        opened("neither signed nor a note\n", [VERIFIER])


@pytest.mark.parametrize(
    "text", ["", "a+b", EXAMPLE.replace("530d903a", "530d903b"), EXAMPLE.replace("+Ae", "+Be"), EXAMPLE[:-4]]
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(NoteRefused):
        VerifierKey.read(text)


def test_a_file_may_hold_many_notes():
    cosigned = SIGNED + NOTE.splitlines(keepends=True)[-1]
    assert list(notes_in(SIGNED + cosigned + "\n" + EXAMPLE_NOTE)) == [SIGNED, cosigned, EXAMPLE_NOTE]
    assert list(notes_in("")) == []
    assert list(notes_in("no note\n")) == ["no note\n"]
