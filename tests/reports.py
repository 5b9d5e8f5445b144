"""Reports for rendering: of written histories, as the JSON of an answer."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from application.packs.pack import PackKind
from application.packs.registry import pack
from application.reports.month_report import month_report
from application.reports.months import month_named
from application.reports.said_vs_did import said_vs_did
from domain.account_plan.reviews import Audience
from tests.histories import History, opened, told

WORKED = Path(__file__).parent / "scenarios" / "worked-case.jsonl"
DEMO = Path(__file__).parents[1] / "adapters" / "cli" / "demo"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
NASTY = '<script>alert("x")</script> # $y$ `c` | *b* _i_ [l](https://e.example) #import "a" \\u{41} @r // x'
"""Text that has a meaning in HTML, in Markdown and to Typst unless it is escaped."""


def report(history: History, a: str, b: str) -> bytes:
    return to_json(said_vs_did(history.known, history.cut(a), history.cut(b)), by_alias=True)


@cache
def worked_case() -> bytes:
    return report(told(WORKED), "review:R1", "review:R2")


@cache
def demo() -> bytes:
    return report(told(DEMO / "retailer.jsonl"), "review:m-2026-02", "review:m-2026-03")


@cache
def demo_pack(kind: PackKind, audience: Audience = "internal") -> bytes:
    """Return a pack of the demo's manufacturer, on the day of a review."""
    history = told(DEMO / "manufacturer.jsonl")
    return to_json(pack(kind, history.known, history.cut("2026-10-01", "2026-11-30"), (), audience), by_alias=True)


@cache
def of_an_empty_plan() -> bytes:
    return report(opened(), "version:1", "version:1")


@cache
def nasty() -> bytes:
    """Return a report in which every text of users is as harmful as possible."""
    history = opened(account_name=NASTY)
    plan_play(history, "p", title=NASTY)
    history.on("2026-01-06", "add-stakeholder", id="zz", name=NASTY, level="executive")
    history.on("2026-01-07", "change-sentiment", id="zz", attitude=2)
    hold(history, "R1", "2026-01-07")
    history.on("2026-02-07", "reschedule-play", id="p", due_on="2026-03-01", reason=NASTY)
    hold(history, "R2", "2026-02-08", decisions=[NASTY])
    return report(history, "review:R1", "review:R2")


def plan_play(history: History, id: str, **more: Any) -> None:
    terms = {"title": id, "kind": "access", "owner": "ann", "due_on": "2026-02-01", "success_measure": "x"}
    history.on("2026-01-06", "plan-play", id=id, **terms | more)


def hold(history: History, id: str, day: str, **more: Any) -> None:
    terms = {"kind": "weekly", "audience": "internal", "held_on": day, "ours": ["ann"], "theirs": []}
    history.on(day, "hold-review", id=id, **terms | more)


LONG = "Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnung"
TITLES = (
    f"{LONG} im Landkreis klären",
    "การเจรจาต่อรองสัญญาฉบับใหม่กับลูกค้า 🚀",
    "新しい契約についての交渉を三月末までに終える 합의",
    "Settle 𓀀 the rest before the end of March",
)


@cache
def of_every_script(promises: int = 24) -> bytes:
    """Return a long list of promises with long words, in many scripts, or in one for which there is no font."""
    history = opened(account_name="Bayerische 東京支社 🚀")
    for number in range(promises):
        owner = ("ann", "somebody.with.a.very.long.name@example.com")[number % 2]
        plan_play(history, f"p{number}", title=TITLES[number % len(TITLES)], owner=owner)
    hold(history, "R1", "2026-01-07")
    reason = f"{LONG} takes its time, and the ministry has not answered yet: end{{}}."
    for number in range(promises):
        history.on("2026-01-20", "reschedule-play", id=f"p{number}", due_on="2026-03-01", reason=reason.format(number))
    hold(history, "R2", "2026-02-08")
    return report(history, "review:R1", "review:R2")


@cache
def month(*files: str) -> bytes:
    plans = [told(DEMO / f"{file}.jsonl").known for file in files]
    return to_json(month_report(month_named("2026-03", NOW), plans, NOW), by_alias=True)


def parsed(report: bytes) -> dict[str, Any]:
    return dict(json.loads(report))
