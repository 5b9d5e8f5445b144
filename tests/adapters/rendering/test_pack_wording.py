"""How packs put figures, goals and measures into words."""

from decimal import Decimal

from adapters.rendering.packs.annual import LABELS, is_met, plainly
from adapters.rendering.packs.qbr import measured
from application.measures.registry import MEASURES
from tests.cases import for_each


def test_the_definition_of_a_measure_names_others_as_the_year_in_numbers_does():
    told = {name: plainly(MEASURES[name].definition) for name in LABELS}
    assert told["milestone_on_time"] == "Actions kept in time, of milestones alone."
    assert "no older than the policy allows" in told["hygiene"]
    assert not [each for each in told.values() if "_" in each or "`" in each or not each[0].isupper()]


@for_each(
    ("baseline", "target", "reached", "met"),
    [("0", "3", "3", True), ("0", "3", "2", False), ("12", "8", "8", True), ("12", "8", "9", False)],
)
def test_a_goal_may_be_reached_downwards(baseline, target, reached, met):
    assert is_met(Decimal(baseline), Decimal(target), Decimal(reached)) is met


@for_each(
    ("measure", "unit", "told"),
    [
        ("Admin hours per store", "hours", "Admin hours per store"),
        ("Admin hours per store", "h", "Admin hours per store, h"),
        ("Rework", "%", "Rework, %"),
        ("Rework in %", "%", "Rework in %"),
    ],
)
def test_a_unit_is_told_unless_the_measure_names_it(measure, unit, told):
    assert measured({"measure": measure, "unit": unit}) == told
