from datetime import date
from decimal import Decimal
from json import dumps

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.entries import EntryStruck, StrikeEntry
from domain.account_plan.health import (
    Contract,
    ContractRenewed,
    ContractSet,
    Health,
    HealthRecorded,
    MetricRead,
    RecordHealth,
    RenewContract,
    SetContract,
    SuccessMetric,
)
from domain.account_plan.plan import plan_id_of
from tests.cases import for_each
from tests.given import OPENED, given

JAN_1, JAN_3, JAN_4, JAN_5, JAN_6 = (date(2026, 1, day) for day in (1, 3, 4, 5, 6))

CONTRACT = {
    "arr": Decimal(120000),
    "starts_on": date(2025, 4, 1),
    "renews_on": date(2026, 4, 1),
    "products": ("Controller", "Support"),
}
SET = ContractSet(**CONTRACT)
RENEWAL = {
    "arr": Decimal(150000),
    "net_retention": Decimal("1.25"),
    "starts_on": date(2026, 4, 1),
    "renews_on": date(2027, 4, 1),
}
RENEWED = ContractRenewed(**RENEWAL, former=Decimal(120000))

EVERYTHING = {
    "arr": Decimal(120000),
    "nrr": Decimal("1.02"),
    "expansion_arr": Decimal(15000),
    "health": "amber",
    "score": Decimal("-3.5"),
    "adoption": Decimal("0.65"),
    "usage": Decimal(1400),
    "engagement": Decimal(7),
    "nps": Decimal(-20),
    "csat": Decimal("4.2"),
    "open_tickets": 12,
    "p1_incidents": 0,
    "executive_perception": "A supplier, not a partner",
    "executive_air_cover": False,
    "open_issues": ("Slow support",),
}


# The contract


def test_a_contract_can_be_set():
    given().when(SetContract(**CONTRACT)).then(SET)
    given().when(SetContract(**CONTRACT, terms="30 days")).then(ContractSet(**CONTRACT, terms="30 days"))


def test_a_contract_set_again_as_it_is_records_nothing():
    given(SET).when(SetContract(**CONTRACT, terms=" ")).then_nothing_happens()


def test_a_contract_set_again_is_replaced_whole():
    framed = ContractSet(**CONTRACT, terms="30 days")
    given(framed).when(SetContract(**CONTRACT)).then(SET)
    assert contract_after(framed, RENEWED, SET).model_dump() == CONTRACT | {
        "id": "contract",
        "terms": None,
        "net_retention": None,
    }


def test_a_contract_does_not_renew_before_it_starts():
    early = {"starts_on": date(2026, 4, 2), "renews_on": date(2026, 4, 1)}
    given().when(SetContract(**CONTRACT | early)).then_refused("contract-renews-before-it-starts", "/renews_on")
    given(SET).when(RenewContract(**RENEWAL | early)).then_refused("contract-renews-before-it-starts", "/renews_on")


def test_only_a_contract_there_is_can_be_renewed():
    given().when(RenewContract(**RENEWAL)).then_refused("no-contract")


def test_a_renewal_says_the_former_recurring_revenue():
    given(SET).when(RenewContract(**RENEWAL)).then(RENEWED)
    given(SET).when(RenewContract(**RENEWAL | {"arr": CONTRACT["arr"]})).then(
        ContractRenewed(**RENEWAL | {"arr": CONTRACT["arr"]}, former=CONTRACT["arr"])
    )
    given(SET, RENEWED).when(RenewContract(**RENEWAL)).then_nothing_happens()


def test_a_renewal_changes_the_contract_and_leaves_the_rest_of_it():
    renewed = contract_after(ContractSet(**CONTRACT, terms="30 days"), RENEWED)
    assert renewed.model_dump() == CONTRACT | RENEWAL | {"id": "contract", "terms": "30 days"}


