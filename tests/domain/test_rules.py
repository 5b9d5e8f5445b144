"""What holds for every command of every kind, whatever its topic."""

from datetime import date

import pytest

from domain.account_plan import COMMANDS, THINGS, fold
from domain.account_plan.actions import ActionAdded, ActionCompleted
from domain.account_plan.competition import CompetitorIdentified, CompetitorReassessed
from domain.account_plan.goals import GoalAchieved, GoalSet
from domain.account_plan.hypotheses import HypothesisProposed, HypothesisRefuted
from domain.account_plan.opportunities import OpportunityOpened, OpportunityWon
from domain.account_plan.overview import UnitAdded, UnitRemoved
from domain.account_plan.plays import PlayPlanned, PlayWon
from domain.account_plan.reviews import ReviewCancelled, ReviewScheduled
from domain.account_plan.risks import RiskClosed, RiskRaised
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderForgotten, StakeholderLeft
from domain.account_plan.whitespace import OfferingListed, OfferingRetired
from domain.language import Over, Unknown
from domain.markers import Refers, marked
from domain.rules import check_references
from tests.given import OPENED

JAN_5, MARCH_1 = date(2026, 1, 5), date(2026, 3, 1)

OVER = {
    "unit": (UnitAdded(id="x", name="Line B", kind="site", buying_center=True), UnitRemoved(id="x")),
    "offering": (OfferingListed(id="x", name="Hub", kind="product"), OfferingRetired(id="x")),
    "opportunity": (
        OpportunityOpened(id="x", name="Line B", amount=1, stage="scoping", close_on=MARCH_1, source="plan"),
        OpportunityWon(id="x", won_on=JAN_5, amount=1),
    ),
    "goal": (
        GoalSet(
            id="x",
            kind="revenue",
            statement="ARR of line B",
            measure="ARR",
            unit="EUR",
            baseline=1,
            target=3,
            due_on=MARCH_1,
            owner="ann",
        ),
        GoalAchieved(id="x", achieved_on=JAN_5),
    ),
    "hypothesis": (
        HypothesisProposed(id="x", outcome="Less rework", metric="hours", unit="hours", expected="25"),
        HypothesisRefuted(id="x", observed="0"),
    ),
    "competitor": (CompetitorIdentified(id="x", name="Globex"), CompetitorReassessed(id="x", position="gone")),
    "risk": (
        RiskRaised(id="x", kind="other", statement="Budget", likelihood=1, impact=1, owner="ann"),
        RiskClosed(id="x", outcome="averted", closed_on=JAN_5),
    ),
    "play": (
        PlayPlanned(id="x", title="Tour", kind="proof", owner="ann", due_on=MARCH_1, success_measure="They come"),
        PlayWon(id="x", finished_on=JAN_5, result="They came"),
    ),
    "action": (
        ActionAdded(id="x", statement="Send the offer", kind="task", owner="ann", due_on=MARCH_1),
        ActionCompleted(id="x", finished_on=JAN_5),
    ),
    "review": (ReviewScheduled(id="x", kind="monthly", planned_on=MARCH_1), ReviewCancelled(id="x")),
    "stakeholder": (
        StakeholderAdded(id="x", title="Chief Financial Officer", level="executive"),
        StakeholderLeft(id="x", left_on=JAN_5),
    ),
}
"""Of every kind of thing that is named, one that is over."""

NAMING = [
    pytest.param(command, field, marker, id=f"{name}: {field}")
    for name, command in COMMANDS.items()
    for field, marker in marked(command, Refers)
]


def naming(command, field, id):
    """A command that says nothing but that it names something in a field."""
    is_list = "tuple" in str(command.model_fields[field].annotation)
    return command.model_construct(**dict.fromkeys(command.model_fields) | {field: (id,) if is_list else id})


def test_everything_that_is_named_can_be_over():
    assert {marker.kind for _, marker in (found for c in COMMANDS.values() for found in marked(c, Refers))} == set(OVER)
    assert all(fold((OPENED, *events)).named(kind, "x").ending or kind == "competitor" for kind, events in OVER.items())


@pytest.mark.parametrize(("command", "field", "marker"), NAMING)
def test_what_is_over_may_be_named_unless_something_is_made_a_part_of_it(command, field, marker):
    plan = fold((OPENED, *OVER[marker.kind]))
    if marker.part_of:
        with pytest.raises(Over):
            check_references(plan, naming(command, field, "x"), None)
    else:
        check_references(plan, naming(command, field, "x"), None)


@pytest.mark.parametrize(("command", "field", "marker"), NAMING)
def test_what_is_named_is_there(command, field, marker):
    with pytest.raises(Unknown) as unknown:
        check_references(fold((OPENED,)), naming(command, field, "x"), None)
    assert unknown.value.type == f"unknown-{marker.kind}"
    assert unknown.value.pointer.startswith(f"/{field}")


@pytest.mark.parametrize(("command", "field", "marker"), NAMING)
def test_nothing_more_is_told_of_who_was_forgotten(command, field, marker):
    if marker.kind != "stakeholder":
        return
    plan = fold((OPENED, OVER["stakeholder"][0], StakeholderForgotten(id="x")))
    if field == "about":
        check_references(plan, naming(command, field, "x"), None)
    else:
        with pytest.raises(Over):
            check_references(plan, naming(command, field, "x"), None)


def test_only_units_and_offerings_have_parts():
    parts = {marker.kind for c in COMMANDS.values() for _, marker in marked(c, Refers) if marker.part_of}
    assert parts == {"unit", "offering"} <= set(THINGS)
