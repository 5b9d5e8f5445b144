"""The canvas as a document: the plan on one page."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from adapters.rendering.document import Cell, Column, Document, Fact, Of, Section, Sentence, Table, Tone, of
from adapters.rendering.packs.parts import dates, facts_told, grade, period, risks
from adapters.rendering.wording import Json, day, percent
from adapters.rendering.words import NOTHING, counted, in_words, short_amount
from domain.account_plan.relationships import line_between
from domain.account_plan.whitespace import Penetration, cell_id

STATES: Mapping[Penetration, Tone] = {
    "na": "quiet",
    "unknown": "quiet",
    "none": "",
    "aware": "",
    "opportunity": "warning",
    "pilot": "warning",
    "adopted": "good",
    "lost": "bad",
}


SUMMARY, OVERVIEW = of("summary", "summary"), of("overview", "overview")


def canvas(pack: Json) -> Document:
    totals = pack["whitespace"]["totals"]
    return Document(
        title=f"Canvas: {pack['account_name']}",
        period=period(pack),
        headline=pack["fit"]["goal_sentence"] or f"Nobody said yet where {pack['account_name']} is to be in a year.",
        headline_of=SUMMARY("goal_sentence") if pack["fit"]["goal_sentence"] else None,
        remarks=[],
        facts=[
            Fact("still to win", amount(totals["weighted_arr_potential"]), f"{pack['currency']}, by probability"),
            Fact("adopted", str(totals["by_penetration"].get("adopted", 0)), f"of {counted(totals['cells'], 'cell')}"),
            Fact("people", str(len(pack["stakeholders"]) + pack["stakeholders_left_out"]), "known and to find"),
            Fact("plays", str(len(pack["plays"])), f"{sum(each['overdue'] for each in pack['plays'])} overdue"),
        ],
        sections=[
            Section("fit", "Why this account, and why us", [fit(pack["fit"])]),
            Section("whitespace", "Whitespace", [whitespace(pack["whitespace"], pack["currency"])]),
            Section("stakeholders", "Who decides", [stakeholders(pack["stakeholders"])]),
            Section("hypotheses", "What they would gain", [hypotheses(pack["hypotheses"])]),
            Section("plays", "What we try", [plays(pack["plays"])]),
            Section("risks", "What may go wrong", [risks(pack["risks"], pack["currency"]), *risks_missing(pack)]),
            Section("next", "The next 90 days", [next_days(pack)]),
        ],
        one_page=True,
    )


def risks_missing(pack: Json) -> list[Sentence]:
    more = pack["risks_missing"]
    return [Sentence(f"{counted(more, 'more risk')} should be named.", "warning")] if more else []


def amount(given: str) -> str:
    return short_amount(value_of(given))


def value_of(given: str) -> Decimal:
    return Decimal(given)


def fit(said: Json) -> Table:
    why_us = in_words(said["why_us"], "why_us")
    judged = [f"{words} fit" for words in [said["icp_fit"]] if words] + [
        words for words in [said["trajectory"]] if words
    ]
    return facts_told(
        "What we know of it",
        (
            ("Why it matters", said["relevance"], SUMMARY("relevance")),
            ("Why now", said["why_now"], SUMMARY("why_now")),
            (
                "Fit",
                " · ".join([*judged, *filter(None, [said["our_fit"]])]),
                OVERVIEW(next((name for name in ("our_fit", "icp_fit") if said[name]), "trajectory")),
            ),
            ("Why us", "" if why_us == NOTHING else why_us, OVERVIEW("why_us")),
            (
                "What moves them",
                in_words(said["change_drivers"], "change_drivers") if said["change_drivers"] else "",
                OVERVIEW("change_drivers"),
            ),
            ("Industry", said["industry"], OVERVIEW("industry")),
            ("How they decide", said["decision_process"], OVERVIEW("decision_process")),
        ),
        "Nobody described the account yet.",
        ours={"Why us", "What moves them", *([] if said["our_fit"] else ["Fit"])},
    )


def whitespace(grid: Json, currency: str) -> Table:
    columns = [
        Column("Unit", 3),
        *(Column(name, 2) for name in grid["offerings"]),
        Column(f"Still to win, {currency}", 2, right=True),
    ]
    rows = [unit(row) for row in grid["rows"]]
    if rows:
        total = short_amount(sum(map(value_of, grid["arr_potential"]), Decimal(0)))
        sums = (Cell(amount(each), tone="strong") if value_of(each) else Cell("") for each in grid["arr_potential"])
        rows.append((Cell("Still to win", tone="strong", ours=True), *sums, Cell(total, tone="strong")))
    return Table("Offerings by unit, with what is still to be won", columns, rows, "No unit is known yet.")


def unit(row: Json) -> Sequence[Cell]:
    said, budget = of("unit", row["unit"]), "own budget" if row["buying_center"] else ""
    named = Cell(row["name"], budget, "strong", of=said("name"), note_of=said("buying_center"))
    worth = amount(row["arr_potential"]) if value_of(row["arr_potential"]) else ""
    return named, *(offering(row["unit"], each) for each in row["cells"]), Cell(worth)


def offering(unit: str, each: Json) -> Cell:
    state, worth = each["penetration"], amount(each["arr_potential"]) if each["arr_potential"] else ""
    said = of("cell", cell_id(unit, each["offering"]) if state != "unknown" or worth else None)
    words = in_words(state, "penetration")
    return Cell(words, worth, STATES[state], ours=True, of=said("penetration"), note_of=said("arr_potential"))


def stakeholders(people: Sequence[Json]) -> Table:
    columns = [Column("Who", 4), Column("Part", 4), Column("Stands", 3), Column("Influence", 4)]
    return Table("The most powerful first", columns, [person(each) for each in people], "Nobody is known yet.")


def person(each: Json) -> Sequence[Cell]:
    parts = list(influence(each))
    attitude, said = each["attitude"], of("stakeholder", each["id"])
    tone: Tone = "" if not attitude else "good" if attitude > 0 else "bad"
    return (
        Cell(each["name"], each["title"] or "", "strong", of=said("name"), note_of=said("title")),
        Cell(in_words(each["roles"], "roles"), each["level"], ours=True, of=said("roles"), note_of=said("level")),
        Cell(
            grade("attitude", attitude),
            f"relationship: {grade('strength', each['strength'])}" if each["strength"] else "",
            tone,
            ours=True,
            of=said("attitude"),
            note_of=said("relationships"),
        ),
        Cell(
            f"power {each['power']} of 5" if each["power"] else NOTHING,
            "".join(text for text, _ in parts),
            ours=True,
            of=said("power"),
            note_parts=parts,
        ),
    )


def influence(each: Json) -> Iterator[tuple[str, Of | None]]:
    """Yield who listens to a person and to whom they listen, each with the line that says so."""
    me = each["id"]
    hearing = [
        (f"heard by {name}", name, line_between(me, id))
        for name, id in zip(each["listened_to_by"], each["influenced"], strict=True)
    ]
    heard = [
        (f"listens to {name}", name, line_between(id, me))
        for name, id in zip(each["listens_to"], each["influencers"], strict=True)
    ]
    for lines in (hearing, heard):
        if lines is heard and hearing and heard:
            yield "; ", None
        for place, (first, name, line) in enumerate(lines):
            yield first if place == 0 else f", {name}", of("influence", line)("influencer")


def hypotheses(rows: Sequence[Json]) -> Table:
    columns = [Column("Outcome", 6), Column("From → to", 4), Column("Proof", 3)]
    return Table("The best first", columns, [hypothesis(row) for row in rows], "Nothing is open to be proven.")


def hypothesis(row: Json) -> Sequence[Cell]:
    payback = f"pays back in {row['payback_months']} months" if row["payback_months"] else ""
    rated = f"quality {row['quality']} of 5" if row["quality"] else "not rated"
    against = f"against it: {'; '.join(row['counter_evidence'])}" if row["counter_evidence"] else ""
    said = of("hypothesis", row["id"])
    when = f"when {'; '.join(row['triggers'])}" if row["triggers"] else ""
    return (
        Cell(
            row["outcome"],
            ", ".join(filter(None, (row["value_driver"], payback, when, against))),
            "strong",
            of=said("outcome"),
        ),
        Cell(
            f"{row['baseline'] or NOTHING} → {row['expected']} {row['unit']}",
            row["metric"],
            of=said("expected"),
            note_of=said("metric"),
        ),
        Cell(
            in_words(row["proof"], "proof"),
            rated,
            "" if row["proof"] else "warning",
            ours=True,
            of=said("proof"),
            note_of=said("quality"),
        ),
    )


def plays(rows: Sequence[Json]) -> Table:
    columns = [Column("Play", 6), Column("Due", 2), Column("State", 2), Column("Won when", 5)]
    return Table("Open plays", columns, [play(row) for row in rows], "No play is open.")


def play(row: Json) -> Sequence[Cell]:
    said = of("play", row["id"])
    sure = f"{percent(row['confidence'])} sure" if row["confidence"] else ""
    return (
        Cell(row["title"], f"{row['kind']}, {row['owner']}", "strong", of=said("title"), note_of=said("owner")),
        Cell(
            day(row["due_on"]),
            "overdue" if row["overdue"] else "",
            "bad" if row["overdue"] else "",
            of=said("due_on"),
        ),
        Cell(in_words(row["state"], "state"), sure, ours=True, of=said("state"), note_of=said("confidence")),
        Cell(row["success_measure"], aims(row), of=said("success_measure"), note_of=said("measure")),
    )


def aims(row: Json) -> str:
    """Return the success measure of a play, its value for the customer, and the hypothesis behind it."""
    told = (
        f"{row['measure']}: {row['target']}" if row["measure"] and row["target"] else row["measure"] or row["target"],
        row["value_driver"],
        f"answers {row['counter_move']}" if row["counter_move"] else None,
        f"from {day(row['starts_on'])}" if row["starts_on"] and row["state"] == "planned" else None,
    )
    return "; ".join(filter(None, told))


def next_days(pack: Json) -> Table:
    return dates(pack["next_90_days"], f"Until {day(pack['until_on'])}", "Nothing has a day in this time.")
