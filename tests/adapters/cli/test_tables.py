"""Tables in the terminal: what names a row is always there, and nothing breaks inside a word, however narrow it is."""

from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.text import Text

from adapters.cli.tables import lines, pairs, panel, table, text
from adapters.cli.widths import Needs, shared_out
from tests.examples import examples

LONG = "Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung"


def shown(part: RenderableType | None, width: int) -> list[str]:
    assert part is not None
    written = StringIO()
    Console(file=written, width=width, highlight=False, emoji=False).print(part)
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_a_table_that_fits_is_as_wide_as_its_words():
    plans = table("Plans", ["Account", "!Renews", ">ARR"], [[text("Acme"), text("2027-01-31"), text("1,200 EUR")]])
    assert shown(plans, 80) == [
        "",
        "Plans",
        "Account  Renews            ARR",
        "──────────────────────────────",
        "Acme     2027-01-31  1,200 EUR",
    ]


def test_a_narrow_table_wraps_between_words_and_keeps_short_values_whole():
    row = [text("Visit three stores in Marlow"), text("30 Jan 2026"), text("how the rotas of Corvane are used")]
    assert shown(table("", ["What", "Due", "Why"], [row]), 40)[2:] == [
        "What          Due          Why",
        "────────────────────────────────────────",
        "Visit three   30 Jan 2026  how the rotas",
        "stores in                  of Corvane",
        "Marlow                     are used",
    ]


def test_where_columns_do_not_fit_each_row_is_a_list_below_what_names_it():
    row = [text("2026-03-09"), text("Tour", "bold"), text("ben"), text(None), lines(text(LONG), text("is its reason"))]
    columns = ["!When", "*What", "Who", ">Amount", "Why"]
    assert shown(table("Plays", columns, [row, row]), 72) == ["", "Plays"] + 2 * [
        "",
        "Tour",
        "  When 2026-03-09   Who ben",
        "  Why",
        f"    {LONG}",
        "    is its reason",
    ]


words = st.lists(st.text("abcäß", min_size=1, max_size=30), min_size=1, max_size=12).map(" ".join)


@settings(max_examples=examples(15))
@given(rows=st.lists(st.lists(words, min_size=4, max_size=4), min_size=1, max_size=3), width=st.integers(34, 120))
def test_every_word_is_whole_and_no_line_is_wider_than_the_terminal(rows, width):
    made = shown(table("T", ["First", "*Second", "!Third", ">Fourth"], [list(map(Text, row)) for row in rows]), width)
    there = {word for line in made for word in line.split()}
    assert {word for row in rows for cell in row for word in cell.split()} <= there
    assert all(len(line) <= width for line in made if not any(len(word) > width - 4 for word in line.split()))


def test_scripts_without_blanks_break_between_characters():
    thai, japanese = "การเจรจาต่อรองสัญญาฉบับใหม่กับลูกค้า", "新しい契約についての交渉"
    made = shown(table("", ["What", "Owner"], [[text(thai), text("ann")], [text(japanese), text("ben")]]), 30)
    assert made[2].startswith("What")
    assert thai in "".join(line.removesuffix("ann").strip() for line in made[4:])


def test_labels_stand_beside_each_other_only_where_their_values_fit_in_a_line():
    rows = [("Owner", text("ann")), ("Renewal", text("2029-09-30 (in 1,035 days)"))]
    assert shown(pairs(rows, columns=2), 80) == [
        "Owner    ann                             Renewal  2029-09-30 (in 1,035 days)"
    ]
    assert shown(pairs(rows, columns=2), 40) == ["Owner    ann", "Renewal  2029-09-30 (in 1,035 days)"]


def test_a_value_that_would_break_beside_its_label_stands_below_it():
    made = shown(panel("Event", pairs([("event sha256", text("a" * 64)), ("by", text("ann"))])), 80)
    assert [line.strip("│ ") for line in made[1:-1]] == ["event sha256", "a" * 64, "by            ann"]


@pytest.mark.parametrize(
    ("available", "widths"),
    [(30, [5, 20]), (25, [5, 20]), (20, [5, 15]), (15, [5, 10]), (14, None)],
)
def test_width_goes_to_whom_it_saves_the_most_lines_and_never_less_than_what_must_not_break(available, widths):
    assert shared_out(available, [Needs(5, 5, 5), Needs(10, 20, 40)]) == widths


def test_a_row_that_would_be_much_taller_than_its_text_is_not_read_across():
    columns = [Needs(40, 40, 40), Needs(10, 400, 400)]
    assert shared_out(60, columns) is None
    assert shared_out(120, columns) == [40, 80]
