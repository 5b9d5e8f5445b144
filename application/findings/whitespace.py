"""Rules about the whitespace: whether it is worked on, and whether that leads anywhere."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from application.findings.examined import Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import called, counted, days, listed, percent
from domain.account_plan.health import Contract
from domain.account_plan.overview import Unit
from domain.account_plan.whitespace import Cell, Offering, cell_id

MOST_REMEDIES = 3


class WhiteCell(NamedTuple):
    """An offering in a unit that is still to be won, assessed or not, and when it was last looked at."""

    unit: Unit
    offering: Offering
    cell: Cell | None
    looked_at_on: date

    @property
    def potential(self) -> Decimal:
        return (self.cell.arr_potential if self.cell else None) or Decimal(0)


def white_cells(at: Examined) -> list[WhiteCell]:
    """Return the white cells. A cell that was never assessed counts from when both its unit and its offering
    existed.
    """
    cells = []
    for unit, offering in product(at.open(Unit), at.open(Offering)):
        cell = at.plan.find(Cell, cell_id(unit.id, offering.id))
        if cell is None:
            cells.append(WhiteCell(unit, offering, None, max(at.added_on(unit), at.added_on(offering))))
        elif cell.is_white:
            cells.append(WhiteCell(unit, offering, cell, at.since([cell])))
    return cells


def assess(cells: Sequence[WhiteCell], *missing: str, **body: str) -> list[Remedy]:
    return [
        remedy("assess-cell", *missing, unit=each.unit.id, offering=each.offering.id, **body)
        for each in cells[:MOST_REMEDIES]
    ]


def whitespace_untouched(at: Examined) -> Iterator[Found]:
    rules, cells = at.policy.whitespace, white_cells(at)
    old = [each for each in cells if at.is_after(each.looked_at_on, rules.untouched_days)]
    if cells and Decimal(len(old)) > rules.untouched_share * len(cells):
        some = sorted(old, key=lambda each: -each.potential)
        known = [each.cell for each in old if each.cell]
        yield Found(
            f"Of {counted(len(cells), 'cell')} still to be won, {counted(len(old), 'was', 'were')} not assessed for"
            f" more than {days(rules.untouched_days)}; at most {percent(rules.untouched_share)} may be. Begin with"
            f" {listed(f'{called(each.offering)} at {called(each.unit)}' for each in some[:MOST_REMEDIES])}.",
            max(each.looked_at_on for each in old),
            known,
            at.events(known),
            assess(some, "penetration"),
        )


def no_whitespace_candidate(at: Examined) -> Iterator[Found]:
    cells = white_cells(at)
    if any(each.cell and (each.cell.bet == "quick_win" or each.cell.timing == "now") for each in cells):
        return
    best = sorted(cells, key=lambda each: -each.potential)
    within = days(at.policy.quick_win_days)
    yield Found(
        f"None of {counted(len(cells), 'cell')} still to be won is a quick win, to be piloted within {within}, or to be"
        " worked on now. Choose one to begin with."
        if cells
        else "The whitespace shows nothing that is still to be won. Add the unit or the offering to begin with.",
        at.since(each.cell for each in cells if each.cell),
        remedies=assess(best, timing="now")
        or [remedy("add-unit", "name", "kind", "buying_center"), remedy("list-offering", "name", "kind")],
    )


def buying_centers(at: Examined) -> Iterator[Found]:
    centers = [each for each in at.open(Unit) if each.buying_center]
    least, multiple = at.policy.buying_centers, at.policy.path_multiple
    contract = at.plan.find(Contract, "contract")
    arr = contract.arr if contract else Decimal(0)
    reachable = arr + sum((each.potential for each in white_cells(at)), Decimal(0))
    if len(centers) < least and not (arr and reachable >= multiple * arr):
        yield Found(
            f"{counted(len(centers), 'buying center')} known ({listed(map(called, centers)) if centers else 'none'}) of"
            f" {least}, and the whitespace shows no path to {multiple} times the ARR: {reachable:f}"
            f" {at.card.currency} in reach, {arr:f} {at.card.currency} under contract. Find units with a budget of"
            " their own.",
            at.since(centers),
            centers,
            at.events(centers),
            [remedy("add-unit", "name", "kind", buying_center=True)],
        )
