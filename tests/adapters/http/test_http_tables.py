"""Every list, and everything of a plan, as CSV and as a workbook: read back by other readers than our writer."""

import asyncio
import csv
import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from fastapi.routing import APIRoute
from python_calamine import CalamineWorkbook
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import request_response
from starlette.testclient import TestClient
from starlette.types import Message

from adapters.exchange.tables.columns import Column, columns_of
from adapters.exchange.tables.views import is_tabular, item_of
from adapters.exchange.tables.writers import CsvWriter, XlsxWriter, exact
from adapters.http.permission import PermissionEnded
from adapters.http.requests import is_for_table
from adapters.http.tables import SentOnce, ViewWithTables
from application.portfolio.query import PortfolioPage
from tests.api import Api, Told, assert_problem
from tests.callers import as_
from tests.cases import for_each

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LISTS = ["/v1/plans", *(f"/v1/plans/acme{view}" for view in ("/history", "/blame", "/reviews", "/findings"))]


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def book(answer: Any) -> Any:
    assert answer.headers["content-type"] == XLSX
    return openpyxl.load_workbook(io.BytesIO(answer.content))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_a_row_an_item_in_every_form(told: Told, path):
    told.api.store.portfolio.catch_up(told.api.clock)
    items = told.api.get(path, limit="500").json()["items"] if "history" in path else told.api.get(path).json()["items"]
    table = told.api.get(path, format="csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(rows(table)) == len(items) > 0
    sheet = book(told.api.get(path, format="xlsx")).active
    assert sheet.max_row == len(items) + 1
    assert [cell.value for cell in sheet[1]] == list(rows(table)[0])
    assert sheet.freeze_panes == "A2"


def test_all_pages_of_a_list_come_in_one_table(told: Told):
    whole = told.view("/history", limit=500).json()["items"]
    assert len(whole) > 30
    table = rows(told.view("/history", limit=10, format="csv"))
    assert [int(row["version"]) for row in table] == [entry["version"] for entry in whole]


def test_cells_have_the_types_of_their_fields(told: Told):
    told.api.store.portfolio.catch_up(told.api.clock)
    [plan] = told.api.get("/v1/plans").json()["items"]
    sheet = book(told.api.get("/v1/plans", format="xlsx")).active
    header, row = ([cell.value for cell in each] for each in sheet.iter_rows(max_row=2))
    read = dict(zip(header, row, strict=True))
    assert read["account_name"] == plan["account_name"]
    assert read["arr"] == float(plan["arr"])
    assert read["renews_on"] == datetime.fromisoformat(plan["renews_on"])
    assert isinstance(read["last_event_at"], datetime)
    assert read["archived"] is plan["archived"]


def test_everything_of_a_plan_is_a_sheet_for_each_kind_of_thing(told: Told):
    sections = told.view().json()["sections"]
    workbook = told.view(format="xlsx")
    sheets = book(workbook)
    people = sections["stakeholders"]["stakeholders"]
    [header, *read] = sheets["stakeholders"].values
    assert [row[header.index("id")] for row in read] == [person["id"] for person in people]
    assert {row[header.index("section")] for row in read} == {"stakeholders"}
    assert {"plays", "actions", "goals", "opportunities", "contract", "notes"} <= set(sheets.sheetnames)
    # A second reader agrees.
    again = CalamineWorkbook.from_filelike(io.BytesIO(workbook.content)).get_sheet_by_name("stakeholders").to_python()
    assert len(again) == len(people) + 1
    values = rows(told.view(format="csv"))
    play = sections["promises"]["plays"][0] if "promises" in sections else None
    said = {(row["kind"], row["id"], row["field"]): row["value"] for row in values}
    assert said["stakeholders", people[0]["id"], "level"] == people[0]["level"]
    assert play is None or said["plays", play["id"], "title"] == play["title"]


def test_a_formula_is_a_text_and_neutral_where_that_is_asked_for(acme: Api):
    evil = '=HYPERLINK("http://evil")'
    acme.done("write-note", section="plan", text=evil)
    acme.done("set-contract", arr="10", starts_on="2025-01-01", renews_on="2027-01-01", products=["x"])
    acme.done("record-health", as_of_on="2026-01-01", nps="-12")

    def text_of(**asked: str) -> str:
        return acme.view(format="csv", **asked).text

    assert '"=HYPERLINK(""http://evil"")"' in text_of()
    assert '"\'=HYPERLINK(""http://evil"")"' in text_of(neutral="true")
    assert [row["value"] for row in rows(acme.view(format="csv", neutral="true")) if row["field"] == "nps"] == ["-12"]
    [_, note] = book(acme.view(format="xlsx"))["notes"].iter_rows()
    [cell] = [cell for cell in note if cell.value == evil]
    assert cell.data_type == "s"


def test_a_byte_order_mark_is_there_where_it_is_asked_for(acme: Api):
    assert acme.view("/history", format="csv", bom="true").content[:3] == b"\xef\xbb\xbf"
    assert acme.view("/history", format="csv").content[:3] != b"\xef\xbb\xbf"


def test_accept_says_it_as_well_and_json_stays_json(acme: Api):
    assert acme.view("/history", {"Accept": "text/csv"}).headers["content-type"].startswith("text/csv")
    assert acme.view("/history", {"Accept": XLSX}).headers["content-type"] == XLSX
    for liked in ("*/*", "application/json", "text/html,*/*;q=0.8"):
        assert acme.view("/history", {"Accept": liked}).headers["content-type"] == "application/json"
    assert acme.view("/history", format="json").json() == acme.view("/history").json()
    odd = acme.view("/history", format="ods")
    assert_problem(odd, 422, "invalid-parameters", "/format")


def test_a_list_that_is_asked_for_often_takes_accept_as_well(told: Told):
    for path in ("/v1/plans", "/v1/plans/acme", "/v1/plans/acme/reviews"):
        tabled = told.api.get(path, {"Accept": "text/csv"})
        assert tabled.headers["content-type"] == "text/csv; charset=utf-8", path
        for accept in ("*/*", "application/json", "text/csv;q=0.5, application/json"):
            assert told.api.get(path, {"Accept": accept}).headers["content-type"] == "application/json"


@for_each(
    ("form", "media_type", "begins"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("md", "text/markdown; charset=utf-8", b"# "),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
def test_a_plan_as_a_document_is_its_canvas_at_the_same_cut(told: Told, form, media_type, begins):
    for cut in ("now", "2026-01-20"):
        said = told.view(format=form, as_of=cut)
        assert (said.status_code, said.headers["content-type"]) == (200, media_type), said.text
        assert said.content.startswith(begins)
        if form != "pdf":
            assert said.content == told.view("/packs/canvas", format=form, as_of=cut).content
    accepted = told.view("", {"Accept": media_type.partition(";")[0]})
    assert accepted.headers["content-type"] == media_type
    assert_problem(told.view(format="docx"), 422, "invalid-parameters", "/format")
    assert_problem(told.view(format=form, as_of="version:9999"), 422, "cut-in-the-future", "/as_of")


def test_a_table_refuses_as_its_view_does(told: Told):
    nobody = told.api.get("/v1/plans/nobody/history", format="csv")
    assert_problem(nobody, 404, "unknown-plan")
    assert_problem(told.view("/history", limit=0, format="xlsx"), 422, "invalid-parameters", "/limit")
    assert told.api.get("/v1/plans", as_("ann"), format="csv").headers["cache-control"] == "private, no-store"


def test_every_view_that_is_a_list_has_columns(service: Api):
    lists = [
        route for route in service.app.router.routes if isinstance(route, APIRoute) and is_tabular(route.response_model)
    ]
    assert len(lists) > 8
    for route in lists:
        if "items" in route.response_model.model_fields:
            names = [column.name for column in columns_of(item_of(route.response_model))]
            assert names, route.path
            assert len(names) == len(set(names)), route.path


def test_a_number_with_more_digits_than_excel_keeps_is_a_text():
    assert exact("123456789012345") == 123456789012345
    assert exact("1234567890123456") is None
    assert exact("0.1") == 0.1


@for_each(
    ("typed", "neutral"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("\n=1+1", "'\n=1+1"),
        ("＋1", "'＋1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+1|cmd", "'-1+1|cmd"),
        ("+43 1 234", "'+43 1 234"),
        ("-120.50", "-120.50"),
        ("a=1", "a=1"),
    ],
)
def test_what_could_be_a_formula_is_neutral_and_a_number_stays_one(tmp_path, typed, neutral):
    with CsvWriter(tmp_path / "table.csv", neutral=True) as out:
        out.begin("table", [Column(("said",), "text")])
        out.add({"said": typed})
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["said"], [neutral]]


def test_a_workbook_keeps_what_excel_can_and_says_where_it_could_not(tmp_path):
    """Of mixed values numbers are numbers; days before 1900 are texts; a long text shows that it was cut."""
    with XlsxWriter(tmp_path / "table.xlsx") as out:
        out.begin("table", [Column(("value",), "text"), Column(("day",), "day"), Column(("text",), "text")])
        out.add({"value": 7, "day": "1899-12-31", "text": "x" * 40_000})
        out.add({"value": -0.5, "day": "1900-03-01", "text": "😀" * 20_000})
    [_, first, second] = openpyxl.load_workbook(tmp_path / "table.xlsx").active.values
    assert first == (7, "1899-12-31", "x" * 32_766 + "…")
    assert second == (-0.5, datetime(1900, 3, 1), "😀" * 16_383 + "…")


def test_a_problem_of_a_later_page_is_the_answer():
    asked: list[str] = []

    async def page(request: Request) -> Response:
        asked.append(str(request.query_params))
        assert is_for_table(request)
        if "cursor" in request.query_params:
            return JSONResponse({"code": "store-unavailable"}, 503)
        return JSONResponse({"items": [], "next": "two"})

    table = ViewWithTables(request_response(page), PortfolioPage, "plans", longest_page=200)
    answer = TestClient(table).get("/", params={"format": "csv", "limit": "1", "tier": "growth"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert asked == ["limit=1&tier=growth", "tier=growth&limit=200&cursor=two"]


@pytest.mark.parametrize("ends_at", ["http.response.start", "http.response.body", None])
def test_a_table_is_deleted_whether_or_not_it_was_sent_to_the_end(tmp_path, ends_at):
    """A right may end in the middle of it, and the table holds words of people in clear."""
    file, sent = tmp_path / "table.csv", list[str]()
    file.write_text("name\nMaria Held\n")

    async def send(message: Message) -> None:
        if message["type"] == ends_at:
            raise PermissionEnded
        sent.append(message["type"])

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "headers": []}
    try:
        asyncio.run(SentOnce(file)(scope, receive, send))
    except PermissionEnded:
        assert ends_at
    begun = [] if ends_at == "http.response.start" else ["http.response.start"]
    assert (sent[:1], file.exists()) == (begun, False)
