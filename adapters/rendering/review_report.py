"""What was said versus what was done between two cuts of one plan, as a document."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from adapters.cli.words import counted, short_amount, spaced
from adapters.rendering.document import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Fact,
    Figure,
    Section,
    Sentence,
    Table,
    Tone,
)
from adapters.rendering.wording import (
    FLAGS,
    OUTCOMES,
    Json,
    day,
    headline,
    percent,
    sentence,
    value,
)
from domain.language import shortened

TONES: Mapping[str, Tone] = {
    "kept": "good",
    "late": "warning",
    "failed": "bad",
    "dropped": "quiet",
    "slipped": "warning",
    "missed": "bad",
    "pending": "quiet",
}
ATTITUDES = {-2: "blocker", -1: "sceptic", 0: "neutral", 1: "supporter", 2: "champion", None: "unknown"}
SIGNS = {-2: "−2", -1: "−1", 0: "0", 1: "+1", 2: "+2", None: ""}
PENETRATIONS = ("adopted", "pilot", "opportunity", "aware", "none", "lost", "unknown")
ARROWS = {"up": " ▲", "down": " ▼", None: ""}
TELLING = "state name kind owner due_on held_on planned_on amount stage close_on level roles likelihood impact".split()
"""The values of a thing that came or went that are most worth telling."""
MOST_TOLD = 4
LONGEST_VALUE = 160
NARROWEST_LABEL = 0.05
"""A stance is labelled where it lasts this part of the time shown."""


def review_report(report: Json) -> Document:
    return Document(
        title=f"Said versus did: {report['account_name']}",
        period=f"{cut_told(report['from'])} → {cut_told(report['to'])}",
        headline=headline(report),
        remarks=list(remarks(report)),
        facts=facts(report),
        sections=[
            Section(
                "said",
                "What was said",
                [
                    promises(
                        report["said"],
                        "Promises that were open and not yet due",
                        "Nothing was said that had still to be done.",
                    )
                ],
            ),
            Section(
                "carried",
                "What was carried over",
                [promises(report["carried"], "Promises that were overdue already", "Nothing was overdue then.")],
            ),
            Section(
                "added",
                "What was added since",
                [
                    promises(
                        report["added"], "Promises that were made, or taken up again, in between", "Nothing was added."
                    )
                ],
            ),
            Section("figures", "The score in figures", [scores(report)]),
            Section("changes", "What changed", list(changes(report))),
            Section("blind-spots", "Blind spots", list(blind_spots(report))),
            Section("theatre", "Signs of theatre", list(theatre(report["theatre"]))),
            Section("trend", "Trend", list(trend(report))),
        ],
    )


# Head


def cut_told(cut: Json) -> str:
    """`review m-2026-03, 26 Mar 2026`"""
    kind, _, which = cut["cut"].partition(":")
    named = {"review": f"review {which}", "version": f"version {which}", "event": f"version {cut['version']}"}
    return f"{named[kind]}, {day(cut['date'])}" if kind in named else day(cut["date"])


def remarks(report: Json) -> Iterator[Sentence]:
    if report["provisional"]:
        yield Sentence("The day or month this report closes with is not over: it may still change.", "warning")
    for end in ("from", "to"):
        if report[end]["recorded_late"]:
            yield Sentence(f"The {cut_told(report[end])} was recorded more than two days after it was held.", "warning")
    if report["from"]["version"] == 0:
        yield Sentence("The plan was not open at the beginning of the period: everything is new.", "quiet")


def facts(report: Json) -> list[Fact]:
    score = report["score"]
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
        Fact("done unsaid", percent(report["unsaid_share"]), "of all that was finished"),
    ]


# Promises


def promises(rows: Sequence[Json], caption: str, empty: str) -> Table:
    columns = [
        Column("Promise", 5),
        Column("Owner", 1),
        Column("Due", 2),
        Column("Outcome", 2),
        Column("Worth knowing", 3),
        Column("Proof", 1),
    ]
    return Table(caption, columns, [promise(row) for row in rows], empty)


def promise(row: Json) -> Sequence[Cell]:
    by_customer = row["side"] == "customer"
    kind = "promised by the customer" if by_customer else row["kind"]
    return (
        Cell(row["title"], f"{kind} {row['id']}", "strong"),
        Cell(owner(row)),
        Cell(day(row["due_on"]), moves_told(row)),
        Cell(OUTCOMES[row["outcome"]], ended(row), TONES[row["outcome"]]),
        worth_knowing(row),
        proof(row["events"]),
    )


def worth_knowing(row: Json) -> Cell:
    flags, words = ", ".join(FLAGS[flag] for flag in row["flags"]), shortened(" · ".join(why(row)), LONGEST_VALUE)
    return Cell(flags, words) if flags else Cell(words, tone="quiet")


def why(row: Json) -> Iterator[str]:
    """What came of it, and the reasons that were given."""
    if row["title_now"] != row["title"]:
        yield f"now: {row['title_now']}"
    yield from (words for words in (row["result"], *row["reasons"]) if words)


def owner(row: Json) -> str:
    now = row["owner_now"]
    return f"{row['owner']} → {now}" if now != row["owner"] else row["owner"]


def moves_told(row: Json) -> str:
    moved, days = row["times_moved"], row["days_moved"]
    times = "once" if moved == 1 else counted(moved, "time")
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
            return f"{day(finished)}, {counted(abs(late), 'day')} {'late' if late > 0 else 'early'}"
        return day(finished)
    return f"{counted(late, 'day')} past due" if late and row["outcome"] != "dropped" else ""


def proof(events: Sequence[str]) -> Cell:
    """The versions of the plan that say so: their ids are the plan's and these."""
    return Cell(", ".join(event.rpartition(":")[2] for event in events), tone="quiet")


