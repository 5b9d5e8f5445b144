"""What the list of plans knows of each without reading it: whether people of both sides sponsor it."""

from application.findings.examined import Examined
from application.findings.verdict import is_sponsored
from application.views.policy_in_force import DEFAULT
from tests.cases import for_each
from tests.histories import opened


@for_each(("theirs", "ours", "sponsored"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_plan_is_sponsored_where_somebody_of_theirs_and_somebody_of_ours_does(theirs, ours, sponsored):
    history = opened()
    role = {"roles": ["executive_sponsor"]} if theirs else {}
    history.on("2026-01-05", "add-stakeholder", id="coo", name="Jane Doe", level="executive", **role)
    if ours:
        history.on("2026-01-05", "assign-member", person="eve", role="executive_sponsor", from_on="2026-01-05")
    assert is_sponsored(Examined(history.known, history.cut("now"), DEFAULT)) is sponsored
