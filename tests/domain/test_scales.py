"""What is counted, measured and ranked, at both ends of each scale.

Mutants of these numbers were missed by every other test of the rules.
"""

from itertools import pairwise

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.account_plan.plan import TIER_RANKS
from domain.account_plan.stakeholders import ENGAGED
from domain.account_plan.standing import ATTITUDES, STRENGTHS
from domain.account_plan.whitespace import PENETRATION_RANKS
from domain.language import AccountId, Amount, PersonId
from domain.program.charter import MonthOfYear
from tests.cases import for_each


@for_each(
    ("kind", "within", "beyond"),
    [
        (Amount, "0", "-0.01"),
        (AccountId, "a" * 128, "a" * 129),
        (AccountId, "a", ""),
        (PersonId, "a" * 128, "a" * 129),
        (PersonId, "a", ""),
        (MonthOfYear, 1, 0),
        (MonthOfYear, 12, 13),
    ],
)
def test_the_last_value_of_a_scale_is_accepted_and_the_next_one_refused(kind, within, beyond):
    adapter = TypeAdapter(kind)
    adapter.validate_python(within)
    with pytest.raises(ValidationError):
        adapter.validate_python(beyond)


def test_tiers_are_ranked_from_one_without_gaps():
    assert TIER_RANKS == {"strategic": 1, "growth": 2, "enterprise": 3, "standard": 4}


def test_every_strength_and_attitude_has_a_word_and_engagement_begins_with_the_word_for_it():
    assert STRENGTHS == {0: "none", 1: "aware", 2: "engaged", 3: "advocate"}
    assert STRENGTHS[ENGAGED] == "engaged"
    assert ATTITUDES == {-2: "blocker", -1: "sceptic", 0: "neutral", 1: "supporter", 2: "champion"}


def test_each_step_into_a_unit_is_one_further_than_the_step_before():
    way = [PENETRATION_RANKS[step] for step in ("none", "aware", "opportunity", "pilot", "adopted")]
    assert [after - before for before, after in pairwise(way)] == [1, 1, 1, 1]
