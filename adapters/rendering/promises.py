"""The sections of a report about promises: the outcome of each, and the scores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapters.rendering.document import (
    Cell,
    Column,
    Fact,
    Link,
    Table,
    Tone,
    of,
)
from adapters.rendering.wording import FLAGS, OUTCOMES, Json, day, percent
from adapters.rendering.words import counted
from application.reports.outcomes import Outcome
from domain.language import shortened

TONES: Mapping[Outcome, Tone] = {
    "kept": "good",
    "late": "warning",
    "failed": "bad",
    "dropped": "quiet",
    "slipped": "warning",
    "missed": "bad",
    "pending": "quiet",
}
WORST_FIRST: Sequence[Outcome] = ("missed", "slipped", "late", "failed", "dropped", "pending", "kept")
LONGEST_VALUE = 160
NOW = "now"
NAMES: Mapping[str, str] = {"play": "title", "action": "statement"}
"""The field that holds what was promised."""


def promises(rows: Sequence[Json], caption: str, empty: str) -> Table:
    """Show the outcomes of promises: ours before the customer's, the worst first."""
    columns = [
        Column("Promise", 6),
        Column("Owner", 2),
        Column("Due", 3),
        Column("Outcome", 3),
        Column("Worth knowing", 4),
        Column("Proof", 3),
    ]
    ours = sum(row["side"] != "customer" for row in rows)
    theirs = f", {len(rows) - ours} of the customer's" if len(rows) > ours else ""
    counts = f": {ours} of ours{theirs}" if rows else ""
    return Table(caption + counts, columns, [promise(row) for row in sorted(rows, key=place)], empty)


def place(row: Json) -> tuple[bool, int]:
    return row["side"] == "customer", WORST_FIRST.index(row["outcome"])


def promise(row: Json) -> Sequence[Cell]:
    by_customer, said = row["side"] == "customer", of(row["kind"], row["id"])
    kind = "promised by the customer" if by_customer else row["kind"]
    return (
        Cell(
            row["title"], f"{kind} {row['id']}", "strong", about=[(kind, f" {row['id']}")], of=said(NAMES[row["kind"]])
        ),
        Cell(owner(row), of=said("owner")),
        Cell(day(row["due_on"]), moves_told(row), of=said("due_on"), note_of=said("due_on")),
        Cell(OUTCOMES[row["outcome"]], ended(row), TONES[row["outcome"]], of=said("state")),
        worth_knowing(row),
        proof(row["events"], row["event_types"]),
    )


def worth_knowing(row: Json) -> Cell:
    """Return what is remarkable about a promise, and what people wrote of it, which no page translates."""
    flags, words = ", ".join(FLAGS[flag] for flag in row["flags"]), shortened(" · ".join(why(row)), LONGEST_VALUE)
    ours = NOW if words.startswith(f"{NOW}: ") and row["title_now"] != row["title"] else ""
    return Cell(flags, words, ours=True, about=[(ours, words.removeprefix(ours))]) if flags else Cell(words)


def why(row: Json) -> Iterator[str]:
    """Yield the result of a promise and the reasons for its changes."""
    if row["title_now"] != row["title"]:
        yield f"{NOW}: {row['title_now']}"
    yield from (words for words in (row["result"], *row["reasons"]) if words)


def owner(row: Json) -> str:
    now = row["owner_now"]
    return f"{row['owner']} → {now}" if now != row["owner"] else row["owner"]


def moves_told(row: Json) -> str:
    moved, days = row["times_moved"], row["days_moved"]
    times = {1: "once", 2: "twice"}.get(moved, f"{moved} times")
    told = (
        f"now {day(row['due_now_on'])}" if row["due_now_on"] != row["due_on"] else "",
        f"first {day(row['first_due_on'])}" if row["first_due_on"] != row["due_on"] else "",
        f"moved {times}, {days:+d} d in all".replace("-", "−") if moved else "",
    )
    return "; ".join(filter(None, told))


def ended(row: Json) -> str:
    late, finished = row["days_late"], row["finished_on"]
    if finished:
        if late:
            days = counted(abs(late), "day")
            return f"{day(finished)}, {days} late" if late > 0 else f"{day(finished)}, {days} early"
        return day(finished)
    return f"{counted(late, 'day')} past due" if late and row["outcome"] != "dropped" else ""


def proof(events: Sequence[str], types: Sequence[str] = ()) -> Cell:
    """Show the events that prove a row: their types, without the kind of the row, and their numbers in the plan."""
    links = tuple(
        Link(type.partition("-")[2].replace("-", " "), event.rpartition(":")[2], event, type.replace("-", " "))
        for type, event in zip(types or [""] * len(events), events, strict=True)
    )
    return Cell(", ".join(f"{link.word} {link.number}".strip() for link in links), tone="quiet", links=links)


def score_groups(scores: Json) -> Table:
    """Show every score of a period, of one plan or of many."""
    groups = {
        "Said": scores["score"],
        "of which plays": scores["by_kind"]["play"],
        "of which actions": scores["by_kind"]["action"],
        "Carried over": scores["carried_score"],
        "Added": scores["added_score"],
        "Promised by the customer": scores["customer_score"],
    }
    return score_table("How many promises came to what", "Promises", groups.items(), ours=True)


def score_table(
    caption: str, what: str, scores: Iterable[tuple[str, Json]], notes: Sequence[str] = (), ours: bool = False
) -> Table:
    """Return the table. `ours` says whether the rows are named with our own words, and not with names."""
    rows = [score_row(name, score, *notes[place : place + 1], ours=ours) for place, (name, score) in enumerate(scores)]
    return Table(caption, score_columns(what), rows, "There is nothing to score.")


def score_columns(what: str) -> list[Column]:
    counts = (Column(words, right=True) for words in OUTCOMES.values())
    return [Column(what, 3), *counts, Column("Keep rate", right=True), Column("Done rate", right=True)]


def score_row(name: str, score: Json, note: str = "", *, ours: bool = False) -> Sequence[Cell]:
    counts = (Cell(f"{score[outcome]:,}", tone="" if score[outcome] else "quiet") for outcome in OUTCOMES)
    return Cell(name, note, ours=ours), *counts, Cell(percent(score["keep_rate"])), Cell(percent(score["done_rate"]))


def facts(scores: Json) -> list[Fact]:
    score = scores["score"]
    return [
        Fact("kept in time", percent(score["keep_rate"]), f"{score['kept']} of {score['scored']}"),
        Fact(
            "done at all",
            percent(score["done_rate"]),
            f"{score['kept'] + score['late'] + score['failed']} of {score['scored']}",
        ),
        Fact("kept as said", str(score["kept_as_said"]), "never reworded"),
        Fact("proven", str(score["kept_proven"]), "with evidence, at once"),
        Fact("pending", str(score["pending"]), "not due yet"),
        Fact("done unsaid", percent(scores["unsaid_share"]), "of all that was finished"),
    ]
