"""The weekly list as a document."""

from collections.abc import Sequence

from adapters.rendering.document import Cell, Column, Document, Fact, Section, Table, of
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
    said = of("opportunity", row["opportunity"])
    closes = f"{row['stage']}, closes {day(row['close_on'])}"
    named = Cell(row["name"], closes, "strong", of=said("name"), note_of=said("close_on"))
    if row["what"] is None:
        return named, Cell("nobody said what is next", tone="bad"), Cell(NOTHING), Cell(NOTHING)
    step = said("next_best_action")
    by = Cell(day(row["due_on"]), "overdue" if row["overdue"] else "", "bad" if row["overdue"] else "", of=step)
    return named, Cell(row["what"], of=step), Cell(row["owner"], of=step), by


def blocked(rows: Sequence[Json]) -> Table:
    columns = [Column("Play", 5), Column("Since", 2), Column("Why", 5), Column("Needs", 4)]
    return Table("Plays that cannot go on", columns, [cannot(row) for row in rows], "Nothing is blocked.")


def asked(rows: Sequence[Json]) -> Table:
    columns = [Column("Request", 7), Column("State", 3), Column("For", 4), Column("Owner", 2)]
    return Table("Requests to the rest of the company", columns, [request(row) for row in rows], "Nothing waits.")


def request(row: Json) -> Sequence[Cell]:
    answered = f"answered by {row['member']}" if row["member"] else ""
    delivered = f"on {day(row['delivered_on'])}" if row["delivered_on"] else answered
    said = of("request", row["id"])
    served = [kind for kind in ("goal", "opportunity") if row[kind]]
    return (
        Cell(row["statement"], row["id"], "strong", of=said("statement")),
        Cell(
            row["state"],
            delivered,
            ours=True,
            of=said("state"),
            note_of=said("delivered_on" if row["delivered_on"] else "member"),
        ),
        Cell(
            "; ".join(row["serves"]) or NOTHING,
            ", ".join(served),
            of=said("goal" if row["goal"] else "opportunity"),
        ),
        Cell(row["owner"], of=said("owner")),
    )


def last_time(review: Json) -> Table:
    held = of("review", review["id"])
    said = (
        ("Topics", "; ".join(review["topics"]), held("topics")),
        ("Decided", "; ".join(review["decisions"]), held("decisions")),
        ("Notes", review["notes"], held("notes")),
    )
    told = f"The {review_told(review['kind'])} review of {day(review['held_on'])}"
    return facts_told(told, said, "Nothing was written down.")


def cannot(row: Json) -> Sequence[Cell]:
    said = of("play", row["id"])
    return (
        Cell(
            row["title"],
            f"{row['owner']}, due {day(row['due_on'])}",
            "strong",
            of=said("title"),
            note_of=said("due_on"),
        ),
        Cell(day(row["since_on"]), of=said("state")),
        Cell(row["reason"] or "no reason given", ours=not row["reason"], of=said("state")),
        Cell("; ".join(row["prerequisites"]) or NOTHING, of=said("prerequisites")),
    )
