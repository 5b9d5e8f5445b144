"""What views, packs and reports show of the demo's largest plan, and of one in which everything happens, word for word.

Committed as `what_is_shown.txt` beside this file: a line for each part of each of them that is not empty.
`python -m tests.application.what_is_shown` writes it anew; read what it says differently before you keep it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from application.findings.judging import findings_view
from application.measures.measured import measured_months
from application.measures.month_end import month_end
from application.measures.registry import MEASURES
from application.packs.registry import PACKS, pack
from application.reports.months import month_named, months_between
from application.reports.said_vs_did import said_vs_did
from application.reports.series import series
from application.views.current_plan import current_plan
from application.views.cuts import Cut, plan_at
from application.views.dates import dates_of
from application.views.departure import departure_of_member, departure_of_stakeholder
from application.views.diff import diff
from application.views.pages import review_list
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.team import Member
from domain.record import Recorded
from tests.everything import everything
from tests.histories import History, instant, told
from tests.places import DEMO

FILE = Path(__file__).with_suffix(".txt")


LATER = "2026-12-10"
SPRING = "2026-05-20"
EVE = "2026-03-20"
"""The day at which the plan is looked at in which everything happens."""


@cache
def _demo() -> tuple[History, Sequence[Recorded]]:
    return told(DEMO / "manufacturer.jsonl"), told(DEMO / "program.jsonl").known.records


def _plan_of_the_demo() -> Iterator[str]:
    history, program = _demo()
    yield from _as_it_stands(history, history.cut("now", LATER), program)


def _packs_of_the_demo() -> Iterator[str]:
    history, program = _demo()
    for when, cut in (("in spring", history.cut(SPRING, LATER)), ("now", history.cut("now", LATER))):
        yield from _packs(when, history, cut, program)


def _period_of_the_demo() -> Iterator[str]:
    history, program = _demo()
    yield from _between(history, history.cut(SPRING, LATER), history.cut("now", LATER), program)


def _months_of_the_demo() -> Iterator[str]:
    history, program = _demo()
    now = instant(LATER)
    months = months_between(month_named("2026-09", now), month_named("2026-12", now))
    for at in measured_months(history.known, months, now, program):
        yield from _lines(f"{at.month}", month_end(at, tuple(MEASURES)).figures)


def _plan_of_everything() -> Iterator[str]:
    history = everything()
    yield from _as_it_stands(history, history.cut("now", EVE), ())


def _packs_of_everything() -> Iterator[str]:
    history = everything()
    yield from _packs("now", history, history.cut("now", EVE), ())


def _period_of_everything() -> Iterator[str]:
    history = everything()
    yield from _between(history, history.cut("2026-01-13", EVE), history.cut("now", EVE), ())


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "the plan of the demo": _plan_of_the_demo,
    "its packs": _packs_of_the_demo,
    "what it did since spring": _period_of_the_demo,
    "its last months": _months_of_the_demo,
    "a plan in which everything happens": _plan_of_everything,
    "its packs too": _packs_of_everything,
    "what it did since its beginning": _period_of_everything,
}


def shown(part: str) -> str:
    return "\n".join([f"# {part}", "", *PARTS[part](), ""])


def _packs(when: str, history: History, cut: Cut, program: Sequence[Recorded]) -> Iterator[str]:
    for kind in PACKS:
        yield from _lines(f"{kind} {when}", pack(kind, history.known, cut, program))
    yield from _lines(f"qbr for customers {when}", pack("qbr", history.known, cut, program, "customer"))


def _as_it_stands(history: History, now: Cut, program: Sequence[Recorded]) -> Iterator[str]:
    known, plan = history.known, plan_at(history.known, now)
    yield from _lines("plan", current_plan(known, now, program))
    yield from _lines("findings", findings_view(known, now, program).items)
    for each in plan.open(Stakeholder):
        yield from _lines(f"without {each.id}", departure_of_stakeholder(known, now, each.id, program))
    for who in dict.fromkeys(each.person for each in plan.all(Member).values()):
        yield from _lines(f"without {who}", departure_of_member(known, now, who))
    yield from _lines("dates", list(dates_of(known)))
    yield from _lines("reviews", review_list(known, now))
    yield from _lines("series", series(known, now))


def _between(history: History, a: Cut, b: Cut, program: Sequence[Recorded]) -> Iterator[str]:
    yield from _lines("difference", diff(history.known, a, b, program=program))
    yield from _lines("said and done", said_vs_did(history.known, a, b, program))


def _lines(name: str, shown: Any) -> Iterator[str]:
    """A line for each part that says anything; an event is told by its version."""
    parts = from_json(EVENT.sub(rb'"event \1"', to_json(shown, by_alias=True)))
    for place, part in parts.items() if isinstance(parts, dict) else enumerate(parts, 1):
        if part not in (None, [], {}):
            yield f"{name}, {place}: {to_json(_without_nothing(part)).decode()}"


def _without_nothing(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _without_nothing(each) for name, each in said.items() if each not in (None, [], {})}
    return [_without_nothing(each) for each in said] if isinstance(said, list) else said


EVENT = re.compile(rb'"[0-9a-f-]{36}:([0-9]+)"')


if __name__ == "__main__":
    FILE.write_text("\n".join(map(shown, PARTS)), "utf-8")
