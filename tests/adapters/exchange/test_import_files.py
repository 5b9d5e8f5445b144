"""Tables as people have them: what is read from each, and the sentence for what cannot be read."""

import random
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.exchange.imports import table, workbooks
from adapters.exchange.imports.columns import as_number, eighteen
from adapters.exchange.imports.csv_files import CHUNK_BYTES, CsvFile
from adapters.exchange.imports.currencies import currencies_meant
from adapters.exchange.imports.isolated_workbooks import IsolatedWorkbook
from adapters.exchange.imports.readings import Unreadable, column_of_days, column_of_numbers, readings_of_day
from adapters.exchange.imports.refused import FileRefused
from adapters.exchange.imports.request import ImportRequest, mapping_of, ready_mappings
from adapters.exchange.imports.table import Table
from adapters.exchange.imports.workbooks import Workbook
from application.imports.kinds import KINDS
from tests.cases import for_each
from tests.places import ROOT
from tests.refused_tables import KIND_OF, REFUSED

FILES = ROOT / "tests" / "files"
PEOPLE, ACTIONS, DEALS = ({"kind": kind, "plan": "acme"} for kind in ("stakeholders", "actions", "opportunities"))


@contextmanager
def read(file: Path, tmp_path: Path, /, **asked: Any) -> Iterator[Table]:
    request = ImportRequest(**asked)
    source = (
        CsvFile(file, request.encoding, request.delimiter)
        if request.format == "csv"
        else (Workbook(file, request.sheet))
    )
    with Table(source, request, tmp_path / "rows") as opened:
        yield opened


def bodies(file: str | Path, tmp_path: Path, /, **asked: Any) -> list[dict[str, Any]]:
    """What each row says, where all of it can be read."""
    with read(FILES / file, tmp_path, **asked) as table:
        rows = [row for _, rows in table.plans() for row in rows]
    assert [str(wrong) for row in rows for wrong in row.wrong] == []
    return [body for row in rows for body in row.bodies]


def refusal(file: str | Path, tmp_path: Path, /, **asked: Any) -> str:
    with pytest.raises(FileRefused) as refused, read(FILES / file, tmp_path, **asked):
        pass
    return str(refused.value)


def wrong_in(file: str, tmp_path: Path, /, **asked: Any) -> list[tuple[int, str | None, str, str | None]]:
    with read(FILES / file, tmp_path, **asked) as table:
        return [
            (row.number, each.column, each.detail, each.read)
            for _, rows in table.plans()
            for row in rows
            for each in row.wrong
        ]


ZOE = {"name": "Zoë Müller", "title": "COO", "level": "executive"}

# CSV


@pytest.mark.parametrize(
    "file",
    ["utf-8.csv", "utf-8-bom.csv", "utf-16.csv", "semicolons.csv", "tabs.csv", "excel-separator-line.csv"],
)
def test_what_says_how_it_is_written_is_read_as_it_is(file, tmp_path):
    assert bodies(file, tmp_path, **PEOPLE) == [ZOE]


@pytest.mark.parametrize(
    ("file", "encoding", "said"),
    [
        ("cp1252.csv", "cp1252", "line 2 has the byte 0xEB. Read as cp1252 “Zoë Müller,COO,executive”; as mac_roman"),
        ("mac-roman.csv", "mac_roman", "as mac_roman “Zoë Müller,COO,executive”"),
        ("utf-16-le-without-mark.csv", "utf-16-le", "Say --encoding utf-16-le if it is."),
        ("utf-16-be-without-mark.csv", "utf-16-be", "Say --encoding utf-16-be if it is."),
    ],
)
def test_an_encoding_is_shown_and_asked_for_and_never_guessed(file, encoding, said, tmp_path):
    assert said in refusal(file, tmp_path, **PEOPLE)
    assert bodies(file, tmp_path, **PEOPLE, encoding=encoding) == [ZOE]


def test_an_encoding_that_is_not_the_files_is_refused(tmp_path):
    assert "is not utf-8 throughout" in refusal("cp1252.csv", tmp_path, **PEOPLE, encoding="utf-8")
    for none in ("windows-äöü", "punycode", "unicode_escape", "base64"):
        assert "is no encoding that is known here" in refusal("utf-8.csv", tmp_path, **PEOPLE, encoding=none)


