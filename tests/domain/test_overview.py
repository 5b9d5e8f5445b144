from datetime import date
from decimal import Decimal
from json import dumps

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.entries import EntryStruck
from domain.account_plan.overview import (
    AccountDescribed,
    AddUnit,
    DescribeAccount,
    News,
    NewsNoted,
    NoteNews,
    NoteReferral,
    Overview,
    Referral,
    ReferralMade,
    RemoveUnit,
    RenameUnit,
    Unit,
    UnitAdded,
    UnitRemoved,
    UnitRenamed,
)
from domain.account_plan.plan import plan_id_of
from tests.given import OPENED, given

JAN_5, JAN_6 = date(2026, 1, 5), date(2026, 1, 6)

EVERYTHING = {
    "industry": "Machine building",
    "industry_context": "Orders fall, service grows",
    "employees": 4200,
    "annual_revenue": Decimal("910000000.50"),
    "business": "Builds packing lines",
    "key_products": ("Fillers", "Sealers"),
    "customers": "Food and pharma",
    "market_position": "Second in Europe",
    "strategic_priorities": ("Service revenue",),
    "initiatives": ("One plant, one platform",),
    "tech_stack": ("SAP", "Siemens"),
    "our_fit": "We cut rework",
    "decision_process": "Plant first, then the board",
    "why_us": ("time_to_value", "risk_reduction"),
    "change_drivers": ("cost_pressure",),
    "icp_fit": "strong",
    "trajectory": "steady",
}
DESCRIBED = AccountDescribed(**EVERYTHING)

PLANTS = UnitAdded(id="plants", name="Plants", kind="business_unit", buying_center=True)
LINE = {"id": "line-b", "name": "Line B", "kind": "site", "buying_center": False, "parent": "plants"}
LINE_B = UnitAdded(**LINE)
LINE_B_REMOVED = UnitRemoved(id="line-b")

NEWS = {"id": "ceo", "kind": "leadership_change", "happened_on": JAN_5, "summary": "A new CEO from outside"}
REFERRAL = {"id": "beta", "to_account": "Beta Foods", "happened_on": JAN_5}


# The account


def test_an_account_can_be_described():
    given().when(DescribeAccount(**EVERYTHING)).then(DESCRIBED)
    assert fold((OPENED, DESCRIBED)).the(Overview, "overview").model_dump() == EVERYTHING | {"id": "overview"}


def test_only_what_changes_in_the_description_is_recorded():
    given(DESCRIBED).when(DescribeAccount(**EVERYTHING | {"trajectory": "expanding"})).then(
        AccountDescribed(trajectory="expanding")
    )
    given(DESCRIBED).when(DescribeAccount(**EVERYTHING)).then_nothing_happens()
    given().when(DescribeAccount(industry=" ", why_us=())).then_nothing_happens()


@pytest.mark.parametrize(
    "emptied", [{"industry": None}, {"employees": None}, {"icp_fit": None}, {"tech_stack": ()}, {"why_us": ()}]
)
def test_any_part_of_the_description_can_be_emptied(emptied):
    given(DESCRIBED).when(DescribeAccount(**emptied)).then(AccountDescribed(**emptied))
    ((name, value),) = emptied.items()
    now = fold((OPENED, DESCRIBED, AccountDescribed(**emptied))).the(Overview, "overview")
    assert (getattr(now, name), now.business) == (value, "Builds packing lines")


def test_lists_of_the_description_are_replaced_whole():
    given(DESCRIBED).when(DescribeAccount(change_drivers=("merger",))).then(
        AccountDescribed(change_drivers=("merger",))
    )


@pytest.mark.parametrize(
    "wrong", [{"employees": -1}, {"annual_revenue": "-1"}, {"why_us": ["price"]}, {"icp_fit": "good"}, {"ceo": "Dana"}]
)
def test_a_description_keeps_to_its_terms(wrong):
    with pytest.raises(ValidationError):
        DescribeAccount.model_validate_json(dumps(wrong))


# Units


def test_units_form_a_tree():
    given().when(AddUnit(**LINE | {"parent": None})).then(UnitAdded(**{n: v for n, v in LINE.items() if n != "parent"}))
    given(PLANTS).when(AddUnit(**LINE)).then(LINE_B)
    given(PLANTS, LINE_B).when(AddUnit(**LINE)).then_refused("unit-id-taken", "/id")


