"""The annual review as a document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from adapters.rendering.document import Block, Cell, Column, Document, Fact, Section, Sentence, Table, Tone
from adapters.rendering.packs.parts import period
from adapters.rendering.wording import Json, counted, day, percent, sentence, value
from adapters.rendering.words import NOTHING, amount, spaced
from application.measures.measure import Unit
from application.packs.annual import AnnualMeasure

FACTS: Sequence[AnnualMeasure] = ("arr", "net_retention", "arr_won", "on_schedule")
LABELS: Mapping[AnnualMeasure, str] = {
    "arr": "ARR",
    "net_retention": "net retention",
    "arr_won": "ARR won",
    "attributable_arr": "planned before it was won",
    "discount": "discount",
    "cycle_days": "days from open to won",
    "pipeline_created": "pipeline created",
    "on_schedule": "actions kept in time",
    "play_completion": "plays played to the end",
    "milestone_on_time": "milestones in time",
    "executive_meetings": "executive meetings",
    "buyer_meetings": "meetings with buyers",
    "contacts_engaged": "people engaged",
    "new_buying_centers": "new buying centers",
    "penetrated_share": "whitespace adopted",
    "hygiene": "sections up to date",
}

CALLED: Mapping[str, str] = {
    "contact_days": "days that the policy says",
    "sections": "the policy",
    **{str(name): label for name, label in LABELS.items()},
}
"""The measures and numbers of the policy that definitions name."""
NAMED = re.compile("`([^`]+)`")


def annual(pack: Json) -> Document:
    figures = {each["measure"]: each for each in pack["year"]}
    return Document(
        title=f"The year: {pack['account_name']}",
        period=f"{month(pack['from_month'])} to {month(pack['to_month'])}, as of {period(pack)}",
        headline=headline(pack),
        remarks=[Sentence(tier(pack["tier"]), "quiet")],
        facts=[Fact(LABELS[name], told(figures[name], pack["currency"]), "") for name in FACTS],
        sections=[
            Section("vision", "Where both want to be", list(vision(pack))),
            Section(
                "goals",
                "Goals that go on",
                [goals(pack["goals_rolled_forward"], "The earliest due first", "No goal is open.")],
            ),
            Section(
                "achieved",
                "Goals achieved",
                [goals(pack["goals_achieved"], "In these months", "No goal was achieved.")],
            ),
            Section(
                "abandoned",
                "Goals abandoned",
                [goals(pack["goals_abandoned"], "No longer pursued", "No goal was abandoned.")],
            ),
            Section("year", "The year in numbers", [numbers(pack["year"], pack["currency"])]),
            Section("lessons", "What we learned", [lessons(pack["lessons"])]),
            Section("people", "Who came and went", [people(pack["people"])]),
        ],
    )


def headline(pack: Json) -> str:
    achieved, forward = len(pack["goals_achieved"]), len(pack["goals_rolled_forward"])
    return sentence(f"{counted(achieved, 'goal')} achieved, {counted(forward, 'goal')} rolled forward")


def tier(said: Json) -> str:
    """Return the tier, with the round that decided it and the people who did."""
    decided = f", decided by {', '.join(said['decided_by'])}" if said["decided_by"] else ""
    round = f" in the round {said['round']}" if said["round"] else ""
    tier = said["tier"]
    return f"Tier {tier}{round}{decided}."


def month(iso: str) -> str:
    """Return `2026-03` as `March 2026`."""
    return f"{date.fromisoformat(f'{iso}-01'):%B %Y}"


def vision(pack: Json) -> Iterator[Block]:
    if pack["vision"]:
        yield Sentence(f"By {day(pack['vision_until_on'])}: {pack['vision']}", "strong")
    else:
        yield Sentence("Nobody said yet where both want to be.", "warning")
    if pack["investments"]:
        yield Sentence(f"What it takes: {'; '.join(pack['investments'])}.")
    if pack["priorities"]:
        yield Sentence(f"Priorities of {pack['priorities_of']}: {'; '.join(pack['priorities'])}.")


def goals(rows: Sequence[Json], caption: str, empty: str) -> Table:
    columns = [Column("Goal", 7), Column("From → to", 4), Column("Reached", 3), Column("Due", 3), Column("Owner", 2)]
    return Table(caption, columns, [goal(row) for row in rows], empty)


def goal(row: Json) -> Sequence[Cell]:
    reached = row["reached"]
    met = reached is not None and is_met(Decimal(row["baseline"]), Decimal(row["target"]), Decimal(reached))
    due: tuple[str, Tone] = ("overdue", "bad") if row["overdue"] else ("", "")
    done = f"achieved {day(row['achieved_on'])}" if row["achieved_on"] else due[0]
    return (
        Cell(
            row["statement"], f"{row['kind']}: {row['measure']}", "strong", about=(row["kind"], f": {row['measure']}")
        ),
        Cell(f"{number(row['baseline'])} → {number(row['target'])}", row["unit"]),
        Cell(number(reached) if reached is not None else NOTHING, tone="good" if met else ""),
        Cell(day(row["due_on"]), done, due[1]),
        Cell(row["owner"]),
    )


def is_met(baseline: Decimal, target: Decimal, reached: Decimal) -> bool:
    """Whether a goal was reached, upwards or downwards."""
    return reached >= target if target >= baseline else reached <= target


def number(given: str) -> str:
    return amount(Decimal(given))


def told(figure: Json, currency: str) -> str:
    """Return the value of a measure with its unit."""
    if figure["value"] is None:
        return NOTHING
    unit: Unit = figure["unit"]
    match unit:
        case "money":
            return amount(Decimal(figure["value"]), currency)
        case "share":
            return percent(figure["value"])
        case _:
            return value(Decimal(figure["value"]).normalize())


def plainly(definition: str) -> str:
    """Return the definition of a measure as a sentence, with other measures under the names they have here."""
    told = NAMED.sub(lambda found: CALLED.get(found[1]) or spaced(found[1]), definition)
    return told[:1].upper() + told[1:]


def numbers(rows: Sequence[Json], currency: str) -> Table:
    columns = [Column("Measure", 4), Column("Value", 3, right=True), Column("What it counts", 8)]
    cells = [
        (
            Cell(LABELS[row["measure"]], tone="strong", ours=True),
            Cell(told(row, currency), ours=True),
            Cell(plainly(row["definition"]), tone="quiet"),
        )
        for row in rows
    ]
    return Table("What happened in twelve months, and how things stand at their end", columns, cells, "")


def people(rows: Sequence[Json]) -> Table:
    columns = [Column("Who", 4), Column("What", 3), Column("When", 2), Column("To", 5)]
    cells = [
        (
            Cell(row["name"], tone="strong"),
            Cell(row["what"], ours=True),
            Cell(day(row["on"])),
            Cell(row["to"] or NOTHING),
        )
        for row in rows
    ]
    return Table("The customer's people in these months", columns, cells, "Nobody left, came back or moved.")


def beside(lesson: Json) -> str:
    """Return the day, what was expected, and the result."""
    expected, actual = lesson["expected"], lesson["actual"]
    hoped = f"expected {expected}" if expected else None
    came = f"came to {actual}" if actual else None
    both = f"expected {expected}, came to {actual}" if hoped and came else hoped or came
    return ", ".join(filter(None, (f"on {day(lesson['on'])}" if lesson["on"] else None, both)))


def lessons(rows: Sequence[Json]) -> Table:
    columns = [Column("What", 6), Column("What was seen", 6)]
    cells = [
        (
            Cell(row["what"], spaced(row["kind"]), "strong"),
            Cell(row["seen"] or NOTHING, beside(row), ours=row["kind"] == "opportunity"),
        )
        for row in rows
    ]
    return Table("What did not come as hoped", columns, cells, "Nothing was refuted or lost.")
