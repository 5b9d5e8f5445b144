"""What follows directly from a plan as it stands."""

from datetime import date
from decimal import Decimal

from application.views.metrics import Metrics, metrics
from domain.program.limits import DEFAULT_POLICY
from tests.histories import History, opened

ACTION = {"statement": "Send the SOW", "kind": "task", "owner": "ann"}
PLAY = {"title": "Pilot", "kind": "proof", "owner": "ann", "success_measure": "Rework down"}
DEAL = {"stage": "offer", "close_on": "2026-06-30", "source": "plan"}
RISK = {"statement": "Night shift does not use it", "owner": "ann"}


def measured(history: History, today: str = "2026-02-02") -> Metrics:
    return metrics(history.known.state, date.fromisoformat(today), DEFAULT_POLICY)


def with_people(*ids: str) -> History:
    history = opened()
    for id in ids:
        history.on("2026-01-06", "add-stakeholder", id=id, name="Jane Doe", level="management")
    return history


# Stakeholders


def test_whom_we_know_is_counted_apart_from_the_roles_to_fill():
    history = with_people("coo", "lead")
    history.on("2026-01-06", "add-stakeholder", id="buyer", title="Head of Procurement", level="executive")
    history.on("2026-01-07", "record-departure", id="lead", left_on="2026-01-07")
    coverage = measured(history).stakeholders
    assert (coverage.known, coverage.to_fill) == (1, 1)
    assert coverage.by_level == {"management": 1, "executive": 1}


def test_attitudes_are_counted_and_unknown_is_not_neutral():
    history = with_people("coo", "cfo", "lead", "clerk")
    for id, attitude in (("coo", 2), ("cfo", -2), ("lead", 0)):
        history.on("2026-01-06", "change-sentiment", id=id, attitude=attitude)
    coverage = measured(history).stakeholders
    assert coverage.by_attitude == {"-2": 1, "0": 1, "2": 1, "unknown": 1}
    assert coverage.blockers == ["cfo"]


def test_the_roles_no_deal_goes_without_show_their_gaps():
    history = with_people("coo", "cfo")
    history.on("2026-01-06", "assign-roles", id="coo", roles=["decision_maker", "champion", "user"])
    history.on("2026-01-06", "assign-roles", id="cfo", roles=["economic_buyer", "decision_maker"])
    history.on("2026-01-07", "record-departure", id="cfo", left_on="2026-01-07")
    assert measured(history).stakeholders.key_roles == {
        "economic_buyer": [],
        "decision_maker": ["coo"],
        "technical_owner": [],
        "champion": ["coo"],
        "executive_sponsor": [],
    }


def test_an_account_hangs_on_one_person_until_two_are_engaged():
    history = with_people("coo", "cfo")
    history.on("2026-01-06", "rate-relationship", id="coo", member="ann", strength=3)
    history.on("2026-01-06", "rate-relationship", id="cfo", member="ann", strength=1)
    assert (measured(history).stakeholders.engaged, measured(history).stakeholders.single_threaded) == (1, True)
    history.on("2026-01-07", "rate-relationship", id="cfo", member="ben", strength=2)
    assert (measured(history).stakeholders.engaged, measured(history).stakeholders.single_threaded) == (2, False)
    history.on("2026-01-08", "record-departure", id="coo", left_on="2026-01-08")
    assert measured(history).stakeholders.single_threaded is True


def test_an_opportunity_hangs_on_few_people_when_some_have_left():
    history = with_people("coo", "cfo", "lead")
    history.on("2026-01-06", "open-opportunity", id="deal", name="Line B", amount="1", **DEAL)
    history.on("2026-01-06", "engage-stakeholders", id="deal", stakeholders=["coo", "cfo", "lead"])
    before = measured(history)
    assert (before.stakeholders.single_threaded_opportunities, before.opportunities.multi_threaded) == ([], 1)
    history.on("2026-01-07", "record-departure", id="lead", left_on="2026-01-07")
    after = measured(history)
    assert (after.stakeholders.single_threaded_opportunities, after.opportunities.multi_threaded) == (["deal"], 0)
    history.on("2026-01-08", "win-opportunity", id="deal", won_on="2026-01-08", amount="1")
    assert measured(history).stakeholders.single_threaded_opportunities == []


def test_a_unit_with_a_budget_is_covered_once_somebody_there_is_engaged():
    history = with_people("coo")
    for id, has_budget in (("plant", True), ("lab", True), ("line", False)):
        history.on("2026-01-06", "add-unit", id=id, name=id, kind="site", buying_center=has_budget)
    history.on("2026-01-06", "move-stakeholder", id="coo", unit="plant", moved_on="2026-01-06")
    assert measured(history).stakeholders.uncovered_units == ["plant", "lab"]
    history.on("2026-01-07", "rate-relationship", id="coo", member="ann", strength=2)
    history.on("2026-01-07", "remove-unit", id="lab")
    assert measured(history).stakeholders.uncovered_units == []


# Whitespace


