"""The report on one month across plans, as a document."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

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
from adapters.rendering.promises import facts, proof, score_columns, score_groups, score_row, score_table
from adapters.rendering.trend import has_a_shape
from adapters.rendering.wording import OUTCOMES, Json, day, month_headline, percent, quoted
from adapters.rendering.words import counted, spaced
from application.reports.outcomes import ListName
from domain.program.limits import Severity

LISTS: Mapping[ListName, str] = {"said": "said", "carried": "carried over", "added": "added since"}
LOUD: Mapping[Severity, Tone] = {"alarm": "bad", "warning": "warning", "hint": "quiet"}
NOTHING_WRONG = "Nothing was wrong, neither when the month began nor at its end."
MOST_BARS = 12
"""The number of owners in a chart: those with the most promises."""


def month_report(report: Json) -> Document:
    return Document(
        title=f"Said versus did: {counted(len(report['plans']), 'plan')}",
        period=f"{date.fromisoformat(report['month'] + '-01'):%B %Y}",
        headline=month_headline(report),
        remarks=list(remarks(report)),
        facts=month_facts(report["totals"], report["findings"]),
        sections=[
            Section("totals", "All plans together", [score_groups(report["totals"])]),
            Section("people", "By who promised", list(by_person(report["people"]))),
            Section("owners", "By owner", [grouped("Plans by their owner", "Owner", "owner", report["owners"])]),
            Section("tiers", "By tier", [grouped("Plans by their tier", "Tier", "tier", report["tiers"])]),
            Section("plans", "Plan by plan", [plans(report["plans"])]),
            Section("findings", "What is wrong: opened, ended, still there", list(findings(report["findings"]))),
            Section("slips", "The worst slips", [slips(report["worst_slips"])]),
            Section("departures", "Departures noticed late", [departures(report["departures_noticed_late"])]),
        ],
    )


def remarks(report: Json) -> Iterator[Sentence]:
    if report["provisional"]:
        yield Sentence("The month is not over: it may still change.", "warning")
    if report["owner"]:
        yield Sentence(f"Only plans of {report['owner']}.", "quiet")
    if report["tier"]:
        yield Sentence(f"Only plans of tier {report['tier']}.", "quiet")


def month_facts(totals: Json, found: Json) -> list[Fact]:
    without = totals["plans_without_score"]
    opened, ended, still = (str(sum(found[move].values())) for move in ("opened", "ended", "still"))
    return [
        *facts(totals)[:5],
        Fact("plans without a score", str(without), f"of {counted(totals['plans'], 'plan')}"),
        Fact("findings opened", opened, f"{ended} ended, {still} still there"),
    ]


def by_person(totals: Sequence[Json]) -> Iterator[Block]:
    table = grouped("Promises by who gave them", "Person", "person", totals)
    most = sorted(totals, key=lambda each: -(each["score"]["scored"] + each["score"]["pending"]))[:MOST_BARS]
    if not has_a_shape([tuple(each["score"][part] for part in OUTCOMES) for each in most]):
        yield table
        return
    rows = [
        {"label": each["person"], "part": part, "number": each["score"][part]}
        for each in most
        for part in OUTCOMES
        if each["score"][part]
    ]
    description = "What became of the promises, by the person who gave them."
    yield Figure("Outcomes by who promised", description, Chart("outcomes", rows), table, True)


def grouped(caption: str, what: str, name: str, totals: Sequence[Json]) -> Table:
    named = [(spaced(each[name]) if name == "tier" else each[name], each["score"]) for each in totals]
    return score_table(caption, what, named, [counted(each["plans"], "plan") for each in totals])


def plans(rows: Sequence[Json]) -> Table:
    columns = [*score_columns("Plan"), Column("Done unsaid", right=True)]
    return Table(
        "What was said and not yet due when the month began, plan by plan",
        columns,
        [plan(row) for row in rows],
        "There was no plan in this month.",
    )


def plan(row: Json) -> Sequence[Cell]:
    _, *figures = score_row("", row["score"])
    named = Cell(row["account_name"], f"{row['plan']}, {row['owner']}, {row['tier']}", "strong")
    return named, *figures, Cell(percent(row["unsaid_share"]))


def findings(found: Json) -> Iterator[Block]:
    columns = [
        Column("Rule", 5),
        Column("Severity", 2),
        Column("Opened", right=True),
        Column("Ended", right=True),
        Column("Still there", right=True),
        Column("Plans", right=True),
    ]
    yield Table("Findings of all plans, rule by rule", columns, [moved(row) for row in found["rules"]], NOTHING_WRONG)
    columns = [Column("What is wrong", 9), Column("Severity", 2), Column("Plan", 4), Column("Since", 3)]
    opened = [opened_finding(row) for row in found["loudest_opened"]]
    yield Table("The most severe that opened", columns, opened, "No finding opened.")


def moved(row: Json) -> Sequence[Cell]:
    excused = f"{row['excused']} excused" if row["excused"] else ""
    return (
        Cell(row["rule"], tone="strong"),
        Cell(row["severity"], tone=LOUD[row["severity"]]),
        Cell(str(row["opened"])),
        Cell(str(row["ended"])),
        Cell(str(row["still"]), excused),
        Cell(str(row["plans"])),
    )


def opened_finding(row: Json) -> Sequence[Cell]:
    return (
        Cell(row["sentence"], row["rule"]),
        Cell(row["severity"], tone=LOUD[row["severity"]]),
        Cell(row["account_name"], f"{row['plan']}, {row['owner']}"),
        Cell(day(row["since_on"])),
    )


def slips(rows: Sequence[Json]) -> Table:
    columns = [
        Column("Promise", 6),
        Column("Plan", 4),
        Column("Owner", 2),
        Column("Due", 3),
        Column("Later by", 2),
        Column("Why", 5),
        Column("Proof", 3),
    ]
    return Table("Promises that were moved furthest", columns, [slip(row) for row in rows], "Nothing was moved.")


def slip(row: Json) -> Sequence[Cell]:
    promise = row["row"]
    silent = "unexplained" in promise["flags"]
    return (
        Cell(promise["title"], f"{promise['kind']} {promise['id']}, {LISTS[row['list']]}", "strong"),
        Cell(row["account_name"], row["plan"]),
        Cell(promise["owner_now"]),
        Cell(day(promise["due_on"]), f"now {day(promise['due_now_on'])}"),
        Cell(counted(row["days"], "day"), tone="warning"),
        Cell("no reason given", tone="bad") if silent else Cell(" · ".join(promise["reasons"])),
        proof(promise["events"], promise["event_types"]),
    )


def departures(rows: Sequence[Json]) -> Table:
    columns = [
        Column("Who", 3),
        Column("Plan", 4),
        Column("Left on", 3),
        Column("On record", 3),
        Column("Meanwhile", 7),
    ]
    return Table(
        "People who were gone before anybody said so",
        columns,
        [departure(row) for row in rows],
        "No departure was recorded late.",
    )


def departure(row: Json) -> Sequence[Cell]:
    reviews, promises = row["reviews"], [quoted(each["title"]) for each in row["promises"]]
    meanwhile = [
        f"{counted(len(reviews), 'review')} held: {', '.join(reviews)}" if reviews else "",
        f"{counted(len(promises), 'open promise')} named them: {', '.join(promises)}" if promises else "",
    ]
    return (
        Cell(row["id"], tone="strong"),
        Cell(row["account_name"], row["plan"]),
        Cell(day(row["true_on"])),
        Cell(day(row["recorded_at"]), f"{counted(row['days'], 'day')} later"),
        Cell("; ".join(filter(None, meanwhile))),
    )
