"""The whitespace as a report shows it: the state of each offering in each unit at the second cut, and at the first if
it changed."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import AliasChoices, BaseModel, Field

from domain.account_plan.language import AccountPlan
from domain.account_plan.overview import Unit
from domain.account_plan.whitespace import Cell, Offering, Penetration, cell_id


class Line(BaseModel):
    """A unit or an offering."""

    id: str
    name: str | None


class GridCell(BaseModel):
    """A combination of offering and unit that was assessed."""

    unit: str
    offering: str
    penetration: Penetration
    from_: Penetration | None = Field(
        validation_alias=AliasChoices("from", "from_"),
        serialization_alias="from",
        description="The penetration at the first cut, where it was another.",
    )
    arr_potential: Decimal | None
    probability: Decimal | None


class WhitespaceGrid(BaseModel):
    """The units and offerings that are open at the second cut."""

    units: list[Line]
    offerings: list[Line]
    cells: list[GridCell]


def whitespace_grid(was: AccountPlan, now: AccountPlan) -> WhitespaceGrid:
    return WhitespaceGrid(
        units=[Line(id=unit.id, name=unit.name) for unit in now.open(Unit)],
        offerings=[Line(id=offering.id, name=offering.name) for offering in now.open(Offering)],
        cells=list(cells(was, now)),
    )


def cells(was: AccountPlan, now: AccountPlan) -> Iterator[GridCell]:
    before, after = was.all(Cell), now.all(Cell)
    for unit in now.open(Unit):
        for offering in now.open(Offering):
            cell = after.get(cell_id(unit.id, offering.id))
            if cell is None:
                continue
            former = before[cell.id].penetration if cell.id in before else "unknown"
            yield GridCell(
                unit=unit.id,
                offering=offering.id,
                penetration=cell.penetration,
                from_=former if former != cell.penetration else None,
                arr_potential=cell.arr_potential,
                probability=cell.probability,
            )