def scores(report: Json) -> Table:
    groups = {
        "Said": report["score"],
        "of it plays": report["by_kind"]["play"],
        "of it actions": report["by_kind"]["action"],
        "Carried over": report["carried_score"],
        "Added": report["added_score"],
        "Promised by the customer": report["customer_score"],
    }
    return score_table("How many promises came to what", "Promises", groups.items())


def score_table(caption: str, what: str, scores: Iterable[tuple[str, Json]]) -> Table:
    columns = [Column(what, 3), *(Column(words, right=True) for words in OUTCOMES.values())]
    columns += [Column("Keep rate", right=True), Column("Done rate", right=True)]
    return Table(caption, columns, [score_row(name, score) for name, score in scores], "There is nothing to score.")


def score_row(name: str, score: Json) -> Sequence[Cell]:
    counts = (Cell(str(score[outcome]), tone="" if score[outcome] else "quiet") for outcome in OUTCOMES)
    return Cell(name), *counts, Cell(percent(score["keep_rate"])), Cell(percent(score["done_rate"]))


# Changes


def changes(report: Json) -> Iterator[Block]:
    if report["unchanged"]:
        yield Sentence("Nothing is different in the plan, which is a finding too.", "warning")
    names, columns = (
        names_in(report),
        [Column("What", 2), Column("Of", 3), Column("From → to", 5), Column("Who", 1), Column("Why", 3)],
    )
    for section, rows in report["changes"].items():
        yield Table(section.capitalize(), columns, [change(row, names) for row in rows], "Nothing is different.")
    yield Table(
        "Touched, but as it was",
        [Column("What", 2), Column("Of", 3), Column("Value", 5), Column("Who", 1), Column("Why", 3)],
        [touched(row, names) for row in report["touched_unchanged"]],
        "Nothing was changed and changed back.",
    )
    if report["gone_stale"]:
        yield Sentence(f"Gone stale since: {', '.join(report['gone_stale'])}.", "warning")
    yield Sentence(f"Looked after in the period: {', '.join(report['refreshed']) or 'no section'}.", "quiet")


Names = Mapping[tuple[str, str], str]
"""What people know things by, by kind and id."""


def names_in(report: Json) -> Names:
    rows = [row for name in ("said", "carried", "added") for row in report[name]]
    changed = [row for changes in report["changes"].values() for row in changes]
    titles = {(row["kind"], row["id"]): row["title"] for row in (*changed, *report["touched_unchanged"], *rows)}
    people = {("stakeholder", each["stakeholder"]): each["name"] for each in report["series"]["sentiments"]}
    return {thing: name for thing, name in (titles | people).items() if name}


def change(row: Json, names: Names) -> Sequence[Cell]:
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        moved(row),
        Cell(", ".join(row["actors"])),
        Cell(" · ".join(row["reasons"])),
    )


def touched(row: Json, names: Names) -> Sequence[Cell]:
    field = row["field"]
    return (
        Cell(spaced(row["what"])),
        thing(row, names),
        Cell(f"{spaced(field)}: {brief(field, row['value'])}" if field else "came and went"),
        Cell(", ".join(row["actors"])),
        Cell(" · ".join(row["reasons"])),
    )


