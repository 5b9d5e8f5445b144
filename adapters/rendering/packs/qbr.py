"""The quarterly business review as a document, internal or for the customer."""

import re
from collections.abc import Iterator, Mapping, Sequence

from adapters.rendering.document import FOOTER, Block, Cell, Column, Document, Fact, Section, Sentence, Table, Tone, of
from adapters.rendering.packs.parts import grade, risks
from adapters.rendering.wording import Json, counted, day, percent, sentence, value
from adapters.rendering.words import NOTHING
from application.packs.qbr import CheckName

CHECKS: Mapping[CheckName, str] = {
    "joint-commitments": "Joint commitments",
    "executives-invited": "Executives invited",
    "metrics-in-time": "Metrics in time",
    "agenda-fits": "Agenda fits",
}


def qbr(pack: Json) -> Document:
    internal, review = pack["for_us"], pack["review"]
    on = day(review["on"]) if review and review["on"] else day(pack["day"])
    return Document(
        title=f"Business review: {pack['account_name']}",
        period=on if not internal else f"{on}, for ourselves: not for the customer",
        headline=headline(pack),
        remarks=[],
        facts=list(facts(pack)),
        sections=list(sections(pack)),
        footer="" if internal is None else FOOTER,
    )


def headline(pack: Json) -> str:
    delivered, theirs, ours = len(pack["value"]), len(pack["joint_plan"]["theirs"]), len(pack["joint_plan"]["ours"])
    steps = ours + theirs
    told = [
        f"{counted(delivered, 'outcome')} delivered" if delivered else "no outcome is proven yet",
        f"{counted(steps, 'step')} agreed together" if steps else "nothing is agreed together yet",
    ]
    return sentence("; ".join(told))


def facts(pack: Json) -> Iterator[Fact]:
    contract, adoption, internal = pack["contract"], pack["adoption"], "yes" if pack["for_us"] else None
    if contract:
        yield Fact(
            "contract",
            value(contract["arr"], "arr"),
            f"{pack['currency']} a year until {day(contract['renews_on'])}",
            of=of("contract", internal and "contract")("arr"),
        )
    yield Fact(
        "adoption",
        percent(adoption["adoption"]),
        day(adoption["as_of_on"]) if adoption["as_of_on"] else "",
        of=of("health", internal and "health")("adoption") if adoption["adoption"] else None,
    )
    yield Fact("outcomes", str(len(pack["value"])), "achieved or confirmed")
    steps = [*pack["joint_plan"]["ours"], *pack["joint_plan"]["theirs"]]
    since = f" since {day(pack['since_on'])}" if pack["since_on"] else ""
    done = sum(each["state"] == "done" for each in steps)
    yield Fact("joint steps", str(len(steps)), f"{done} done{since}")


def sections(pack: Json) -> Iterator[Section]:
    if pack["for_us"]:
        yield Section("checks", "Before the review", list(before(pack["for_us"])))
    yield Section("agenda", "Agenda", list(agenda(pack)))
    yield Section("value", "What was delivered", [delivered(pack["value"])])
    if pack["for_us"] or is_measured(pack["adoption"]):
        yield Section("adoption", "Adoption and what it is measured by", list(adoption(pack)))
    yield Section("joint-plan", "What we do together", list(joint_plan(pack)))
    if pack["for_us"]:
        yield Section("room", "Who is in the room", [in_the_room(pack["for_us"]["in_the_room"])])
        yield Section("risks", "Risks", [risks(pack["for_us"]["risks"], pack["currency"])])
        yield Section("health", "Health", [health(pack["for_us"]), *noted(pack["for_us"]["notes"])])


def is_measured(adoption: Json) -> bool:
    """Return whether there are any figures to show to a customer."""
    return bool(adoption["adoption"] or adoption["usage"] or adoption["metrics"])


