"""The section of a report that lists what changed in a plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from adapters.rendering.document import Block, Cell, Column, Sentence, Table
from adapters.rendering.wording import Json, value
from adapters.rendering.words import essence, spaced
from application.reports.outcomes import ListName
from application.views.compared import Direction
from domain.language import shortened

ARROWS: Mapping[Direction | None, str] = {"up": " ▲", "down": " ▼", None: ""}
LONGEST_VALUE = 160


def changes(report: Json) -> Iterator[Block]:
    if report["unchanged"]:
        yield Sentence("Nothing is different in the plan, which is a finding too.", "warning")
    names = names_in(report)
    for section, rows in report["changes"].items():
        yield Table(section.capitalize(), columns("From → to"), [change(row, names) for row in rows], "")
    back = [touched(row, names) for row in report["touched_unchanged"]]
    yield Table("Touched, but as it was", columns("Value"), back, "Nothing was changed and changed back.")
    if report["gone_stale"]:
        yield Sentence(f"Gone stale since: {', '.join(report['gone_stale'])}.", "warning")
    yield Sentence(f"Looked after in the period: {', '.join(report['refreshed']) or 'no section'}.", "quiet")


def columns(value: str) -> list[Column]:
    return [Column("What", 3), Column("Of", 5), Column(value, 6), Column("Who", 2), Column("Why", 4)]


Names = Mapping[tuple[str, str], str]
"""The titles of things, by kind and id."""


def names_in(report: Json) -> Names:
    rows = [row for name in get_args(ListName) for row in report[name]]
    changed = [row for changes in report["changes"].values() for row in changes]
    titles = {(row["kind"], row["id"]): row["title"] for row in (*changed, *report["touched_unchanged"], *rows)}
    people = {("stakeholder", each["stakeholder"]): each["name"] for each in report["series"]["sentiments"]}
    return {thing: name for thing, name in (titles | people).items() if name}


def change(row: Json, names: Names) -> Sequence[Cell]:
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        moved(row),
        Cell(", ".join(row["actors"])),
        Cell(" · ".join(row["reasons"])),
    )


def touched(row: Json, names: Names) -> Sequence[Cell]:
    field = row["field"]
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        Cell(f"{spaced(field)}: {brief(field, row['value'])}" if field else "came and went"),
        Cell(", ".join(row["actors"])),
        Cell(" · ".join(row["reasons"])),
    )


def thing(row: Json, names: Names) -> Cell:
    kind, id = row["kind"], row["id"]
    if kind == id:
        return Cell(spaced(kind), tone="strong")
    known = f"{spaced(kind)} {id}"
    name = names.get((kind, id))
    return Cell(shortened(name, LONGEST_VALUE), known, "strong") if name else Cell(known, tone="strong")


def moved(row: Json) -> Cell:
    if row["field"] is None:
        came = row["from"] is None
        values = row["to"] if came else row["from"]
        return Cell(("+ " if came else "− ") + essence(values or {}, row["title"], brief))
    lead = one_move(row["field"], row)
    return Cell(lead, "; ".join(one_move(field, move) for field, move in row["also"].items()))


def one_move(field: str, move: Json) -> str:
    before = f"{brief(field, move['from'])} → " if move["from"] is not None else ""
    return f"{spaced(field)}: {before}{brief(field, move['to'])}{ARROWS[move['direction']]}"


def brief(field: str, given: Any) -> str:
    return shortened(value(given, field), LONGEST_VALUE)