def thing(row: Json, names: Names) -> Cell:
    kind, id = row["kind"], row["id"]
    if kind == id:
        return Cell(spaced(kind), tone="strong")
    known = f"{spaced(kind)} {id}"
    name = names.get((kind, id))
    return Cell(shortened(name, LONGEST_VALUE), known, "strong") if name else Cell(known, tone="strong")


def moved(row: Json) -> Cell:
    if row["field"] is None:
        came = row["from"] is None
        values = row["to"] if came else row["from"]
        return Cell(("+ " if came else "− ") + essence(values or {}, row["title"]))
    lead = one_move(row["field"], row)
    return Cell(lead, "; ".join(one_move(field, move) for field, move in row["also"].items()))


def one_move(field: str, move: Json) -> str:
    before = f"{brief(field, move['from'])} → " if move["from"] is not None else ""
    return f"{spaced(field)}: {before}{brief(field, move['to'])}{ARROWS[move['direction']]}"


def essence(values: Json, title: Any) -> str:
    first = [field for field in TELLING if field in values]
    fields = [
        field
        for field in [*first, *(field for field in values if field not in first)]
        if values[field] not in (False, title)
    ]
    said = [f"{spaced(field)} {brief(field, values[field])}" for field in fields[:MOST_TOLD]]
    return ", ".join(said) + (", …" if len(fields) > MOST_TOLD else "")


def brief(field: str, given: Any) -> str:
    return shortened(value(given, field), LONGEST_VALUE)


# Blind spots and theatre


