"""How many people make an opportunity multi-threaded is what the policy of the cut says, in every view alike."""

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from adapters.cli.card import card
from application.measures.measured import measured_months
from application.measures.registry import figures_of
from application.packs.registry import pack
from application.reports.months import month_named
from application.reports.said_vs_did import said_vs_did
from application.views.current_plan import current_plan
from application.views.diff import diff
from domain.program import PROGRAM
from tests.histories import History, instant, opened

NOW = "2026-12-31"
DEAL = {"stage": "offer", "close_on": "2026-06-30", "source": "plan", "amount": "90000"}


@pytest.fixture
def history() -> History:
    history = opened(timezone="UTC")
    for id in ("coo", "cfo", "lead"):
        history.on("2026-01-06", "add-stakeholder", id=id, name="Jane Doe", level="executive")
    history.on("2026-01-06", "open-opportunity", id="deal", name="Line B", **DEAL)
    history.on("2026-01-07", "engage-stakeholders", id="deal", stakeholders=["coo", "cfo"])
    return history


@pytest.fixture
def practice() -> History:
    """Return a program whose policy says that two people are enough from 1 March on."""
    practice = History(type=PROGRAM)
    practice.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR", timezone="UTC")
    policy = {"coverage": {"multi_threaded": 2}}
    practice.on("2026-02-02", "adopt-policy", effective_on="2026-03-01", policy=policy, reason="Two will do")
    return practice


def told(history: History, practice: History, day: str) -> Iterator[bool]:
    """Whether the deal is multi-threaded, by each view that says it."""
    records, cut = practice.known.records, history.cut(day, NOW)
    view = current_plan(history.known, cut, records)
    yield view.sections.opportunities.opportunities[0].multi_threaded
    yield view.metrics.opportunities.multi_threaded == 1
    yield view.metrics.stakeholders.single_threaded_opportunities == []
    states = diff(history.known, history.cut("version:1", NOW), cut, states=True, program=records)
    assert states.to_state
    yield states.to_state.sections.opportunities.opportunities[0].multi_threaded
    readout = pack("readout", history.known, cut, records)
    yield readout.expansion.deals[0].multi_threaded
    yield readout.expansion.pipeline.multi_threaded == 1
    console = Console(width=160, file=StringIO(), record=True, color_system="truecolor", force_terminal=True)
    for part in card(history.known, cut, records):
        console.print(part)
    [shown] = [line for line in console.export_text(styles=True).splitlines() if "2 engaged" in line]
    yield "33m2 engaged" not in shown


@pytest.mark.parametrize(("day", "enough"), [("2026-02-28", False), ("2026-03-01", True)])
def test_every_view_says_it_by_the_policy_of_its_day(history, practice, day, enough):
    assert list(told(history, practice, day)) == [enough] * 7


def test_every_view_says_it_again_when_somebody_leaves(history, practice):
    history.on("2026-03-10", "record-departure", id="coo", left_on="2026-03-10")
    cut = history.cut("2026-03-10", NOW)
    view = current_plan(history.known, cut, practice.known.records)
    assert not view.sections.opportunities.opportunities[0].multi_threaded
    assert view.metrics.opportunities.multi_threaded == 0


def test_the_measure_of_a_month_says_it_by_the_policy_at_its_end(history, practice):
    months = [month_named(month, instant(NOW)) for month in ("2026-02", "2026-03")]
    figures = [
        figures_of(at)["multi_threaded"]
        for at in measured_months(history.known, months, instant(NOW), practice.known.records)
    ]
    assert [each[""] for each in figures] == [(0, 1), (1, 1)]


def test_what_changed_between_two_cuts_is_told_with_the_event_behind_it(history, practice):
    history.on("2026-03-10", "engage-stakeholders", id="deal", stakeholders=["lead"])
    history.on("2026-03-12", "record-departure", id="lead", left_on="2026-03-12")
    history.on("2026-03-14", "record-departure", id="coo", left_on="2026-03-14")
    seen = diff(
        history.known, history.cut("2026-03-12", NOW), history.cut("2026-03-14", NOW), program=practice.known.records
    )
    [change] = seen.changes["opportunities"]
    assert (change.field, change.before, change.after) == ("multi_threaded", True, False)
    assert change.events == [f"{history.plan_id}:{history.known.version}"]
    # By the policy of February three were needed: the third made the deal multi-threaded, and nothing did in March.
    without = diff(history.known, history.cut("2026-03-09", NOW), history.cut("2026-03-10", NOW))
    assert "multi_threaded" in str(without.changes["opportunities"])
    under = diff(
        history.known, history.cut("2026-03-09", NOW), history.cut("2026-03-10", NOW), program=practice.known.records
    )
    assert "multi_threaded" not in str(under.changes["opportunities"])


def test_that_only_the_policy_changed_is_no_change_of_the_plan(history, practice):
    records = practice.known.records
    a, b = history.cut("2026-02-28", NOW), history.cut("2026-03-02", NOW)
    assert diff(history.known, a, b, program=records).unchanged
    assert said_vs_did(history.known, a, b, records).changes == {}
