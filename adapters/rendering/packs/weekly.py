"""The weekly list as a document."""

from collections.abc import Sequence

from adapters.rendering.document import Cell, Column, Document, Fact, Section, Table
from adapters.rendering.packs.parts import counted_up, dates, facts_told, period, review_told
from adapters.rendering.wording import Json, day
from adapters.rendering.words import NOTHING


def weekly(pack: Json) -> Document:
    open_steps = sum(step["overdue"] for step in pack["next_steps"])
    found = {
        "overdue": len(pack["overdue"]),
        "due this week": len(pack["due"]),
        "blocked": len(pack["blocked"]),
        "without a next step ahead": open_steps,
    }
    told = [f"{number} {words}" for words, number in found.items() if number]
    return Document(
        title=f"This week: {pack['account_name']}",
        period=f"{period(pack)}; {pack['minutes']} minutes",
        headline=counted_up(told) if told else "Nothing is overdue, due or blocked this week.",
        remarks=[],
        facts=[Fact(words, str(number), "") for words, number in found.items()],
        sections=[
            Section("overdue", "Overdue", [dates(pack["overdue"], "The oldest first", "Nothing is overdue.")]),
            Section("due", "Due", [dates(pack["due"], f"Until {day(pack['until_on'])}", "Nothing is due this week.")]),
            Section("next-steps", "Next steps", [next_steps(pack["next_steps"])]),
            Section("blocked", "Blocked", [blocked(pack["blocked"])]),
            Section("asked", "Asked of others", [asked(pack["asked"])]),
            *([Section("last-time", "Last time", [last_time(pack["last_time"])])] if pack["last_time"] else []),
        ],
    )


def next_steps(rows: Sequence[Json]) -> Table:
    columns = [Column("Opportunity", 5), Column("Next step", 6), Column("Who", 2), Column("By", 2)]
    return Table("Of open opportunities", columns, [next_step(row) for row in rows], "No opportunity is open.")


def next_step(row: Json) -> Sequence[Cell]:
    named = Cell(row["name"], f"{row['stage']}, closes {day(row['close_on'])}", "strong")
    if row["what"] is None:
        return named, Cell("nobody said what is next", tone="bad"), Cell(NOTHING), Cell(NOTHING)
    by = Cell(day(row["due_on"]), "overdue" if row["overdue"] else "", "bad" if row["overdue"] else "")
    return named, Cell(row["what"]), Cell(row["owner"]), by


def blocked(rows: Sequence[Json]) -> Table:
    columns = [Column("Play", 5), Column("Since", 2), Column("Why", 5), Column("Needs", 4)]
    return Table("Plays that cannot go on", columns, [cannot(row) for row in rows], "Nothing is blocked.")


def asked(rows: Sequence[Json]) -> Table:
    columns = [Column("Request", 7), Column("State", 3), Column("For", 4), Column("Owner", 2)]
    return Table("Requests to the rest of the company", columns, [request(row) for row in rows], "Nothing waits.")


def request(row: Json) -> Sequence[Cell]:
    answered = f"answered by {row['member']}" if row["member"] else ""
    delivered = f"on {day(row['delivered_on'])}" if row["delivered_on"] else answered
    served = (f"{kind} {row[kind]}" for kind in ("goal", "opportunity") if row[kind])
    return (
        Cell(row["statement"], row["id"], "strong"),
        Cell(row["state"], delivered, ours=True),
        Cell(", ".join(served) or NOTHING),
        Cell(row["owner"]),
    )


def last_time(review: Json) -> Table:
    said = (
        ("Topics", "; ".join(review["topics"])),
        ("Decided", "; ".join(review["decisions"])),
        ("Notes", review["notes"]),
    )
    told = f"The {review_told(review['kind'])} review of {day(review['held_on'])}"
    return facts_told(told, said, "Nothing was written down.")


def cannot(row: Json) -> Sequence[Cell]:
    return (
        Cell(row["title"], f"{row['owner']}, due {day(row['due_on'])}", "strong"),
        Cell(day(row["since_on"])),
        Cell(row["reason"] or "no reason given", ours=not row["reason"]),
        Cell("; ".join(row["prerequisites"]) or NOTHING),
    )
