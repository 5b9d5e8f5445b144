"""How a story about a measure is written: the plan's commands, and what the measure says of each month."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from application.measures.measure import ALL, MeasureName, value_of
from application.measures.measured import measured_months
from application.measures.registry import MEASURES
from application.reports.months import Month, month_named, months_between
from tests.application.findings.stories import in_order, person
from tests.everything import HYPOTHESIS, PLAY, RISK, Line
from tests.histories import History, instant, opened

AT_THE_END = instant("2027-12-31")

Values = str | None | Mapping[str, str]
"""The value of a measure in a month; several by key if the measure has keys, such as one for each state."""


def months(first: str, last: str | None = None) -> list[Month]:
    return months_between(month_named(first, AT_THE_END), month_named(last or first, AT_THE_END))


def values(
    history: History, measure: MeasureName, first: str, last: str | None = None, program: History | None = None
) -> dict[str, Values]:
    """Return the values of a measure by month, such as `{"2026-03": "0.5000"}`."""
    records = program.known.records if program else ()
    found = {}
    for at in measured_months(history.known, months(first, last), AT_THE_END, records):
        figures = MEASURES[measure].judge(at)
        each = {key: str(value_of(MEASURES[measure].adding, parts)) for key, parts in figures.items()}
        found[str(at.month)] = each if MEASURES[measure].by else each.get(ALL)
    return found


def told(lines: Iterable[Line], **more: Any) -> History:
    history = opened(**more)
    for when, command, body in in_order(list(lines)):
        history.on(when, command, **body)
    return history


@dataclass(frozen=True)
class Story:
    """Commands to a plan, and the value of a measure at the end of each month after them."""

    measure: MeasureName
    told: Sequence[Line]
    said: Mapping[str, Values]
    tier: str = "strategic"

    def __str__(self) -> str:
        return f"{self.measure} {' '.join(self.said)}"


def contract(when: str, arr: str) -> Line:
    terms = {"arr": arr, "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
    return when, "set-contract", terms


def won(id: str, when: str, amount: str = "80000", won_on: str = "", **more: Any) -> Line:
    return when, "win-opportunity", {"id": id, "won_on": won_on or when[:10], "amount": amount, **more}


def play(id: str, when: str = "2026-01-06", due_on: str = "2026-12-31", **more: Any) -> Line:
    return when, "plan-play", {"id": id, "title": "Pilot on line B", "due_on": due_on, **PLAY} | more


def ended(id: str, when: str, as_: str = "win-play", finished_on: str = "") -> Line:
    return when, as_, {"id": id, "finished_on": finished_on or when, "result": "27 %"}


def started(id: str, when: str, **more: Any) -> Line:
    return when, "start-play", {"id": id, **more}


def done(id: str, when: str, finished_on: str = "") -> Line:
    return when, "complete-action", {"id": id, "finished_on": finished_on or when, "result": "Sent"}


def hypothesis(id: str, expected: str, when: str = "2026-01-06", **more: Any) -> Line:
    return when, "propose-hypothesis", {"id": id, **HYPOTHESIS, "expected": expected} | more


def risk(id: str, when: str = "2026-01-06", **more: Any) -> Line:
    return when, "raise-risk", {"id": id, "statement": "Night shift does not use it", **RISK} | more


def next_step(due_on: str, when: str = "2026-01-06") -> Line:
    step = {"id": "deal", "statement": "Send the offer", "owner": "ann", "due_on": due_on}
    return when, "set-next-best-action", step


def rated(id: str, strength: int, member: str = "ann", when: str = "2026-01-06") -> Line:
    return when, "rate-relationship", {"id": id, "member": member, "strength": strength}


def held(id: str, when: str, kind: str = "monthly", theirs: Sequence[str] = ()) -> Line:
    review = {"kind": kind, "audience": "customer" if theirs else "internal", "held_on": when, "ours": ["ann"]}
    return when, "hold-review", {"id": id, **review, "theirs": list(theirs)}


ONE_YEAR = [contract("2026-01-31", "100")]
BUYER = person("cfo", level="executive", roles=["economic_buyer"])
SPONSOR = person("coo", level="executive", roles=["executive_sponsor"])
