from datetime import date
from decimal import Decimal
from json import dumps

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.competition import CompetitorIdentified
from domain.account_plan.overview import UnitAdded, UnitRemoved
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderLeft
from domain.account_plan.whitespace import (
    AssessCell,
    AssumedValues,
    Assumptions,
    Cell,
    CellAssessed,
    ListOffering,
    Offering,
    OfferingListed,
    OfferingRetired,
    RetireOffering,
)
from tests.cases import for_each
from tests.given import OPENED, given

UNIT = UnitAdded(id="line-b", name="Line B", kind="site", buying_center=True)
OFFERING = {"id": "controller", "name": "Controller", "kind": "product"}
LISTED = OfferingListed(**OFFERING)
RETIRED = OfferingRetired(id="controller")
HERE = {"unit": "line-b", "offering": "controller"}
PILOT = CellAssessed(**HERE, penetration="pilot", former="unknown")
COO = StakeholderAdded(id="coo", name="Dana", level="executive")
RIVAL = CompetitorIdentified(id="rival", name="Rival Controls")

EVERYTHING = {
    "incumbent": "status_quo",
    "arr_potential": Decimal(80000),
    "probability": Decimal("0.4"),
    "bet": "quick_win",
    "effort": "low",
    "strategic_value": "high",
    "timing": "now",
    "sponsor": "coo",
    "tactic": "adjacent_proof",
    "entry_path": "Through the maintenance team",
}
SEATS = {"adoption_rate": Decimal("0.5"), "price_per_unit": Decimal(400), "seats": 300, "sites": 2}


# Offerings


def test_an_offering_can_be_listed():
    given().when(ListOffering(**OFFERING)).then(LISTED)
    given(LISTED).when(ListOffering(**OFFERING)).then_refused("offering-id-taken", "/id")


def test_an_offering_is_retired_once():
    given(LISTED).when(RetireOffering(id="controller")).then(RETIRED)
    given(LISTED, RETIRED).when(RetireOffering(id="controller")).then_refused("offering-over", "/id")
    given().when(RetireOffering(id="controller")).then_refused("unknown-offering", "/id")
    assert fold((OPENED, LISTED, RETIRED)).the(Offering, "controller").ending == "was retired"


# Cells


def test_a_cell_is_there_from_its_first_assessment():
    given(UNIT, LISTED).when(AssessCell(**HERE, penetration="pilot")).then(PILOT)
    cell = cell_after(PILOT)
    assert (cell.unit, cell.offering, cell.penetration, cell.incumbent) == ("line-b", "controller", "pilot", "unknown")


def test_everything_can_be_assessed_of_a_cell():
    assessed = CellAssessed(**HERE, **EVERYTHING, assumptions=Assumptions(**SEATS))
    given(UNIT, LISTED, COO).when(AssessCell(**HERE, **EVERYTHING, assumptions=AssumedValues(**SEATS))).then(assessed)
    cell = cell_after(COO, assessed)
    assert {name: getattr(cell, name) for name in EVERYTHING} == EVERYTHING
    assert (cell.assumptions, cell.penetration) == (Assumptions(**SEATS), "unknown")


def test_a_cell_lies_between_a_unit_and_an_offering_that_are_there():
    given(LISTED).when(AssessCell(**HERE, penetration="pilot")).then_refused("unknown-unit", "/unit")
    given(UNIT).when(AssessCell(**HERE, penetration="pilot")).then_refused("unknown-offering", "/offering")


@pytest.mark.parametrize("before", [(), (PILOT,)])
def test_no_cell_of_a_removed_unit_or_a_retired_offering_is_assessed(before):
    adopt = AssessCell(**HERE, penetration="adopted")
    given(UNIT, LISTED, *before, RETIRED).when(adopt).then_refused("offering-over", "/offering")
    given(UNIT, LISTED, *before, UnitRemoved(id="line-b")).when(adopt).then_refused("unit-over", "/unit")


def test_a_changed_penetration_says_the_former_one():
    adopted = CellAssessed(**HERE, penetration="adopted", former="pilot")
    given(UNIT, LISTED, PILOT).when(AssessCell(**HERE, penetration="adopted", timing=None)).then(adopted)
    assert cell_after(PILOT, adopted).penetration == "adopted"


def test_only_what_changes_of_a_cell_is_recorded():
    later = CellAssessed(**HERE, timing="later")
    given(UNIT, LISTED, PILOT).when(AssessCell(**HERE, penetration="pilot", timing="later")).then(later)
    assert (cell_after(PILOT, later).penetration, cell_after(PILOT, later).timing) == ("pilot", "later")


