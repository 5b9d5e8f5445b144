from typing import Any

import pytest
from babel.core import get_global
from pydantic import TypeAdapter, ValidationError

from domain.currencies import CURRENCIES, IN_USE, WITHDRAWN
from domain.language import Currency
from domain.mistakes import sentence

NO_MONEY = {"XTS", "XXX"}
"""Codes of ISO 4217 for testing and for no currency."""
NOT_OF_ISO = {"CNH"}
"""A code that the CLDR has and ISO 4217 does not."""


def test_the_table_has_every_currency_in_use_as_the_unicode_consortium_lists_them():
    used: dict[str, bool] = {}
    territories: dict[str, Any] = get_global("territory_currencies")
    for currencies in territories.values():
        for code, _since, until, _tender in currencies:
            used[code] = used.get(code, False) or until is None
    in_use = {code for code, is_used in used.items() if is_used}
    # El Salvador pays in dollars, and ISO 4217 still lists its colón.
    assert in_use - NO_MONEY - NOT_OF_ISO == IN_USE - {"SVC"}
    assert set(used) - in_use >= WITHDRAWN
    assert not CURRENCIES & NO_MONEY


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ZZZ", "is no currency of ISO 4217, such as EUR"),
        ("XXX", "is no currency of ISO 4217"),
        ("eur", "must be a currency by its three capital letters, such as “EUR”"),
    ],
)
def test_what_is_no_currency_is_refused_and_what_one_looks_like_said(code: str, why: str):
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Currency).validate_python(code)
    assert why in sentence(refused.value.errors()[0])
    assert TypeAdapter(Currency).validate_python("EUR") == "EUR"