def test_cells_have_line_breaks_quotes_and_blanks_around_them(tmp_path):
    [quoted] = bodies("quoted-line-breaks.csv", tmp_path, **PEOPLE)
    assert quoted == {"name": "Zoë\nMüller", "title": 'COO, "acting"', "level": "executive"}
    assert bodies("trailing-spaces.csv", tmp_path, **PEOPLE) == [ZOE]
    assert bodies("blank-rows.csv", tmp_path, **PEOPLE) == [
        ZOE,
        {"name": "Ben Ott", "title": "CIO", "level": "executive"},
    ]


def test_rows_are_numbered_as_a_spreadsheet_program_does(tmp_path):
    with read(FILES / "blank-rows.csv", tmp_path, **PEOPLE) as table:
        assert [row.number for _, rows in table.plans() for row in rows] == [5, 8]


def test_totals_and_what_a_report_says_below_its_table_are_told_and_not_read(tmp_path):
    below = [
        "Contacts by account",
        "Halden Stores GmbH",
        "Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.",
        "Confidential Information - Do Not Distribute",
    ]
    with read(FILES / "totals-and-imprint.csv", tmp_path, **PEOPLE, ignore=["Calls"]) as table:
        assert [row.bodies[0]["name"] for _, rows in table.plans() for row in rows] == ["Zoë Müller", "Ben Okafor"]
        assert table.source.notes == [
            "2 rows hold totals, and are not read; the first is row 3 (“Subtotal”).",
            f"From row 7 on, what is below the table is not read: {', '.join(f'“{line}”' for line in below)}.",
        ]


def test_a_row_that_may_be_one_is_read_though_it_is_called_total_or_stands_alone_below_a_blank_one(tmp_path):
    (tmp_path / "rows.csv").write_text("Name,Title\nTotal,COO\n\nAnn\n\nBen,\nEva\n")
    with read(tmp_path / "rows.csv", tmp_path, **PEOPLE, always={"level": "executive"}) as table:
        rows = [(row.number, row.bodies[0]["name"]) for _, rows in table.plans() for row in rows]
    assert (rows, table.source.notes) == ([(2, "Total"), (4, "Ann"), (6, "Ben"), (7, "Eva")], [])


def test_names_come_in_every_script(tmp_path):
    names = [body["name"] for body in bodies("scripts.csv", tmp_path, **PEOPLE)]
    assert names == ["山田太郎", "مريم حسن", "Oğuz İpek", "Анна Ёлкина"]


@for_each(("file", "sentence"), REFUSED.items())
def test_a_file_that_cannot_be_read_says_what_to_do(file, sentence, tmp_path):
    asked = {"kind": KIND_OF.get(file, "stakeholders"), "plan": "acme", "format": file.rpartition(".")[2]}
    assert refusal(file, tmp_path, **asked) == sentence


