"""Drawings that are computed on the server: the coordinates of their lines, in units of their SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

SPARK_WIDTH, SPARK_HEIGHT = 96.0, 24.0
CHART_WIDTH, CHART_HEIGHT = 360.0, 130.0
LEFT, RIGHT, TOP, BOTTOM = 4.0, 4.0, 18.0, 20.0
"""The margins around the lines of a chart. The days stand below."""

LEAST_POINTS = 3
"""A drawing with fewer distinct points shows nothing and is left out."""


@dataclass(frozen=True)
class Dot:
    x: str
    y: str


@dataclass(frozen=True)
class Line:
    """A line through points, with gaps where there is no value."""

    path: str
    dots: Sequence[Dot]
    """The points that no line reaches, and the last one."""


def says_something(values: Sequence[float | None]) -> bool:
    return len([value for value in values if value is not None]) >= LEAST_POINTS


def line(values: Sequence[float | None], low: float, high: float, left: float, right: float, top: float, bottom: float
) -> Line:  # fmt: skip
    """Return the line through values from left to right, with `low` at the bottom and `high` at the top."""
    step = (right - left) / max(1, len(values) - 1)
    span = high - low or 1
    points = [
        None if value is None else Dot(_at(left + step * place), _at(bottom - (value - low) / span * (bottom - top)))
        for place, value in enumerate(values)
    ]
    parts, dots = list[str](), list[Dot]()
    for is_there, some in groupby(points, key=lambda each: each is not None):
        run = [each for each in some if each]
        if is_there and len(run) == 1:
            dots.append(run[0])
        elif is_there:
            parts.append("M" + "L".join(f"{each.x} {each.y}" for each in run))
    last = next((each for each in reversed(points) if each), None)
    if last and last not in dots:
        dots.append(last)
    return Line("".join(parts), dots)


def spark(shares: Sequence[float | None]) -> Line:
    """Return a line as small as a word, for values from 0 to 1."""
    return line(shares, 0, 1, 2, SPARK_WIDTH - 2, 3, SPARK_HEIGHT - 3)


@dataclass(frozen=True)
class Mark:
    """A height in a chart with its label."""

    y: str
    label_y: str
    value: float


@dataclass(frozen=True)
class LineChart:
    """A chart of a series over time."""

    line: Line
    marks: Sequence[Mark]
    """The marks of the smallest and the largest height."""
    places: Sequence[str]
    """The horizontal position of each point, from left to right."""


def line_chart(values: Sequence[float | None]) -> LineChart:
    """Return a chart from zero, or from a smaller least value, to the greatest value."""
    there = [value for value in values if value is not None]
    low, high = min(0.0, *there), max(0.0, *there)
    if low == high:
        high = low + 1
    top, bottom, right = TOP, CHART_HEIGHT - BOTTOM, CHART_WIDTH - RIGHT
    step = (right - LEFT) / max(1, len(values) - 1)
    return LineChart(
        line(values, low, high, LEFT, right, top, bottom),
        [Mark(_at(bottom), _at(bottom - 3), low), Mark(_at(top), _at(top - 2), high)],
        [_at(LEFT + step * place) for place in range(len(values))],
    )


def _at(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