def test_a_cell_nobody_assessed_is_unknown():
    history = opened()
    for id in ("plant", "lab"):
        history.on("2026-01-06", "add-unit", id=id, name=id, kind="site", buying_center=True)
    for id in ("hub", "gauge"):
        history.on("2026-01-06", "list-offering", id=id, name=id, kind="product")
    for unit, offering, state, arr, probability in (
        ("plant", "hub", "adopted", "100000", "1"),
        ("plant", "gauge", "pilot", "50000", "0.5"),
        ("lab", "hub", "unknown", "8000", None),
    ):
        cell = {"penetration": state, "arr_potential": arr, "probability": probability}
        history.on("2026-01-06", "assess-cell", unit=unit, offering=offering, **cell)
    totals = measured(history).whitespace
    assert (totals.cells, totals.by_penetration) == (4, {"adopted": 1, "pilot": 1, "unknown": 2})
    assert totals.arr_potential == {"adopted": Decimal(100000), "pilot": Decimal(50000), "unknown": Decimal(8000)}
    assert totals.weighted_arr_potential == Decimal(25000), "what is adopted is not whitespace any more"

    history.on("2026-01-07", "retire-offering", id="gauge")
    totals = measured(history).whitespace
    assert (totals.cells, totals.by_penetration) == (2, {"adopted": 1, "unknown": 1})


# Promises


def test_open_promises_are_counted_by_state_and_by_the_day_they_are_due():
    history = opened()
    history.on("2026-01-06", "plan-play", id="p1", due_on="2026-02-01", **PLAY)
    history.on("2026-01-06", "plan-play", id="p2", due_on="2026-02-02", **PLAY)
    history.on("2026-01-06", "plan-play", id="p3", due_on="2026-01-09", **PLAY)
    history.on("2026-01-06", "add-action", id="a1", due_on="2026-02-16", **ACTION)
    history.on("2026-01-06", "add-action", id="a2", due_on="2026-02-17", **ACTION | {"kind": "joint"}, side="customer")
    history.on("2026-01-06", "add-action", id="a3", due_on="2026-01-09", **ACTION | {"kind": "joint"}, side="customer")
    history.on("2026-01-07", "start-play", id="p2")
    history.on("2026-01-07", "win-play", id="p3", finished_on="2026-01-07", result="Done")
    history.on("2026-01-07", "drop-action", id="a3", reason="Not needed")
    promises = measured(history, "2026-02-02").promises
    assert promises.by_state == {"planned": 1, "in_flight": 1, "won": 1, "open": 2, "dropped": 1}
    assert (promises.open, promises.overdue, promises.due_within_14_days, promises.customer_side) == (4, 1, 2, 1)


# Risks, opportunities and requests


def test_risk_exposure_counts_the_risks_that_are_open():
    history = opened()
    history.on("2026-01-06", "raise-risk", id="use", kind="low_adoption", likelihood=3, impact=5, **RISK)
    history.on("2026-01-06", "raise-risk", id="fit", kind="product_fit", likelihood=2, impact=5, **RISK)
    history.on("2026-01-06", "raise-risk", id="all", kind="other", likelihood=5, impact=5, arr_exposed="9", **RISK)
    history.on("2026-01-07", "reassess-risk", id="use", arr_exposed="40000")
    assert measured(history).risks.highest == 25
    history.on("2026-01-07", "close-risk", id="all", outcome="averted", closed_on="2026-01-07")
    risks = measured(history).risks
    assert (risks.open, risks.severe, risks.highest, risks.arr_exposed) == (2, 1, 15, Decimal(40000))
    assert risks.by_kind == {"low_adoption": 1, "product_fit": 1}


def test_the_pipeline_weighs_what_is_open_by_its_probability():
    history = opened()
    history.on("2026-01-06", "open-opportunity", id="b", name="B", amount="90000", probability="0.5", **DEAL)
    history.on("2026-01-06", "open-opportunity", id="c", name="C", amount="10000", **DEAL)
    history.on("2026-01-06", "open-opportunity", id="d", name="D", amount="70000", probability="1", **DEAL)
    history.on("2026-01-07", "lose-opportunity", id="d", lost_on="2026-01-07", reason="Price")
    pipeline = measured(history).opportunities
    assert (pipeline.open, pipeline.amount, pipeline.weighted_amount) == (2, Decimal(100000), Decimal(45000))


def test_a_request_waits_until_it_is_delivered_or_declined():
    history = opened()
    for id in ("r1", "r2", "r3", "r4"):
        request = {"function": "legal", "kind": "terms", "statement": "New terms", "owner": "ann"}
        history.on("2026-01-06", "raise-request", id=id, **request)
    history.on("2026-01-07", "answer-request", id="r2", decision="accepted", member="joy")
    history.on("2026-01-07", "answer-request", id="r3", decision="declined", member="joy")
    history.on("2026-01-07", "deliver-request", id="r4", delivered_on="2026-01-07")
    assert measured(history).requests_waiting == 2


def test_an_empty_plan_has_empty_metrics():
    empty = measured(opened())
    assert (empty.stakeholders.known, empty.whitespace.cells, empty.promises.open, empty.risks.highest) == (0, 0, 0, 0)
    assert (empty.risks.arr_exposed, empty.opportunities.amount, empty.requests_waiting) == (0, 0, 0)
