"""The charts of the reports as SVG: the same in page and PDF, and as clear in black and white as in colour."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from adapters.rendering.document import Chart

FONT = "Libertinus Serif, Georgia, serif"
INK = "#1b2430"
WIDTH = 560
HEIGHT = 190
LOWEST_LABELLED = 17
"""How high a part of a bar must be to bear its number."""

Row = Mapping[str, Any]
Drawn = alt.LayerChart | alt.FacetChart


class Fill:
    """A colour with a pattern on it, by which it is known without colours."""

    def __init__(self, colour: str, lines: str = "") -> None:
        self.colour, self.lines = colour, lines


RISING, FALLING, FLAT, UPRIGHT = "M0 8L8 0M-2 2L2 -2M6 10L10 6", "M0 0L8 8M-2 6L2 10M6 -2L10 2", "M0 4H8", "M4 0V8"
DOTTED = "M3 4a1 1 0 1 0 2 0a1 1 0 1 0 -2 0"

OUTCOMES = {
    "kept": Fill("#2c6e54"),
    "late": Fill("#9fd0b8", RISING),
    "failed": Fill("#cdd6df", DOTTED),
    "dropped": Fill("#ffffff", FLAT),
    "slipped": Fill("#f3c877", FALLING),
    "missed": Fill("#d8675a", RISING + FALLING),
    "pending": Fill("#ffffff"),
}
STATES = {
    "adopted": Fill("#2c6e54"),
    "pilot": Fill("#9fd0b8", RISING),
    "opportunity": Fill("#8fb7dc", FLAT),
    "aware": Fill("#cfe0f0", DOTTED),
    "none": Fill("#f3eee2", UPRIGHT),
    "lost": Fill("#d8675a", RISING + FALLING),
    "unknown": Fill("#ffffff"),
}
ATTITUDES = {
    "champion": Fill("#2c6e54"),
    "supporter": Fill("#9fd0b8", RISING),
    "neutral": Fill("#eceff2"),
    "sceptic": Fill("#f3c877", FALLING),
    "blocker": Fill("#d8675a", RISING + FALLING),
    "unknown": Fill("#ffffff"),
}


def svg(chart: Chart, name: str) -> str:
    """The name is that of the chart within its page."""
    drawn = DRAWN[chart.kind](chart.rows)
    spec = drawn.configure(
        font=FONT,
        background="white",
        axis=alt.AxisConfig(
            labelColor=INK, titleColor=INK, titleFontWeight="normal", labelFontSize=11, gridColor="#e3e6ea"
        ),
        legend=alt.LegendConfig(
            labelColor=INK, title=None, labelFontSize=11, symbolStrokeColor=INK, symbolType="square"
        ),
        view=alt.ViewConfig(stroke=None),
    )
    return finished(vl_convert.vegalite_to_svg(spec.to_json(validate=False)), name)


def finished(svg: str, name: str) -> str:
    """With its patterns, and silent: the page says in words what it shows."""
    fills = {word: fill for scale in (OUTCOMES, STATES, ATTITUDES) for word, fill in scale.items() if fill.lines}
    used = "".join(pattern(name, word, fill) for word, fill in fills.items() if f'="url(#{word})"' in svg)
    svg = re.sub(r"<[^>]*>", lambda tag: quiet(tag[0], name), svg)
    return re.sub(r"<svg[^>]*", rf'\g<0> aria-hidden="true" focusable="false"><defs>{used}</defs', svg, count=1)


def quiet(tag: str, name: str) -> str:
    return re.sub(r' (aria-[a-z]+|role)="[^"]*"', "", tag).replace('="url(#', f'="url(#{name}-')


def pattern(name: str, word: str, fill: Fill) -> str:
    return (
        f'<pattern id="{name}-{word}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{fill.colour}"/>'
        f'<path d="{fill.lines}" fill="none" stroke="{INK}" stroke-width="0.9"/></pattern>'
    )


def scale(fills: Mapping[str, Fill], rows: Sequence[Row], field: str) -> alt.Scale:
    """Only what there is, always in the same order."""
    there = {row[field] for row in rows}
    words = [word for word in fills if word in there]
    return alt.Scale(
        domain=words, range=[f"url(#{word})" if fills[word].lines else fills[word].colour for word in words]
    )


def stacked(rows: Sequence[Row], fills: Mapping[str, Fill], what: str) -> Drawn:
    """One bar per review, its parts in a fixed order, each with its number where there is room for it."""
    order = {word: place for place, word in enumerate(fills)}
    data = alt.InlineData(values=[{**row, "place": order[row["part"]]} for row in with_middles(rows, order)])
    across = days_across()
    bars = (
        alt.Chart(data)
        .mark_bar(stroke=INK, strokeWidth=0.8, size=34)
        .encode(
            x=across,
            y=alt.Y("number:Q", title=what, axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("part:N", scale=scale(fills, rows, "part"), legend=alt.Legend(orient="right")),
            order=alt.Order("place:O"),
        )
    )
    roomy = alt.Chart(data).transform_filter("datum.roomy").encode(x=across, y=alt.Y("middle:Q"))
    labels = chip(roomy), roomy.mark_text(fontSize=11, fontWeight="bold", fill=INK).encode(text="number:Q")
    return alt.layer(bars, *labels).properties(width=WIDTH - 110, height=HEIGHT)


def days_across() -> alt.X:
    return alt.X("label:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, ticks=False, labelLimit=90))


def chip(base: alt.Chart, beside: int = 0) -> alt.Chart:
    """White ground for a label, so that it is read on every pattern."""
    ground: alt.Chart = base.mark_point(shape="circle", size=230, filled=True, fill="white", opacity=1, xOffset=beside)
    return ground


def with_middles(rows: Sequence[Row], order: Mapping[str, int]) -> list[Row]:
    """Where the number of each part stands: in its middle."""
    reached: dict[Any, int] = {}
    placed = []
    for row in sorted(rows, key=lambda row: order[row["part"]]):
        below = reached.get(row["label"], 0)
        reached[row["label"]] = below + row["number"]
        placed.append({**row, "middle": below + row["number"] / 2})
    labels, highest = list(dict.fromkeys(row["label"] for row in rows)), max(reached.values())
    placed = [{**row, "roomy": row["number"] * HEIGHT >= highest * LOWEST_LABELLED} for row in placed]
    return sorted(placed, key=lambda row: labels.index(row["label"]))


def outcomes(rows: Sequence[Row]) -> Drawn:
    return stacked(rows, OUTCOMES, "promises")


def whitespace(rows: Sequence[Row]) -> Drawn:
    return stacked(rows, STATES, "cells")


def rates(rows: Sequence[Row]) -> Drawn:
    """Kept in time, and done at all: two lines that differ in their dashes, the first with its figures."""
    data = alt.InlineData(values=list(rows))
    axis = alt.Axis(labelExpr="format(datum.value * 100, 'd') + ' %'", tickCount=5)
    y = alt.Y("rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis)
    words = ["kept in time", "done at all"]
    base = alt.Chart(data).encode(x=days_across(), y=y)
    legend = alt.Legend(orient="right", symbolType="stroke")
    line = base.mark_line(strokeWidth=2).encode(
        color=alt.Color("what:N", scale=alt.Scale(domain=words, range=["#2c6e54", "#5b6675"]), legend=legend),
        strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=words, range=[[1, 0], [5, 4]]), legend=legend),
    )
    kept = base.transform_filter("datum.words")
    points = kept.mark_point(filled=True, size=60, opacity=1, color="#2c6e54")
    labels = kept.mark_text(dy=-12, fontSize=11, fontWeight="bold", fill=INK).encode(text="words:N")
    return alt.layer(line, points, labels).properties(width=WIDTH - 110, height=150)


def amounts(rows: Sequence[Row]) -> Drawn:
    y = alt.Y("amount:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(format="~s", tickCount=4))
    base = alt.Chart(alt.InlineData(values=list(rows))).encode(x=days_across(), y=y)
    bars = base.mark_bar(size=34, fill="#8fb7dc", stroke=INK, strokeWidth=0.8)
    labels = base.mark_text(dy=-8, fontSize=11, fontWeight="bold", fill=INK).encode(text="words:N")
    return alt.layer(bars, labels).properties(width=WIDTH, height=130)


def stances(rows: Sequence[Row]) -> Drawn:
    """A line for everybody, cut where they became of another mind."""
    y = alt.Y("who:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=170))
    base = alt.Chart(alt.InlineData(values=list(rows))).encode(y=y)
    bars = base.mark_bar(stroke=INK, strokeWidth=0.7, height=15).encode(
        x=alt.X("from:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0, tickCount="month")),
        x2="to:T",
        color=alt.Color("attitude:N", scale=scale(ATTITUDES, rows, "attitude"), legend=alt.Legend(orient="bottom")),
    )
    labelled = base.transform_filter("datum.word").encode(x=alt.X("from:T"))
    words = labelled.mark_text(xOffset=11, fontSize=9, fontWeight="bold", fill=INK).encode(text="word:N")
    people = len({row["who"] for row in rows})
    return alt.layer(bars, chip(labelled, beside=11), words).properties(width=WIDTH - 120, height=people * 22)


DRAWN: Mapping[str, Callable[[Sequence[Row]], Drawn]] = {
    "outcomes": outcomes,
    "rates": rates,
    "stances": stances,
    "amounts": amounts,
    "whitespace": whitespace,
}