@for_each(
    ("begins", "goes_on", "said"),
    [
        (b"", b"x", "The first 1,000,000 characters hold no whole row. The first must name the columns."),
        (b"", b"\n", "The first 1,000,000 characters hold no whole row."),
        (b"Name,Title,Level\n", b"x", "Row 2 (line 2) has more than 1,000,000 characters."),
        (b"Name,Title,Level\n", b",", "Row 2 (line 2) has more than 1,000,000 characters."),
        (b"Name,Title,Level\n", b'"\n",', "Row 2 (line 2) has more than 1,000,000 characters."),
        (b'Name,Title,Level\nBen,"', b"CIO\n", "Row 2 (line 2) has a cell of more than 131,072 characters. Shorten it"),
        (
            b'Name,Title,Level\nZo\xc3\xab,"COO,executive\n',
            b"Ben,CIO,executive\n",
            "Row 2 (line 2) has a cell of more than 131,072 characters. Shorten it; or, if it is many cells, close the",
        ),
    ],
)
def test_what_has_no_end_is_refused_by_its_first_part(begins, goes_on, said, tmp_path):
    """No part of a file is held but one row, whatever the file consists of."""
    file, much = tmp_path / "endless.csv", goes_on * (1_200_000 // len(goes_on))
    file.write_bytes(begins + much)
    assert said in refusal(file, tmp_path, **PEOPLE)


def test_blank_rows_count_among_the_most_that_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_ROWS", 100)
    file, row = tmp_path / "long.csv", "Ben,CIO,executive\n"
    file.write_text("Name,Title,Level\n" + "\n" * 98 + row)
    assert len(bodies(file, tmp_path, **PEOPLE)) == 1
    file.write_text("Name,Title,Level\n" + "\n" * 99 + row)
    assert refusal(file, tmp_path, **PEOPLE) == "The table has more than 100 rows, blank ones included. Split it."


def test_a_long_line_that_is_not_utf_8_is_shown_where_it_is_not(tmp_path):
    file = tmp_path / "long.csv"
    for before in (b"x" * (CHUNK_BYTES - 1), b"x" * CHUNK_BYTES, b"\xc3\xab" * CHUNK_BYTES):
        file.write_bytes(b"Name,Title,Level\n" + before + b"\xeb\nBen,CIO,executive\n")
        assert "line 2 has the byte 0xEB. Read as cp1252 “" in refusal(file, tmp_path, **PEOPLE)
    file.write_bytes(b"Name\nZo\xc3")
    assert "line 2 has the byte 0xC3" in refusal(file, tmp_path, **PEOPLE)


def test_what_is_wrong_in_one_row_leaves_the_others_alone(tmp_path):
    assert wrong_in("too-many-cells.csv", tmp_path, **PEOPLE) == [
        (2, None, "has 4 cells, the first row names 3 columns. Quote what has a delimiter", None)
    ]
    assert wrong_in("no-value.csv", tmp_path, **PEOPLE) == [
        (3, "Title", "holds #REF!, the error of a formula. Mend the formula, or empty the cell", "#REF!")
    ]
    assert wrong_in("errors-in-other-languages.csv", tmp_path, **PEOPLE) == [
        *(
            (number, "Name", f"holds {error}, the error of a formula. Mend the formula, or empty the cell", error)
            for number, error in enumerate(("#WERT!", "#NOM?", "#¡DIV/0!", "#ССЫЛКА!", "Err:502"), 2)
        ),
        (7, "Name", "was wider than its column when it was saved. Widen the column, and save it again", "#####"),
    ]


def test_a_look_up_without_result_is_empty_in_any_language(tmp_path):
    assert [body.get("title") for body in bodies("look-ups-in-other-languages.csv", tmp_path, **PEOPLE)] == [
        None, None, None, "#1 in sales",
    ]  # fmt: skip


def test_it_must_be_said_which_plan_the_rows_are_of(tmp_path):
    said = refusal("utf-8.csv", tmp_path, kind="stakeholders")
    assert said.startswith("It is not said which plan the rows are of.")
    assert "Did you mean “Name”?" in refusal("utf-8.csv", tmp_path, kind="stakeholders", plan_column="Nam")


def test_a_mapping_reads_what_it_names_and_says_what_it_leaves(tmp_path):
    mapping = 'kind = "stakeholders"\n[columns]\nName = "name"\n[always]\nlevel = "execution"\n'
    with read(FILES / "utf-8.csv", tmp_path, **PEOPLE, mapping=mapping) as table:
        assert table.columns.ignored == ["Title", "Level"]
        [row] = [row for _, rows in table.plans() for row in rows]
        assert row.bodies == [{"level": "execution", "name": "Zoë Müller"}]
    assert "not TOML" in refusal("utf-8.csv", tmp_path, **PEOPLE, mapping="a = [")
    assert "“colums” is not a field here: did you mean “columns”?" in refusal(
        "utf-8.csv", tmp_path, **PEOPLE, mapping="[colums]\nName = 'name'\n"
    )
    assert "did you mean" in refusal("utf-8.csv", tmp_path, **PEOPLE, mapping="salesforce-contacts").lower()


@for_each(
    ("mapping", "table", "name"),
    [
        ("hubspot-contacts", "lastname,email,firstname\nHeld,held@acme.com,Maria\n", "Maria Held"),
        ("hubspot-contacts", "firstname,lastname\n,Held\n", "Held"),
        ("hubspot-contacts", "firstname,name,lastname\nMaria,Dr. Maria Held,Held\n", "Dr. Maria Held"),
        ("salesforce-contact", "LastName,FirstName\nHeld,Maria\n", "Maria Held"),
    ],
)
def test_a_first_and_a_last_name_are_one_name(mapping, table, name, tmp_path):
    file = tmp_path / "contacts.csv"
    file.write_text(table)
    alike = {"title": "COO", "level": "executive"}
    [body] = bodies(str(file), tmp_path, **PEOPLE, mapping=mapping, always=alike)
    assert body["name"] == name


# Days and numbers


@pytest.mark.parametrize(
    ("file", "days"),
    [
        ("days-of-europe.csv", ["2026-12-31", "2026-04-03"]),
        ("days-of-america.csv", ["2026-12-31", "2026-03-04"]),
        ("days-with-dots.csv", ["2026-04-03", "2026-05-01"]),
        ("days-in-words.csv", ["2026-04-03", "2026-03-03", "2026-04-03"]),
        ("serial-days.csv", ["2026-04-03", "2026-04-04"]),
    ],
)
def test_days_are_read_as_the_whole_column_is_written(file, days, tmp_path):
    assert [body["due_on"] for body in bodies(file, tmp_path, **ACTIONS)] == days


def test_days_that_may_mean_two_things_are_refused_until_somebody_says_which(tmp_path):
    assert refusal("unclear-days.csv", tmp_path, **ACTIONS) == (
        "The column “Due on” holds “03/04/2026”, which may mean 2026-04-03 (--dates dmy) or 2026-03-04 (--dates mdy)."
        " Say which."
    )
    read_as = [body["due_on"] for body in bodies("unclear-days.csv", tmp_path, **ACTIONS, dates="mdy")]
    assert read_as == ["2026-03-04", "2026-05-06"]
    assert "written in different ways" in refusal("mixed-days.csv", tmp_path, **ACTIONS)
    assert wrong_in("mixed-days.csv", tmp_path, **ACTIONS, dates="dmy") == [
        (3, "Due on", "is not written as day, month, year", "12/31/2026")
    ]


@for_each(
    ("text", "meant"),
    [
        ("2027-03-31", "2027-03-31"),
        ("2027-03-31T14:05:09.123", "2027-03-31"),
        ("31.03.2027 14:05", "2027-03-31"),
        ("03/31/2027 2:05 PM", "2027-03-31"),
        ("2027-03-31T00:00:00.000+0000", "2027-03-31"),
        ("2027-03-31T00:00:00Z", "2027-03-31"),
        ("2027-03-31T22:30:00.000Z", datetime(2027, 3, 31, 22, 30, tzinfo=UTC)),
        ("2027-03-31 22:30 UTC", datetime(2027, 3, 31, 22, 30, tzinfo=UTC)),
        ("2027-04-01T00:30:00+02:00", datetime(2027, 3, 31, 22, 30, tzinfo=UTC)),
        ("2027-03-31 or later", None),
        ("2027-03-31 to 2027-04-02", None),
        ("31.03.2027 10 people", None),
        ("2027-03-31T25:00:00Z", None),
    ],
)
def test_a_day_may_have_a_time_and_nothing_else_behind_it(text, meant):
    try:
        assert set(readings_of_day(text).values()) == {meant}
    except Unreadable:
        assert meant is None


@for_each(
    ("number", "percent", "meant"),
    [
        (0.1 + 0.2, False, "0.3"),
        (1234.5600000000001, False, "1234.56"),
        (1e-7, False, "0.0000001"),
        (1.5e-5, True, "0.00000015"),
        ("12.5", True, "0.125"),
        ("-5", True, "-0.05"),
        (100, True, 1),
        (1e15, False, 10**15),
        (float("inf"), False, None),
        (float("nan"), True, None),
    ],
)
def test_a_number_of_a_workbook_has_the_digits_that_are_shown_and_no_exponent(number, percent, meant):
    if meant is None:
        with pytest.raises(Unreadable):
            as_number(number, percent)
    else:
        assert as_number(number, percent) == meant


@pytest.mark.parametrize(
    ("file", "amounts"),
    [
        ("decimal-comma.csv", ["1234.5", 1000, 7]),
        ("decimal-point.csv", ["1234.5", 1000, 7]),
        ("amounts-in-brackets.csv", [-500, "-1234.5", -5, "-7.5"]),
        ("lakhs-and-crores.csv", ["1234567.5", 1234567, 12345]),
        ("currency.csv", ["1234.5", 500, 12000]),
    ],
)
def test_amounts_are_read_as_the_whole_column_is_written(file, amounts, tmp_path):
    assert [body["amount"] for body in bodies(file, tmp_path, **DEALS)] == amounts


def test_what_stands_beside_an_amount_is_a_currency_or_the_amount_is_refused(tmp_path):
    assert [(number, detail) for number, _, detail, _ in wrong_in("short-amounts.csv", tmp_path, **DEALS)] == [
        (2, "leaves out digits, which “k” stands for: write all of them"),
        (3, "leaves out digits, which “Mio” stands for: write all of them"),
        (4, "is no number"),
        (5, "has the signs of two currencies"),
    ]
    with read(FILES / "currency.csv", tmp_path, **DEALS) as table:
        rows = [row for _, rows in table.plans() for row in rows]
    krona = {"DKK", "ISK", "NOK", "SEK"}
    assert [row.currencies for row in rows] == [{"amount": {"EUR"}}, {"amount": {"CHF"}}, {"amount": krona}]


def test_who_writes_the_sign_of_per_cent_means_it(tmp_path):
    """Exports of data say 40, reports 40%: both are 0.4."""
    file = tmp_path / "deals.csv"
    file.write_text("Name,Probability\na,40\nb,40%\nc,7.5 %\n")
    mapping = (
        'kind = "opportunities"\n[columns]\nName = "name"\nProbability = { field = "probability", read = "percent" }'
    )
    asked = DEALS | {"always": {"amount": "5", "stage": "open", "close_on": "2027-03-31", "source": "inbound"}}
    came = bodies(file, tmp_path, **asked, mapping=mapping)
    assert [float(body["probability"]) for body in came] == [0.4, 0.4, 0.075]


def test_amounts_that_may_mean_two_things_are_refused_until_somebody_says_which(tmp_path):
    said = refusal("unclear-amounts.csv", tmp_path, **DEALS)
    assert said == (
        "The column “Amount” holds “1.234”, which may mean 1.234 (--decimal point) or 1234 (--decimal comma)."
        " Say which."
    )
    read_as = [body["amount"] for body in bodies("unclear-amounts.csv", tmp_path, **DEALS, decimal="comma")]
    assert read_as == [1234, 5678]


@given(st.lists(st.dates(date(1970, 1, 1), date(2069, 12, 31)), min_size=1), st.sampled_from("dmy mdy ymd".split()))
@settings(max_examples=60)
def test_no_day_is_ever_read_wrongly(days, order):
    """However a column is written: each value means the day that was written, or it is said to be unclear."""
    forms = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%Y/%m/%d"}
    column = column_of_days(None)
    texts = [day.strftime(forms[order]) for day in days]
    for text in texts:
        column.look_at(text)
    if column.why_unclear() is None:
        assert [column.value(text) for text in texts] == [day.isoformat() for day in days]


@given(st.lists(st.decimals(0, 10**9, places=2), min_size=1), st.booleans())
@settings(max_examples=60)
def test_no_number_is_ever_read_wrongly(numbers, comma):
    column = column_of_numbers(None)
    texts = [f"{number:,}".translate(str.maketrans(",.", ".,")) if comma else f"{number:,}" for number in numbers]
    for text in texts:
        column.look_at(text)
    if column.why_unclear() is None:
        assert [float(column.value(text)) for text in texts] == [float(number) for number in numbers]


# Grids and CRM


def test_a_grid_is_a_cell_for_each_column_that_says_something(tmp_path):
    cells = bodies("grid.csv", tmp_path, kind="cells", plan="acme", grid=True)
    assert [tuple(cell.values()) for cell in cells] == [
        ("Retail", "Insight", "adopted"), ("Retail", "Care", "none"), ("Depot", "Care", "pilot"),
    ]  # fmt: skip


def test_an_id_of_15_signs_names_the_same_as_the_one_of_18():
    assert eighteen("0015g00000AbCdE") == "0015g00000AbCdEAAU"[:15] + eighteen("0015g00000AbCdE")[15:]
    assert eighteen("001D000000IRFma") == "001D000000IRFmaIAH"
    assert eighteen("001D000000IRFmaIAH") == "001D000000IRFmaIAH"


@for_each("name", ready_mappings())
def test_a_ready_mapping_reads_into_fields_that_there_are(name):
    kind = name_of_kind(name)
    mapping = mapping_of(ImportRequest(kind=kind, plan="acme", mapping=name))
    assert mapping is not None
    fields = KINDS[kind].command.model_fields
    assert {to.field for to in mapping.columns.values()} | mapping.always.keys() <= fields.keys()


def name_of_kind(mapping: str) -> str:
    """The kind that a mapping names itself."""
    return next(
        kind
        for kind in KINDS
        if f'kind = "{kind}"' in (ROOT / f"adapters/exchange/imports/mappings/{mapping}.toml").read_text()
    )


# Workbooks, made by another library


def workbook(tmp_path: Path, *rows: list[Any], sheets: tuple[str, ...] = ("Contacts",)) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for name in sheets[1:]:
        book.create_sheet(name)
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


XLSX = {"format": "xlsx"}


def test_a_sheet_is_read_with_its_days_numbers_and_texts(tmp_path):
    header = ["Name", "Amount", "Stage", "Close on", "Source", "Probability"]
    book = workbook(tmp_path, header, ["Deal", 1234.5, "open", date(2026, 12, 31), "inbound", "15 %"])
    [body] = bodies(book, tmp_path, **DEALS, **XLSX)
    assert body == {
        "name": "Deal", "amount": "1234.5", "stage": "open", "close_on": "2026-12-31", "source": "inbound",
        "probability": "0.15",
    }  # fmt: skip


def test_an_id_whose_digits_a_spreadsheet_program_lost_is_refused(tmp_path):
    file = tmp_path / "ids.csv"
    file.write_text("Crm id;Name;Title;Level\n1,23457E+11;Zoë;COO;executive\n12345678901;Ben;1E+5;executive\n")
    [(row, column, detail, said)] = wrong_in(str(file), tmp_path, **PEOPLE)
    assert (row, column, said) == (2, "Crm id", "1,23457E+11")
    assert "its last digits are lost" in detail
    book = tmp_path / "ids.xlsx"
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for place, id in enumerate(["Crm id", 123456789012345, 1234567890123456789, "1234567890123456789"]):
            sheet.write_row(place, 0, [id, *(("Name", "Title", "Level") if not place else ("Zoë", "COO", "executive"))])
    [(row, column, detail, _)] = wrong_in(str(book), tmp_path, **PEOPLE, format="xlsx")
    assert (row, column) == (3, "Crm id")
    assert "has more than 15 digits" in detail


AS_PERCENT = """
kind = "opportunities"
[columns]
"Crm id" = "crm_id"
Name = "name"
Amount = "amount"
Stage = "stage"
"Close on" = "close_on"
Source = "source"
Probability = { field = "probability", read = "percent" }
"""


def test_a_number_is_read_as_its_format_shows_it(tmp_path):
    """Spreadsheet programs keep 123 where they show 00123, K-0123, 123 € or 12,300 %."""
    header = ["Crm id", "Name", "Amount", "Stage", "Close on", "Source", "Probability"]
    rows = [("00000", "0", 0.4, "0%"), ('"K-"0000', "#,##0.00 [$€-407]", 40, "0"), ("General", '"$"0', 0.4, "0.00%")]
    file = tmp_path / "formats.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yy"})
        sheet.write_row(0, 0, header)
        for place, (of_id, of_amount, probability, of_probability) in enumerate(rows, 1):
            sheet.write_row(place, 0, [123, "Deal", 1234.5, "open", "", "inbound"])
            formats = {0: (123, of_id), 2: (1234.5, of_amount), 6: (probability, of_probability)}
            for column, (number, code) in formats.items():
                sheet.write_number(place, column, number, book.add_format({"num_format": code}))
            sheet.write_datetime(place, 4, datetime(2026, 12, 31), day)
    with read(file, tmp_path, **DEALS, **XLSX, mapping=AS_PERCENT) as table:
        read_rows = [row for _, rows in table.plans() for row in rows]
    said = [row.bodies[0] for row in read_rows]
    assert [body["crm_id"] for body in said] == ["00123", "K-0123", "123"]
    assert {(Decimal(body["amount"]), Decimal(body["probability"])) for body in said} == {
        (Decimal("1234.5"), Decimal("0.4"))
    }
    assert [row.currencies.get("amount") for row in read_rows] == [None, {"EUR"}, currencies_meant("$")]