def blind_spots(report: Json) -> Iterator[Block]:
    columns = [
        Column("What", 2),
        Column("Of", 3),
        Column("True on", 2),
        Column("On record", 2),
        Column("Unknown for", 2),
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
        Cell(spaced(row["what"])),
        thing(row, names),
        Cell(day(row["true_on"])),
        Cell(day(row["recorded_at"])),
        Cell(counted(row["days"], "day"), tone="warning"),
        Cell(sentence("; ".join(filter(None, meanwhile))) if reviews or promised else ""),
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


def theatre(signals: Json) -> Iterator[Block]:
    yield Sentence("Evidence, not a verdict: each may have a good reason.", "quiet")
    columns = [Column("Signal", 5), Column("Seen", 3), Column("Proof", 4)]
    yield Table("What to look at more closely", columns, [signal(name, signals[name]) for name in SIGNALS], "")


def signal(name: str, seen: Json) -> Sequence[Cell]:
    events = seen["events"] if seen.get("only_reviews", True) else []
    more = f" and {len(events) - MOST_EVENTS} more" if len(events) > MOST_EVENTS else ""
    return (
        Cell(SIGNALS[name]),
        Cell(*how_often(name, seen)),
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
        case "untouched_sentiments":
            return str(seen["count"]), ", ".join(each["id"] for each in seen["stakeholders"]), tone
    return str(seen["count"]), "", tone


# Trend

MOST_BARS = 12
"""How many reviews a chart shows: the last ones.  The tables show all."""


def trend(report: Json) -> Iterator[Block]:
    scored = [*report["trend"], report]
    yield outcomes_figure(scored)
    yield rates_figure(scored)
    series = report["series"]
    yield stances_figure(series, report["to"]["date"])
    yield arr_figure(series)
    yield whitespace_figure(series)


def labels(cuts: Sequence[Json]) -> list[str]:
    """Days, told apart where two fall on one."""
    days = [day(cut["date"]) for cut in cuts]
    return [
        f"{known} ({cut['cut'].rpartition(':')[2]})" if days.count(known) > 1 else known
        for known, cut in zip(days, cuts, strict=True)
    ]


def outcomes_figure(scored: Sequence[Json]) -> Figure:
    named = list(zip(labels([each["to"] for each in scored]), (each["score"] for each in scored), strict=True))
    rows = [
        {"label": label, "part": part, "number": score[part]}
        for label, score in named[-MOST_BARS:]
        for part in OUTCOMES
        if score[part]
    ]
    table = Table(
        "Outcomes per review",
        [Column("Up to", 2), *(Column(words, right=True) for words in OUTCOMES.values())],
        [[Cell(label), *(Cell(str(score[part])) for part in OUTCOMES)] for label, score in named],
        "Nothing was said that could be scored.",
    )
    description = "What became of the promises, review by review."
    return Figure(table.caption, description, Chart("outcomes", rows) if rows else None, table)


def rates_figure(scored: Sequence[Json]) -> Figure:
    named = list(zip(labels([each["to"] for each in scored]), (each["score"] for each in scored), strict=True))
    rows = [
        {
            "label": label,
            "what": what,
            "rate": score[rate],
            "words": percent(score[rate]) if rate == "keep_rate" else "",
        }
        for label, score in named[-MOST_BARS:]
        for what, rate in (("kept in time", "keep_rate"), ("done at all", "done_rate"))
        if score[rate] is not None
    ]
    table = Table(
        "Keep rate over time",
        [Column("Up to", 2), Column("Kept in time", 1, right=True), Column("Done at all", 1, right=True)],
        [[Cell(label), Cell(percent(score["keep_rate"])), Cell(percent(score["done_rate"]))] for label, score in named],
        "Nothing was said that could be scored.",
    )
    description = "The share of the promises that were kept in time, and of those that were done at all."
    return Figure(table.caption, description, Chart("rates", rows) if rows else None, table)


def stances_figure(series: Json, until: str) -> Figure:
    end = date.fromisoformat(until)
    rows = [bar for each in series["sentiments"] for bar in stance_bars(each, end)]
    begin = min((date.fromisoformat(bar["from"]) for bar in rows), default=end)
    shown = [
        {**bar, "word": bar["word"] if lasts(bar) > NARROWEST_LABEL * ((end - begin).days or 1) else ""} for bar in rows
    ]
    table = Table(
        "Sentiment of each stakeholder over time",
        [Column("Who", 2), Column("From when on", 5)],
        [[Cell(who(each)), Cell(", ".join(map(stance_told, each["stances"])))] for each in series["sentiments"]],
        "There are no stakeholders on record.",
    )
    description = "A line for each stakeholder: what they thought of us, from blocker (−2) to champion (+2)."
    return Figure(table.caption, description, Chart("stances", shown) if shown else None, table)


def who(each: Json) -> str:
    return each["name"] or each["stakeholder"]


def stance_told(stance: Json) -> str:
    return f"{day(stance['date'])} {ATTITUDES[stance['attitude']] if stance['there'] else 'gone'}"


def stance_bars(each: Json, end: date) -> Iterator[dict[str, str]]:
    """One for each time somebody was of one mind; none for when they were not there."""
    nexts = [*(stance["date"] for stance in each["stances"][1:]), (end + timedelta(days=1)).isoformat()]
    for stance, until in zip(each["stances"], nexts, strict=True):
        if stance["there"]:
            attitude = ATTITUDES[stance["attitude"]]
            yield {
                "who": who(each),
                "from": stance["date"],
                "to": until,
                "attitude": attitude,
                "word": SIGNS[stance["attitude"]],
            }


def lasts(bar: Mapping[str, str]) -> int:
    return (date.fromisoformat(bar["to"]) - date.fromisoformat(bar["from"])).days


def arr_figure(series: Json) -> Figure:
    named = list(zip(labels(series["standings"]), (each["arr"] for each in series["standings"]), strict=True))
    rows = [
        {"label": label, "amount": float(arr), "words": short_amount(Decimal(arr))}
        for label, arr in named[-MOST_BARS:]
        if arr is not None
    ]
    currency = series["currency"]
    table = Table(
        f"ARR at the reviews, in {currency}",
        [Column("At", 2), Column(f"ARR ({currency})", 1, right=True)],
        [[Cell(label), Cell(value(arr, "arr"))] for label, arr in named],
        "There was no contract on record.",
    )
    return Figure(
        table.caption,
        "Bars: the annual recurring revenue of the contract.",
        Chart("amounts", rows) if rows else None,
        table,
    )


def whitespace_figure(series: Json) -> Figure:
    named = list(zip(labels(series["standings"]), (each["whitespace"] for each in series["standings"]), strict=True))
    states = [state for state in PENETRATIONS if any(cells.get(state) for _, cells in named)]
    rows = [
        {"label": label, "part": state, "number": cells[state]}
        for label, cells in named[-MOST_BARS:]
        for state in states
        if cells.get(state)
    ]
    table = Table(
        "Whitespace by state over time",
        [Column("At", 2), *(Column(state, right=True) for state in states)],
        [[Cell(label), *(Cell(str(cells.get(state, 0))) for state in states)] for label, cells in named if states],
        "No offerings and units are on record.",
    )
    description = "How many cells of offerings and units were in which state; what is not applicable is left out."
    return Figure(table.caption, description, Chart("whitespace", rows) if rows else None, table)
