"""The first line of a report, as a sales leader would say it."""

from typing import Any

from adapters.rendering.document import clean
from adapters.rendering.wording import headline, month_headline, percent, quoted
from tests.cases import for_each
from tests.reports import demo, month, parsed, worked_case

NONE = dict.fromkeys("scored kept late failed dropped slipped missed pending".split(), 0)


def row(
    outcome: str, *flags: str, title: str = "Executive meeting", side: str = "us", days_late: int | None = None
) -> Any:
    return {"title": title, "side": side, "outcome": outcome, "flags": list(flags), "days_late": days_late}


def said(*rows: Any, provisional: bool = False, added: Any = ()) -> Any:
    ours = [each for each in rows if each["side"] == "us" and "already_done" not in each["flags"]]
    counts = {outcome: sum(each["outcome"] == outcome for each in ours) for outcome in NONE}
    score = counts | {"scored": sum(each["outcome"] != "pending" for each in ours)}
    return {"score": score, "said": list(rows), "added": list(added), "provisional": provisional}


KEPT, LATE, MISSED, SLIPPED, DROPPED, FAILED, PENDING = map(
    row, "kept late missed slipped dropped failed pending".split()
)
SILENT = row("slipped", "unexplained")


@for_each(
    ("report", "line"),
    [
        (said(), "Nothing was promised."),
        (said(added=[KEPT, LATE]), "Nothing was promised; two things were done without being said."),
        (said(added=[KEPT, PENDING]), "Nothing was promised; one thing was done without being said."),
        (said(PENDING), "Nothing was due yet; one promise is still open."),
        (said(PENDING, PENDING), "Nothing was due yet; two promises are still open."),
        (said(row("kept", "already_done")), "Nothing that was said can be scored."),
        (said(row("missed", side="customer")), "Nothing that was said can be scored."),
        (said(KEPT), "The one promise that was due was kept."),
        (said(LATE), "The one promise that was due was late."),
        (said(SLIPPED), "The one promise that was due was moved to a later day."),
        (said(KEPT, KEPT, KEPT), "All 3 promises kept."),
        (said(KEPT, KEPT, PENDING), "All 2 promises kept."),
        (said(DROPPED, LATE), "None of 2 promises kept, one late, one dropped."),
        (said(KEPT, FAILED), "1 of 2 promises kept, one tried without success."),
        (said(KEPT, KEPT, *[SLIPPED] * 13), "2 of 15 promises kept, 13 moved to a later day."),
        (
            said(KEPT, LATE, SILENT),
            "1 of 3 promises kept, one late, one moved to a later day; “Executive meeting” was moved without a reason.",
        ),
        (
            said(KEPT, SILENT, SILENT),
            "1 of 3 promises kept, two moved to a later day; two were moved without a reason.",
        ),
        (
            said(KEPT, row("kept", "unexplained", title="Pilot")),
            "All 2 promises kept; “Pilot” was moved without a reason.",
        ),
        (
            said(KEPT, row("missed", title="A", days_late=3), row("missed", title="B", days_late=21)),
            "1 of 3 promises kept, two missed; “B” is 21 days overdue.",
        ),
        (said(KEPT, row("missed", "unexplained", side="customer")), "The one promise that was due was kept."),
        (said(KEPT, MISSED, provisional=True), "So far: 1 of 2 promises kept, one missed."),
    ],
)
def test_the_first_line_says_the_score_and_what_wants_explaining(report, line):
    assert headline(report) == line


def test_the_first_line_of_the_worked_case():
    assert headline(parsed(worked_case())) == (
        "2 of 6 promises kept, one late, one moved to a later day, one missed, one dropped;"
        " “Executive meeting with benchmark pack” was moved without a reason."
    )


def test_the_first_line_of_the_demo_names_the_promise_that_waits_longest():
    assert headline(parsed(demo())) == (
        "1 of 6 promises kept, two late, two moved to a later day, one missed;"
        " the action marlow-visit is six days overdue."
    )


def test_the_first_line_of_a_month_speaks_of_all_plans():
    told = month_headline(parsed(month("retailer", "manufacturer", "win-back")))
    assert told == "3 of 13 promises kept across three plans, two late, three moved to a later day, five missed."
    assert month_headline(parsed(month())) == "There was no plan to report on."


@for_each(
    ("rate", "told"), [(None, "–"), (0, "0 %"), (0.3333, "33 %"), (0.125, "13 %"), (0.005, "1 %"), (1.0, "100 %")]
)
def test_rates_are_rounded_half_up(rate, told):
    assert percent(rate) == told


def test_long_titles_are_cut_between_words():
    assert quoted("short") == "“short”"
    assert quoted("word " * 30) == f"“{('word ' * 12).strip()} …”"
    assert quoted("x" * 80) == f"“{'x' * 60} …”"


def test_words_cannot_steer_the_line_they_stand_in():
    assert clean("a\u202eb\u2066c\x1b[31m\n d\u00a0e") == "abc�[31m d e"