def test_hidden_rows_and_merged_cells_are_told(tmp_path):
    file = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(file) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Name", "Title", "Level"])
        sheet.write_row(1, 0, ["Zoë", "COO", "executive"])
        sheet.write_row(2, 0, ["Ben", "CIO"])
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.merge_range(1, 2, 2, 2, "executive")
    with read(file, tmp_path, **PEOPLE, format="xlsx") as table:
        [first, second] = [row.bodies[0] for _, rows in table.plans() for row in rows]
        assert [note.partition(".")[0] for note in table.source.notes] == [
            "The sheet has hidden rows",
            "The sheet has merged cells",
        ]
    assert (first.get("level"), second.get("level")) == ("executive", None)


def test_of_several_sheets_one_must_be_named(tmp_path):
    book = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values()), sheets=("Contacts", "Notes"))
    said = refusal(book, tmp_path, **PEOPLE, **XLSX)
    assert said == "The workbook has 2 sheets: “Contacts”, “Notes”. Say which by --sheet."
    assert bodies(book, tmp_path, **PEOPLE, **XLSX, sheet="Contacts") == [ZOE]
    assert "There is no sheet “Contact”" in refusal(book, tmp_path, **PEOPLE, **XLSX, sheet="Contact")


def test_a_formula_whose_result_was_not_saved_is_named_by_its_cell(tmp_path):
    book = workbook(tmp_path, ["Name", "Title", "Level"], ["Zoë", '=CONCAT("C","OO")', "executive"])
    said = refusal(book, tmp_path, **PEOPLE, **XLSX)
    assert said.startswith("B2 holds a formula whose result was not saved with it.")