def test_a_renewal_may_change_the_terms_or_empty_them():
    framed = ContractSet(**CONTRACT, terms="30 days")
    on_60_days = ContractRenewed(**RENEWAL, terms="60 days", former=CONTRACT["arr"])
    on_none = ContractRenewed(**RENEWAL, terms=None, former=CONTRACT["arr"])
    given(framed).when(RenewContract(**RENEWAL, terms="30 days")).then(RENEWED)
    given(framed).when(RenewContract(**RENEWAL, terms="60 days")).then(on_60_days)
    given(framed).when(RenewContract(**RENEWAL, terms=None)).then(on_none)
    assert contract_after(framed, on_none).terms is None


@pytest.mark.parametrize("wrong", [{"arr": Decimal(-1)}, {"net_retention": Decimal("-0.01")}, {"starts_on": None}])
def test_a_renewal_keeps_to_its_terms(wrong):
    with pytest.raises(ValidationError):
        RenewContract(**RENEWAL | wrong)


# Health


def test_health_says_any_reading_of_a_day():
    metrics = {
        "success_metrics": (MetricRead(name="Rework", value="8 %", goal="5 %"), MetricRead(name="Lines", value="3"))
    }
    plain = {
        "success_metrics": (
            SuccessMetric(name="Rework", value="8 %", goal="5 %"),
            SuccessMetric(name="Lines", value="3"),
        )
    }
    recorded = HealthRecorded(as_of_on=JAN_5, **EVERYTHING, **plain)
    given().when(RecordHealth(as_of_on=JAN_5, **EVERYTHING, **metrics)).then(recorded)
    given(recorded).when(RecordHealth(as_of_on=JAN_5, **EVERYTHING, **metrics)).then_nothing_happens()
    now = health_after(recorded)
    assert {name: getattr(now, name) for name in EVERYTHING} == EVERYTHING
    assert now.success_metrics == plain["success_metrics"]


def test_a_figure_of_success_is_kept_as_it_was_written():
    metrics = dumps({"as_of_on": "2026-01-05", "success_metrics": [{"name": "Rework", "value": 8.50, "goal": " "}]})
    plain = SuccessMetric(name="Rework", value="8.5")
    given().when(RecordHealth.model_validate_json(metrics)).then(
        HealthRecorded(as_of_on=JAN_5, success_metrics=(plain,))
    )


def test_health_needs_a_reading():
    given().when(RecordHealth(as_of_on=JAN_5)).then_refused("nothing-read")
    given().when(RecordHealth(as_of_on=JAN_5, reason="quarterly look")).then_refused("nothing-read")


def test_health_of_tomorrow_is_refused():
    given().when(RecordHealth(as_of_on=JAN_6, health="green")).then_refused("day-in-the-future", "/as_of_on")


def test_only_readings_that_are_new_for_the_day_are_recorded():
    amber = HealthRecorded(as_of_on=JAN_4, health="amber", open_tickets=3)
    given(amber).when(RecordHealth(as_of_on=JAN_4, health="amber", open_tickets=4)).then(
        HealthRecorded(as_of_on=JAN_4, open_tickets=4)
    )


def test_the_same_value_read_on_another_day_is_a_reading_too():
    amber = HealthRecorded(as_of_on=JAN_4, health="amber")
    given(amber).when(RecordHealth(as_of_on=JAN_5, health="amber")).then(HealthRecorded(as_of_on=JAN_5, health="amber"))
    given(amber, HealthRecorded(as_of_on=JAN_5, nps=Decimal(5))).when(
        RecordHealth(as_of_on=JAN_5, health="amber")
    ).then(HealthRecorded(as_of_on=JAN_5, health="amber"))


def test_a_reading_of_an_earlier_day_only_fills_what_is_not_known_of_a_later_one():
    today = HealthRecorded(as_of_on=JAN_5, health="green")
    before = HealthRecorded(as_of_on=JAN_3, health="red", open_tickets=9)
    given(today).when(RecordHealth(as_of_on=JAN_3, health="red", open_tickets=9)).then(before)
    now = health_after(today, before)
    assert (now.health, now.open_tickets, now.as_of_on) == ("green", 9, JAN_5)
    assert now.read_on == {"health": JAN_5, "open_tickets": JAN_3}