def agenda(pack: Json) -> Iterator[Block]:
    review, items = pack["review"], pack["agenda"]["items"]
    if review:
        theirs = [f"{each['name']} ({each['title']})" if each["title"] else each["name"] for each in review["theirs"]]
        ours = ", ".join(review["ours"])
        yield Sentence(
            f"With {', '.join(theirs) or NOTHING}; with us {ours or NOTHING}.", of=of("review", review["id"])("theirs")
        )
    else:
        yield Sentence("No business review is planned.", "warning")
    on = of("review", review["id"] if review else None)("agenda")
    if pack["agenda"]["of_the_program"]:
        on = of("agenda", "qbr" if pack["for_us"] else None)("items")
    rows = [(Cell(each["topic"], tone="strong", of=on), Cell(f"{each['minutes']} min", of=on)) for each in items]
    if rows:
        rows.append((Cell("In all", tone="quiet"), Cell(f"{pack['agenda']['minutes']} min", tone="quiet")))
    if rows or pack["for_us"]:
        yield Table(
            "What we talk about", [Column("Topic", 8), Column("Time", 2, right=True)], rows, "There is no agenda yet."
        )


def delivered(rows: Sequence[Json]) -> Table:
    columns = [
        Column("Outcome", 6),
        Column("Before", 2),
        Column("Expected", 2),
        Column("Reached", 2),
        Column("Shown by", 4),
    ]
    return Table(
        "Goals achieved and hypotheses confirmed", columns, [outcome(row) for row in rows], "Nothing is proven yet."
    )


GOAL = ("statement", "measure", "target", "reached", "state")
HYPOTHESIS = ("outcome", "metric", "expected", "observed", "evidence")
"""The fields that say what was to come, how it is measured, what was hoped for, what was reached and what shows it."""


def outcome(row: Json) -> Sequence[Cell]:
    said, is_goal = of(row["kind"], row["id"]), row["kind"] == "goal"
    what, measure, hoped, reached, shown_by = GOAL if is_goal else HYPOTHESIS
    shown = "; ".join(row["evidence"]) or (f"achieved on {day(row['on'])}" if row["on"] else "confirmed")
    return (
        Cell(row["what"], measured(row), "strong", of=said(what), note_of=said(measure)),
        Cell(figure(row["before"]), of=said("baseline") if row["before"] else None),
        Cell(figure(row["expected"]), of=said(hoped)),
        Cell(figure(row["reached"]), tone="good", of=said(reached) if row["reached"] else None),
        Cell(shown, ours=not row["evidence"], of=said("state" if not row["evidence"] else shown_by)),
    )


def measured(row: Json) -> str:
    """Return the measure with its unit, unless its name contains the unit."""
    measure, unit = row["measure"], row["unit"]
    is_said = re.search(rf"(?<!\w){re.escape(unit)}(?!\w)", measure, re.IGNORECASE)
    return measure if is_said else f"{measure}, {unit}"


def figure(given: str | None) -> str:
    """Return the text, with thousands separators if it is a plain number."""
    if given is None:
        return NOTHING
    return f"{int(given):,}" if given.isdecimal() else given


def adoption(pack: Json) -> Iterator[Block]:
    known = pack["adoption"]
    rates = [
        f"adopted by {value(known['adoption'], 'adoption')}" if known["adoption"] else "",
        f"used by {value(known['usage'], 'usage')}" if known["usage"] else "",
    ]
    if any(rates):
        read = of("health", pack["for_us"] and "health")("adoption" if known["adoption"] else "usage")
        yield Sentence(f"As of {day(known['as_of_on'])}: {', '.join(filter(None, rates))}.", of=read)
    if not known["metrics"] and not pack["for_us"]:
        return
    read = of("health", pack["for_us"] and "health")("success_metrics")
    columns = [Column("Metric", 6), Column("Now", 3), Column("Goal", 3)]
    rows = [
        (Cell(each["name"], tone="strong", of=read), Cell(each["value"] or NOTHING, of=read), goal(each))
        for each in known["metrics"]
    ]
    yield Table("What success is measured by", columns, rows, "No metric was agreed on yet.")


def goal(metric: Json) -> Cell:
    return Cell(metric["goal"]) if metric["goal"] else Cell("no goal yet", tone="warning")


def joint_plan(pack: Json) -> Iterator[Block]:
    plan = pack["joint_plan"]
    if pack["for_us"] is None and not (plan["ours"] or plan["theirs"]):
        yield Sentence("Nothing is agreed together yet.", "quiet")
    for side, caption, contact, empty in (
        ("ours", "What we do", "Who", "We have promised nothing yet."),
        ("theirs", "What you do", "With us", "You have promised nothing yet."),
    ):
        if not plan[side] and pack["for_us"] is None:
            continue
        columns = [Column("What", 7), Column("By", 2), Column("State", 3), Column(contact, 2)]
        yield Table(caption, columns, [step(row) for row in plan[side]], empty)


