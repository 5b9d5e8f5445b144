"""A tidy tree: where each box of a drawing of reporting lines stands.

Levels go from left to right, so that names have room beside each other and a large account grows downwards, as pages
do.  Boxes of one level stand in a column; whoever leads others stands beside the middle of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 236, 92
BESIDE, BELOW = 52, 14
MARGIN = 4
COLUMNS_OF_LOOSE_ONES = 3
"""Those without any line stand side by side under the tree."""


@dataclass(frozen=True)
class Box:
    """Where somebody stands, in units of the drawing."""

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
    """Reporting lines, as the `d` of a path."""
    curves: Sequence[str]
    """Lines of influence, from who is listened to to who listens."""
    width: float
    height: float


def children_of(superiors: Mapping[str, str | None]) -> Mapping[str | None, list[str]]:
    """Who reports to whom, in the order given; under None whoever reports to nobody that is known.

    >>> children_of({"ceo": None, "cfo": "ceo"})[None]
    ['ceo']
    """
    found: dict[str | None, list[str]] = {None: []}
    for id, superior in superiors.items():
        found.setdefault(superior if superior in superiors else None, []).append(id)
    return found


def drawing(superiors: Mapping[str, str | None], influences: Sequence[tuple[str, str]] = ()) -> Drawing:
    """Place everybody, given whom each reports to: no line goes in a circle."""
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
    """Everybody and how far from the top, whoever leads before those led."""
    found, waiting = list[tuple[str, int]](), [(id, 0) for id in reversed(children[None])]
    while waiting:
        id, level = waiting.pop()
        found.append((id, level))
        waiting += [(child, level + 1) for child in reversed(children.get(id, ()))]
    return found


def _placed(
    order: Sequence[tuple[str, int]], children: Mapping[str | None, Sequence[str]]
) -> tuple[dict[str, Box], float]:
    """Everybody in the tree, and where the next may begin: who leads nobody takes a row, in order."""
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
    """Out at the right of one and in at the right of the other, a little under the reporting line."""
    (x1, y1), (x2, y2) = influencer.right, influenced.right
    y1, y2 = y1 + HEIGHT / 4, y2 + HEIGHT / 4
    out = max(x1, x2) + BESIDE * 0.9
    return f"M{x1:g} {y1:g}C{out:g} {y1:g} {out:g} {y2:g} {x2:g} {y2:g}"
