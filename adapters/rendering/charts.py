"""The charts of reports as SVG, the same on pages and in PDFs. They can be read in black and white too.

Charts are specified in Vega-Lite.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import vl_convert

from adapters.rendering.document import Chart, Drawing
from adapters.rendering.fonts import PACKAGES
from application.reports.outcomes import Outcome
from domain.account_plan.standing import AttitudeWord

FONT = "Libertinus Serif, Georgia, Report Noto, serif"
INK = "#1b2430"
WIDTH = 560
HEIGHT = 190
LOWEST_LABELLED = 17
"""The smallest height in pixels at which a part of a bar shows its number."""

Row = Mapping[str, Any]
Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""

BOLD = {"type": "text", "fontSize": 11, "fontWeight": "bold", "fill": INK}
BAR = {"type": "bar", "size": 34, "stroke": INK, "strokeWidth": 0.8}
DAYS_ACROSS = {
    "field": "label",
    "type": "nominal",
    "sort": None,
    "title": None,
    "axis": {"labelAngle": 0, "ticks": False, "labelLimit": 90},
}
CONFIG = {
    "font": FONT,
    "background": "white",
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "gridColor": "#e3e6ea",
    },
    "legend": {
        "labelColor": INK,
        "title": None,
        "labelFontSize": 11,
        "symbolStrokeColor": INK,
        "symbolType": "square",
    },
    "view": {"stroke": None},
}


class Fill:
    """A colour with a pattern, which distinguishes it without colours."""

    def __init__(self, colour: str, lines: str = "") -> None:
        self.colour, self.lines = colour, lines


RISING, FALLING, FLAT = "M0 8L8 0M-2 2L2 -2M6 10L10 6", "M0 0L8 8M-2 6L2 10M6 -2L10 2", "M0 4H8"
DOTTED = "M3 4a1 1 0 1 0 2 0a1 1 0 1 0 -2 0"

OUTCOMES: Mapping[Outcome, Fill] = {
    "kept": Fill("#2c6e54"),
    "late": Fill("#9fd0b8", RISING),
    "failed": Fill("#cdd6df", DOTTED),
    "dropped": Fill("#ffffff", FLAT),
    "slipped": Fill("#f3c877", FALLING),
    "missed": Fill("#d8675a", RISING + FALLING),
    "pending": Fill("#ffffff"),
}
ATTITUDES: Mapping[AttitudeWord, Fill] = {
    "champion": Fill("#2c6e54"),
    "supporter": Fill("#9fd0b8", RISING),
    "neutral": Fill("#eceff2"),
    "sceptic": Fill("#f3c877", FALLING),
    "blocker": Fill("#d8675a", RISING + FALLING),
    "unknown": Fill("#ffffff"),
}


def svg(chart: Chart, name: str) -> str:
    """Draw a chart. `name` must be unique within the page, because the ids of patterns begin with it."""
    spec = DRAWN[chart.kind](chart.rows) | {"config": CONFIG}
    return finished(vl_convert.vegalite_to_svg(spec), name)


def png(chart: Chart, scale: float) -> bytes:
    """Draw a chart as a picture with so many pixels per point, in the fonts of PDFs."""
    for package in PACKAGES:
        vl_convert.register_font_directory(str(files(package)))
    return vl_convert.svg_to_png(svg(chart, "chart"), scale=scale)


def finished(svg: str, name: str) -> str:
    """Add the patterns that are used, and hide the chart from screen readers, because the page contains a table with
    the same values."""
    fills = {word: fill for scale in (OUTCOMES, ATTITUDES) for word, fill in scale.items() if fill.lines}
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


def scale(fills: Mapping[Any, Fill], rows: Sequence[Row], field: str) -> Spec:
    """Return a colour scale of the values that occur, always in the same order."""
    there = {row[field] for row in rows}
    words = [word for word in fills if word in there]
    return {
        "domain": words,
        "range": [f"url(#{word})" if fills[word].lines else fills[word].colour for word in words],
    }


def layered(rows: Sequence[Row], width: int, height: int, encoding: Spec, *layers: Spec) -> Spec:
    """Return a chart of several layers. `encoding` applies to each layer, unless the layer overrides it."""
    return {
        "data": {"values": list(rows)},
        "width": width,
        "height": height,
        "layer": [{**layer, "encoding": encoding | layer.get("encoding", {})} for layer in layers],
    }


def stacked(rows: Sequence[Row], fills: Mapping[Any, Fill], what: str) -> Spec:
    """Return a chart with one bar per review. Its parts are in a fixed order, each with its number if there is room."""
    order = {word: place for place, word in enumerate(fills)}
    bars = {
        "mark": BAR,
        "encoding": {
            "y": {
                "field": "number",
                "type": "quantitative",
                "title": what,
                "axis": {"tickMinStep": 1, "format": "d"},
            },
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": scale(fills, rows, "part"),
                "legend": {"orient": "right"},
            },
            "order": {"field": "place", "type": "ordinal"},
        },
    }
    middle = {"y": {"field": "middle", "type": "quantitative"}}
    roomy = {"transform": [{"filter": "datum.roomy"}]}
    grounds = {**roomy, "mark": chip(), "encoding": middle}
    numbers = {**roomy, "mark": BOLD, "encoding": middle | {"text": {"field": "number", "type": "quantitative"}}}
    placed = [{**row, "place": order[row["part"]]} for row in with_middles(rows, order)]
    return layered(placed, WIDTH - 110, HEIGHT, {"x": DAYS_ACROSS}, bars, grounds, numbers)


def chip(beside: int = 0) -> Spec:
    """Return a white disc behind a label, so that the label can be read on every pattern."""
    return {
        "type": "point",
        "shape": "circle",
        "size": 230,
        "filled": True,
        "fill": "white",
        "opacity": 1,
        "xOffset": beside,
    }


def with_middles(rows: Sequence[Row], order: Mapping[str, int]) -> list[Row]:
    """Add to each part the height of its middle, where its number stands."""
    reached: dict[Any, int] = {}
    placed = []
    for row in sorted(rows, key=lambda row: order[row["part"]]):
        below = reached.get(row["label"], 0)
        reached[row["label"]] = below + row["number"]
        placed.append({**row, "middle": below + row["number"] / 2})
    labels, highest = list(dict.fromkeys(row["label"] for row in rows)), max(reached.values())
    placed = [{**row, "roomy": row["number"] * HEIGHT >= highest * LOWEST_LABELLED} for row in placed]
    return sorted(placed, key=lambda row: labels.index(row["label"]))


def outcomes(rows: Sequence[Row]) -> Spec:
    return stacked(rows, OUTCOMES, "promises")


def rates(rows: Sequence[Row]) -> Spec:
    """Return the chart of the two rates. The lines have different dashes; the first has figures."""
    axis = {"labelExpr": "format(datum.value * 100, 'd') + ' %'", "tickCount": 5}
    y = {"field": "rate", "type": "quantitative", "title": None, "axis": axis, "scale": {"domain": [0, 1]}}
    words, legend = ["kept in time", "done at all"], {"orient": "right", "symbolType": "stroke"}
    what = {"field": "what", "type": "nominal", "legend": legend}
    lines = {
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "color": what | {"scale": {"domain": words, "range": ["#2c6e54", "#5b6675"]}},
            "strokeDash": what | {"scale": {"domain": words, "range": [[1, 0], [5, 4]]}},
        },
    }
    kept = {"transform": [{"filter": "datum.words"}]}
    points = {**kept, "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": "#2c6e54"}}
    return layered(rows, WIDTH - 110, 150, {"x": DAYS_ACROSS, "y": y}, lines, points, {**kept, **words_above(12)})


def amounts(rows: Sequence[Row]) -> Spec:
    y = {"field": "amount", "type": "quantitative", "title": None, "axis": {"format": "~s", "tickCount": 4}}
    encoding = {"x": DAYS_ACROSS, "y": y | {"scale": {"zero": True}}}
    return layered(rows, WIDTH, 130, encoding, {"mark": BAR | {"fill": "#8fb7dc"}}, words_above(8))


def words_above(high: int) -> Spec:
    return {"mark": BOLD | {"dy": -high}, "encoding": {"text": {"field": "words", "type": "nominal"}}}


def stances(rows: Sequence[Row]) -> Spec:
    """Return a line for each stakeholder, divided where the attitude changed."""
    axis = {"ticks": False, "domain": False, "labelLimit": 170}
    who = {"field": "who", "type": "nominal", "sort": None, "title": None, "axis": axis}
    since = {"field": "from", "type": "temporal"}
    bars = {
        "mark": {"type": "bar", "height": 15, "stroke": INK, "strokeWidth": 0.7},
        "encoding": {
            "x": since | {"title": None, "axis": {"format": "%b %Y", "labelAngle": 0, "tickCount": "month"}},
            "x2": {"field": "to"},
            "color": {
                "field": "attitude",
                "type": "nominal",
                "scale": scale(ATTITUDES, rows, "attitude"),
                "legend": {"orient": "bottom"},
            },
        },
    }
    labelled = {"transform": [{"filter": "datum.word"}]}
    grounds = {**labelled, "mark": chip(beside=11), "encoding": {"x": since}}
    words = {
        **labelled,
        "mark": BOLD | {"xOffset": 11, "fontSize": 9},
        "encoding": {"x": since, "text": {"field": "word", "type": "nominal"}},
    }
    people = len({row["who"] for row in rows})
    return layered(rows, WIDTH - 120, people * 22, {"y": who}, bars, grounds, words)


DRAWN: Mapping[Drawing, Callable[[Sequence[Row]], Spec]] = {
    "outcomes": outcomes,
    "rates": rates,
    "stances": stances,
    "amounts": amounts,
}