OVERDUE: Tone = "bad"
DONE: Mapping[str, Tone] = {"done": "good"}


def step(row: Json) -> Sequence[Cell]:
    state, tone = (row["state"], DONE.get(row["state"], "")) if not row["overdue"] else ("overdue", OVERDUE)
    said = of("action", row["id"])
    note = (
        day(row["finished_on"]) if row["finished_on"] else f"agreed {day(row['agreed_on'])}" if row["agreed_on"] else ""
    )
    return (
        Cell(row["what"], tone="strong", of=said("statement")),
        Cell(day(row["on"]), of=said("due_on")),
        Cell(
            state,
            note,
            tone,
            ours=True,
            of=said("state"),
            note_of=said("finished_on" if row["finished_on"] else "agreed_on"),
        ),
        Cell(row["owner"] or NOTHING, of=said("owner")),
    )


def before(for_us: Json) -> Iterator[Block]:
    yield checks(for_us["checks"])
    if for_us["sha256"]:
        yield Sentence(f"Sent on {day(for_us['circulated_on'])}, SHA-256 {for_us['sha256']}.", "quiet")


IN_ORDER, NOT_YET = "in order", "not yet"


def checks(rows: Sequence[Json]) -> Table:
    columns = [Column("Check", 4), Column("State", 2), Column("What was found", 8)]
    cells = [
        (
            Cell(CHECKS[each["check"]], tone="strong", ours=True),
            Cell(f"✓ {IN_ORDER}" if each["ok"] else f"✗ {NOT_YET}", tone="good" if each["ok"] else "bad"),
            Cell(each["sentence"], ours=True),
        )
        for each in rows
    ]
    return Table("What has to be in order", columns, cells, "No business review is planned.")


def in_the_room(people: Sequence[Json]) -> Table:
    columns = [Column("Who", 4), Column("Stands", 3), Column("Power", 2), Column("Wants", 4), Column("Objects", 4)]
    return Table("Of theirs, as we see them", columns, [sitting(each) for each in people], "Nobody is invited yet.")


def sitting(each: Json) -> Sequence[Cell]:
    attitude, said = each["attitude"], of("stakeholder", each["id"])
    tone: Tone = "" if not attitude else "good" if attitude > 0 else "bad"
    return (
        Cell(each["name"], reach(each), "strong", of=said("name"), note_of=said("email")),
        Cell(
            grade("attitude", attitude),
            standing(each),
            tone,
            ours=True,
            of=said("attitude"),
            note_of=said("relationships" if each["strength"] else "evidence"),
        ),
        Cell(grade("power", each["power"]), ours=True, of=said("power")),
        Cell("; ".join(each["motivators"]) or NOTHING, of=said("motivators")),
        Cell("; ".join(each["objections"]) or NOTHING, tone="warning" if each["objections"] else ""),
    )


def reach(each: Json) -> str:
    """Return how the person is reached, and since when they are there."""
    since = f"there since {day(each['joined_on'])}" if each["joined_on"] else None
    return ", ".join(filter(None, (each["email"], each["phone"], each["location"], since)))


def standing(each: Json) -> str:
    """Return how well we know the person, and the evidence for their attitude."""
    known = f"relationship: {grade('strength', each['strength'])}" if each["strength"] else None
    return "; ".join(filter(None, (known, each["evidence"])))


def noted(notes: Sequence[str]) -> list[Sentence]:
    return [Sentence(f"On the evidence: {'; '.join(notes)}.", "quiet")] if notes else []


def health(known: Json) -> Table:
    rows = [
        (Cell(label, ours=True), Cell(value(known[name], name), ours=name == "health", of=of("health", "health")(name)))
        for name, label in (
            ("health", "Health"),
            ("nps", "NPS"),
            ("csat", "CSAT"),
            ("engagement", "Engagement"),
            ("open_tickets", "Open tickets"),
            ("p1_incidents", "P1 incidents"),
        )
        if known[name] is not None
    ]
    return Table("Last read", [Column("What", 4), Column("Value", 4)], rows, "Nobody recorded how they fare.")