def test_a_reading_of_an_earlier_day_said_again_is_no_news():
    today, before = HealthRecorded(as_of_on=JAN_5, health="green"), HealthRecorded(as_of_on=JAN_3, health="red")
    given(today, before).when(RecordHealth(as_of_on=JAN_3, health="red")).then_nothing_happens()
    amber = HealthRecorded(as_of_on=JAN_3, health="amber")
    given(today, before).when(RecordHealth(as_of_on=JAN_3, health="amber")).then(amber)
    given(today, before, amber).when(RecordHealth(as_of_on=JAN_3, health="red")).then(before)


def test_each_reading_has_a_day_of_its_own():
    first = HealthRecorded(as_of_on=JAN_1, nps=Decimal(10))
    last = HealthRecorded(as_of_on=JAN_5, health="green")
    between = HealthRecorded(as_of_on=JAN_3, nps=Decimal(20))
    assert health_after(first, last, between).nps == 20


def test_a_reading_can_be_taken_back_to_unknown():
    known = HealthRecorded(as_of_on=JAN_4, csat=Decimal(4))
    unknown = HealthRecorded(as_of_on=JAN_5, csat=None)
    given(known).when(RecordHealth(as_of_on=JAN_5, csat=None)).then(unknown)
    given().when(RecordHealth(as_of_on=JAN_5, csat=None)).then_nothing_happens()
    given(known, unknown).when(RecordHealth(as_of_on=JAN_5, csat=None)).then_nothing_happens()
    assert health_after(known, unknown, HealthRecorded(as_of_on=JAN_3, csat=Decimal(3))).csat is None


def test_no_open_issues_is_a_reading():
    none_open = HealthRecorded(as_of_on=JAN_5, open_issues=())
    given().when(RecordHealth(as_of_on=JAN_5, open_issues=())).then(none_open)
    assert health_after(HealthRecorded(as_of_on=JAN_4, open_issues=("Slow",)), none_open).open_issues == ()


def test_health_entered_by_mistake_can_be_struck():
    amber, red = HealthRecorded(as_of_on=JAN_4, health="amber"), HealthRecorded(as_of_on=JAN_5, health="red")
    struck = EntryStruck(event=f"{plan_id_of('acme')}:3", entry="health", section="health")
    given(amber, red).when(StrikeEntry(event="3", reason="another account")).then(struck)
    assert health_after(amber, red, struck).health == "amber"


@for_each(
    "reading",
    [
        {"nps": 100.5},
        {"nps": -101},
        {"nrr": "-0.01"},
        {"adoption": 1.01},
        {"usage": -1},
        {"engagement": -1},
        {"open_tickets": 1.5},
        {"p1_incidents": -1},
        {"health": "orange"},
        {"executive_air_cover": "yes"},
        {"success_metrics": [{"name": "Rework"}]},
        {"success_metrics": [{"name": "Rework", "value": True}]},
        {"nrr": "NaN"},
    ],
)
def test_a_reading_keeps_to_its_scale(reading):
    with pytest.raises(ValidationError):
        RecordHealth.model_validate_json(dumps({"as_of_on": "2026-01-05"} | reading))


@pytest.mark.parametrize("reading", [{"nps": 100}, {"nps": -100}, {"nrr": "1.02"}, {"adoption": 1}, {"score": -7.25}])
def test_a_scale_includes_its_ends(reading):
    assert RecordHealth.model_validate_json(dumps({"as_of_on": "2026-01-05"} | reading))


def contract_after(*events):
    return fold((OPENED, *events)).the(Contract, "contract")


def health_after(*events):
    return fold((OPENED, *events)).the(Health, "health")
