"""Said versus did over HTTP."""

import json

import pytest

from adapters.postgres import recorder
from application.aggregates.ports import StoreUnavailable
from tests.api import Api
from tests.cases import for_each
from tests.histories import instant
from tests.places import ROOT

WORKED_CASE = ROOT / "tests" / "scenarios" / "worked-case.jsonl"


@pytest.fixture
def worked(api: Api) -> Api:
    """Return the service on 2 April, after the worked case was said over HTTP on its days."""
    for line in map(json.loads, WORKED_CASE.read_text().splitlines()):
        api.clock.now = instant(line["at"])
        api.done(line["command"], **line["body"])
    api.clock.now = instant("2026-04-02")
    return api


def test_the_last_two_reviews_are_compared_if_nothing_is_said(worked: Api) -> None:
    answer = worked.view("/said-vs-did")
    found = answer.json()
    assert list(found)[:2] == ["plan", "plan_id"]
    assert (found["from"]["cut"], found["to"]["cut"]) == ("review:R1", "review:R2")
    assert found["score"]["keep_rate"] == 0.3333
    assert {row["id"]: row["outcome"] for row in found["carried"]} == {"qbr-date": "late"}
    assert worked.view("/said-vs-did", **{"from": "review:R1", "to": "review:R2"}).json() == found


def test_an_unchanged_report_is_not_sent_again_and_one_between_past_cuts_stays_unchanged(worked: Api) -> None:
    cuts = {"from": "review:R1", "to": "review:R2"}
    answer = worked.view("/said-vs-did", **cuts)
    worked.done("reopen-play", id="tour", reason="Again")
    worked.clock.forward(days=3)
    assert worked.view("/said-vs-did", {"If-None-Match": answer.headers["etag"]}, **cuts).status_code == 304
    assert worked.view("/said-vs-did", **cuts).content == answer.content


@for_each(
    ("cuts", "type"),
    [
        ({"from": "review:R2", "to": "review:R1"}, "cuts-out-of-order"),
        ({"from": "review:R9"}, "unknown-cut"),
        ({"to": "review:R9"}, "unknown-cut"),
        ({"to": "2026-12-31"}, "cut-in-the-future"),
        ({"from": "2026-01-01", "to": "2026-01-31"}, "cut-before-plan-opened"),
        ({"to": "review:R1"}, "not-two-reviews"),
        ({"until": "now"}, "invalid-parameters"),
    ],
)
def test_what_cannot_be_compared_is_a_problem_that_says_why(worked: Api, cuts: dict[str, str], type: str) -> None:
    answer = worked.view("/said-vs-did", **cuts)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{type}")
    assert len(answer.json()["detail"]) > 20


def test_a_plan_without_reviews_says_that_there_are_none(api: Api) -> None:
    plan = api.with_a_plan("quiet")
    answer = plan.view("/said-vs-did")
    assert answer.status_code == 422
    assert "No review was held" in answer.json()["detail"]
    assert plan.of("nobody").view("/said-vs-did").status_code == 404


def test_a_report_up_to_today_is_provisional(worked: Api) -> None:
    assert worked.view("/said-vs-did", **{"from": "review:R2", "to": "2026-04-02"}).json()["provisional"]


def test_the_month_of_all_plans_is_told(worked: Api) -> None:
    worked.with_a_plan("quiet")
    answer = worked.get("/v1/reports/said-vs-did", month="2026-03")
    found = answer.json()
    assert {plan["plan"]: plan["score"]["scored"] for plan in found["plans"]} == {"acme": 6}
    assert (found["month"], found["provisional"]) == ("2026-03", False)
    assert found["totals"]["score"] == found["plans"][0]["score"]
    tag = {"If-None-Match": answer.headers["etag"]}
    assert worked.get("/v1/reports/said-vs-did", tag, month="2026-03").status_code == 304
    worked.done("write-note", id="n", section="plan", text="News")
    assert worked.get("/v1/reports/said-vs-did", tag, month="2026-03").status_code == 200


def test_a_month_that_is_over_and_kept_is_the_same_report_and_is_not_sent_again_whatever_happens(worked: Api) -> None:
    asked = "/v1/reports/said-vs-did"
    computed = worked.get(asked, month="2026-03")
    worked.store.month_ends.catch_up(worked.clock)
    answer = worked.get(asked, month="2026-03")
    assert answer.content == computed.content
    tag = {"If-None-Match": answer.headers["etag"]}
    worked.done("write-note", id="n", section="plan", text="News")
    worked.store.month_ends.catch_up(worked.clock)
    assert worked.get(asked, tag, month="2026-03").status_code == 304
    assert worked.get(asked, tag, month="2026-04").status_code == 200
    assert worked.get(asked, tag, month="2026-03", format="md").status_code == 200
    assert worked.get(asked, month="2026-03", owner="nobody").json()["plans"] == []
    worked.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    assert worked.get(asked, tag, month="2026-03").status_code == 304
    worked.done("forget-stakeholder", id="coo")  # whose words the report might tell
    assert worked.get(asked, tag, month="2026-03").status_code == 200


def test_a_month_that_goes_on_is_asked_anew_every_day(worked: Api) -> None:
    answer = worked.get("/v1/reports/said-vs-did", month="2026-04")
    assert answer.json()["provisional"]
    worked.clock.forward(days=1)
    tag = {"If-None-Match": answer.headers["etag"]}
    assert worked.get("/v1/reports/said-vs-did", tag, month="2026-04").status_code == 200


def test_a_month_without_plans_is_an_answer_too(worked: Api) -> None:
    for parameters in ({"month": "2025-01"}, {"month": "2026-03", "owner": "nobody"}):
        found = worked.get("/v1/reports/said-vs-did", **parameters).json()
        assert (found["plans"], found["totals"]["plans"], found["worst_slips"]) == ([], 0, [])


@for_each(
    ("parameters", "type"),
    [
        ({"month": "2026-05"}, "month-in-the-future"),
        ({"month": "May"}, "unknown-month"),
        ({}, "invalid-parameters"),
        ({"month": "2026-03", "tier": "gold"}, "invalid-parameters"),
    ],
)
def test_a_month_that_cannot_be_told_is_a_problem(worked: Api, parameters: dict[str, str], type: str) -> None:
    answer = worked.get("/v1/reports/said-vs-did", **parameters)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{type}")


def test_a_store_that_is_down_is_told_before_the_answer_begins(worked: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(recorder.PlanRecorder, "_next_aggregates", down)
    assert worked.get("/v1/reports/said-vs-did", month="2026-03").status_code == 503
