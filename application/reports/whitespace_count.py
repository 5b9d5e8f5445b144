"""Counts the cells of the whitespace by state while events are applied.

It counts the same as `application.views.metrics.whitespace_totals`, without looking at every cell each time.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass, field

from domain.account_plan.overview import Unit
from domain.account_plan.whitespace import Cell, Offering

Line = Unit | Offering
"""A row or a column of the whitespace."""


@dataclass
class WhitespaceCount:
    """The counts. A cell counts while both its unit and its offering are open."""

    _open: dict[type[Line], set[str]] = field(default_factory=lambda: {Unit: set(), Offering: set()})
    _cells: dict[str, Cell] = field(default_factory=dict)
    """Every cell that was ever assessed, in that order."""
    _place: dict[str, int] = field(default_factory=dict)
    _assessed: int = 0
    """The number of first assessments so far, including those after a withdrawal. It numbers the cells."""
    _of_line: dict[tuple[type[Line], str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The numbers of the cells that count, by state and in order."""

    def by_penetration(self) -> dict[str, int]:
        """Return the number of cells by state. A combination of unit and offering that nobody assessed is unknown. The
        state of the oldest cell comes first."""
        assessed = sorted((places[0], state, len(places)) for state, places in self._places.items() if places)
        states = {state: count for _, state, count in assessed}
        unassessed = len(self._open[Unit]) * len(self._open[Offering]) - sum(states.values())
        if unassessed:
            states["unknown"] = states.get("unknown", 0) + unassessed
        return states

    def follow(self, thing: Cell | Line) -> None:
        """Apply the current state of a thing."""
        if isinstance(thing, Cell):
            self._follow_cell(thing)
            return
        kind, ids = type(thing), self._open[type(thing)]
        if thing.is_open != (thing.id in ids):
            cells = [self._cells[id] for id in self._of_line[kind, thing.id]]
            for cell in cells:
                self._take(cell)
            (ids.add if thing.is_open else ids.discard)(thing.id)
            for cell in cells:
                self._put(cell)

    def leave_out(self, noun: str, id: str) -> None:
        """Remove a thing that was withdrawn. A unit or offering has no cells by then."""
        if noun == Cell.noun:
            cell = self._cells.pop(id)
            self._take(cell)
            self._of_line[Unit, cell.unit].remove(id)
            self._of_line[Offering, cell.offering].remove(id)
        for kind, ids in self._open.items():
            if noun == kind.noun:
                ids.discard(id)

    def _follow_cell(self, cell: Cell) -> None:
        if cell.id in self._cells:
            self._take(self._cells[cell.id])
        else:
            self._place[cell.id] = self._assessed = self._assessed + 1
            self._of_line[Unit, cell.unit].append(cell.id)
            self._of_line[Offering, cell.offering].append(cell.id)
        self._cells[cell.id] = cell
        self._put(cell)

    def _counts(self, cell: Cell) -> bool:
        return cell.unit in self._open[Unit] and cell.offering in self._open[Offering]

    def _put(self, cell: Cell) -> None:
        if self._counts(cell):
            insort(self._places[cell.penetration], self._place[cell.id])

    def _take(self, cell: Cell) -> None:
        if self._counts(cell):
            places = self._places[cell.penetration]
            del places[bisect_left(places, self._place[cell.id])]
