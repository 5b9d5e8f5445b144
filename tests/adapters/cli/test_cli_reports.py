"""Reports on the command line: in the terminal, in files, and what is refused."""

import json
from pathlib import Path

import pytest

from tests.adapters.cli.test_cli import plantrail, refused, told, told_store, views
from tests.cases import for_each

__all__ = ["told", "told_store", "views"]

SAID_VS_DID = ("said-vs-did", "acme", "--from", "review:R1", "--to", "review:R2")


def test_the_report_of_a_plan_begins_with_the_score_in_words(told):
    shown = plantrail(*SAID_VS_DID, **told).stdout
    assert shown.startswith("2 of 6 promises kept, one late")
    assert "Said versus did: Acme Manufacturing  review R1, 2 Mar 2026 → review R2, 1 Apr 2026" in shown
    for section in ("What was said", "What was carried over", "What was added since", "Blind spots", "Trend"):
        assert section in shown


def test_left_out_the_last_two_reviews_of_a_kind_are_compared(told):
    assert plantrail("said-vs-did", "acme", **told).stdout == plantrail(*SAID_VS_DID, **told).stdout


def test_json_is_what_http_answers_byte_for_byte(told, views):
    answered = views("/v1/plans/acme/said-vs-did?from=review:R1&to=review:R2")
    assert plantrail(*SAID_VS_DID, "--format", "json", **told).stdout_bytes == answered + b"\n"
    month = views("/v1/reports/said-vs-did?month=2026-03&tier=strategic")
    written = plantrail("report", "month", "2026-03", "--tier", "strategic", "--format", "json", **told).stdout_bytes
    assert written == month + b"\n"


@pytest.mark.parametrize(
    ("format", "begins"), [("html", b"<!DOCTYPE html>"), ("md", b"# 2 of 6 promises kept"), ("pdf", b"%PDF")]
)
def test_every_form_is_written_to_a_file_or_sent_on(format, begins, told, tmp_path):
    file = tmp_path / f"report.{format}"
    assert plantrail(*SAID_VS_DID, "--format", format, **told).stdout_bytes.startswith(begins)
    result = plantrail(*SAID_VS_DID, "-o", str(file), **told)
    assert result.stdout == ""
    assert f"The report is written to {file}." in " ".join(result.stderr.split())
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize("name", ["review.docx", "review", "review.md.bak"])
def test_a_file_whose_name_says_no_form_is_refused_and_not_written(name, told, tmp_path):
    why = refused(*SAID_VS_DID, "-o", str(tmp_path / name), **told)
    assert why.startswith(f"No form of the report ends in “{Path(name).suffix or name}”.")
    assert ".json, .md, .html, .pdf, .pptx, .txt" in why
    assert "No form" in refused("report", "month", "2026-03", "-o", str(tmp_path / name), **told)
    assert list(tmp_path.iterdir()) == []
    plantrail(*SAID_VS_DID, "-o", str(tmp_path / name), "--format", "md", **told)
    assert (tmp_path / name).read_text().startswith("# 2 of 6")


def test_a_form_and_an_ending_that_say_different_things_are_refused(told, tmp_path):
    for words in (SAID_VS_DID, ["pack", "acme", "canvas"]):
        why = refused(*words, "-o", str(tmp_path / "review.md"), "--format", "pdf", **told)
        assert "review.md is to be of the form pdf, but ends as md" in " ".join(why.split()), why
    assert list(tmp_path.iterdir()) == []


def test_the_ending_of_a_name_decides_however_it_is_written(told, tmp_path):
    plantrail(*SAID_VS_DID, "-o", str(tmp_path / "REVIEW.MD"), **told)
    assert (tmp_path / "REVIEW.MD").read_text().startswith("# 2 of 6")


def test_a_text_file_holds_what_the_terminal_would_show(told, tmp_path):
    file = tmp_path / "report.txt"
    plantrail(*SAID_VS_DID, "-o", str(file), **told)
    assert file.read_text().startswith("2 of 6 promises kept")
    plantrail(*SAID_VS_DID, "-o", str(file), "--format", "json", **told)
    assert json.loads(file.read_text())["score"]["kept"] == 2


def test_the_report_of_a_month(told):
    shown = plantrail("report", "month", "2026-03", **told).stdout
    assert "promises kept across one plan" in shown.splitlines()[0]
    for words in ("March 2026", "By owner", "By tier", "Plan by plan", "The worst slips", "Acme Manufacturing"):
        assert words in shown
    assert plantrail("report", "month", "2026-03", "--owner", "nobody", **told).stdout.startswith("There was no plan")


def test_measures_are_told_by_month_as_http_answers_them(told, views):
    asked = ("measures", "--measure", "on_schedule", "--measure", "findings", "--by", "owner", "--from", "2026-01")
    answered = views("/v1/measures?measure=on_schedule&measure=findings&by=owner&from=2026-01&to=2026-03")
    assert plantrail(*asked, "--to", "2026-03", "--json", **told).stdout_bytes == answered + b"\n"
    shown = plantrail(*asked, "--to", "2026-03", **told).stdout
    for words in ("On schedule", "Findings", "Severity", "2026-03", "Change", "warning"):
        assert words in shown
    table = plantrail(*asked, "--to", "2026-03", "--csv", **told).stdout
    assert table.startswith("measure,unit,by,group,")
    assert "did you mean “arr_won”?" in plantrail("measures", "--measure", "arr_wom", code=2, **told).stderr
    assert "more than 60 months" in refused("measures", "--measure", "arr", "--from", "1999-01", **told)


@for_each(
    ("words", "told_why"),
    [
        (("said-vs-did", "nobody"), "There is no plan “nobody”."),
        (("said-vs-did", "acme", "--from", "review:R9"), "No review “R9” was held in this plan."),
        (("said-vs-did", "acme", "--from", "review:R2", "--to", "review:R1"), "must not be later than the second"),
        (("said-vs-did", "acme", "--to", "2020-01-01"), "2020-01-01"),
        (("report", "month", "2026-13"), "not a month"),
        (("report", "month", "2999-01"), "still to come"),
    ],
)
def test_what_cannot_be_reported_is_said_in_words(words, told_why, told):
    assert told_why in refused(*words, **told)


def test_a_file_that_cannot_be_written_is_named(told, tmp_path: Path):
    assert str(tmp_path / "no" / "report.pdf") in refused(
        *SAID_VS_DID, "-o", str(tmp_path / "no" / "report.pdf"), **told
    )
