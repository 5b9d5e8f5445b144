"""Many cases in one test fail as tests of their own would."""

import pytest

from tests.cases import for_each


def test_every_case_is_tried_and_each_that_fails_is_named():
    tried = []

    @for_each(("left", "right"), [(1, 1), pytest.param(1, 2, id="one and two"), (2, 2), (3, 4)])
    @for_each("other", [0])
    def equal(given, left, right, other):
        tried.append((given, left, right, other))
        assert left == right

    with pytest.raises(ExceptionGroup, match="2 cases of 4 failed") as failed:
        equal(given="a fixture")
    assert tried == [("a fixture", 1, 1, 0), ("a fixture", 1, 2, 0), ("a fixture", 2, 2, 0), ("a fixture", 3, 4, 0)]
    assert [failure.__notes__ for failure in failed.value.exceptions] == [
        ["in the case other=0", "in the case one and two"],
        ["in the case other=0", "in the case left=3, right=4"],
    ]


def test_a_single_failure_is_itself_and_no_error_that_was_expected_is_missed():
    @for_each("number", [1, 2])
    def refused(number):
        with pytest.raises(ZeroDivisionError):
            1 / (number - 1)

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE") as failed:
        refused()
    assert failed.value.__notes__ == ["in the case number=2"]


def test_no_case_at_all_is_a_mistake():
    with pytest.raises(ValueError, match="there is no case"):
        for_each("number", [])
