"""The parts that several packs share: dates, risks and the words for scales."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from adapters.rendering.document import Cell, Column, Of, Table, Tone, of
from adapters.rendering.wording import Json, day, sentence, value
from adapters.rendering.words import NOTHING, SCALES, spaced

DAYS: Mapping[str, str] = {
    "play": "due_on", "action": "due_on", "request": "due_on", "review": "planned_on", "opportunity": "close_on",
    "contract": "renews_on",
}  # fmt: skip
"""The field that holds the day of each kind of thing that has one ahead."""

NAMES: Mapping[str, str] = {"play": "title", "action": "statement", "request": "statement", "opportunity": "name"}
"""The field that holds the name of each."""

NAMED_BY_US = frozenset({"opportunity", "contract", "review"})
"""Kinds of dates that are named after what happens on them, such as “X closes”."""


def period(pack: Json) -> str:
    """Return the line below the title: the plan, and the day at which it is shown."""
    owner = f", {pack['owner']}" if pack["owner"] else ""
    return f"{day(pack['day'])}{owner}"


def dates(rows: Sequence[Json], caption: str, empty: str) -> Table:
    columns = [Column("When", 2), Column("What", 7), Column("Who", 3)]
    return Table(caption, columns, [dated(row) for row in rows], empty)


def dated(row: Json) -> Sequence[Cell]:
    late: Tone = "bad" if row["overdue"] else ""
    said = of(row["kind"], row["id"])
    owned = of("plan", "plan") if row["kind"] == "contract" else said
    by_customer = row["side"] == "customer"
    whose = "side" if by_customer else "ours" if row["kind"] == "review" else "owner"
    who = "the customer" if by_customer else row["owner"] or NOTHING
    return (
        Cell(day(row["on"]), "overdue" if row["overdue"] else "", late, of=said(DAYS[row["kind"]])),
        Cell(
            row["what"],
            dated_told(row),
            "strong",
            ours=row["kind"] in NAMED_BY_US,
            about=[*filter(None, [named(row)])],
            of=said(NAMES.get(row["kind"], DAYS[row["kind"]])),
        ),
        Cell(who, ", ".join(row["with_whom"]), ours=by_customer, of=owned(whose)),
    )


def named(row: Json) -> tuple[str, str] | None:
    return (spaced(row["kind"]), f" {row['id']}") if row["kind"] != "contract" else None


def dated_told(row: Json) -> str:
    """Return what a date is, the stage it belongs to, and what is expected."""
    expected = f"expected: {row['expected']}" if row["expected"] else ""
    return "; ".join(filter(None, ("".join(named(row) or ()), row["stage"], expected)))


def risks(rows: Sequence[Json], currency: str) -> Table:
    columns = [Column("Risk", 6), Column("Exposure", 2), Column("Owner", 2), Column("What is done", 4)]
    return Table(
        "Open risks, the greatest exposure first", columns, [risk(row, currency) for row in rows], "No risk is open."
    )


def risk(row: Json, currency: str) -> Sequence[Cell]:
    exposed = f"{value(row['arr_exposed'], 'arr_exposed')} {currency} exposed" if row["arr_exposed"] else ""
    tone: Tone = "bad" if row["exposure"] >= 15 else ""
    said = of("risk", row["id"])
    return (
        Cell(
            row["statement"],
            f"{spaced(row['kind'])}, {row['id']}",
            "strong",
            of=said("statement"),
            note_of=said("kind"),
        ),
        Cell(
            f"{row['likelihood']} × {row['impact']} = {row['exposure']}",
            exposed,
            tone,
            of=said("likelihood"),
            note_of=said("arr_exposed"),
        ),
        Cell(row["owner"], of=said("owner")),
        Cell(
            row["mitigation"] or "nothing planned",
            tone="" if row["mitigation"] else "warning",
            of=said("mitigations") if row["mitigation"] else None,
        ),
    )


def facts_told(
    caption: str, told: Iterable[tuple[str, Any, Of | None]], empty: str, ours: Collection[str] = frozenset()
) -> Table:
    """Return known facts, one per row, each with the value it says; unknown ones are left out. `ours` contains the
    labels whose values are our own words."""
    rows = [
        (Cell(label, tone="quiet"), Cell(words, ours=label in ours, of=value)) for label, words, value in told if words
    ]
    return Table(caption, [Column("What", 3), Column("As recorded", 9)], rows, empty)


def review_told(kind: str) -> str:
    """The kind of a review in words."""
    return spaced(kind)


def grade(scale: str, given: int | None) -> str:
    """Return the name of a grade: of an attitude, a strength or a power."""
    return NOTHING if given is None else SCALES[scale][given]


def counted_up(parts: Iterable[str]) -> str:
    """Return `4 overdue, 2 blocked` as a sentence."""
    return sentence(", ".join(parts))
