"""The layout of reporting lines: where each box of the drawing stands.

Levels go from left to right, so that names have room side by side and a large account grows downwards, as pages do. The
boxes of one level form a column; a leader stands at the middle of their reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 236, 92
BESIDE, BELOW = 52, 14
MARGIN = 4
COLUMNS_OF_LOOSE_ONES = 3
"""People without any line are placed side by side below the tree, in this many columns."""


@dataclass(frozen=True)
class Box:
    """The position of a box, in units of the drawing."""

    id: str
    x: float
    y: float

    @property
    def left(self) -> tuple[float, float]:
        return self.x, self.y + HEIGHT / 2

    @property
    def right(self) -> tuple[float, float]:
        return self.x + WIDTH, self.y + HEIGHT / 2


@dataclass(frozen=True)
class Drawing:
    """The boxes, and the paths between them."""

    boxes: Sequence[Box]
    lines: Sequence[str]
    """Reporting lines, as the `d` attribute of a path."""
    curves: Sequence[str]
    """Lines of influence, from the influencer to the influenced."""
    width: float
    height: float


def children_of(superiors: Mapping[str, str | None]) -> Mapping[str | None, list[str]]:
    """Return the reports of each person, in the given order; under None are the people without a known leader.

    >>> children_of({"ceo": None, "cfo": "ceo"})[None]
    ['ceo']
    """
    found: dict[str | None, list[str]] = {None: []}
    for id, superior in superiors.items():
        found.setdefault(superior if superior in superiors else None, []).append(id)
    return found


def drawing(superiors: Mapping[str, str | None], influences: Sequence[tuple[str, str]] = ()) -> Drawing:
    """Return the positions of all people, given the leader of each. Reporting lines must not form a cycle."""
    children = children_of(superiors)
    loose = [id for id in children[None] if not children.get(id)]
    boxes, bottom = _placed([(id, level) for id, level in in_order(children) if id not in loose], children)
    for place, id in enumerate(loose):
        row, column = divmod(place, COLUMNS_OF_LOOSE_ONES)
        boxes[id] = Box(id, MARGIN + column * (WIDTH + BESIDE), bottom + row * (HEIGHT + BELOW))
    return Drawing(
        boxes=[boxes[id] for id in superiors],
        lines=[elbow(boxes[s], boxes[id]) for id, s in superiors.items() if s in boxes and s is not None],
        curves=[curve(boxes[a], boxes[b]) for a, b in influences if a in boxes and b in boxes],
        width=max((box.x for box in boxes.values()), default=0) + WIDTH + BESIDE,
        height=max((box.y for box in boxes.values()), default=0) + HEIGHT + MARGIN,
    )


def in_order(children: Mapping[str | None, Sequence[str]]) -> list[tuple[str, int]]:
    """Yield everybody with their level, leaders before their reports."""
    found, waiting = list[tuple[str, int]](), [(id, 0) for id in reversed(children[None])]
    while waiting:
        id, level = waiting.pop()
        found.append((id, level))
        waiting += [(child, level + 1) for child in reversed(children.get(id, ()))]
    return found


def _placed(
    order: Sequence[tuple[str, int]], children: Mapping[str | None, Sequence[str]]
) -> tuple[dict[str, Box], float]:
    """Return the positions of everybody in the tree, and the next free row. People without reports take rows in
    order.
    """
    bottom, heights = float(MARGIN), dict[str, float]()
    for id, _ in order:
        if not children.get(id):
            heights[id] = bottom
            bottom += HEIGHT + BELOW
    for id, _ in reversed(order):
        if led := children.get(id):
            heights[id] = (heights[led[0]] + heights[led[-1]]) / 2
    return {id: Box(id, MARGIN + level * (WIDTH + BESIDE), heights[id]) for id, level in order}, bottom


def elbow(superior: Box, report: Box) -> str:
    (x1, y1), (x2, y2) = superior.right, report.left
    middle = x1 + BESIDE / 2
    return f"M{x1:g} {y1:g}H{middle:g}V{y2:g}H{x2:g}"


def curve(influencer: Box, influenced: Box) -> str:
    """Return a curve from the right side of one box to the right side of another, a little below the reporting line."""
    (x1, y1), (x2, y2) = influencer.right, influenced.right
    y1, y2 = y1 + HEIGHT / 4, y2 + HEIGHT / 4
    out = max(x1, x2) + BESIDE * 0.9
    return f"M{x1:g} {y1:g}C{out:g} {y1:g} {out:g} {y2:g} {x2:g} {y2:g}"
