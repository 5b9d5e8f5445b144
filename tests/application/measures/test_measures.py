"""Every measure, in months on both sides of its boundaries, and what a month that is over says for ever."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

from application.measures.measure import ALL, MEASURE_NAMES, MeasureName, added, value_of
from application.measures.measured import measured_months
from application.measures.registry import MEASURES, figures_of
from application.measures.revenue import won as won_opportunities
from application.reports.months import Month, month_named, months_between
from domain.account_plan.accounts import PlanMerged
from domain.program import PROGRAM
from tests.application.findings.stories import (
    action,
    cell,
    goal,
    in_order,
    member,
    offering,
    opportunity,
    person,
    touch,
    unit,
)
from tests.cases import for_each
from tests.everything import HYPOTHESIS, PLAY, RISK, Line
from tests.examples import examples
from tests.histories import History, instant, opened, said_at_random
from tests.measures_table import TABLE, table

AT_THE_END = instant("2027-12-31")

Values = str | None | Mapping[str, str]
"""Of one measure in one month: its value, or several by what they are told apart by."""


def months(first: str, last: str | None = None) -> list[Month]:
    return months_between(month_named(first, AT_THE_END), month_named(last or first, AT_THE_END))


def values(
    history: History, measure: MeasureName, first: str, last: str | None = None, program: History | None = None
) -> dict[str, Values]:
    """By month."""
    records = program.known.records if program else ()
    found = {}
    for at in measured_months(history.known, months(first, last), AT_THE_END, records):
        figures = MEASURES[measure].judge(at)
        each = {key: str(value_of(MEASURES[measure].adding, parts)) for key, parts in figures.items()}
        found[str(at.month)] = each if MEASURES[measure].by else each.get(ALL)
    return found


def told(lines: Iterable[Line], **more: Any) -> History:
    history = opened(**more)
    for when, command, body in in_order(list(lines)):
        history.on(when, command, **body)
    return history


@dataclass(frozen=True)
class Story:
    """What a measure says, month by month, where this is told."""

    measure: MeasureName
    told: Sequence[Line]
    said: Mapping[str, Values]
    tier: str = "strategic"

    def __str__(self) -> str:
        return f"{self.measure} {' '.join(self.said)}"


def contract(when: str, arr: str) -> Line:
    terms = {"arr": arr, "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
    return when, "set-contract", terms


def won(id: str, when: str, amount: str = "80000", won_on: str = "", **more: Any) -> Line:
    return when, "win-opportunity", {"id": id, "won_on": won_on or when[:10], "amount": amount, **more}


def play(id: str, when: str = "2026-01-06", due_on: str = "2026-12-31", **more: Any) -> Line:
    return when, "plan-play", {"id": id, "title": "Pilot on line B", "due_on": due_on, **PLAY} | more


def ended(id: str, when: str, as_: str = "win-play", finished_on: str = "") -> Line:
    return when, as_, {"id": id, "finished_on": finished_on or when, "result": "27 %"}


def started(id: str, when: str, **more: Any) -> Line:
    return when, "start-play", {"id": id, **more}


def done(id: str, when: str, finished_on: str = "") -> Line:
    return when, "complete-action", {"id": id, "finished_on": finished_on or when, "result": "Sent"}


def hypothesis(id: str, expected: str, when: str = "2026-01-06", **more: Any) -> Line:
    return when, "propose-hypothesis", {"id": id, **HYPOTHESIS, "expected": expected} | more


def risk(id: str, when: str = "2026-01-06", **more: Any) -> Line:
    return when, "raise-risk", {"id": id, "statement": "Night shift does not use it", **RISK} | more


def next_step(due_on: str, when: str = "2026-01-06") -> Line:
    step = {"id": "deal", "statement": "Send the offer", "owner": "ann", "due_on": due_on}
    return when, "set-next-best-action", step


def rated(id: str, strength: int, member: str = "ann", when: str = "2026-01-06") -> Line:
    return when, "rate-relationship", {"id": id, "member": member, "strength": strength}


def held(id: str, when: str, kind: str = "monthly", theirs: Sequence[str] = ()) -> Line:
    review = {"kind": kind, "audience": "customer" if theirs else "internal", "held_on": when, "ours": ["ann"]}
    return when, "hold-review", {"id": id, **review, "theirs": list(theirs)}


ONE_YEAR = [contract("2026-01-31", "100")]
BUYER = person("cfo", level="executive", roles=["economic_buyer"])
SPONSOR = person("coo", level="executive", roles=["executive_sponsor"])

STORIES: list[Story] = [
    Story("arr", [contract("2026-02-28T22:59Z", "100")], {"2026-01": None, "2026-02": "100", "2026-03": "100"}),
    Story("arr", [contract("2026-02-28T23:00Z", "100")], {"2026-02": None, "2026-03": "100"}),  # March in Berlin
    Story(
        "net_retention",
        [*ONE_YEAR, contract("2027-01-31", "120"), contract("2027-02-01", "90")],
        {"2026-12": None, "2027-01": "1.2000", "2027-02": "0.9000"},
    ),
    *(
        Story("nrr_class", [*ONE_YEAR, contract("2027-01-31", arr)], {"2026-12": {}, "2027-01": {of: "1"}})
        for arr, of in (
            ("89.99", "under 90 %"),
            ("90", "90 to 100 %"),
            ("99.99", "90 to 100 %"),
            ("100", "100 to 110 %"),
            ("110", "100 to 110 %"),
            ("110.01", "over 110 %"),
        )
    ),
    Story(
        "nrr_migrations",
        [*ONE_YEAR, contract("2027-01-31", "120"), contract("2027-03-31", "80")],
        {"2027-01": {}, "2027-02": {}, "2027-03": {"over 110 % → under 90 %": "1"}, "2027-04": {}},
    ),
    Story(
        "arr_won",
        [
            opportunity(),
            won("deal", "2026-03-31"),
            ("2026-05-01", "reopen-opportunity", {"id": "deal", "reason": "Not signed"}),
        ],
        {"2026-02": "0", "2026-03": "80000", "2026-04": "0", "2026-05": "-80000"},
    ),
    Story(
        "arr_won_by_source",
        [
            opportunity(),
            opportunity("friend", source="referral"),
            won("deal", "2026-03-31"),
            won("friend", "2026-03-31", "5"),
        ],
        {"2026-02": {}, "2026-03": {"plan": "80000", "referral": "5"}, "2026-04": {}},
    ),
    Story("attributable_arr", [opportunity(), won("deal", "2026-03-02")], {"2026-03": "80000", "2026-04": "0"}),
    Story("attributable_arr", [opportunity(source="inbound"), won("deal", "2026-03-02")], {"2026-03": "0"}),
    Story(
        "attributable_arr",  # linked at a review before
        [goal(), opportunity(source="inbound", goal="triple"), held("R1", "2026-02-02"), won("deal", "2026-03-02")],
        {"2026-03": "80000"},
    ),
    Story(
        "attributable_arr",  # linked, but no review was held before it was won
        [goal(), opportunity(source="inbound", goal="triple"), won("deal", "2026-03-02"), held("R1", "2026-03-03")],
        {"2026-03": "0"},
    ),
    Story(
        "attributable_arr",  # by a play
        [
            opportunity(source="inbound"),
            play("tour", opportunity="deal"),
            held("R1", "2026-02-02"),
            won("deal", "2026-03-02"),
        ],
        {"2026-03": "80000"},
    ),
    Story(
        "claimed_arr",
        [
            goal(),
            opportunity(source="inbound"),
            won("deal", "2026-03-02"),
            opportunity("next", source="inbound", goal="triple"),
            won("next", "2026-03-02", "5"),
            opportunity("other", source="inbound"),
            won("other", "2026-03-02", "7"),
        ],
        {"2026-02": "0", "2026-03": "5", "2026-04": "0"},
    ),
    Story(
        "discount",
        [
            opportunity(),
            opportunity("small"),
            opportunity("none"),
            won("deal", "2026-03-31", "300", discount="0.1"),
            won("small", "2026-03-31", "100", discount="0.5"),
            won("none", "2026-03-31", "600"),
        ],
        {"2026-02": None, "2026-03": "0.2000", "2026-04": None},
    ),
    Story(
        "cycle_days",
        [
            *(opportunity(id, "2026-02-01") for id in ("a", "b", "c", "d")),
            won("a", "2026-03-31", won_on="2026-02-11"),
            won("b", "2026-03-31", won_on="2026-02-12"),
            won("c", "2026-04-01", won_on="2026-02-21"),
            won("d", "2026-04-01", won_on="2026-01-31"),  # before it was on record
        ],
        {"2026-02": None, "2026-03": "10.5", "2026-04": "10"},
    ),
    Story(
        "pipeline_created",
        [opportunity(when="2026-02-28"), ("2026-03-01", "reforecast-opportunity", {"id": "deal", "amount": "1"})],
        {"2026-01": "0", "2026-02": "90000", "2026-03": "0"},
    ),
    Story(
        "pipeline_created_by_source",
        [opportunity(), opportunity("friend", source="referral", amount="5")],
        {"2026-01": {"plan": "90000", "referral": "5"}, "2026-02": {}},
    ),
    Story(
        "pipeline_open",
        [opportunity(), won("deal", "2026-03-01")],
        {"2026-01": "90000", "2026-02": "90000", "2026-03": "0"},
    ),
    Story(
        "weighted_pipeline",
        [opportunity(probability="0.5"), opportunity("unknown")],
        {"2026-01": "45000.0"},
    ),
    Story(
        "multi_threaded",
        [
            *(person(id) for id in ("a", "b", "c")),
            opportunity(),
            opportunity("thin"),
            ("2026-02-01", "engage-stakeholders", {"id": "deal", "stakeholders": ["a", "b", "c"]}),
            ("2026-02-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["a", "b"]}),
            ("2026-03-01", "record-departure", {"id": "c", "left_on": "2026-03-01"}),
        ],
        {"2026-01": "0.0000", "2026-02": "0.5000", "2026-03": "0.0000"},
    ),
    Story("multi_threaded", [], {"2026-01": None}),
    Story(
        "multi_threaded_opportunities",
        [
            *(person(id) for id in ("a", "b", "c")),
            opportunity(),
            opportunity("thin"),
            ("2026-02-01", "engage-stakeholders", {"id": "deal", "stakeholders": ["a", "b", "c"]}),
            ("2026-02-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["a", "b"]}),
            ("2026-03-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["c"]}),
            ("2026-04-01", "record-departure", {"id": "c", "left_on": "2026-04-01"}),
        ],
        {"2026-01": "0", "2026-02": "1", "2026-03": "2", "2026-04": "0"},
    ),
    Story(
        "next_step_dated",
        [opportunity(), next_step("2026-03-31")],
        {"2026-02": "1.0000", "2026-03": "0.0000"},
    ),
    Story("next_step_dated", [opportunity(), next_step("2026-04-01")], {"2026-03": "1.0000", "2026-04": "0.0000"}),
    Story(
        "contacts_mapped",
        [
            person("a"),
            person("b", "2026-02-01"),
            ("2026-01-06", "add-stakeholder", {"id": "role", "title": "Head of line", "level": "management"}),
            ("2026-03-01", "record-departure", {"id": "a", "left_on": "2026-03-01"}),
        ],
        {"2026-01": "1", "2026-02": "2", "2026-03": "1"},
    ),
    Story(
        "contacts_engaged",  # known well by somebody who is still on the team
        [
            *(person(id) for id in ("a", "b")),
            rated("a", 2, "ben"),
            rated("b", 1),
            member("account_executive", "ben"),
            ("2026-03-01", "release-member", {"person": "ben", "role": "account_executive", "until_on": "2026-03-01"}),
        ],
        {"2026-01": "1", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "contacts_engaged",  # or met at most 92 days ago
        [person("a"), person("b"), touch("2026-02-27", "a"), touch("2026-02-28", "b")],
        {"2026-01": "0", "2026-02": "2", "2026-05": "1", "2026-06": "0"},
    ),
    Story(
        "coverage",
        [*(person(f"p{n}", roles=["decision_maker"]) for n in range(3)), rated("p0", 2), rated("p1", 1)],
        {"2026-01": "0.1667"},  # of the six that a purchase needs
    ),
    Story(
        "coverage",
        [*(person(f"p{n}", roles=["decision_maker"]) for n in range(8)), rated("p0", 2), rated("p1", 2)],
        {"2026-01": "0.2500"},  # of the eight there are
    ),
    Story(
        "new_buying_centers",
        [unit("a"), unit("b", buying_center=False), ("2026-02-01", *unit("c")[1:])],
        {"2026-01": "1", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "executive_meetings",
        [
            BUYER,
            touch("2026-02-02", "cfo", kind="executive_meeting"),
            held("M1", "2026-02-02", "executive_meeting", ["cfo"]),  # the same meeting, recorded twice
            touch("2026-02-28", "cfo", kind="executive_meeting"),
            touch("2026-02-03", "cfo", kind="call"),
        ],
        {"2026-01": "0", "2026-02": "2", "2026-03": "0"},
    ),
    Story(
        "buyer_meetings",
        [
            BUYER,
            person("user"),
            touch("2026-02-02", "cfo", "user", kind="meeting"),
            touch("2026-02-03", "user", kind="meeting"),
            touch("2026-02-04", "cfo", kind="email"),
            held("Q1", "2026-02-05", "qbr", ["cfo"]),
        ],
        {"2026-01": "0", "2026-02": "2", "2026-03": "0"},
    ),
    Story(
        "sponsor_coverage",
        [SPONSOR, member("executive_sponsor", "eve", "2026-02-01")],
        {"2026-01": "0.0000", "2026-02": "1.0000"},
    ),
    Story(
        "whitespace_converted",
        [
            unit("a"),
            *(offering(id) for id in ("x", "y", "z")),
            cell("x"),
            cell("y", penetration="pilot"),
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "x", "penetration": "opportunity"}),
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "y", "penetration": "adopted"}),  # from a pilot
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "z", "penetration": "lost"}),
        ],
        {"2026-01": {"pilot": "1"}, "2026-02": {"opportunity": "1"}, "2026-03": {}},
    ),
    Story(
        "penetrated_share",
        [
            unit("a"),
            *(offering(id) for id in ("x", "y", "z", "w")),
            cell("x", penetration="adopted"),
            cell("y", penetration="na"),
            cell("z", penetration="pilot"),
        ],
        {"2026-01": "0.3333"},  # of x, z and w, which nobody assessed
    ),
    Story("penetrated_share", [], {"2026-01": None}),
    Story(
        "on_schedule",
        [
            action("kept", due_on="2026-02-10"),
            action("late", due_on="2026-02-10"),
            action("pending", due_on="2026-03-01"),
            action("unsaid", when="2026-02-02", due_on="2026-02-20"),
            done("kept", "2026-02-10"),
            done("late", "2026-02-11"),
            done("unsaid", "2026-02-12"),
        ],
        {"2026-01": None, "2026-02": "0.5000", "2026-03": "0.0000"},
    ),
    Story(
        "play_completion",
        [
            play("won", due_on="2026-02-10"),
            play("lost", due_on="2026-02-10"),
            play("missed", due_on="2026-02-28"),
            play("pending", due_on="2026-03-01"),
            ended("won", "2026-02-11"),
            ended("lost", "2026-02-10", "lose-play"),
        ],
        {"2026-01": None, "2026-02": "0.6667", "2026-03": "0.0000"},
    ),
    Story(
        "plays_started",
        [play("a"), play("b"), started("a", "2026-02-28"), started("b", "2026-03-01")],
        {"2026-01": "0", "2026-02": "1", "2026-03": "1", "2026-04": "0"},
    ),
    Story(
        "milestone_on_time",
        [
            action("m1", kind="milestone", due_on="2026-02-10"),
            action("m2", kind="milestone", due_on="2026-02-10"),
            action("task", due_on="2026-02-10"),
            done("m1", "2026-02-10"),
        ],
        {"2026-01": None, "2026-02": "0.5000", "2026-03": None},
    ),
    Story(
        "milestones_held",
        [
            action("m1", kind="milestone", calendar_hold=True),
            action("m2", kind="milestone"),
            action("task"),
            ("2026-02-01", "hold-date", {"id": "m2"}),
        ],
        {"2026-01": "0.5000", "2026-02": "1.0000"},
    ),
    Story(
        "pilot_days",
        [
            *(play(id) for id in ("a", "b", "never")),
            play("tour", kind="discovery"),
            started("a", "2026-01-10", started_on="2026-01-08"),
            started("b", "2026-01-10"),
            started("tour", "2026-01-10"),
            ended("a", "2026-02-28", finished_on="2026-01-18"),
            ended("b", "2026-02-28", "lose-play", finished_on="2026-01-30"),
            ended("tour", "2026-02-28"),
            ended("never", "2026-02-28"),
        ],
        {"2026-01": None, "2026-02": "15", "2026-03": None},
    ),
    Story(
        "library_win_rate",
        [
            play("a", library_play="proof-of-value"),
            play("b", library_play="proof-of-value"),
            play("c", library_play="tour"),
            play("own"),
            ended("a", "2026-02-01"),
            ended("b", "2026-02-28", "lose-play"),
            ended("c", "2026-03-01"),
            ended("own", "2026-02-01"),
        ],
        {"2026-01": {}, "2026-02": {"proof-of-value": "0.5000"}, "2026-03": {"tour": "1.0000"}},
    ),
    Story(
        "library_keep_rate",
        [
            action("kept", due_on="2026-02-10", library_play="proof-of-value"),
            action("late", due_on="2026-02-10", library_play="proof-of-value"),
            action("tour", due_on="2026-02-28", library_play="tour"),
            action("own", due_on="2026-02-10"),
            done("kept", "2026-02-10"),
            done("late", "2026-02-11"),
            done("tour", "2026-03-01"),
            done("own", "2026-02-11"),
        ],
        {"2026-02": {"proof-of-value": "0.5000", "tour": "0.0000"}, "2026-03": {}},
    ),
    Story(
        "risks_worked",
        [
            risk("a"),
            risk("b"),
            ("2026-02-01", "reassess-risk", {"id": "a", "likelihood": 4}),
            ("2026-02-28", "plan-mitigation", {"id": "a", "statement": "Train both shifts on line B"}),
            risk("c", "2026-02-28"),
            ("2026-02-28", "withdraw-risk", {"id": "c", "reason": "Another account"}),
        ],
        {"2026-01": "2", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "risk_updates_per_week",
        [
            risk("a", "2026-02-01"),
            risk("b", "2026-02-28"),
            ("2026-03-01", "reassess-risk", {"id": "a", "likelihood": 5}),
        ],
        {"2026-02": "0.5000", "2026-03": "0.2258", "2026-04": "0.0000"},
    ),
    Story(
        "exposure",
        [
            risk("a"),
            risk("b", likelihood=5, impact=5),
            ("2026-02-01", "close-risk", {"id": "b", "outcome": "averted", "closed_on": "2026-02-01"}),
        ],
        {"2026-01": "37", "2026-02": "12"},
    ),
    Story("arr_exposed", [risk("a", arr_exposed="50"), risk("b")], {"2026-01": "50"}),
    Story(
        "hypothesis_quality",
        [
            *(hypothesis(id, "25") for id in ("a", "b", "unrated")),
            ("2026-02-01", "rate-hypothesis", {"id": "a", "quality": 4}),
            ("2026-02-28", "rate-hypothesis", {"id": "b", "quality": 1}),
        ],
        {"2026-01": None, "2026-02": "2.5000"},
    ),
    Story(
        "calibration_hypotheses",
        [
            hypothesis("half", "20 %"),
            hypothesis("all", "30", baseline="40"),
            hypothesis("words", "first order placed"),
            hypothesis("two", "between 20 and 30"),
            ("2026-02-28", "refute-hypothesis", {"id": "half", "observed": "10 %"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "all", "observed": "30"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "words", "observed": "25"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "two", "observed": "25"}),
        ],
        {"2026-01": None, "2026-02": "0.7500", "2026-03": None},
    ),
    Story(
        "calibration_plays",
        [
            play("sure", confidence="0.9"),
            play("unsure", confidence="0.3"),
            play("unsaid"),
            ended("sure", "2026-02-28", "lose-play"),
            ended("unsure", "2026-02-28"),
            ended("unsaid", "2026-02-28", "lose-play"),
        ],
        {"2026-01": None, "2026-02": "0.1000", "2026-03": None},
    ),
    Story("hygiene", [], {"2026-01": "0.9286", "2026-02": "0.5714"}),
    Story("hygiene", [("2026-01-27", "confirm-section", {"section": "risks"})], {"2026-02": "0.5714"}),
    Story("hygiene", [("2026-01-28", "confirm-section", {"section": "risks"})], {"2026-02": "0.6429"}),
    Story("hygiene", [], {"2026-01": None}, tier="standard"),
    Story(
        "findings",
        [action("a", due_on="2026-02-28"), action("b", due_on="2026-03-01")],
        {
            "2026-01": {"alarm": "0", "warning": "0", "hint": "0"},
            "2026-02": {"alarm": "0", "warning": "1", "hint": "0"},
            "2026-03": {"alarm": "0", "warning": "2", "hint": "0"},
        },
        tier="standard",
    ),
    Story(
        "findings",
        [
            action("a", due_on="2026-02-28"),
            ("2026-02-20", "grant-exception", {"rule": "overdue-promise", "until_on": "2026-03-30", "reason": "Fair"}),
        ],
        {
            "2026-02": {"alarm": "0", "warning": "0", "hint": "0"},
            "2026-03": {"alarm": "0", "warning": "1", "hint": "0"},
        },
        tier="standard",
    ),
]


def test_every_measure_has_a_story():
    assert {story.measure for story in STORIES} == set(MEASURES) == set(MEASURE_NAMES)


@for_each("story", STORIES, ids=str)
def test_a_measure_says_of_each_month_what_was_recorded_by_its_end(story: Story):
    found = values(told(story.told, tier=story.tier), story.measure, min(story.said), max(story.said))
    assert {month: found[month] for month in story.said} == story.said


def test_a_month_that_is_over_says_the_same_whatever_is_recorded_later():
    history = told([opportunity(), risk("a"), action("late", due_on="2026-03-20")])

    def march() -> dict[MeasureName, dict[str, Values]]:
        return {name: values(history, name, "2026-03") for name in MEASURES}

    before = march()
    assert before["arr_won"] == {"2026-03": "0"}
    history.on("2026-04-01", "win-opportunity", id="deal", won_on="2026-03-30", amount="80000")
    history.on("2026-04-01", "complete-action", id="late", finished_on="2026-03-20", result="Sent")
    history.on("2026-04-01", "close-risk", id="a", outcome="averted", closed_on="2026-03-15")
    assert march() == before
    assert values(history, "arr_won", "2026-04") == {"2026-04": "80000"}


def test_what_was_struck_in_a_later_month_counts_where_it_was_recorded():
    history = told([BUYER, touch("2026-02-02", "cfo", kind="executive_meeting", id="lunch")])
    event = history.known.records[-1].id
    history.on("2026-03-02", "strike-entry", event=event, reason="Another account")
    assert values(history, "executive_meetings", "2026-02", "2026-03") == {"2026-02": "1", "2026-03": "0"}


def test_what_was_corrected_or_withdrawn_counts_as_it_should_have_been_from_then_on():
    history = told(
        [
            contract("2026-01-06", "1000"),
            opportunity(source="inbound"),
            opportunity("ghost"),
            held("R1", "2026-02-02"),
            won("deal", "2026-02-10"),
            risk("a"),
            play("pilot"),
            started("pilot", "2026-02-10"),
        ]
    )
    why = {"reason": "Mistyped"}
    history.on("2026-03-02", "correct-contract", arr="100", **why)
    history.on("2026-03-02", "correct-opportunity", id="deal", source="plan", amount="8000", **why)
    history.on("2026-03-02", "withdraw-opportunity", id="ghost", **why)
    history.on("2026-03-02", "correct-risk", id="a", impact=5, **why)
    history.on("2026-03-02", "correct-play", id="pilot", started_on="2026-02-01", **why)
    history.on("2026-03-11", "win-play", id="pilot", finished_on="2026-03-11", result="27 %")
    found = {name: values(history, name, "2026-02", "2026-03") for name in MEASURES}
    assert found["arr"] == {"2026-02": "1000", "2026-03": "100"}
    assert found["arr_won"] == {"2026-02": "80000", "2026-03": "-72000"}
    assert found["pipeline_open"] == {"2026-02": "90000", "2026-03": "0"}
    assert found["attributable_arr"] == {"2026-02": "0", "2026-03": "0"}  # it was won before anybody said so
    assert found["claimed_arr"] == {"2026-02": "0", "2026-03": "8000"}
    assert found["risks_worked"] == {"2026-02": "0", "2026-03": "1"}
    assert found["pilot_days"] == {"2026-02": None, "2026-03": "38"}


def test_the_month_under_way_is_provisional_and_one_before_the_plan_or_to_come_is_none():
    history = told([contract("2026-02-10", "100")])
    now = instant("2026-02-20")
    asked = [month_named(f"2026-{number:02}", AT_THE_END) for number in (1, 2, 3)]
    found = {str(at.month): at.provisional for at in measured_months(history.known, asked, now)}
    assert found == {"2026-01": False, "2026-02": True}
    before = month_named("2025-12", AT_THE_END)
    assert list(measured_months(history.known, [before], now)) == []


def test_how_an_archived_plan_stands_is_not_measured_but_what_it_pays_is():
    history = told([*ONE_YEAR, opportunity(), won("deal", "2026-02-02"), opportunity("open")])
    history.on("2026-02-03", "archive-plan", reason="Sold")
    at = next(measured_months(history.known, months("2026-02"), AT_THE_END))
    found = figures_of(at)
    assert {"arr", "arr_won"} <= found.keys()
    assert not {"pipeline_open", "findings", "hygiene"} & found.keys()
    history.on("2026-02-04", "reopen-plan", reason="Sale fell through")
    at = next(measured_months(history.known, months("2026-02"), AT_THE_END))
    assert figures_of(at).keys() == set(MEASURES)


def test_what_an_account_pays_is_said_by_the_plan_that_goes_on_after_a_merger():
    other = told(ONE_YEAR)
    other.record("2026-02-03", PlanMerged(account_id="acme-group", goes_on=False))
    months_told = measured_months(other.known, months("2026-01", "2026-02"), AT_THE_END)
    paid = [figures_of(at).keys() & {"arr", "net_retention", "nrr_class", "arr_won"} for at in months_told]
    assert paid == [{"arr", "net_retention", "nrr_class", "arr_won"}, {"arr_won"}]


def test_a_measure_is_made_by_the_policy_in_force_at_the_months_end():
    plan, practice = told([person("a"), touch("2026-01-31", "a")]), History(type=PROGRAM)
    practice.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    practice.on("2026-03-01", "adopt-policy", effective_on="2026-03-01", policy={"contact_days": 50}, reason="Shorter")
    assert values(plan, "contacts_engaged", "2026-02", "2026-03", practice) == {"2026-02": "1", "2026-03": "0"}
    assert values(plan, "contacts_engaged", "2026-03") == {"2026-03": "1"}


@for_each(
    ("adding", "figures", "value"),
    [
        ("sum", [], "0"),
        ("sum", [("1",), ("2.50",)], "3.50"),
        ("ratio", [("1", "2"), ("1", "6")], "0.2500"),
        ("ratio", [("1", "20000")], "0.0001"),  # half up
        ("ratio", [], None),
        ("median", [("1", "9"), ("2",)], "2"),
        ("median", [("1", "9"), ("2", "4")], "3"),
        ("median", [], None),
    ],
)
def test_figures_are_added_up_first_and_divided_last(adding, figures, value):
    parts = added(adding, [tuple(map(Decimal, parts)) for parts in figures])
    assert value_of(adding, parts) == (Decimal(value) if value else None)


@settings(max_examples=examples(2))
@for_all(some.integers(0, 10_000), some.integers(0, 3))
def test_over_the_months_what_was_won_adds_up_to_what_is_won_and_a_month_asked_alone_says_the_same(seed, alone):
    history = said_at_random(Random(seed), 60)
    asked = months("2026-01", "2026-06")
    together = list(measured_months(history.known, asked, AT_THE_END))
    figures = [figures_of(at) for at in together]
    won_in_all = added("sum", [each["arr_won"][ALL] for each in figures])
    assert won_in_all == (sum((each.amount for each in won_opportunities(together[-1].plan)), Decimal(0)),)
    [by_itself] = measured_months(history.known, [asked[alone]], AT_THE_END)
    assert figures_of(by_itself) == figures[alone]


def test_the_documented_table_is_the_registry():
    assert TABLE.read_text("utf-8") == table(), "run `python -m tests.measures_table`"
