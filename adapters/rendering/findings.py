"""The sections of a report about blind spots and warning signs."""

from collections.abc import Iterator, Sequence

from adapters.rendering.changes import Names, names_in, thing
from adapters.rendering.document import Block, Cell, Column, Sentence, Table, Tone, of
from adapters.rendering.promises import proof
from adapters.rendering.wording import Json, day, percent, sentence
from adapters.rendering.words import counted, spaced


def blind_spots(report: Json) -> Iterator[Block]:
    columns = [
        Column("What", 2),
        Column("Of", 6),
        Column("True on", 3),
        Column("On record", 3),
        Column("Unknown for", 3),
        Column("Meanwhile", 4),
    ]
    yield Table(
        "What was true before it was on record",
        columns,
        [blind_spot(row, names_in(report)) for row in report["blind_spots"]],
        "Nothing was recorded later than it was true.",
    )
    yield Sentence(f"Recorded on the very day: {report['recorded_on_the_day'] or 'nothing'}.", "quiet")


def blind_spot(row: Json, names: Names) -> Sequence[Cell]:
    reviews, promised = row["reviews"], [each["title"] for each in row["promises"]]
    meanwhile = [
        f"{counted(len(reviews), 'review')} held without knowing: {', '.join(reviews)}" if reviews else "",
        f"{counted(len(promised), 'open promise')} named them: {' · '.join(promised)}" if promised else "",
    ]
    return (
        Cell(spaced(row["what"]), ours=True),
        thing(row, names),
        Cell(day(row["true_on"])),
        Cell(day(row["recorded_at"])),
        Cell(counted(row["days"], "day"), tone="warning"),
        Cell(sentence("; ".join(filter(None, meanwhile))) if reviews or promised else "", ours=True),
    )


SIGNALS = {
    "recorded_on_the_eve": "Recorded in the 72 hours before the closing review",
    "finished_in_the_last_minutes": "Finished less than 30 minutes before it",
    "finished_without_evidence": "Finished without evidence",
    "finishes_taken_back": "Finishes taken back",
    "only_reviews": "Nothing recorded but the reviews",
    "untouched_sentiments": "Sentiments untouched for two quarters",
    "unexplained_moves": "Moved to a later day without a reason",
    "late_notice_moves": "Moved less than three days before the day, or after it",
}
MOST_EVENTS = 12


def warning_signs(report: Json) -> Iterator[Block]:
    signals, names = report["theatre"], names_in(report)
    yield Sentence("Evidence, not a verdict: each may have a good reason.", "quiet")
    columns = [Column("Signal", 5), Column("Seen", 3), Column("Proof", 4)]
    yield Table("What to look at more closely", columns, [signal(name, signals[name], names) for name in SIGNALS], "")


def signal(name: str, seen: Json, names: Names) -> Sequence[Cell]:
    events = seen["events"] if seen.get("only_reviews", True) else []
    more = f" and {len(events) - MOST_EVENTS} more" if len(events) > MOST_EVENTS else ""
    often, note, tone = how_often(name, seen)
    people = [(names.get(("stakeholder", each["id"]), each["id"]), each["id"]) for each in seen.get("stakeholders", ())]
    parts = [(f"{', ' if place else ''}{who}", of("stakeholder", id)("name")) for place, (who, id) in enumerate(people)]
    return (
        Cell(SIGNALS[name], ours=True),
        Cell(often, note or ", ".join(who for who, _ in people), tone, ours=True, note_parts=parts),
        Cell(proof(events[:MOST_EVENTS]).text + more, tone="quiet"),
    )


def how_often(name: str, seen: Json) -> tuple[str, str, Tone]:
    tone: Tone = "warning" if seen["count"] else "quiet"
    match name:
        case "recorded_on_the_eve" if seen["share"] is not None:
            return f"{percent(seen['share'])} of the period", f"{seen['count']} of {counted(seen['of'], 'event')}", ""
        case "recorded_on_the_eve":
            return "no review closes the period", "", "quiet"
        case "only_reviews":
            return ("yes", "", "warning") if seen["only_reviews"] else ("no", "", "quiet")
    return str(seen["count"]), "", tone
