"""The formats of values for people."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from domain.account_plan.standing import ATTITUDES, STRENGTHS
from domain.account_plan.whitespace import Penetration
from domain.language import kebab_case

POWERS = {1: "marginal", 2: "limited", 3: "considerable", 4: "strong", 5: "decisive"}
SCALES: Mapping[str, Mapping[int, str]] = {
    "attitude": ATTITUDES,
    "strength": STRENGTHS,
    "relationships": STRENGTHS,
    "power": POWERS,
}
AMOUNTS = set(
    "arr amount forecast_amount arr_potential arr_exposed expansion_arr price_per_unit addressable_spend"
    " annual_revenue".split()
)
SHARES = set("probability discount adoption adoption_rate usage engagement nrr net_retention confidence".split())
COUNTS = {"baseline", "target", "value", "reached", "score", "csat", "nps"}
"""Other fields with decimals, which have a unit of their own or none."""
NOTHING = "–"
PENETRATION_SIGNS: Mapping[Penetration, str] = {
    "na": "/",
    "unknown": "?",
    "none": "○",
    "aware": "◔",
    "opportunity": "◑",
    "pilot": "◕",
    "adopted": "●",
    "lost": "×",
}


def in_words(value: Any, field: str = "") -> str:
    """Return the value of a field in words: amounts with thousands separators, shares in per cent, grades by name,
    lists joined."""
    match value:
        case None | ():
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int() if field in SCALES:
            return SCALES[field].get(value, str(value))
        case Decimal() if field in SHARES:
            return share(value)
        case int() | Decimal():
            return amount(Decimal(value))
        case datetime():
            return value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case BaseModel():
            said = ((name, each) for name, each in value if each not in (None, (), {}))
            return ", ".join(f"{spaced(name)} {in_words(each, name)}" for name, each in said)
        case Mapping() if not value:
            return NOTHING
        case Mapping():
            return ", ".join(told(name, each, field) for name, each in value.items())
        case tuple() | list():
            return (" · " if any(" " in str(each) for each in value) else ", ").join(
                in_words(each, field) for each in value
            )
        case str():
            return value.replace("_", " ") if field in WORDED else value
        case _:
            return str(value)


def told(name: str, value: Any, field: str) -> str:
    """Return an entry of a mapping, formatted by the name of its field, or else like the mapping itself."""
    if name in KNOWN or name.endswith("_on"):
        return f"{spaced(name)} {in_words(value, name)}"
    return f"{name} {in_words(value, field)}"


WORDED = set(
    "audience bet change_drivers coverage effort entrenched_in function icp_fit incumbent kind level outcome"
    " penetration position proof role roles section segment source state tactic trajectory why_us".split()
)
"""Fields whose values are words joined by underscores."""
KNOWN = AMOUNTS | SHARES | COUNTS | WORDED

LABELS = {
    "as_of_on": "as of", "multi_threaded": "multi-threaded",
    "multi_threaded_opportunities": "multi-threaded opportunities", "arr": "ARR", "arr_exposed": "ARR exposed",
    "arr_potential": "ARR potential", "arr_won": "ARR won", "top_arr": "top ARR", "expansion_arr": "expansion ARR",
    "icp_fit": "ICP fit", "nrr": "NRR", "nps": "NPS", "csat": "CSAT", "p1_incidents": "P1 incidents",
    "crm_id": "CRM id", "qbr": "QBR",
}  # fmt: skip


@lru_cache(maxsize=2_048)
def spaced(name: str) -> str:
    """Return `in_flight`, `play-won` or `PlayWon` as separate words."""
    return LABELS.get(name) or kebab_case(name).replace("_", " ").replace("-", " ")


def with_unit(value: Any, field: str, currency: str, unit: str | None = None) -> str:
    """Return the value of a field in words with its unit: a currency for an amount, else the thing's own unit."""
    counted_in = currency if field in AMOUNTS else (unit or "") if field in COUNTS else ""
    return f"{in_words(value, field)} {counted_in}".rstrip() if value is not None else NOTHING


def change_in_words(before: Any, after: Any, field: str, currency: str, unit: str | None = None) -> str:
    """Return a change: `1,000,000 → 900,000 EUR`. The unit appears once, after the last number."""
    came, went = before is None, after is None
    told = with_unit(after, field, currency, unit)
    if came:
        return told
    return f"{with_unit(before, field, currency, unit) if went else in_words(before, field)} → {told}"


def amount(value: Decimal, currency: str = "") -> str:
    plain = f"{value:,.2f}".removesuffix(".00")
    return f"{plain} {currency}".rstrip()


def short_amount(value: Decimal) -> str:
    """Return an amount for a cell of a grid: 1.2M, 340k, 900."""
    for size, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(1000), "k")):
        if value >= size:
            return f"{(value / size):.1f}".removesuffix(".0") + letter
    return f"{value:.0f}"


def share(value: Decimal) -> str:
    return f"{value * 100:.1f}".removesuffix(".0") + " %"


def how_far(day: date, today: date) -> str:
    """Return the distance from today to a day in words."""
    days = (day - today).days
    if days == 0:
        return "today"
    return f"in {counted(days, 'day')}" if days > 0 else f"{counted(-days, 'day')} ago"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


TELLING = "state name kind owner due_on held_on planned_on amount stage close_on level roles likelihood impact".split()
"""The fields that best describe a thing that was added or removed, in this order."""
MOST_TOLD = 4


def essence(values: Mapping[str, Any], title: str | None, told: Callable[[str, Any], str]) -> str:
    """Return the most informative values of a thing beside its title. `told` formats the value of a field."""
    first = [field for field in TELLING if field in values]
    fields = [*first, *(field for field in values if field not in first)]
    telling = [field for field in fields if values[field] not in (False, title)]
    said = [f"{spaced(field)} {told(field, values[field])}" for field in telling[:MOST_TOLD]]
    return ", ".join(said) + (", …" if len(telling) > MOST_TOLD else "")