def test_a_unit_stands_below_one_that_is_there():
    given().when(AddUnit(**LINE)).then_refused("unknown-unit", "/parent")
    given(PLANTS, UnitRemoved(id="plants")).when(AddUnit(**LINE)).then_refused("unit-over", "/parent")


def test_no_unit_stands_below_itself():
    given(PLANTS).when(AddUnit(**LINE | {"parent": "line-b"})).then_refused("unknown-unit", "/parent")


def test_whether_a_unit_is_a_buying_center_has_to_be_said():
    with pytest.raises(ValidationError):
        AddUnit(id="line-b", name="Line B", kind="site")


def test_a_unit_can_be_renamed():
    given(PLANTS).when(RenameUnit(id="plants", name="Works")).then(UnitRenamed(id="plants", name="Works"))
    given(PLANTS).when(RenameUnit(id="plants", name="Plants ")).then_nothing_happens()
    given().when(RenameUnit(id="plants", name="Works")).then_refused("unknown-unit", "/id")
    renamed = fold((OPENED, PLANTS, UnitRenamed(id="plants", name="Works"))).the(Unit, "plants")
    assert (renamed.name, renamed.buying_center) == ("Works", True)


def test_a_unit_is_removed_once():
    given(PLANTS, LINE_B).when(RemoveUnit(id="line-b")).then(LINE_B_REMOVED)
    given(PLANTS, LINE_B, LINE_B_REMOVED).when(RemoveUnit(id="line-b")).then_refused("unit-over", "/id")
    given(PLANTS, LINE_B, LINE_B_REMOVED).when(RenameUnit(id="line-b", name="B")).then_refused("unit-over", "/id")


def test_a_unit_with_units_below_it_cannot_be_removed():
    given(PLANTS, LINE_B).when(RemoveUnit(id="plants")).then_refused("unit-has-units-below", "/id")
    given(PLANTS, LINE_B, LINE_B_REMOVED).when(RemoveUnit(id="plants")).then(UnitRemoved(id="plants"))


def test_the_id_of_a_removed_unit_stays_taken():
    given(PLANTS, LINE_B, LINE_B_REMOVED).when(AddUnit(**LINE)).then_refused("unit-id-taken", "/id")


# News


def test_news_can_be_noted():
    source = {"source_url": "https://example.com/ceo"}
    given().when(NoteNews(**NEWS)).then(NewsNoted(**NEWS))
    given().when(NoteNews(**NEWS | source)).then(NewsNoted(**NEWS | source))
    given(NewsNoted(**NEWS)).when(NoteNews(**NEWS)).then_refused("news-id-taken", "/id")
    assert fold((OPENED, NewsNoted(**NEWS))).the(News, "ceo").model_dump() == NEWS | {"source_url": None}


def test_news_of_tomorrow_is_refused():
    given().when(NoteNews(**NEWS | {"happened_on": JAN_6})).then_refused("day-in-the-future", "/happened_on")


def test_the_source_of_news_is_a_web_address():
    with pytest.raises(ValidationError):
        NoteNews(**NEWS, source_url="javascript:alert(1)")


def test_news_entered_by_mistake_can_be_struck():
    struck = EntryStruck(event=f"{plan_id_of('acme')}:2", entry="news", section="overview")
    assert fold((OPENED, NewsNoted(**NEWS))).entries[2] == ("news", "overview")
    assert not fold((OPENED, NewsNoted(**NEWS), struck)).all(News)


# Referrals


def test_a_referral_can_be_noted():
    worth = {"amount": Decimal(50000)}
    given().when(NoteReferral(**REFERRAL)).then(ReferralMade(**REFERRAL))
    given().when(NoteReferral(**REFERRAL | worth)).then(ReferralMade(**REFERRAL | worth))
    given(ReferralMade(**REFERRAL)).when(NoteReferral(**REFERRAL)).then_refused("referral-id-taken", "/id")
    assert fold((OPENED, ReferralMade(**REFERRAL))).the(Referral, "beta").model_dump() == REFERRAL | {"amount": None}


def test_a_referral_of_tomorrow_is_refused():
    given().when(NoteReferral(**REFERRAL | {"happened_on": JAN_6})).then_refused("day-in-the-future", "/happened_on")
