import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.entries import EntryStruck, StrikeEntry
from domain.account_plan.hypotheses import (
    ConfirmHypothesis,
    Evidence,
    EvidenceRecorded,
    Hypothesis,
    HypothesisConfirmed,
    HypothesisProposed,
    HypothesisRated,
    HypothesisRefuted,
    HypothesisReopened,
    HypothesisRevised,
    ProposeHypothesis,
    RateHypothesis,
    RecordEvidence,
    RefuteHypothesis,
    ReopenHypothesis,
    ReviseHypothesis,
)
from domain.account_plan.plan import plan_id_of
from tests.given import OPENED, given

TERMS = {
    "id": "rework",
    "outcome": "Less rework on line B",
    "metric": "rework rate",
    "unit": "%",
    "baseline": "8",
    "expected": "4 to 5",
    "proof": ("reference", "roi_model"),
    "triggers": ("audit in May",),
}
PROPOSED = HypothesisProposed(**TERMS)
SEEN = EvidenceRecorded(id="rework", observed="5", supports=True, note="first week")
CONFIRMED = HypothesisConfirmed(id="rework", observed="4.5")
REFUTED = HypothesisRefuted(id="rework", observed="9")


def test_a_hypothesis_can_be_proposed():
    given().when(ProposeHypothesis(**TERMS)).then(PROPOSED)
    given(PROPOSED).when(ProposeHypothesis(**TERMS)).then_refused("hypothesis-id-taken", "/id")


def test_a_hypothesis_needs_no_baseline_and_no_proof_yet():
    bare = {name: TERMS[name] for name in ("id", "outcome", "metric", "unit", "expected")}
    given().when(ProposeHypothesis(**bare, value_driver=" ")).then(HypothesisProposed(**bare))


def test_a_figure_may_come_as_a_number():
    written = b'{"id": "rework", "observed": 4.5}'
    given(PROPOSED).when(ConfirmHypothesis.model_validate_json(written)).then(CONFIRMED)


def test_every_word_of_a_hypothesis_can_be_revised():
    new = {
        "outcome": "No rework",
        "metric": "parts reworked",
        "unit": "parts",
        "expected": "0",
        "baseline": "90",
        "proof": ("benchmark",),
        "triggers": (),
        "counter_evidence": ("line A did not improve",),
        "value_driver": "cost",
        "payback_months": 9,
    }
    revised = HypothesisRevised(id="rework", **new)
    given(PROPOSED).when(ReviseHypothesis(id="rework", **new)).then(revised)
    assert hypothesis_after(revised) == Hypothesis(id="rework", **new)


def test_only_what_is_revised_is_recorded():
    revise = ReviseHypothesis(id="rework", metric="rework rate", baseline=None, proof=("reference", "roi_model"))
    given(PROPOSED).when(revise).then(HypothesisRevised(id="rework", baseline=None))
    same = ReviseHypothesis(id="rework", expected="4 to 5", value_driver="")
    given(PROPOSED).when(same).then_nothing_happens()


@pytest.mark.parametrize("field", ["outcome", "metric", "unit", "expected"])
def test_what_a_hypothesis_cannot_do_without_is_not_emptied(field):
    with pytest.raises(ValidationError, match=field):
        ReviseHypothesis(id="rework", **{field: None})


def test_the_quality_of_a_hypothesis_is_rated_from_one_to_five():
    rated = HypothesisRated(id="rework", quality=4)
    given(PROPOSED).when(RateHypothesis(id="rework", quality=4)).then(rated)
    given(PROPOSED, rated).when(RateHypothesis(id="rework", quality=4)).then_nothing_happens()
    for wrong in (0, 6):
        with pytest.raises(ValidationError, match="quality"):
            RateHypothesis(id="rework", quality=wrong)


def test_evidence_is_gathered_without_deciding_anything():
    record = RecordEvidence(id="rework", observed="5", supports=True, note="first week")
    given(PROPOSED).when(record).then(SEEN)
    against = EvidenceRecorded(id="rework", observed="9", supports=False)
    given(PROPOSED, SEEN).when(RecordEvidence(id="rework", observed="9", supports=False)).then(against)
    after = hypothesis_after(SEEN, against)
    assert (after.state, after.observed) == ("open", None)
    gathered = (Evidence(observed="5", supports=True, note="first week"), Evidence(observed="9", supports=False))
    assert after.evidence == gathered


def test_the_same_observed_again_is_further_evidence():
    again = RecordEvidence(id="rework", observed="5", supports=True, note="first week")
    given(PROPOSED, SEEN).when(again).then(SEEN)


def test_evidence_entered_by_mistake_can_be_struck():
    struck = EntryStruck(event=f"{plan_id_of('acme')}:3", entry="evidence", section="hypotheses")
    given(PROPOSED, SEEN).when(StrikeEntry(event="3", reason="wrong line")).then(struck)
    assert hypothesis_after(SEEN, struck).evidence == ()


def test_a_hypothesis_is_confirmed_or_refuted_by_what_was_observed():
    confirm = ConfirmHypothesis(id="rework", observed="4.5")
    refute = RefuteHypothesis(id="rework", observed="9")
    given(PROPOSED).when(confirm).then(HypothesisConfirmed(id="rework", observed="4.5"))
    given(PROPOSED).when(refute).then(REFUTED)
    given(PROPOSED, CONFIRMED).when(refute).then_refused("hypothesis-over", "/id")
    assert (hypothesis_after(CONFIRMED).state, hypothesis_after(REFUTED).state) == ("confirmed", "refuted")
    assert hypothesis_after(REFUTED).observed == "9"


@pytest.mark.parametrize("over", [CONFIRMED, REFUTED])
def test_a_reopened_hypothesis_is_open_again_and_keeps_its_evidence(over):
    again = ReopenHypothesis(id="rework", reason="the scale was off")
    given(PROPOSED, over).when(again).then(HypothesisReopened(id="rework"))
    given(PROPOSED).when(again).then_refused("hypothesis-not-over", "/id")
    after = hypothesis_after(SEEN, over, HypothesisReopened(id="rework"))
    assert (after.state, after.ending, after.observed, len(after.evidence)) == ("open", None, None, 1)


def test_an_unknown_hypothesis_cannot_be_rated():
    given().when(RateHypothesis(id="rework", quality=1)).then_refused("unknown-hypothesis", "/id")


def hypothesis_after(*events):
    return fold((OPENED, PROPOSED, *events)).the(Hypothesis, "rework")
