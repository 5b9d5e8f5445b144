"""The annual review as a document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from adapters.rendering.document import Block, Cell, Column, Document, Fact, Section, Sentence, Table, Tone, of
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


VISION = of("vision", "vision")


def annual(pack: Json) -> Document:
    figures = {each["measure"]: each for each in pack["year"]}
    return Document(
        title=f"The year: {pack['account_name']}",
        period=f"{month(pack['from_month'])} to {month(pack['to_month'])}, as of {period(pack)}",
        headline=headline(pack),
        remarks=[Sentence(tier(pack["tier"]), "quiet", of("plan", "plan")("tier"))],
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
        yield Sentence(f"By {day(pack['vision_until_on'])}: {pack['vision']}", "strong", VISION("statement"))
    else:
        yield Sentence("Nobody said yet where both want to be.", "warning")
    if pack["investments"]:
        yield Sentence(f"What it takes: {'; '.join(pack['investments'])}.", of=VISION("investments"))
    if pack["priorities"]:
        told = f"Priorities of {pack['priorities_of']}: {'; '.join(pack['priorities'])}."
        yield Sentence(told, of=of("priorities", pack["priorities_of"])("statements"))


def goals(rows: Sequence[Json], caption: str, empty: str) -> Table:
    columns = [Column("Goal", 7), Column("From → to", 4), Column("Reached", 3), Column("Due", 3), Column("Owner", 2)]
    return Table(caption, columns, [goal(row) for row in rows], empty)


def goal(row: Json) -> Sequence[Cell]:
    reached, said = row["reached"], of("goal", row["id"])
    met = reached is not None and is_met(Decimal(row["baseline"]), Decimal(row["target"]), Decimal(reached))
    due: tuple[str, Tone] = ("overdue", "bad") if row["overdue"] else ("", "")
    done = f"achieved {day(row['achieved_on'])}" if row["achieved_on"] else due[0]
    return (
        Cell(
            row["statement"],
            f"{row['kind']}: {row['measure']}",
            "strong",
            about=[(row["kind"], f": {row['measure']}")],
            of=said("statement"),
            note_of=said("measure"),
        ),
        Cell(
            f"{number(row['baseline'])} → {number(row['target'])}",
            row["unit"],
            of=said("target"),
            note_of=said("unit"),
        ),
        Cell(
            number(reached) if reached is not None else NOTHING,
            tone="good" if met else "",
            of=said("reached") if reached is not None else None,
        ),
        Cell(
            day(row["due_on"]),
            done,
            due[1],
            of=said("due_on"),
            note_of=said("achieved_on") if row["achieved_on"] else None,
        ),
        Cell(row["owner"], of=said("owner")),
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
            Cell(plainly(row["definition"]), tone="quiet", definition=row["definition"]),
        )
        for row in rows
    ]
    return Table("What happened in twelve months, and how things stand at their end", columns, cells, "")


DAYS: Mapping[str, str] = {
    "left": "left_on", "came back": "returned_on", "moved": "moved_on", "was promoted": "moved_on"
}  # fmt: skip
"""The field that holds the day of each movement."""


def people(rows: Sequence[Json]) -> Table:
    columns = [Column("Who", 4), Column("What", 3), Column("When", 2), Column("To", 5)]
    cells = [
        (
            Cell(row["name"], tone="strong", of=said("name")),
            Cell(row["what"], ours=True, of=said(DAYS[row["what"]])),
            Cell(day(row["on"]), of=said(DAYS[row["what"]])),
            Cell(row["to"] or NOTHING, of=said("went_to" if row["what"] == "left" else "title")),
        )
        for row in rows
        for said in [of("stakeholder", row["id"])]
    ]
    return Table("The customer's people in these months", columns, cells, "Nobody left, came back or moved.")


def beside(lesson: Json) -> str:
    """Return the day, what was expected, and the result."""
    expected, actual = lesson["expected"], lesson["actual"]
    hoped = f"expected {expected}" if expected else None
    came = f"came to {actual}" if actual else None
    both = f"expected {expected}, came to {actual}" if hoped and came else hoped or came
    return ", ".join(filter(None, (f"on {day(lesson['on'])}" if lesson["on"] else None, both)))


LESSONS: Mapping[str, tuple[str, str]] = {
    "risk": ("statement", "outcome"), "hypothesis": ("outcome", "observed"), "play": ("title", "result"),
    "opportunity": ("name", "competitor"),
}  # fmt: skip
"""The fields that hold the name of what did not come as hoped, and what was seen."""


def lessons(rows: Sequence[Json]) -> Table:
    columns = [Column("What", 6), Column("What was seen", 6)]
    cells = [
        (
            Cell(row["what"], spaced(row["kind"]), "strong", of=said(named)),
            Cell(row["seen"] or NOTHING, beside(row), ours=row["kind"] == "opportunity", of=said(seen)),
        )
        for row in rows
        for said, (named, seen) in [(of(row["kind"], row["id"]), LESSONS[row["kind"]])]
    ]
    return Table("What did not come as hoped", columns, cells, "Nothing was refuted or lost.")
