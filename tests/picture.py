"""The picture in the README: what a team of the demo promised at one review, and the outcomes by the next.

`python -m tests.picture` draws it from the demo's report. It is hand-written SVG, so that it stays a few kilobytes and
changes can be read in a diff.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from typing import Any

from adapters.rendering.document import Tone
from adapters.rendering.promises import TONES
from adapters.rendering.wording import OUTCOMES, day
from domain.language import shortened
from tests.places import ROOT
from tests.reports import demo, parsed

COMMAND = "python -m tests.picture"
PICTURE = ROOT / "docs" / "said-vs-did.svg"
WIDTH, TOP, ROW = 900, 92, 30
FIRST_DAY_AT, LAST_DAY_AT = 420.0, 760.0
"""Horizontal positions in pixels: of the review at which the promises were made, and of the latest day."""
OUTCOME_AT = 785
LONGEST_TITLE = 52
COLOURS: dict[Tone, str] = {"good": "#1d5c43", "warning": "#7a4a00", "bad": "#a3271b", "quiet": "#55606e"}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b2430 }
.quiet { fill: #55606e } .head { font-size: 16px; font-weight: 600 } .outcome { font-weight: 600 }
line { stroke: #d5dae0 } .review { stroke: #1b2430 } .way { stroke-width: 2 }
"""


class Days:
    """The horizontal position of each day."""

    def __init__(self, first: date, last: date) -> None:
        self._first = first
        self._step = (LAST_DAY_AT - FIRST_DAY_AT) / (last - first).days

    def x(self, iso: str) -> float:
        return round(FIRST_DAY_AT + (date.fromisoformat(iso) - self._first) / timedelta(1) * self._step, 1)


def picture() -> str:
    report = parsed(demo())
    said = report["said"]
    shown = [came_to(promise, report) for promise in said]
    days = Days(date.fromisoformat(report["from"]["date"]), date.fromisoformat(max(shown)))
    height = TOP + ROW * len(said) + 16
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>What was said at a review of {escape(report['account_name'])}, and what was done by the next</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="white" stroke="#d5dae0"/>',
        f'<text class="head" x="20" y="32">Said versus did: {escape(report["account_name"])}</text>',
        '<text class="quiet" x="20" y="56">○ due as said at the review, ● what it came to</text>',
        *review(days, report["from"]["date"], "said", height),
        *review(days, report["to"]["date"], "did", height),
        *(line for place, promise in enumerate(said) for line in row(days, place, promise, report)),
        "</svg>",
    )
    return "\n".join(lines) + "\n"


def came_to(promise: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the day on which a promise was finished, or to which it was moved; for an overdue one, the day of the
    later review."""
    return str(promise["finished_on"] or max(promise["due_now_on"], report["to"]["date"]))


def review(days: Days, on: str, what: str, height: int) -> Iterator[str]:
    x = days.x(on)
    yield f'<line class="review" x1="{x}" y1="{TOP - 14}" x2="{x}" y2="{height - 12}" stroke-dasharray="3 3"/>'
    yield f'<text x="{x}" y="{TOP - 38}" text-anchor="middle" class="outcome">{what}</text>'
    yield f'<text x="{x}" y="{TOP - 21}" text-anchor="middle" class="quiet">{day(on)}</text>'


def row(days: Days, place: int, promise: dict[str, Any], report: dict[str, Any]) -> Iterator[str]:
    y, outcome = TOP + ROW * place + ROW // 2, promise["outcome"]
    colour, due, end = COLOURS[TONES[outcome]], days.x(promise["due_on"]), days.x(came_to(promise, report))
    yield f'<line x1="20" y1="{y + ROW // 2}" x2="{WIDTH - 20}" y2="{y + ROW // 2}"/>'
    yield f'<text x="20" y="{y + 5}">{escape(shortened(promise["title"], LONGEST_TITLE))}</text>'
    yield f'<line class="way" x1="{due}" y1="{y}" x2="{end}" y2="{y}" style="stroke: {colour}"/>'
    yield f'<circle cx="{due}" cy="{y}" r="5" fill="white" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{end}" cy="{y}" r="5" fill="{colour}"/>'
    yield f'<text class="outcome" x="{OUTCOME_AT}" y="{y + 5}" style="fill: {colour}">{OUTCOMES[outcome]}</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