def test_an_assessment_that_changes_nothing_records_nothing():
    given(UNIT, LISTED).when(AssessCell(**HERE)).then_nothing_happens()
    given(UNIT, LISTED).when(AssessCell(**HERE, penetration="unknown", incumbent="unknown")).then_nothing_happens()
    given(UNIT, LISTED, PILOT).when(AssessCell(**HERE, penetration="pilot", probability=None)).then_nothing_happens()


def test_what_was_assessed_can_be_emptied():
    rated = CellAssessed(**HERE, probability=Decimal("0.4"), entry_path="Through maintenance")
    emptied = CellAssessed(**HERE, probability=None, entry_path=None)
    given(UNIT, LISTED, rated).when(AssessCell(**HERE, probability=None, entry_path=" ")).then(emptied)
    assert cell_after(rated, emptied).probability is None


def test_an_emptied_penetration_or_incumbent_is_unknown():
    ours = CellAssessed(**HERE, penetration="pilot", incumbent="us", former="unknown")
    unknown = CellAssessed(**HERE, penetration="unknown", incumbent="unknown", former="pilot")
    given(UNIT, LISTED, ours).when(AssessCell(**HERE, penetration=None, incumbent=None)).then(unknown)
    given(UNIT, LISTED).when(AssessCell(**HERE, penetration=None, incumbent=None)).then_nothing_happens()


def test_assumptions_are_replaced_whole():
    assumed = CellAssessed(**HERE, assumptions=Assumptions(**SEATS))
    few = AssessCell(**HERE, assumptions=AssumedValues(seats=20))
    given(UNIT, LISTED, assumed).when(few).then(CellAssessed(**HERE, assumptions=Assumptions(seats=20)))
    given(UNIT, LISTED, assumed).when(AssessCell(**HERE, assumptions=AssumedValues(**SEATS))).then_nothing_happens()


@pytest.mark.parametrize("nothing", [None, AssumedValues(), AssumedValues(seats=None)])
def test_assumptions_can_be_emptied(nothing):
    assumed = CellAssessed(**HERE, assumptions=Assumptions(**SEATS))
    given(UNIT, LISTED, assumed).when(AssessCell(**HERE, assumptions=nothing)).then(
        CellAssessed(**HERE, assumptions=None)
    )
    given(UNIT, LISTED).when(AssessCell(**HERE, assumptions=nothing)).then_nothing_happens()


@pytest.mark.parametrize("incumbent", ["status_quo", "us", "rival"])
def test_the_incumbent_is_nobody_we_or_a_known_competitor(incumbent):
    served = CellAssessed(**HERE, incumbent=incumbent)
    given(UNIT, LISTED, RIVAL).when(AssessCell(**HERE, incumbent=incumbent)).then(served)
    given(UNIT, LISTED, RIVAL, served).when(AssessCell(**HERE, incumbent=incumbent)).then_nothing_happens()


def test_a_competitor_has_to_be_identified_before_it_is_an_incumbent():
    given(UNIT, LISTED).when(AssessCell(**HERE, incumbent="rival")).then_refused("unknown-competitor", "/incumbent")


def test_the_sponsor_is_a_stakeholder_who_is_there():
    gone = StakeholderLeft(id="coo", left_on=date(2026, 1, 5))
    sponsor = AssessCell(**HERE, sponsor="coo")
    given(UNIT, LISTED).when(sponsor).then_refused("unknown-stakeholder", "/sponsor")
    given(UNIT, LISTED, COO, gone).when(sponsor).then(CellAssessed(**HERE, sponsor="coo"), warnings=("has-left",))
    given(UNIT, LISTED, COO).when(sponsor).then(CellAssessed(**HERE, sponsor="coo"))


@for_each(
    "wrong",
    [
        {"probability": 1.1},
        {"arr_potential": -1},
        {"penetration": "full"},
        {"incumbent": "Rival Controls"},
        {"assumptions": {"seats": "300"}},
        {"assumptions": {"adoption_rate": 2}},
        {"assumptions": {"price": 1}},
    ],
)
def test_an_assessment_keeps_to_its_terms(wrong):
    with pytest.raises(ValidationError):
        AssessCell.model_validate_json(dumps(HERE | wrong))


def cell_after(*events):
    return fold((OPENED, UNIT, LISTED, *events)).the(Cell, "line-b:controller")
