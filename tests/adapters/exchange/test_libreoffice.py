"""LibreOffice, without a window: it opens the workbooks and slides that we write, and we read what it writes."""

import csv
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pptx
import pytest
from pypdf import PdfReader

from adapters.exchange.imports.csv_files import CsvFile
from adapters.exchange.imports.request import ImportRequest
from adapters.exchange.imports.table import Table
from adapters.exchange.imports.workbooks import Workbook
from adapters.exchange.tables.columns import Column
from adapters.exchange.tables.writers import CsvWriter, TableWriter, XlsxWriter
from adapters.rendering.reports import document
from adapters.rendering.slides import slides
from tests.api import Told
from tests.places import ROOT
from tests.reports import demo_pack, parsed

OFFICE = shutil.which("soffice")
NEEDED = os.environ.get("REQUIRE_ALL") == "1"
pytestmark = [
    pytest.mark.torture,
    pytest.mark.program,
    pytest.mark.skipif(
        OFFICE is None and not NEEDED,
        reason="no LibreOffice on this machine: apt-get install libreoffice-calc libreoffice-impress",
    ),
]
WRITTEN = ROOT / "tests" / "files" / "libreoffice.fods"
CSV = "csv:Text - txt - csv (StarCalc):{sign},34,{charset},1,,0,false,true,true,false,false,{sheet}"
"""A CSV with its cells as they are shown: separator, quote, character set and, last, the sheet, all by number."""
UTF_8, UTF_16, WINDOWS_1252 = 76, 65535, 1
ALL_SHEETS = -1
AS_PERCENT = """
kind = "opportunities"
[columns]
"Crm id" = "crm_id"
Name = "name"
Amount = "amount"
"Close on" = "close_on"
Probability = { field = "probability", read = "percent" }
"""
ALWAYS = {"stage": "open", "source": "inbound"}


def converted(file: Path, to: str, folder: Path) -> list[Path]:
    """The files into which LibreOffice converts a file."""
    folder.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder}-profile"
    assert OFFICE
    words = [OFFICE, profile, "--headless", "--norestore", "--convert-to", to, "--outdir", str(folder), str(file)]
    done = subprocess.run(words, check=True, capture_output=True, timeout=300, text=True)
    made = sorted(folder.iterdir())
    assert made, done.stderr
    return made


def lines(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return [[{"TRUE": "true", "FALSE": "false"}.get(cell, cell) for cell in row] for row in csv.reader(text)]


def test_libreoffice_reads_in_our_workbook_what_our_csv_says(tmp_path):
    columns = [
        Column(("text",), "text"),
        Column(("number",), "number"),
        Column(("day",), "day"),
        Column(("yes",), "yes_or_no"),
    ]
    rows = [
        {"text": "=1+1", "number": "1234.5", "day": "2026-12-31", "yes": True},
        {"text": "مراجعة ربع سنوية 四半期 😀", "number": -7, "day": "1899-12-31", "yes": False},
        {"text": 'Two "quoted"\nlines, and +49 30 1234', "number": None, "day": None, "yes": None},
        {"text": "00123", "number": "123456789012345678901", "day": "2027-02-28", "yes": True},
        {"text": "@SUM(A1)", "number": 0, "day": "9999-12-31", "yes": True},
    ]
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.xlsx"
    writers: list[TableWriter] = [CsvWriter(ours), XlsxWriter(theirs)]
    for writer in writers:
        with writer as out:
            out.begin("table", columns)
            for row in rows:
                out.add(row)
    [read] = converted(theirs, CSV.format(sign=44, charset=UTF_8, sheet=0), tmp_path / "read")
    assert lines(read) == lines(ours)


def test_libreoffice_opens_the_workbook_of_a_whole_plan_with_each_of_its_sheets(told: Told, tmp_path):
    file = tmp_path / "plan.xlsx"
    file.write_bytes(told.view("", format="xlsx").content)
    book = openpyxl.load_workbook(file)
    read = converted(file, CSV.format(sign=44, charset=UTF_8, sheet=ALL_SHEETS), tmp_path / "read")
    by_name = {each.stem.removeprefix("plan-"): lines(each) for each in read}
    assert by_name.keys() == set(book.sheetnames)
    for sheet in book:
        texts = [[cell for cell in row if isinstance(cell, str)] for row in sheet.values]
        shown = [[cell.replace("\r\n", "\n") for cell in row] for row in by_name[sheet.title]]
        assert [[cell for cell in row if cell not in there] for row, there in zip(texts, shown, strict=True)] == [
            [] for _ in texts
        ]


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ("xlsx", {"format": "xlsx"}),
        (CSV.format(sign=44, charset=UTF_8, sheet=0), {}),
        (CSV.format(sign=59, charset=WINDOWS_1252, sheet=0), {"encoding": "cp1252"}),
        (CSV.format(sign=9, charset=UTF_16, sheet=0), {"encoding": "utf-16-le"}),
    ],
)
def test_what_libreoffice_writes_is_read_as_it_shows_it(to, asked, tmp_path):
    [file] = converted(WRITTEN, to, tmp_path / "written")
    request = ImportRequest(kind="opportunities", plan="acme", mapping=AS_PERCENT, always=ALWAYS, **asked)
    source: Any = (
        Workbook(file, request.sheet)
        if request.format == "xlsx"
        else CsvFile(file, request.encoding, request.delimiter)
    )
    with Table(source, request, tmp_path / "rows") as table:
        rows = [row for _, rows in table.plans() for row in rows]
    said = [row.bodies[0] for row in rows]
    assert [[body[name] for name in ("crm_id", "name", "close_on")] for body in said] == [
        ["00123", "Größe „Süd“; 2. Linie\nmit Umbruch", "2026-12-31"],
        ["04567", '=1+1 "quoted"', "2027-01-13"],
    ]
    numbers = [(float(body["amount"]), float(body["probability"])) for body in said]
    assert numbers == [(1234.5, 0.4), (-7.0, 1.0)]
    assert [row.currencies["amount"] for row in rows] == [{"EUR"}, {"EUR"}]


def test_libreoffice_shows_every_slide_with_its_title(tmp_path):
    file = tmp_path / "review.pptx"
    file.write_bytes(slides(document("qbr", parsed(demo_pack("qbr", "customer"))), None))
    [shown] = converted(file, "pdf", tmp_path / "shown")
    pages = ["".join(page.extract_text().split()) for page in PdfReader(shown).pages]
    titles = ["".join(slide.shapes.title.text.split()) for slide in pptx.Presentation(str(file)).slides]
    assert len(pages) == len(titles)
    assert [title for title, page in zip(titles, pages, strict=True) if title not in page] == []
