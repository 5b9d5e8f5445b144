"""The first section of a report: what the people in the room have to decide."""

from collections.abc import Iterator, Sequence

from adapters.rendering.document import Block, Cell, Column, Table, of
from adapters.rendering.promises import NAMES, TONES, ended, owner, worth_knowing
from adapters.rendering.wording import OUTCOMES, Json, day
from adapters.rendering.words import spaced
from application.reports.outcomes import ListName

LISTS: Sequence[ListName] = ("said", "carried", "added")
FIRST = ("missed", "late")
OPEN_QUESTIONS = {"unexplained", "blocked", "orphaned"}
"""Flags of an open promise that somebody has to settle."""


def to_decide(report: Json) -> Iterator[Block]:
    rows = [row for name in LISTS for row in report[name] if wants_deciding(row)]
    required = [(each, what) for each in report["decisions"] for what in each["decisions_required"]]
    if rows or not required:
        columns = [Column("Promise", 6), Column("Owner", 2), Column("Due", 3), Column("Outcome", 3), Column("Why", 5)]
        listed = [promise(row) for row in sorted(rows, key=place)]
        yield Table("Promises that went wrong", columns, listed, "Nothing was missed or late, and nothing is blocked.")
    if required:
        columns = [Column("Decision", 7), Column("Asked for at", 4)]
        yield Table("Decisions required", columns, [decision(each, what) for each, what in required], "")


def wants_deciding(row: Json) -> bool:
    is_open = row["outcome"] in ("missed", "slipped", "pending")
    return row["outcome"] in FIRST or (is_open and not OPEN_QUESTIONS.isdisjoint(row["flags"]))


def place(row: Json) -> tuple[int, bool, int]:
    """Return the sort key: missed promises, then late ones, then open questions; ours before the customer's; the oldest
    first."""
    rank = FIRST.index(row["outcome"]) if row["outcome"] in FIRST else len(FIRST)
    return rank, row["side"] == "customer", -(row["days_late"] or 0)


def promise(row: Json) -> Sequence[Cell]:
    said = of(row["kind"], row["id"])
    whose = "promised by the customer" if row["side"] == "customer" else row["kind"]
    return (
        Cell(
            row["title"],
            f"{whose} {row['id']}",
            "strong",
            about=[(whose, f" {row['id']}")],
            of=said(NAMES[row["kind"]]),
        ),
        Cell(owner(row), of=said("owner")),
        Cell(day(row["due_now_on"]), of=said("due_on")),
        Cell(OUTCOMES[row["outcome"]], ended(row), TONES[row["outcome"]], of=said("state")),
        worth_knowing(row),
    )


def decision(review: Json, what: str) -> Sequence[Cell]:
    held = of("review", review["review"])
    return Cell(what, tone="strong", of=held("decisions_required")), Cell(
        f"{spaced(review['kind'])} {review['review']}",
        day(review["held_on"]),
        ours=True,
        of=held("kind"),
        note_of=held("held_on"),
    )