def test_an_error_of_a_formula_is_told_and_a_look_up_without_result_is_empty(tmp_path):
    """openpyxl writes both as texts, so this is written as a spreadsheet program does it."""
    for value, level in (("#DIV/0!", None), ("#N/A", "executive")):
        with xlsxwriter.Workbook(tmp_path / "errors.xlsx") as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["Name", "Title", "Level"])
            sheet.write_row(1, 0, ["Zoë Müller", "", "executive"])
            sheet.write_formula(1, 1, "=1/0", None, value)
        if level:
            assert bodies(tmp_path / "errors.xlsx", tmp_path, **PEOPLE, **XLSX) == [
                {"name": "Zoë Müller", "level": level}
            ]
        else:
            said = refusal(tmp_path / "errors.xlsx", tmp_path, **PEOPLE, **XLSX)
            assert said == "B2 holds #DIV/0!, the error of a formula. Mend the formula, or empty the cell."


def test_days_that_count_from_1904_are_read_and_bare_numbers_among_them_refused(tmp_path):
    for due_on, said in ((date(2026, 4, 3), None), (46115, "D2 holds 46115, where “Due on” must be a day")):
        with xlsxwriter.Workbook(tmp_path / "macintosh.xlsx", {"date_1904": True}) as book:
            sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yy"})
            sheet.write_row(0, 0, ["Statement", "Kind", "Owner", "Due on"])
            sheet.write_row(1, 0, ["Send the offer", "task", "ann"])
            sheet.write_number(1, 3, due_on) if said else sheet.write_datetime(1, 3, due_on, day)
        if said:
            assert said in refusal(tmp_path / "macintosh.xlsx", tmp_path, **ACTIONS, **XLSX)
        else:
            [body] = bodies(tmp_path / "macintosh.xlsx", tmp_path, **ACTIONS, **XLSX)
            assert body["due_on"] == "2026-04-03"


