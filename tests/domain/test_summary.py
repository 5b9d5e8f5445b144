from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.summary import Summary, SummaryWritten, WriteSummary
from tests.given import OPENED, given, given_nothing

EVERYTHING = {
    "relevance": "The largest line builder of the region",
    "why_now": "Two plants are being refitted",
    "goal_sentence": "Every line runs on our controller by December",
    "challenges": ("Rework", "Scrap"),
    "addressable_spend": Decimal(2500000),
    "growth_path": "From one plant to three",
}
WRITTEN = SummaryWritten(**EVERYTHING)


def test_a_summary_says_why_this_account_why_now_and_where_it_is_to_be_in_a_year():
    given().when(WriteSummary(**EVERYTHING)).then(WRITTEN)
    assert summary_after(WRITTEN).model_dump() == EVERYTHING | {"id": "summary"}


def test_a_summary_needs_an_open_plan():
    given_nothing().when(WriteSummary(why_now="Now")).then_refused("unknown-plan")


def test_only_what_changes_in_a_summary_is_recorded():
    again = WriteSummary(**EVERYTHING | {"why_now": "The refit was brought forward"})
    given(WRITTEN).when(again).then(SummaryWritten(why_now="The refit was brought forward"))


def test_a_summary_written_again_in_the_same_words_records_nothing():
    given(WRITTEN).when(WriteSummary(**EVERYTHING)).then_nothing_happens()
    given(WRITTEN).when(WriteSummary(addressable_spend=Decimal("2500000.00"))).then_nothing_happens()


def test_a_summary_may_say_nothing():
    given().when(WriteSummary()).then_nothing_happens()
    given().when(WriteSummary(relevance=None, challenges=())).then_nothing_happens()


def test_what_a_later_summary_leaves_out_stays():
    assert summary_after(WRITTEN, SummaryWritten(why_now="Later")).growth_path == "From one plant to three"


@pytest.mark.parametrize("blank", [None, " "])
def test_a_part_of_a_summary_can_be_emptied(blank):
    given(WRITTEN).when(WriteSummary(relevance=blank)).then(SummaryWritten(relevance=None))
    assert summary_after(WRITTEN, SummaryWritten(relevance=None)).relevance is None


def test_challenges_are_replaced_whole():
    given(WRITTEN).when(WriteSummary(challenges=("Scrap",))).then(SummaryWritten(challenges=("Scrap",)))
    given(WRITTEN).when(WriteSummary(challenges=())).then(SummaryWritten(challenges=()))
    assert summary_after(WRITTEN, SummaryWritten(challenges=())).challenges == ()


def test_spend_is_not_negative():
    with pytest.raises(ValidationError):
        WriteSummary(addressable_spend=Decimal(-1))


def summary_after(*events):
    return fold((OPENED, *events)).the(Summary, "summary")
