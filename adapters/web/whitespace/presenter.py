"""The whitespace as a grid: which offering each unit uses, the potential of the others, and what changed since the last
review."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import get_args
from urllib.parse import urlencode

from adapters.rendering.words import PENETRATION_SIGNS, spaced
from adapters.web.changes.presenter import ARROWS, ChangeView, ShownChanges
from adapters.web.languages import Speech
from adapters.web.plan.presenter import Fact, PlanHead, Value, at_cut, head, plan_path, value_address
from application.views.cuts import Cut, plan_at
from application.views.diff import Change, diff
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import whitespace_totals
from application.views.reviews import held_reviews, last_review
from domain.account_plan.language import AccountPlan
from domain.account_plan.overview import Unit
from domain.account_plan.plan import the_plan
from domain.account_plan.whitespace import Cell, Offering, Penetration, cell_id
from domain.record import Recorded


@dataclass(frozen=True)
class GridCell:
    """A combination of offering and unit."""

    state: Penetration
    sign: str
    word: str
    potential: str
    """Its potential and probability; empty if unknown."""
    incumbent: str
    moved: str
    """Its state at the last review and the direction of the change; empty if it did not change."""
    address: str
    """The address of its form, or of its blame."""
    blame: str
    """The address of who set its potential, or its probability."""
    state_blame: str
    """The address of who set its state; empty if nobody did."""
    incumbent_blame: str
    about: str
    """The offering and the unit, for readers who do not see the grid."""


@dataclass(frozen=True)
class GridRow:
    name: Value
    depth: int
    budget: Value
    """That it has a budget of its own; nothing if it has none."""
    cells: Sequence[GridCell]
    total: str


@dataclass(frozen=True)
class WhitespaceView:
    head: PlanHead
    facts: Sequence[Fact]
    offerings: Sequence[Value]
    rows: Sequence[GridRow]
    totals: Sequence[str]
    """The totals of each offering over all units; the last one is the grand total."""
    legend: Sequence[tuple[str, str]]
    since: str
    """The review since which changes are shown; empty if none was held."""
    moved: Sequence[ChangeView]
    may_change: bool


def whitespace_view(
    known: LoadedPlan,
    cut: Cut,
    say: Speech,
    may_change: bool,
    program: Sequence[Recorded] = (),
) -> WhitespaceView:
    """Return the view. Raises `CutBeforePlan`."""
    plan, card = plan_at(known, cut), the_plan(known.state)
    last = last_review(held_reviews(known, cut), cut)
    changes = diff(known, last.cut, cut, program=program).changes.get("whitespace", []) if last else []
    path = plan_path(card)
    grid = _Grid(plan, card.currency, say, changes, path, cut, may_change and cut.cut == "now")
    shown = ShownChanges(plan, card.currency, say)
    return WhitespaceView(
        head=head(card, cut, say),
        facts=grid.facts(),
        offerings=[Value(each.name, value_address(path, cut, "offering", each.id, "name")) for each in grid.offerings],
        rows=[grid.row(unit, depth) for unit, depth in units_in_order(plan)],
        totals=grid.totals(),
        legend=[(PENETRATION_SIGNS[state], state_word(state, say)) for state in get_args(Penetration)],
        since=say("{id}, held on {day}", id=last.event.id, day=say.day(last.event.held_on)) if last else "",
        moved=[shown.change(change) for change in changes],
        may_change=grid.may_change,
    )


def units_in_order(plan: AccountPlan) -> list[tuple[Unit, int]]:
    """Return each unit after its parent, with its depth."""
    units = {unit.id: unit for unit in plan.open(Unit)}
    parts: dict[str | None, list[Unit]] = {}
    for unit in units.values():
        parts.setdefault(unit.parent if unit.parent in units else None, []).append(unit)
    found, waiting = list[tuple[Unit, int]](), [(unit, 0) for unit in reversed(parts.get(None, []))]
    while waiting:
        unit, depth = waiting.pop()
        found.append((unit, depth))
        waiting += [(part, depth + 1) for part in reversed(parts.get(unit.id, []))]
    return found


@dataclass
class _Grid:
    plan: AccountPlan
    currency: str
    say: Speech
    changes: Sequence[Change]
    path: str
    cut: Cut
    may_change: bool

    @property
    def offerings(self) -> list[Offering]:
        return self.plan.open(Offering)

    def facts(self) -> list[Fact]:
        totals, say = whitespace_totals(self.plan), self.say
        adopted = totals.by_penetration.get("adopted", 0)
        share = say.share(Decimal(adopted) / totals.cells) if totals.cells else ""
        return [
            Fact(say("Cells"), say.number(totals.cells)),
            Fact(say("Adopted"), say.number(adopted), share),
            Fact(say("Unknown"), say.number(totals.by_penetration.get("unknown", 0))),
            Fact(
                say("Still to win"),
                say.amount(sum(map(potential, self._white()), Decimal(0)), self.currency),
                say("weighted {amount}", amount=say.amount(totals.weighted_arr_potential, self.currency)),
            ),
        ]  # fmt: skip

    def _white(self, unit: str | None = None, offering: str | None = None) -> list[Cell]:
        """Return the cells that are still to be won: of a unit, of an offering, or all."""
        units, offerings = ({each.id for each in self.plan.open(kind)} for kind in (Unit, Offering))
        return [
            cell
            for cell in self.plan.all(Cell).values()
            if cell.is_white and cell.unit in units and cell.offering in offerings
            if unit in (None, cell.unit) and offering in (None, cell.offering)
        ]

    def row(self, unit: Unit, depth: int) -> GridRow:
        return GridRow(
            name=Value(unit.name, value_address(self.path, self.cut, "unit", unit.id, "name")),
            depth=depth,
            budget=Value(
                self.say("has a budget") if unit.buying_center else "",
                value_address(self.path, self.cut, "unit", unit.id, "buying_center"),
            ),
            cells=[self._cell(unit, offering) for offering in self.offerings],
            total=self._total(self._white(unit=unit.id)),
        )

    def totals(self) -> list[str]:
        each = [self._total(self._white(offering=offering.id)) for offering in self.offerings]
        return [*each, self._total(self._white())]

    def _total(self, cells: Sequence[Cell]) -> str:
        total = sum(map(potential, cells), Decimal(0))
        return self.say.amount(total, self.currency) if total else "–"

    def _cell(self, unit: Unit, offering: Offering) -> GridCell:
        id = cell_id(unit.id, offering.id)
        cell, say = self.plan.find(Cell, id), self.say
        state: Penetration = cell.penetration if cell else "unknown"
        worth = say.amount(cell.arr_potential, self.currency) if cell and cell.arr_potential else ""
        if cell and cell.probability is not None:
            worth = f"{worth} × {say.share(cell.probability)}".removeprefix(" ")
        said = "arr_potential" if cell and cell.arr_potential else "probability"
        history = at_cut(f"{self.path}/history", self.cut, entity=f"cell:{id}")
        form = f"{self.path}/do/assess-cell?{urlencode({'unit': unit.id, 'offering': offering.id})}"
        who_set = partial(value_address, self.path, self.cut, "cell", id)
        return GridCell(
            state=state,
            sign=PENETRATION_SIGNS[state],
            word=state_word(state, say),
            potential=worth,
            incumbent=self._incumbent(cell),
            moved=self._moved(id),
            address=form if self.may_change else history,
            blame=who_set(said),
            state_blame=who_set("penetration") if cell else "",
            incumbent_blame=who_set("incumbent"),
            about=say("{offering} at {unit}", offering=offering.name, unit=unit.name),
        )

    def _incumbent(self, cell: Cell | None) -> str:
        """Return who serves the cell today, if that is a competitor or the status quo."""
        if cell is None or cell.incumbent in ("unknown", "us"):
            return ""
        competitor = self.plan.named("competitor", cell.incumbent)
        return competitor.known_as or cell.incumbent if competitor else self.say(spaced(cell.incumbent))

    def _moved(self, id: str) -> str:
        for change in self.changes:
            if (change.kind, change.id) != ("cell", id):
                continue
            if change.field == "penetration":
                return self._from(change.before, ARROWS[change.direction])
            if (also := change.also.get("penetration")) is not None:
                return self._from(also.before, ARROWS[also.direction])
        return ""

    def _from(self, before: str | None, arrow: str) -> str:
        return f"{arrow} {self.say('was {state}', state=state_word(before or 'unknown', self.say))}".strip()


def state_word(state: str, say: Speech) -> str:
    return say("does not apply") if state == "na" else say(spaced(state))


def potential(cell: Cell) -> Decimal:
    return cell.arr_potential or Decimal(0)
