"""Measures across plans: by group, by month and by currency, as they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from application.measures.measure import ALL, MeasureName
from application.measures.measured import measured_months
from application.measures.month_end import Summed, month_end, summed
from application.measures.query import MeasuresQuery, months_asked
from application.measures.series import MeasuresView, Of, Point, Series, measures_view
from application.views.cuts import CutRefused
from domain.program import PROGRAM
from domain.record import Recorded
from tests.cases import for_each
from tests.histories import History, instant

NOW = instant("2026-05-15")


@dataclass
class Plans:
    """Histories, as a store answers for them."""

    histories: Sequence[History]
    practice: History | None = None

    def sums(
        self, months: Any, measures: Any, by: Any, now: Any, caller: Any = None, currency: str | None = None
    ) -> Iterator[Summed]:
        assert caller is None
        for history in self.histories:
            for at in measured_months(history.known, months, now, self.program()):
                if currency in (None, at.at.card.currency):
                    yield from summed(month_end(at, measures), by)

    def program(self) -> Sequence[Recorded]:
        return self.practice.known.records if self.practice else ()


def plan(account: str, arr: str | None = None, *, opened_on: str = "2026-01-05", **terms: Any) -> History:
    history = History(account)
    opening = {"account_name": account.capitalize(), "tier": "growth", "owner": "ann", "currency": "EUR"}
    history.on(opened_on, "open-plan", account_id=account, **opening | terms)
    if arr:
        contract(history, opened_on, arr)
    return history


def contract(history: History, when: str, arr: str) -> None:
    terms = {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
    history.on(when, "set-contract", arr=arr, **terms)


def practice(*rates: tuple[str, dict[str, str]], currency: str = "EUR") -> History:
    history = History(type=PROGRAM)
    history.on("2026-01-02", "open-program", name="Strategic accounts", currency=currency, timezone="Europe/Berlin")
    for when, each in rates:
        history.on(when, "set-exchange-rates", as_of_on=when[:10], rates=each)
    return history


def view(plans: Plans, *measures: MeasureName, **asked: Any) -> MeasuresView:
    months = {"from": "2026-01", "to": "2026-03"}
    return measures_view(MeasuresQuery.model_validate({"measure": measures, **months, **asked}), plans, NOW)


def series(plans: Plans, measure: MeasureName, **asked: Any) -> list[Series]:
    [each] = view(plans, measure, **asked).items
    return each.series


def told(found: Sequence[Series]) -> dict[tuple[str | None, str | None, str | None], list[str | None]]:
    """Values by group, key and currency; of what was converted, the currency with a star."""
    return {
        (each.group, each.key, (each.currency or "") + "*" * each.converted): [
            None if point.value is None else str(point.value) for point in each.points
        ]
        for each in found
    }


TWO = (plan("acme", "100", owner="Ann@Example.com"), plan("beta", "50", owner="ann@example.com", tier="strategic"))


@for_each(
    ("by", "groups"),
    [
        ("total", {None: "150"}),
        ("owner", {"ann@example.com": "150"}),
        ("tier", {"growth": "100", "strategic": "50"}),
        ("plan", {"acme": "100", "beta": "50"}),
        ("territory", {None: "150"}),
        ("segment", {None: "150"}),
    ],
)
def test_plans_are_grouped(by, groups):
    assert told(series(Plans(TWO), "arr", by=by)) == {(group, None, "EUR"): [arr] * 3 for group, arr in groups.items()}


@for_each(("first", "last"), [("2026-01", "2026-03"), ("2026-02", "2026-05"), ("2026-03", "2026-03")])
def test_a_view_says_from_which_month_to_which_it_is(first, last):
    found = view(Plans(TWO), "arr", **{"from": first, "to": last})
    assert (found.from_, found.to) == (first, last)


@for_each(("by", "names"), [("plan", ["Acme", "Beta"]), ("tier", [None, None]), ("total", [None])])
def test_what_is_told_of_one_plan_has_the_name_of_its_account(by, names):
    assert [each.name for each in series(Plans(TWO), "arr", by=by)] == names


def test_a_plan_is_grouped_as_it_was_at_each_months_end():
    moved = plan("acme", "100")
    moved.on("2026-02-28T23:00Z", "change-tier", tier="strategic", reason="Round")
    moved.on("2026-03-02", "reassign-plan", owner="ben", reason="Handover")
    found = told(series(Plans([moved]), "arr", by="tier"))
    assert found == {
        ("growth", None, "EUR"): ["100", None, None],
        ("strategic", None, "EUR"): [None, "100", "100"],
    }
    assert told(series(Plans([moved]), "arr", by="owner")) == {
        ("ann", None, "EUR"): ["100", "100", None],
        ("ben", None, "EUR"): [None, None, "100"],
    }


def test_a_share_of_several_plans_is_the_sum_of_the_parts_divided_by_that_of_the_wholes():
    for history, actions in zip(plans := [plan("acme"), plan("beta")], (3, 1), strict=True):
        for number in range(actions):
            promise = {"statement": "Send the price", "kind": "task", "owner": "ann", "due_on": "2026-02-10"}
            history.on("2026-01-06", "add-action", id=f"a{number}", **promise)
    plans[1].on("2026-02-10", "complete-action", id="a0", finished_on="2026-02-10", result="Sent")
    [each] = series(Plans(plans), "on_schedule")
    assert [point.value for point in each.points] == [None, 0.25, None]
    assert [point.plans for point in each.points] == [0, 2, 0]


def test_each_month_is_compared_with_the_one_before():
    acme = plan("acme", opened_on="2026-02-05")
    contract(acme, "2026-02-06", "100")
    contract(acme, "2026-03-06", "80.5")
    [each] = series(Plans([acme]), "arr")
    assert [(point.value, point.change) for point in each.points] == [
        (None, None),
        (Decimal(100), None),
        (Decimal("80.50"), Decimal("-19.50")),
    ]


def test_of_what_is_told_apart_a_month_without_any_says_none_and_one_without_plans_says_nothing():
    acme = plan("acme", opened_on="2026-02-05")
    deal = {"name": "Line B", "amount": "5", "stage": "offer", "close_on": "2026-06-30", "source": "referral"}
    acme.on("2026-03-05", "open-opportunity", id="deal", **deal)
    found = told(series(Plans([acme]), "pipeline_created_by_source"))
    assert found == {(None, "referral", "EUR"): [None, "0", "5"]}


@for_each(
    ("recorded", "found"),
    [("2026-01-31T09:59:59Z", ["100", "100", "100"]), ("2026-01-31T10:00:00Z", [None, "100", "100"])],
)
def test_a_month_ends_where_the_plan_is_even_where_the_program_is_a_day_behind(recorded, found):
    """On Kiritimati February begins when it is ten in the morning of the last of January in UTC."""
    there = plan("acme", timezone="Pacific/Kiritimati")
    contract(there, recorded, "100")
    in_utc = History(type=PROGRAM)
    in_utc.on("2026-01-02", "open-program", name="Strategic accounts", currency="USD", timezone="UTC")
    in_utc.on("2026-01-31T23:59:59Z", "set-exchange-rates", as_of_on="2026-01-31", rates={"EUR": "2"})
    in_utc.on("2026-02-28T23:59:59Z", "set-exchange-rates", as_of_on="2026-02-28", rates={"EUR": "3"})
    sums = told(series(Plans([there], in_utc), "arr"))
    assert sums[None, None, "EUR"] == found
    rated = [each and str(Decimal(each) * rate) for each, rate in zip(found, (2, 3, 3), strict=True)]
    assert sums[None, None, "USD*"] == rated


def test_groups_come_by_name_and_what_is_in_none_last_each_with_its_currencies_and_then_what_was_converted():
    places = [
        Of("ann", ALL, "CHF"), Of("ann", ALL, "EUR"), Of("ann", ALL, "EUR", True), Of("ann", "plan", "EUR"),
        Of("ben", ALL, "EUR"), Of("ben", "plan", "EUR"), Of("ben", "referral"), Of(None, ALL, "EUR"),
    ]  # fmt: skip
    mixed = places[::-1]
    assert sorted(mixed, key=lambda each: each.place) == places


# Currencies

DOLLARS = (plan("acme", "100"), plan("beta", "50", currency="USD"))


def test_without_rates_each_currency_has_a_sum_of_its_own():
    assert told(series(Plans(DOLLARS), "arr")) == {(None, None, "EUR"): ["100"] * 3, (None, None, "USD"): ["50"] * 3}
    assert told(series(Plans(DOLLARS), "contacts_mapped")) == {(None, None, ""): ["0"] * 3}
    assert told(series(Plans(DOLLARS), "arr", currency="USD")) == {(None, None, "USD"): ["50"] * 3}


def test_with_rates_there_is_a_sum_of_all_beside_told_with_the_rates():
    rated = Plans(DOLLARS, practice(("2026-01-20", {"USD": "0.9"}), ("2026-03-01", {"USD": "0.855"})))
    found = view(rated, "arr")
    assert told(found.items[0].series)[None, None, "EUR*"] == ["145", "145", "142.75"]
    assert [(rate.month, str(rate.as_of_on), rate.rates) for rate in found.rates] == [
        ("2026-01", "2026-01-20", {"USD": Decimal("0.9")}),
        ("2026-02", "2026-01-20", {"USD": Decimal("0.9")}),
        ("2026-03", "2026-03-01", {"USD": Decimal("0.855")}),
    ]
    alone = told(series(Plans(DOLLARS[:1], rated.practice), "arr"))
    assert list(alone) == [(None, None, "EUR")]  # there is nothing to convert


@pytest.mark.parametrize(
    ("when", "converted"),
    [("2026-01-31T22:59:59Z", ["145", "145", "145"]), ("2026-01-31T23:00:00Z", [None, "145", "145"])],
)
def test_a_rate_that_is_set_after_a_months_end_changes_nothing_of_it(when, converted):
    late = practice()
    late.on(when, "set-exchange-rates", as_of_on="2026-01-01", rates={"USD": "0.9"})
    found = view(Plans(DOLLARS, late), "arr")
    assert told(found.items[0].series)[None, None, "EUR*"] == converted
    assert [rate.missing for rate in found.rates] == [["USD"] if value is None else [] for value in converted]


def test_a_currency_without_a_rate_leaves_the_sum_of_all_out_unless_there_is_nothing_of_it():
    francs = plan("gamma", "10", currency="CHF")
    rated = Plans([*DOLLARS, francs], practice(("2026-01-20", {"USD": "0.9"})))
    assert told(series(rated, "arr"))[None, None, "EUR*"] == [None, None, None]
    assert told(series(rated, "arr_won"))[None, None, "EUR*"] == ["0", "0", "0"]


def test_rates_of_another_currency_of_the_program_do_not_count_after_it_changed():
    changed = practice(("2026-01-20", {"USD": "0.9"}))
    changed.on("2026-02-15", "revise-charter", currency="USD", reason="Moved")
    found = view(Plans(DOLLARS, changed), "arr")
    assert [(rate.currency, rate.missing) for rate in found.rates] == [("EUR", []), ("USD", ["EUR"]), ("USD", ["EUR"])]


def test_a_month_before_the_program_is_not_converted():
    asked = {"from": "2025-12", "to": "2026-01"}
    old = [plan("acme", "100", opened_on="2025-12-01"), plan("beta", "5", opened_on="2025-12-01", currency="USD")]
    found = view(Plans(old, practice(("2026-01-20", {"USD": "1"}))), "arr", **asked)
    assert [rate.month for rate in found.rates] == ["2026-01"]
    assert told(found.items[0].series)[None, None, "EUR*"] == [None, "105"]


# What is asked


@pytest.mark.parametrize(
    ("asked", "first", "last", "many"),
    [
        ({}, "2025-05", "2026-04", 12),
        ({"to": "2026-05"}, "2025-06", "2026-05", 12),
        ({"from": "2026-04"}, "2026-04", "2026-04", 1),
        ({"from": "2021-05"}, "2021-05", "2026-04", 60),
        ({"to": "0001-03"}, "0001-02", "0001-03", 2),
    ],
)
def test_without_months_a_year_is_told_up_to_the_last_month_that_is_over(asked, first, last, many):
    months = months_asked(MeasuresQuery.model_validate({"measure": ["arr"], **asked}), NOW)
    assert (str(months[0]), str(months[-1]), len(months)) == (first, last, many)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"from": "2026-05", "to": "2026-04"}, "2026-05 is after 2026-04"),
        ({"from": "2021-04", "to": "2026-04"}, "more than 60 months: say 2026-03"),
        ({"to": "2026-06"}, "still to come"),
        ({"from": "May"}, "not a month"),
    ],
)
def test_months_that_make_no_range_are_refused(asked, why):
    with pytest.raises(CutRefused, match=why):
        months_asked(MeasuresQuery.model_validate({"measure": ["arr"], **asked}), NOW)


def test_the_month_under_way_is_provisional():
    [each] = series(Plans([plan("acme", "100")]), "arr", to="2026-05")
    assert [point.provisional for point in each.points] == [False, False, False, False, True]
    assert isinstance(each.points[-1], Point)