def test_a_workbook_with_macros_is_read_and_they_are_not_run(tmp_path):
    book = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values()))
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Sub AutoOpen()")
    with read(book, tmp_path, **PEOPLE, **XLSX) as table:
        assert table.source.notes == ["The workbook has macros. They are not run."]
        assert table.rows == 1


def test_two_cells_in_opposite_corners_are_refused_before_they_fill_the_memory(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Name", "x"
    book.save(tmp_path / "corners.xlsx")
    said = refusal(tmp_path / "corners.xlsx", tmp_path, **PEOPLE, **XLSX)
    assert said.startswith("The sheet reaches to column 16,384 and row 1,048,576, 17,179,869,184 cells; 5,000,000 are")


def test_a_sheet_of_16384_columns_is_refused(tmp_path):
    book = workbook(tmp_path, [f"c{place}" for place in range(16_384)], ["x"])
    said = refusal(book, tmp_path, **PEOPLE, **XLSX)
    assert said == "The table has 16,384 columns; 500 are the most."


def test_a_zip_bomb_is_refused_by_what_it_would_unpack_to(tmp_path):
    book = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values()))
    with (
        zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/more.xml", "w") as bomb,
    ):
        for _ in range(401):
            bomb.write(bytes(1_000_000))
    assert book.stat().st_size < 2_000_000
    said = refusal(book, tmp_path, **PEOPLE, **XLSX)
    assert said == "Unpacked, the workbook would have 401 MB; 400 MB are the most. Save the sheet alone, or as CSV."


