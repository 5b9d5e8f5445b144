"""The whitespace in a report: a grid of units and offerings, with the changes of the period."""

from collections.abc import Mapping
from decimal import Decimal

from adapters.rendering.document import Cell, Column, Table, Tone, of
from adapters.rendering.wording import Json
from adapters.rendering.words import NOTHING, PENETRATION_SIGNS, share, short_amount, spaced
from domain.account_plan.whitespace import PENETRATION_RANKS, Penetration, cell_id

TONES: Mapping[Penetration, Tone] = {
    "adopted": "good",
    "pilot": "good",
    "lost": "bad",
    "unknown": "quiet",
    "na": "quiet",
    "none": "",
    "aware": "",
    "opportunity": "",
}


def whitespace(report: Json) -> Table:
    grid = report["whitespace"]
    cells = {(cell["unit"], cell["offering"]): cell for cell in grid["cells"]}
    columns = [Column("Unit", 4), *(Column(name(offering), 3) for offering in grid["offerings"])]
    rows = [
        [
            Cell(name(unit), tone="strong", of=of("unit", unit["id"])("name")),
            *(shown(cells.get((unit["id"], each["id"]))) for each in grid["offerings"]),
        ]
        for unit in grid["units"]
    ]
    return Table(
        f"Each offering in each unit, with what it may be worth a year in {report['currency']} and how likely that is",
        columns,
        rows if grid["offerings"] else [],
        "No offerings and units are on record.",
    )


def name(line: Json) -> str:
    return str(line["name"] or line["id"])


def shown(cell: Json | None) -> Cell:
    if cell is None:
        return Cell(NOTHING, tone="quiet")
    state: Penetration = cell["penetration"]
    worth = short_amount(Decimal(cell["arr_potential"])) if cell["arr_potential"] else ""
    likely = share(Decimal(cell["probability"])) if cell["probability"] else ""
    notes = (
        " × ".join(filter(None, (worth, likely))),
        f"{arrow(cell)} was {word(cell['from'])}" if cell["from"] else "",
    )
    said = of("cell", cell_id(cell["unit"], cell["offering"]))
    return Cell(
        f"{PENETRATION_SIGNS[state]} {word(state)}",
        "; ".join(filter(None, notes)),
        TONES[state],
        ours=True,
        of=said("penetration"),
        note_of=said("arr_potential" if worth else "probability" if likely else "penetration"),
    )


def word(state: str) -> str:
    return "not applicable" if state == "na" else spaced(state)


def arrow(cell: Json) -> str:
    before, after = (PENETRATION_RANKS[cell[end]] for end in ("from", "penetration"))
    if before is None or after is None:
        return "→"
    return "▲" if after > before else "▼"
