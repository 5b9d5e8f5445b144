"""The sentences, figures and grids of reports."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.rendering.document import Figure, Sentence, Table
from adapters.rendering.reports import document
from adapters.rendering.trend import arr_block, outcomes_block, rates_block, stances_block
from adapters.rendering.whitespace import whitespace
from adapters.rendering.wording import revived
from adapters.rendering.words import change_in_words, in_words
from tests.cases import for_each
from tests.reports import demo, month, parsed

DAYS = ["2026-01-29", "2026-02-26", "2026-03-26", "2026-04-30"]
NONE = dict.fromkeys("kept late failed dropped slipped missed pending scored".split(), 0)


def standing(*arrs: str | None) -> Any:
    return {
        "currency": "EUR",
        "standings": [{"cut": f"review:{day}", "date": day, "arr": arr} for day, arr in zip(DAYS, arrs, strict=False)],
    }


@pytest.mark.parametrize(
    ("arrs", "told"),
    [
        ([None], "There was no contract on record."),
        (["1000000"], "ARR at the reviews: 1,000,000 EUR on 29 Jan 2026."),
        (["1000000"] * 3, "ARR at the reviews: 1,000,000 EUR each time from 29 Jan 2026 to 26 Mar 2026."),
        (
            ["1000000", "1000000", "900000.5"],
            (
                "ARR at the reviews: 1,000,000 EUR each time from 29 Jan 2026 to 26 Feb 2026;"
                " 900,000.50 EUR on 26 Mar 2026."
            ),
        ),
    ],
)
def test_a_chart_of_fewer_than_three_different_points_is_a_sentence(arrs, told):
    block = arr_block(standing(*arrs))
    assert isinstance(block, Sentence)
    assert block.text == told


def test_a_chart_of_three_different_points_is_drawn():
    assert isinstance(arr_block(standing("1", "2", "3")), Figure)


def scored(*counts: dict[str, int]) -> Any:
    return [
        {
            "to": {"cut": f"review:{day}", "date": day},
            "score": {**NONE, **count, "keep_rate": count.get("kept", 0) / 4, "done_rate": count.get("kept", 0) / 4},
        }
        for day, count in zip(DAYS, counts, strict=False)
    ]


def test_outcomes_and_rates_that_are_the_same_every_time_are_sentences():
    same = scored(*[{"kept": 2, "missed": 2}] * 4)
    outcomes, rates = outcomes_block(same), rates_block(same)
    assert isinstance(outcomes, Sentence)
    assert isinstance(rates, Sentence)
    assert outcomes.text == "Outcomes per review: 2 kept, 2 missed each time from 29 Jan 2026 to 30 Apr 2026."
    assert rates.text == (
        "Keep rate over time: 50 % kept in time, 50 % done at all each time from 29 Jan 2026 to 30 Apr 2026."
    )
    different = scored({"kept": 1}, {"kept": 2}, {"kept": 3})
    assert isinstance(outcomes_block(different), Figure)
    assert isinstance(rates_block(different), Figure)


def sentiments(*attitudes: list[int | None]) -> Any:
    return {
        "sentiments": [
            {
                "stakeholder": f"s{number}",
                "name": None,
                "stances": [
                    {"date": day, "attitude": attitude, "there": True}
                    for day, attitude in zip(DAYS, each, strict=False)
                ],
            }
            for number, each in enumerate(attitudes)
        ]
    }


def test_sentiments_that_never_moved_are_a_sentence():
    flat = stances_block(sentiments([None], [None]), DAYS[-1])
    assert isinstance(flat, Sentence)
    assert flat.text == "Sentiment of 2 stakeholders over time: unknown all along, as far as it is on record."
    assert isinstance(stances_block(sentiments([None, 1], [None]), DAYS[-1]), Figure)


@for_each(
    ("before", "after", "field", "told"),
    [
        ("1000000", "900000", "arr", "1,000,000 → 900,000 EUR"),
        ("1000000", "900000", "target", "1,000,000 → 900,000 plants"),
        (None, "0", "amount", "0 EUR"),
        ("250000.5", None, "amount", "250,000.50 EUR → –"),
        ("0.5", "0.05", "probability", "50 % → 5 %"),
        ("0.2", None, "probability", "20 % → –"),
    ],
)
def test_a_change_of_a_number_says_what_it_counts_once(before, after, field, told):
    assert change_in_words(revived(before, field), revived(after, field), field, "EUR", "plants") == told


@pytest.mark.parametrize(
    ("value", "field", "told"),
    [
        (1200000, "seats", "1,200,000"),
        ({"adoption_rate": Decimal("0.5"), "seats": 12000}, "assumptions", "adoption rate 50 %, seats 12,000"),
        ({}, "relationships", "–"),
        ({"ann": 2}, "relationships", "ann engaged"),
    ],
)
def test_numbers_are_grouped_wherever_they_stand(value, field, told):
    assert in_words(value, field) == told


def blocks(report: bytes, section: str, name: str = "said-vs-did") -> list[Any]:
    made = document(name, parsed(report))
    return list(next(each for each in made.sections if each.id == section).blocks)


def test_changes_of_the_demo_carry_unit_and_direction():
    cells = [
        cell.text
        for block in blocks(demo(), "changes")
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
    ]
    assert "target: 1,000,000 → 900,000 GBP ▼" in cells
    assert "Rota & Time in Brook Express" in cells
    assert not [text for text in cells if any(len(digits) > 4 for digits in text.split() if digits.isdigit())]


def test_ours_come_before_the_customers_and_the_worst_first():
    (said,) = blocks(demo(), "said")
    assert said.caption == "Promises that were open and not yet due: 6 of ours, 1 of the customer's"
    assert [row[3].text[2:] for row in said.rows] == "missed slipped slipped late late kept missed".split()
    assert "promised by the customer" in said.rows[-1][0].note


def test_what_is_to_be_decided_comes_first_with_the_decisions_that_were_asked_for():
    made = document("said-vs-did", parsed(demo()))
    assert made.sections[0].title == "To decide today"
    wrong, required = made.sections[0].blocks
    assert isinstance(wrong, Table)
    assert isinstance(required, Table)
    assert [row[3].text for row in wrong.rows] == ["● missed", "● missed", "◔ late", "◔ late"]
    assert required.rows[0][0].text == "Date of the first steering committee"


def test_whitespace_is_a_grid_of_units_and_offerings_with_what_moved():
    report = parsed(demo())
    grid = whitespace(report)
    assert [column.title for column in grid.columns] == [
        "Unit", "Tasks", "Frontline Comms", "Rota & Time", "Store Checks",
    ]  # fmt: skip
    brook = next(row for row in grid.rows if row[0].text == "Brook Express")
    assert (brook[3].text, brook[3].note) == ("× lost", "111.6k × 5 %; → was opportunity")
    assert brook[1].text == "–"
    assert report["whitespace"]["cells"][0]["from"] is None


def test_a_month_tells_who_promised_apart_from_whose_the_plan_is():
    (people,) = blocks(month("retailer", "manufacturer", "win-back"), "people", "month")
    (owners,) = blocks(month("retailer", "manufacturer", "win-back"), "owners", "month")
    assert [row[0].text for row in people.table.rows] == [
        "ben", "jon", "kim", "lia", "liv", "nia", "raj", "sam", "tom",
    ]  # fmt: skip
    assert [(row[0].text, row[0].note) for row in owners.rows] == [(name, "1 plan") for name in ("lia", "liv", "nia")]
    (nobody,) = blocks(month(), "people", "month")
    assert isinstance(nobody, Table)
