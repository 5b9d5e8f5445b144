"""The outcome of a delivery attempt, its name, and which parts of the answer are obeyed."""

from application.webhooks.attempts import REASONS, Outcome
from tests.cases import for_each


@for_each(
    ("status", "arrived", "gone", "held"),
    [
        (199, False, False, None),
        (200, True, False, None),
        (299, True, False, None),
        (300, False, False, None),
        (409, False, False, None),
        (410, False, True, None),
        (411, False, False, None),
        (428, False, False, None),
        (429, False, False, "60"),
        (430, False, False, None),
        (502, False, False, None),
        (503, False, False, "60"),
        (504, False, False, None),
    ],
)
def test_a_status_says_whether_it_arrived_whether_it_ends_and_whether_a_wait_is_heard(status, arrived, gone, held):
    outcome = Outcome(12, status, retry_after="60")
    assert (outcome.arrived, outcome.is_gone, outcome.held) == (arrived, gone, held)
    assert outcome.kind == ("arrived" if arrived else "refused")
    assert outcome.told == f"it answered {status}"


def test_without_an_answer_the_failure_is_told():
    for failure, why in REASONS.items():
        outcome = Outcome(12, error=failure, retry_after="60")
        assert (outcome.arrived, outcome.is_gone, outcome.held) == (False, False, None)
        assert (outcome.kind, outcome.told) == (failure, why)
    assert Outcome(12).told == REASONS["disconnected"]
    assert REASONS["timed-out"] == "it did not answer within 15 seconds"
