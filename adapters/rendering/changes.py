"""The section of a report that lists what changed in a plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from adapters.rendering.document import Block, Cell, Column, Sentence, Table
from adapters.rendering.wording import Json, revived
from adapters.rendering.words import change_in_words, essence, spaced, with_unit
from application.reports.outcomes import ListName
from application.views.thing_comparison import Direction
from domain.language import shortened

ARROWS: Mapping[Direction | None, str] = {"up": " ▲", "down": " ▼", None: ""}
LONGEST_VALUE, LONGEST_CHANGE, LONGEST_REASONS = 160, 400, 320


def changes(report: Json) -> Iterator[Block]:
    if report["unchanged"]:
        yield Sentence("Nothing is different in the plan, which is a finding too.", "warning")
    names, currency = names_in(report), report["currency"]
    for section, rows in report["changes"].items():
        yield Table(section.capitalize(), columns("From → to"), [change(row, names, currency) for row in rows], "")
    back = [touched(row, names, currency) for row in report["touched_unchanged"]]
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
    return {thing: name for thing, name in (titles | people | cells_of(report["whitespace"])).items() if name}


def cells_of(grid: Json) -> dict[tuple[str, str], str]:
    """Return what each cell of the whitespace is: an offering in a unit."""
    units, offerings = ({line["id"]: line["name"] or line["id"] for line in grid[of]} for of in ("units", "offerings"))
    return {
        ("cell", f"{unit}:{offering}"): f"{offerings[offering]} in {units[unit]}"
        for unit in units
        for offering in offerings
    }


def change(row: Json, names: Names, currency: str) -> Sequence[Cell]:
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        moved(row, currency),
        Cell(", ".join(row["actors"])),
        Cell(shortened(" · ".join(row["reasons"]), LONGEST_REASONS)),
    )


def touched(row: Json, names: Names, currency: str) -> Sequence[Cell]:
    field = row["field"]
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        Cell(f"{spaced(field)}: {now(field, row['value'], currency, row['unit'])}" if field else "came and went"),
        Cell(", ".join(row["actors"])),
        Cell(shortened(" · ".join(row["reasons"]), LONGEST_REASONS)),
    )


def thing(row: Json, names: Names) -> Cell:
    kind, id = row["kind"], row["id"]
    if kind == id:
        return Cell(spaced(kind), tone="strong", ours=True)
    known = f"{spaced(kind)} {id}"
    name = names.get((kind, id))
    if not name:
        return Cell(known, tone="strong")
    return Cell(shortened(name, LONGEST_VALUE), known, "strong", about=[(spaced(kind), f" {id}")])


def moved(row: Json, currency: str) -> Cell:
    unit = row["unit"]
    if row["field"] is None:
        came = row["from"] is None
        values = row["to"] if came else row["from"]
        told = essence(values or {}, row["title"], lambda field, given: now(field, given, currency, unit))
        return Cell(("+ " if came else "− ") + told)
    lead = one_move(row["field"], row, currency, unit)
    return Cell(lead, "; ".join(one_move(field, move, currency, unit) for field, move in row["also"].items()))


def one_move(field: str, move: Json, currency: str, unit: str | None) -> str:
    before, after = (brief(revived(move[end], field)) for end in ("from", "to"))
    told = shortened(change_in_words(before, after, field, currency, unit), LONGEST_CHANGE)
    return f"{spaced(field)}: {told}{ARROWS[move['direction']]}"


def now(field: str, given: Any, currency: str, unit: str | None) -> str:
    return shortened(with_unit(revived(given, field), field, currency, unit), LONGEST_VALUE)


def brief(given: Any) -> Any:
    """Shorten a long text, so that both ends of a change are seen."""
    return shortened(given, LONGEST_VALUE) if isinstance(given, str) else given
