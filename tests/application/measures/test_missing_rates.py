"""Whoever sets exchange rates is told the currencies of plans that they leave out, and whose these are."""

from typing import Any

from application.measures.missing_rates import without_rate
from domain.program import PROGRAM
from tests.application.findings.test_program import plan, program
from tests.cases import for_each

PLANS = [plan("acme"), plan("beta", currency="USD"), plan("gamma", currency="USD"), plan("delta", currency="CHF")]


def told(command: str, **body: Any) -> list[tuple[str, str, str]]:
    said = PROGRAM.commands[command].model_validate(body)
    found = without_rate(said, program().known.state, lambda: PLANS)
    return [(each.code, each.pointer, each.detail.split(":")[0]) for each in found]


@for_each(
    ("rates", "details"),
    [
        ({"USD": 1, "CHF": 1}, []),
        ({"USD": 1}, ["There is no rate for CHF, in which the plan of Delta counts"]),
        (
            {"GBP": 1},
            [
                "There is no rate for CHF, in which the plan of Delta counts",
                "There is no rate for USD, in which the plan of Beta and Gamma counts",
            ],
        ),
    ],
)
def test_each_currency_of_plans_without_a_rate_is_told_with_their_names(rates, details):
    said = told("set-exchange-rates", as_of_on="2026-01-05", rates={each: f"{rate}" for each, rate in rates.items()})
    assert said == [("currency-without-rate", "/rates", detail) for detail in details]


def test_other_commands_set_no_rates():
    assert told("name-program-owner", owner="vera") == []
