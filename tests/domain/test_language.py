"""What a command may hold, by the type of the field, whichever command it is."""

from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.account_plan import COMMANDS
from domain.account_plan.entries import NoteWritten
from domain.language import Amount, Figure, Name, OptionalName, OptionalText, PersonId, Text, shortened
from tests.cases import for_each

NAME, OPTIONAL_NAME, TEXT, OPTIONAL_TEXT, PERSON = map(TypeAdapter, (Name, OptionalName, Text, OptionalText, PersonId))

# Text


@for_each("around", ["\ufeff", "\u200b", "\u2060", " \u200b \ufeff\t", "\u200d\u200c", "\u00ad\n"])
def test_what_nobody_sees_is_taken_away_at_both_ends(around):
    for adapter in (NAME, OPTIONAL_NAME, TEXT, OPTIONAL_TEXT):
        assert adapter.validate_python(f"{around}Zoë K.{around}") == "Zoë K."


def test_what_joins_signs_stays_between_them():
    family = "👩\u200d👩\u200d👧"
    assert NAME.validate_python(f"\u200b{family}\u200b") == family
    assert NAME.validate_python("می\u200cخواهم") == "می\u200cخواهم"


@pytest.mark.parametrize("flag", ["\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "☎\ufe0f"])
def test_signs_that_end_in_what_shapes_them_stay_whole(flag):
    assert NAME.validate_python(flag) == flag


@for_each("unseen", ["\u200b", "\ufeff", "\u2060 \u200b", "\u2800", "\u3164", "\u0301", "\u202e", "\ufe0f"])
def test_a_name_of_nothing_visible_is_refused(unseen):
    for adapter in (NAME, OPTIONAL_NAME):
        with pytest.raises(ValidationError, match="nothing that can be seen"):
            adapter.validate_python(unseen)


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0"])
def test_a_blank_is_nothing_said(blank):
    assert OPTIONAL_NAME.validate_python(blank) is None
    assert OPTIONAL_TEXT.validate_python(f"{blank}\u200b") is None
    with pytest.raises(ValidationError):
        NAME.validate_python(blank)


# People of ours


@for_each(
    "id", ["ann", "_kDxV9n3XzP0q", "o'brien@example.com", "auth0|5f/7+x=", "王伟", "x" * 128, "Ann", "-", "a@b@C"]
)
def test_a_person_of_ours_is_whatever_an_identity_provider_gives(id):
    assert PERSON.validate_python(id) == id


@for_each("id", ["", " ", "Jane Doe", "x" * 129, "a\nb", "a\u00a0b", "a\u200bb", "a\x00", "\ud800", " ann"])
def test_an_id_has_no_white_space_and_nothing_that_cannot_be_seen(id):
    with pytest.raises(ValidationError):
        PERSON.validate_python(id)


def test_an_id_that_looks_like_an_e_mail_address_is_the_same_in_any_case():
    assert PERSON.validate_python("Ann@Example.com") == PERSON.validate_python("ann@EXAMPLE.COM") == "ann@example.com"
    assert PERSON.validate_python("Ann") != PERSON.validate_python("ann")


# Days


def holds_a_day(annotation: Any) -> bool:
    return annotation is date or any(map(holds_a_day, get_args(annotation)))


def days_of(model: type[BaseModel]) -> Iterator[str]:
    yield from (name for name, field in model.model_fields.items() if holds_a_day(field.annotation))


DAYS = [
    pytest.param(command, field, id=f"{name}: {field}")
    for name, command in COMMANDS.items()
    for field in days_of(command)
]


@for_each(("command", "field"), DAYS)
@for_each(
    "not_a_day",
    [
        '"1861920000"',
        "1861920000",
        '"20260331"',
        '"2026-3-31"',
        '"2026-03-31T00:00:00"',
        '"2026-02-30"',
        '"+026-03-31"',
    ],
)
def test_a_day_is_written_as_year_month_and_day_and_not_as_seconds(command, field, not_a_day):
    with pytest.raises(ValidationError) as wrong:
        command.model_validate_json(f'{{"{field}": {not_a_day}}}')
    assert any(error["loc"] == (field,) for error in wrong.value.errors())


@for_each(("command", "field"), DAYS)
def test_a_day_of_the_calendar_is_taken(command, field):
    with pytest.raises(ValidationError) as wrong:
        command.model_validate_json(f'{{"{field}": "2026-03-31", "no_such_field": 1}}')
    assert not any(error["loc"] == (field,) for error in wrong.value.errors())


# Figures


@for_each("said", [True, False, [], {}, "x", "1,5", "", "1e1000", 0.1234567890123456, float("nan"), "NaN", None])
def test_what_is_no_exact_decimal_is_no_amount(said):
    with pytest.raises(ValidationError):
        TypeAdapter(Amount).validate_python(said)


@for_each(
    ("said", "kept"),
    [("1E+3", "1000"), ("-0", "0"), (1.5, "1.5"), (3, "3"), ("  +.5 ", "0.5"), ("1.500000", "1.500000"),
     ("1.5000000", "1.5"), ("10.0000000", "10"), (0.123456, "0.123456")],
)  # fmt: skip
def test_an_amount_is_kept_in_plain_digits(said, kept):
    assert str(TypeAdapter(Amount).validate_python(said)) == kept


@for_each(("said", "kept"), [(25, "25"), (0.5, "0.5"), (1e3, "1000.0"), ("25 %", "25 %"), ("1e3", "1e3")])
def test_a_figure_keeps_a_number_as_it_was_written(said, kept):
    assert TypeAdapter(Figure).validate_python(said) == kept


@for_each("said", [True, float("inf"), float("nan")])
def test_a_figure_is_no_truth_and_not_without_end(said):
    with pytest.raises(ValidationError):
        TypeAdapter(Figure).validate_python(said)


# What is told of what was said


def test_a_word_that_is_too_long_is_cut_to_the_length_with_a_sign_for_what_is_missing():
    assert shortened("x" * 80) == "x" * 80
    assert shortened("x" * 81) == "x" * 79 + "…"
    assert shortened("abcdef", 3) == "ab…"


def test_an_event_that_withdraws_nothing_takes_nothing_back():
    note = NoteWritten(id="n", section="plan", text="Seen")
    assert not note.takes_back(note)
