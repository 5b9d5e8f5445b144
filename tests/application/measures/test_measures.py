"""Every measure, in months on both sides of its boundaries. The figures of a month that is over never change."""

from decimal import Decimal
from random import Random

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

from application.measures.measure import ALL, MEASURE_NAMES, MeasureName, added, value_of
from application.measures.measured import measured_months
from application.measures.registry import MEASURES, figures_of
from application.measures.revenue import won as won_opportunities
from application.reports.months import month_named
from domain.account_plan.accounts import PlanMerged
from domain.account_plan.play_states import PlayStarted
from domain.program import PROGRAM
from tests.application.findings.stories import action, opportunity, person, touch
from tests.application.measures import (
    stories_of_people,
    stories_of_pipeline,
    stories_of_plan,
    stories_of_promises,
    stories_of_revenue,
)
from tests.application.measures.stories import (
    AT_THE_END,
    BUYER,
    ONE_YEAR,
    Story,
    Values,
    contract,
    held,
    months,
    play,
    risk,
    started,
    told,
    values,
    won,
)
from tests.cases import for_each
from tests.examples import examples
from tests.histories import History, instant, said_at_random
from tests.measures_table import TABLE, table

TOPICS = (stories_of_revenue, stories_of_pipeline, stories_of_people, stories_of_promises, stories_of_plan)
STORIES = [story for topic in TOPICS for story in topic.STORIES]


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


def test_a_month_says_the_same_whether_the_one_before_was_asked_for_or_a_month_is_left_out():
    history = told([BUYER, opportunity(), risk("a"), action("late", due_on="2026-02-20")])
    history.on("2026-02-10", "win-opportunity", id="deal", won_on="2026-02-10", amount="80000")
    history.on("2026-03-10", "complete-action", id="late", finished_on="2026-03-10", result="Sent")

    def march(*asked: str) -> tuple[object, ...]:
        *_, last = measured_months(history.known, [month_named(each, AT_THE_END) for each in asked], AT_THE_END)
        opening = last.opening.at.cut if last.opening else None
        return opening, figures_of(last, MEASURE_NAMES)

    alone = march("2026-03")
    assert alone == march("2026-02", "2026-03") == march("2026-01", "2026-03")
    assert alone[0]


@for_each(
    ("recorded", "finished_on", "days"),
    [("2026-02-02", "2026-02-12", "10"), ("2026-02-12", "2026-02-12", "0"), ("2026-02-12", "2026-02-10", "0")],
)
def test_the_start_of_a_pilot_is_the_day_it_was_recorded_where_nobody_said_the_day(recorded, finished_on, days):
    history = told([play("a", kind="proof")])
    history.record(recorded, PlayStarted(id="a"))  # as an earlier release recorded it
    history.on("2026-02-12", "win-play", id="a", finished_on=finished_on, result="Sound")
    assert values(history, "pilot_days", "2026-02") == {"2026-02": days}


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


def test_amounts_are_converted_and_of_amounts_are_two_shares_as_well():
    of_money = {name for name, measure in MEASURES.items() if measure.of_money}
    assert of_money == {name for name, measure in MEASURES.items() if measure.unit == "money"} | {
        "net_retention",
        "discount",
    }
