import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.competition import (
    Competitor,
    CompetitorIdentified,
    CompetitorReassessed,
    IdentifyCompetitor,
    Neutralisation,
    ReassessCompetitor,
)
from domain.account_plan.overview import UnitAdded
from tests.given import OPENED, given

PLANT = UnitAdded(id="plant", name="Plant Ulm", kind="site", buying_center=True)
TERMS = {"id": "rival", "name": "Rival Inc.", "entrenched_in": ("plant",), "displacement_angle": "their price"}
IDENTIFIED = CompetitorIdentified(**TERMS)


def test_a_competitor_can_be_identified():
    given(PLANT).when(IdentifyCompetitor(**TERMS)).then(IDENTIFIED)
    given(PLANT, IDENTIFIED).when(IdentifyCompetitor(**TERMS)).then_refused("competitor-id-taken", "/id")


def test_a_competitor_may_be_at_home_nowhere_yet():
    bare = {"id": "rival", "name": "Rival Inc."}
    given().when(IdentifyCompetitor(**bare)).then(CompetitorIdentified(**bare))


def test_a_competitor_is_entrenched_in_units_that_are_there():
    given().when(IdentifyCompetitor(**TERMS)).then_refused("unknown-unit", "/entrenched_in/0")


def test_the_position_of_a_competitor_is_unknown_until_it_is_reassessed():
    assert competitor_after().position is None
    assert competitor_after(CompetitorReassessed(id="rival", position="entrenched")).position == "entrenched"


def test_everything_about_a_competitor_can_be_reassessed():
    new = {
        "position": "challenging",
        "name": "Rival SE",
        "entrenched_in": (),
        "displacement_angle": None,
        "proof_assets": ("case study",),
        "traps_to_set": ("ask for their audit trail",),
        "traps_to_avoid": ("feature list",),
        "neutralise": (Neutralisation(asset="local support", answer="our own team on site"),),
        "note": "new owner",
    }
    said = new | {"neutralise": ({"asset": " local support", "answer": "our own team on site"},)}
    reassessed = CompetitorReassessed(id="rival", **new)
    given(PLANT, IDENTIFIED).when(ReassessCompetitor(id="rival", **said)).then(reassessed)
    given(PLANT, IDENTIFIED, reassessed).when(ReassessCompetitor(id="rival", **said)).then_nothing_happens()
    assert competitor_after(reassessed) == Competitor(id="rival", **new)


def test_only_what_is_different_is_recorded():
    reassess = ReassessCompetitor(id="rival", position="exploring", entrenched_in=("plant",), note=" ")
    exploring = CompetitorReassessed(id="rival", position="exploring")
    given(PLANT, IDENTIFIED).when(reassess).then(exploring)
    given(PLANT, IDENTIFIED, exploring).when(ReassessCompetitor(id="rival", traps_to_set=())).then_nothing_happens()


def test_a_competitor_is_not_reassessed_the_first_time_without_its_position():
    note, exploring = {"note": "new owner"}, CompetitorReassessed(id="rival", position="exploring")
    given(PLANT, IDENTIFIED).when(ReassessCompetitor(id="rival", **note)).then_refused("position-not-said", "/position")
    later = given(PLANT, IDENTIFIED, exploring).when(ReassessCompetitor(id="rival", **note))
    later.then(CompetitorReassessed(id="rival", **note))


def test_a_competitor_that_is_gone_may_come_back():
    gone = CompetitorReassessed(id="rival", position="gone")
    back = CompetitorReassessed(id="rival", position="exploring")
    assert competitor_after(gone).ending is None
    given(PLANT, IDENTIFIED).when(ReassessCompetitor(id="rival", position="gone")).then(gone)
    given(PLANT, IDENTIFIED, gone).when(ReassessCompetitor(id="rival", position="exploring")).then(back)


@pytest.mark.parametrize(
    "wrong",
    [{"position": None}, {"position": "dead"}, {"name": ""}, {"neutralise": ({"asset": "support", "answer": " "},)}],
)
def test_a_reassessment_says_something(wrong):
    with pytest.raises(ValidationError):
        ReassessCompetitor(id="rival", **wrong)


def test_an_unknown_competitor_cannot_be_reassessed():
    given().when(ReassessCompetitor(id="rival", position="gone")).then_refused("unknown-competitor", "/id")


def competitor_after(*events):
    return fold((OPENED, PLANT, IDENTIFIED, *events)).the(Competitor, "rival")
