"""Measures over HTTP: figures of the plans a caller sees, as JSON or as a table."""

import csv
from io import StringIO

import pytest

from tests.api import Api, assert_problem
from tests.cases import for_each
from tests.histories import instant

PATH = "/v1/measures"


@pytest.fixture
def sold(api: Api) -> Api:
    """Return a service on 10 April. In January, Ann opened plans in euros and in dollars, and each won something."""
    api.clock.now = instant("2026-01-05")
    for account, currency in (("acme", "EUR"), ("beta", "USD")):
        terms = {"account_name": account, "tier": "growth", "owner": "ann", "currency": currency, "timezone": "UTC"}
        api.do("open-plan", account_id=account, **terms)
        deal = {"name": "Line B", "amount": "90", "stage": "offer", "close_on": "2026-06-30", "source": "plan"}
        api.of(account).done("open-opportunity", id="deal", **deal)
    for account, day in (("acme", "2026-02-28"), ("beta", "2026-03-01")):
        api.clock.now = instant(day)
        api.of(account).done("win-opportunity", id="deal", won_on=day, amount="80")
    api.clock.now = instant("2026-04-10")
    return api


def test_what_was_won_is_told_by_month_and_currency(sold: Api) -> None:
    answer = sold.get(PATH, measure="arr_won", by="owner", **{"from": "2026-01"})
    found = answer.json()
    assert (found["from"], found["to"], found["by"], found["rates"]) == ("2026-01", "2026-03", "owner", [])
    [won] = found["items"]
    assert (won["measure"], won["unit"], won["told_apart_by"]) == ("arr_won", "money", None)
    values = {each["currency"]: [point["value"] for point in each["points"]] for each in won["series"]}
    assert values == {"EUR": ["0", "80", "0"], "USD": ["0", "0", "80"]}
    assert won["series"][0]["group"] == "ann"
    assert won["series"][0]["points"][1] == {
        "month": "2026-02",
        "value": "80",
        "change": "80",
        "plans": 1,
        "policy_versions": [0],
        "provisional": False,
    }


def test_with_a_programs_rates_there_is_a_sum_of_all(sold: Api) -> None:
    sold.clock.now = instant("2026-04-11")
    opened = sold.post("/v1/program", {"name": "Strategic accounts", "currency": "EUR", "timezone": "UTC"})
    assert opened.status_code == 201, opened.text
    body = {"as_of_on": "2026-04-11", "rates": {"USD": "0.9"}}
    assert sold.post("/v1/program/set-exchange-rates", body).is_success
    found = sold.get(PATH, measure="pipeline_created", **{"from": "2026-01", "to": "2026-04"}).json()
    [rates] = found["rates"]
    assert (rates["month"], rates["as_of_on"], rates["rates"]) == ("2026-04", "2026-04-11", {"USD": "0.9"})
    [converted] = [each for each in found["items"][0]["series"] if each["converted"]]
    assert [point["value"] for point in converted["points"]] == [None, None, None, "0"]


def test_a_month_that_is_over_has_the_etag_it_had_whatever_is_recorded_later(sold: Api) -> None:
    asked = {"measure": "findings", "from": "2026-03", "to": "2026-03"}
    tag = {"If-None-Match": sold.get(PATH, **asked).headers["etag"]}
    sold.of("acme").done("reopen-opportunity", id="deal", reason="Not signed")
    assert sold.get(PATH, tag, **asked).status_code == 304


@pytest.mark.parametrize("asking", [{"format": "csv"}, {"Accept": "text/csv, application/json;q=0.5"}])
def test_a_spreadsheet_gets_a_line_for_each_group_and_month(sold: Api, asking: dict[str, str]) -> None:
    sold.of("acme").done("rename-account", account_name="=Acme()")
    parameters = {"measure": "arr_won", "by": "plan", "from": "2026-03", "to": "2026-04"}
    headers = {"Accept": asking["Accept"]} if "Accept" in asking else None
    answer = sold.get(PATH, headers, **parameters, **({} if headers else asking))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [(row["group"], row["month"], row["value"], row["provisional"]) for row in rows] == [
        ("acme", "2026-03", "0", "no"),
        ("acme", "2026-04", "0", "yes"),
        ("beta", "2026-03", "80", "no"),
        ("beta", "2026-04", "0", "yes"),
    ]
    assert rows[0]["name"] == "'=Acme()"  # a spreadsheet would reckon with it


@for_each(
    ("parameters", "type", "pointer"),
    [
        ({}, "invalid-parameters", "/measure"),
        ({"measure": "happiness"}, "invalid-parameters", None),
        ({"measure": "arr", "by": "colour"}, "invalid-parameters", "/by"),
        ({"measure": "arr", "from": "May"}, "unknown-month", "/from"),
        ({"measure": "arr", "to": "2026-05"}, "month-in-the-future", "/to"),
        ({"measure": "arr", "from": "2026-04", "to": "2026-03"}, "months-out-of-order", "/from"),
        ({"measure": "arr", "from": "1999-04"}, "months-out-of-order", "/from"),
        ({"measure": "arr", "currency": "euro"}, "invalid-parameters", "/currency"),
        ({"measure": "arr", "until": "2026-03"}, "invalid-parameters", None),
    ],
)
def test_what_cannot_be_measured_is_a_problem_that_says_why(
    sold: Api, parameters: dict[str, str], type: str, pointer: str | None
) -> None:
    assert_problem(sold.get(PATH, **parameters), 422, type, pointer)