def test_what_lies_about_its_size_or_is_no_workbook_is_refused(tmp_path):
    old, none = tmp_path / "old.xlsx", tmp_path / "none.xlsx"
    old.write_bytes(workbooks.OLD_OFFICE + bytes(600))
    none.write_bytes(random.Random(1).randbytes(600))
    assert "an old .xls file, or one with a password" in refusal(old, tmp_path, **PEOPLE, **XLSX)
    assert "no XLSX workbook, or a damaged one" in refusal(none, tmp_path, **PEOPLE, **XLSX)
    book = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values()))
    content = book.read_bytes()
    book.write_bytes(content[: len(content) // 2] + b"\x00\xff" * 20 + content[len(content) // 2 + 40 :])
    assert "damaged" in refusal(book, tmp_path, **PEOPLE, **XLSX)


def test_a_damaged_workbook_is_read_or_refused_and_never_a_mistake_of_ours(tmp_path):
    intact, chance = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values())).read_bytes(), random.Random(7)
    for _ in range(300):
        damaged = bytearray(intact)
        for _ in range(chance.choice((1, 2, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / "book.xlsx").write_bytes(damaged)
        with suppress(FileRefused), read(tmp_path / "book.xlsx", tmp_path, **PEOPLE, **XLSX) as table:
            assert [row for _, rows in table.plans() for row in rows]


def test_an_entry_that_unpacks_to_more_than_the_archive_states_is_refused(tmp_path):
    """`ZipFile` would read as much as is stated, and find nothing wrong."""
    book = workbook(tmp_path, ["Name", "Title", "Level"], list(ZOE.values()))
    stated, more = b"<a/>", bytes(1_000_000)
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/more.xml", stated + more)
        [entry] = [each for each in archive.infolist() if each.filename == "xl/more.xml"]
        entry.file_size, entry.CRC = len(stated), zlib.crc32(stated)
    assert zipfile.ZipFile(book).testzip() is None
    said = refusal(book, tmp_path, **PEOPLE, **XLSX)
    assert said == "The workbook is damaged: xl/more.xml is not what it says. Save it again."


SHEET = "xl/worksheets/sheet1.xml"
HEADER = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'


@pytest.fixture
def made_by_hand(tmp_path: Path):
    """Returns a workbook whose sheet has these rows, as XML."""

    def made(rows: bytes) -> Path:
        with zipfile.ZipFile(workbook(tmp_path, ["Name"])) as book:
            parts = {name: book.read(name) for name in book.namelist()}
        before, _, after = parts[SHEET].partition(b"<sheetData>")
        parts[SHEET] = before + b"<sheetData>" + HEADER + rows + after[after.index(b"</sheetData>") :]
        with zipfile.ZipFile(tmp_path / "made.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
            for name, part in parts.items():
                book.writestr(name, part)
        return tmp_path / "made.xlsx"

    return made


def test_a_row_without_end_and_a_text_that_is_not_there_are_refused(made_by_hand, tmp_path):
    endless = made_by_hand(b'<row r="2">' + b'<c r="A2"><v>1</v></c>' * 1_600_000 + b"</row>")
    assert "A row of the sheet has more than 32 MB" in refusal(endless, tmp_path, **PEOPLE, **XLSX)
    missing = made_by_hand(b'<row r="2"><c r="A2" t="s"><v>99</v></c></row>')
    assert "a damaged one. Save it again as .xlsx" in refusal(missing, tmp_path, **PEOPLE, **XLSX)


@pytest.mark.torture
@pytest.mark.program
def test_what_would_fill_the_memory_ends_the_process_that_reads_it_alone(made_by_hand, tmp_path):
    """A corner that no check beforehand finds, and a text that a small file repeats to a gigabyte and more."""
    corners = made_by_hand(b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>")
    repeated = tmp_path / "repeated.xlsx"
    with xlsxwriter.Workbook(repeated) as book:
        sheet = book.add_worksheet()
        for row in range(25_000):
            sheet.write_row(row, 0, ["x" * 30_000] * 2)
    for file in (corners, repeated):
        assert file.stat().st_size < 1_000_000
        with pytest.raises(FileRefused, match=r"takes more than 1,000 MB of memory or 120 seconds to read"):
            IsolatedWorkbook(file, None, tmp_path / "sheet")


@pytest.mark.program
def test_a_workbook_reads_the_same_in_a_process_of_its_own(tmp_path):
    book = workbook(tmp_path, ["Statement", "Due on"], ["Zoë\n", date(2026, 4, 3)], [], [1.5, True], sheets=("A", "B"))
    alone = IsolatedWorkbook(book, "A", tmp_path / "sheet")
    here = Workbook(book, "A")
    assert list(alone.rows()) == list(here.rows())
    assert (alone.sheet, alone.notes, alone.counts_from_1904) == (here.sheet, here.notes, here.counts_from_1904)
    with pytest.raises(FileRefused, match="The workbook has 2 sheets"):
        IsolatedWorkbook(book, None, tmp_path / "sheet")
    with pytest.raises(RuntimeError, match="FileNotFoundError"):
        IsolatedWorkbook(book, "A", tmp_path / "no folder" / "sheet")
