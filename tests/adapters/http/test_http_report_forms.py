"""Reports over HTTP in the form the caller would have."""

from collections.abc import Iterator

import pytest

from adapters.postgres.store import opened
from adapters.rendering.reports import document
from adapters.rendering.style import security_policy
from tests.api import Api, assert_problem, served
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.pdfs import pages_of

REPORT = "/v1/plans/acme/said-vs-did"
MONTH = "/v1/reports/said-vs-did"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
REVIEW = {"kind": "weekly", "audience": "internal", "ours": ["ann"], "theirs": []}


@pytest.fixture(scope="module")
def reviewed(stores: Stores) -> Iterator[Api]:
    """Yield the service with a plan of two reviews and a promise kept between them. Tests must not change it."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        acme = api.with_a_plan("acme")
        acme.done(
            "plan-play", id="p", title="P", kind="proof", owner="ann", due_on="2026-01-09", success_measure="It runs"
        )
        acme.done("hold-review", id="R1", held_on="2026-01-05", **REVIEW)
        acme.clock.forward(days=3)
        acme.done("win-play", id="p", finished_on="2026-01-08", result="It ran")
        acme.done("hold-review", id="R2", held_on="2026-01-08", **REVIEW)
        yield acme


@for_each("path", [REPORT, f"{MONTH}?month=2026-01"])
@for_each(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        (BROWSER, "text/html; charset=utf-8"),
        ("text/markdown", "text/markdown; charset=utf-8"),
        ("application/pdf", "application/pdf"),
        ("text/*", "text/html; charset=utf-8"),
        ("application/json;q=0.1, text/html;q=0.2, text/markdown;q=0", "text/html; charset=utf-8"),
        ("image/png, application/pdf; q=0.5", "application/pdf"),
        ("application/json;q=nonsense, text/html;q=0.1", "text/html; charset=utf-8"),
    ],
)
def test_the_form_is_what_accept_likes_best(path, accept, media_type, reviewed):
    answer = reviewed.get(path, headers={"Accept": accept} if accept else {"Accept": ""})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Authorization, Accept"


@pytest.mark.parametrize("path", [REPORT, f"{MONTH}?month=2026-01"])
def test_what_is_to_be_had_in_no_form_that_is_accepted_is_said(path, reviewed):
    answer = reviewed.get(path, headers={"Accept": "image/png, text/html;q=0"})
    assert_problem(answer, 406, "not-acceptable")


@pytest.mark.parametrize(
    ("format", "begins"), [("json", b"{"), ("html", b"<!DOCTYPE html>"), ("md", b"# "), ("pdf", b"%PDF")]
)
def test_the_query_says_the_form_whatever_is_accepted(format, begins, reviewed):
    for path, parameters in ((REPORT, {}), (MONTH, {"month": "2026-01"})):
        answer = reviewed.get(path, headers={"Accept": "image/png"}, format=format, **parameters)
        assert answer.content.startswith(begins)


def test_a_form_there_is_not_is_refused(reviewed):
    assert_problem(reviewed.get(REPORT, format="docx"), 422, "invalid-parameters", "/format")


def test_every_form_says_the_same(reviewed):
    for name, path, parameters in (("said-vs-did", REPORT, {}), ("month", MONTH, {"month": "2026-01"})):
        headline = document(name, reviewed.get(path, **parameters).json()).headline
        for format in ("html", "md"):
            assert headline in reviewed.get(path, format=format, **parameters).text
        first, *_ = pages_of(reviewed.get(path, format="pdf", **parameters).content)
        assert headline in " ".join(first.split())


def test_a_page_comes_with_leave_for_its_style_alone_and_every_form_with_a_name(reviewed):
    page, pdf = reviewed.get(REPORT, format="html"), reviewed.get(REPORT, format="pdf")
    assert page.headers["content-security-policy"] == security_policy()
    assert page.headers["content-disposition"] == 'inline; filename="said-vs-did-acme.html"'
    assert pdf.headers["content-disposition"] == 'inline; filename="said-vs-did-acme.pdf"'


@pytest.mark.parametrize("path", [REPORT, f"{MONTH}?month=2026-01"])
def test_each_form_has_a_tag_of_its_own_and_is_not_sent_twice(path, reviewed):
    answers = {form: reviewed.get(path, headers={"Accept": form}) for form in ("application/json", "text/html")}
    tags = {form: answer.headers["etag"] for form, answer in answers.items()}
    assert len(set(tags.values())) == 2
    for form, tag in tags.items():
        other = next(each for each in tags if each != form)
        assert reviewed.get(path, headers={"Accept": form, "If-None-Match": tag}).status_code == 304
        assert reviewed.get(path, headers={"Accept": other, "If-None-Match": tag}).status_code == 200


def test_the_same_page_is_served_again_as_the_same_bytes(reviewed):
    assert reviewed.get(REPORT, format="pdf").content == reviewed.get(REPORT, format="pdf").content


def test_the_document_tells_of_the_forms(reviewed):
    paths = reviewed.get("/openapi.json").json()["paths"]
    for path in ("/v1/plans/{plan}/said-vs-did", MONTH):
        told = paths[path]["get"]["responses"]
        assert set(told["200"]["content"]) == {
            "application/json",
            "text/html",
            "text/markdown",
            "application/pdf",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
        assert "406" in told
