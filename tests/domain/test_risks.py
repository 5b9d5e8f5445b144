from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.actions import ActionAdded, AddAction
from domain.account_plan.risks import (
    CloseRisk,
    MitigationPlanned,
    PlanMitigation,
    RaiseRisk,
    ReassessRisk,
    ReassignRisk,
    ReopenRisk,
    RestateRisk,
    Risk,
    RiskClosed,
    RiskRaised,
    RiskReassessed,
    RiskReassigned,
    RiskReopened,
    RiskRestated,
    Severity,
)
from tests.given import OPENED, given

JAN_5, JAN_6 = date(2026, 1, 5), date(2026, 1, 6)

TERMS = {
    "id": "renewal",
    "kind": "renewal_exposure",
    "statement": "Line A may not renew",
    "likelihood": 3,
    "impact": 4,
    "owner": "ann",
}
RAISED = RiskRaised(**TERMS)
MITIGATED = MitigationPlanned(id="renewal", statement="Show the savings of line A")
CLOSED = RiskClosed(id="renewal", outcome="averted", closed_on=JAN_5)
CLOSE = CloseRisk(id="renewal", outcome="averted", closed_on=JAN_5)


def test_a_risk_can_be_raised():
    given().when(RaiseRisk(**TERMS)).then(RAISED)
    given(RAISED).when(RaiseRisk(**TERMS)).then_refused("risk-id-taken", "/id")
    exposed = TERMS | {"arr_exposed": Decimal(50000)}
    given().when(RaiseRisk(**exposed)).then(RiskRaised(**exposed))


@pytest.mark.parametrize(
    "wrong", [{"likelihood": 0}, {"impact": 6}, {"kind": "bad_luck"}, {"arr_exposed": Decimal(-1)}]
)
def test_a_risk_is_graded_from_one_to_five(wrong):
    with pytest.raises(ValidationError):
        RaiseRisk(**TERMS | wrong)


def test_exposure_is_likelihood_times_impact():
    worse = RiskReassessed(id="renewal", likelihood=5, former=Severity(likelihood=3))
    assert (risk_after().exposure, risk_after(worse).exposure) == (12, 20)


def test_a_reassessed_risk_says_what_changed_and_what_it_was_before():
    reassess = ReassessRisk(id="renewal", likelihood=5, impact=4, arr_exposed=Decimal(50000))
    former = Severity(likelihood=3, arr_exposed=None)
    reassessed = RiskReassessed(id="renewal", likelihood=5, arr_exposed=Decimal(50000), former=former)
    given(RAISED).when(reassess).then(reassessed)
    given(RAISED, reassessed).when(reassess).then_nothing_happens()
    emptied = RiskReassessed(id="renewal", arr_exposed=None, former=Severity(arr_exposed=Decimal(50000)))
    given(RAISED, reassessed).when(ReassessRisk(id="renewal", arr_exposed=None)).then(emptied)
    with pytest.raises(ValidationError, match="not be emptied"):
        ReassessRisk(id="renewal", impact=None)


def test_a_risk_can_be_restated():
    restated = RiskRestated(id="renewal", statement="Line A will not renew without a discount")
    restate = RestateRisk(id="renewal", statement=restated.statement)
    given(RAISED).when(restate).then(restated)
    given(RAISED, restated).when(restate).then_nothing_happens()
    assert risk_after(restated).statement == restated.statement


def test_a_reassigned_risk_says_the_former_owner():
    reassigned = RiskReassigned(id="renewal", owner="bob", former="ann")
    given(RAISED).when(ReassignRisk(id="renewal", owner="bob")).then(reassigned)
    given(RAISED, reassigned).when(ReassignRisk(id="renewal", owner="bob")).then_nothing_happens()
    assert risk_after(reassigned).owner == "bob"


def test_mitigations_add_up_and_each_is_planned_once():
    mitigate = PlanMitigation(id="renewal", statement="Show the savings of line A")
    second = MitigationPlanned(id="renewal", statement="Offer a longer term")
    given(RAISED).when(mitigate).then(MITIGATED)
    given(RAISED, MITIGATED, second).when(mitigate).then_nothing_happens()
    after = risk_after(MITIGATED, second)
    assert after.mitigations == ("Show the savings of line A", "Offer a longer term")
    assert after.statement == TERMS["statement"]


def test_a_vague_mitigation_is_accepted_with_a_warning():
    vague = {"id": "renewal", "statement": "Deepen the relationship"}
    given(RAISED).when(PlanMitigation(**vague)).then(MitigationPlanned(**vague), warnings=("vague",))


@pytest.mark.parametrize("outcome", ["averted", "accepted", "materialised"])
def test_a_risk_is_closed_only_once(outcome):
    closed = RiskClosed(id="renewal", outcome=outcome, closed_on=JAN_5)
    given(RAISED).when(CloseRisk(id="renewal", outcome=outcome, closed_on=JAN_5)).then(closed)
    given(RAISED, closed).when(CLOSE).then_refused("risk-over", "/id")
    given(RAISED, closed).when(ReassessRisk(id="renewal", impact=1)).then_refused("risk-over", "/id")


def test_a_risk_cannot_have_been_closed_tomorrow():
    tomorrow = CloseRisk(id="renewal", outcome="averted", closed_on=JAN_6)
    given(RAISED).when(tomorrow).then_refused("day-in-the-future", "/closed_on")


def test_an_action_may_name_the_risk_it_mitigates():
    action = {"id": "roi", "statement": "Send the savings", "kind": "mitigation", "owner": "bob", "due_on": JAN_6}
    mitigating = action | {"risk": "renewal"}
    given(RAISED).when(AddAction(**mitigating)).then(ActionAdded(**mitigating))
    given(RAISED, CLOSED).when(AddAction(**mitigating)).then(ActionAdded(**mitigating))


def test_a_reopened_risk_is_open_again():
    again = ReopenRisk(id="renewal", reason="the budget was cut")
    given(RAISED, CLOSED).when(again).then(RiskReopened(id="renewal"))
    given(RAISED).when(again).then_refused("risk-not-over", "/id")
    after = risk_after(MITIGATED, CLOSED, RiskReopened(id="renewal"))
    assert (after.ending, after.outcome, after.closed_on, len(after.mitigations)) == (None, None, None, 1)


def test_an_unknown_risk_cannot_be_closed():
    given().when(CLOSE).then_refused("unknown-risk", "/id")


def risk_after(*events):
    return fold((OPENED, RAISED, *events)).the(Risk, "renewal")
