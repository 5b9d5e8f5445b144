"""The section of a report about trends: charts over the reviews, and the figures behind them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from adapters.rendering.document import Block, Cell, Chart, Column, Figure, Table, clean
from adapters.rendering.wording import OUTCOMES, Json, day, percent, value
from adapters.rendering.words import short_amount
from domain.account_plan.standing import in_a_word
from domain.account_plan.whitespace import PENETRATION_RANKS

PENETRATIONS = sorted(PENETRATION_RANKS, key=lambda state: PENETRATION_RANKS[state] or 0, reverse=True)
"""The penetrations, from the furthest on down."""
NARROWEST_LABEL = 0.05
"""The least share of the whole time for which an attitude must have lasted to get its label in the chart."""
MOST_BARS = 12
"""The number of reviews in a chart: the last ones. The tables show all."""


def trend(report: Json) -> Iterator[Block]:
    scored = [*report["trend"], report]
    yield outcomes_figure(scored)
    yield rates_figure(scored)
    series = report["series"]
    yield stances_figure(series, report["to"]["date"])
    yield arr_figure(series)
    yield whitespace_figure(series)


def labels(cuts: Sequence[Json]) -> list[str]:
    """Return the days of the cuts as labels, made distinct where two fall on one day."""
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
    people = told_apart(series["sentiments"])
    rows = [bar for who, each in people for bar in stance_bars(who, each, end)]
    begin = min((date.fromisoformat(bar["from"]) for bar in rows), default=end)
    shown = [
        {**bar, "word": bar["word"] if lasts(bar) > NARROWEST_LABEL * ((end - begin).days or 1) else ""} for bar in rows
    ]
    table = Table(
        "Sentiment of each stakeholder over time",
        [Column("Who", 2), Column("From when on", 5)],
        [[Cell(who), Cell(", ".join(map(stance_told, each["stances"])))] for who, each in people],
        "There are no stakeholders on record.",
    )
    description = "A line for each stakeholder: what they thought of us, from blocker (−2) to champion (+2)."
    return Figure(table.caption, description, Chart("stances", shown) if shown else None, table)


def told_apart(sentiments: Sequence[Json]) -> list[tuple[str, Json]]:
    """Return the sentiments by stakeholder name; with the id where the name is unknown or not unique."""
    names = [each["name"] for each in sentiments]
    return [
        (f"{name} ({each['stakeholder']})" if names.count(name) > 1 else name, each)
        if name
        else (each["stakeholder"], each)
        for name, each in zip(names, sentiments, strict=True)
    ]


def stance_told(stance: Json) -> str:
    return f"{day(stance['date'])} {in_a_word(stance['attitude']) if stance['there'] else 'gone'}"


def stance_bars(who: str, each: Json, end: date) -> Iterator[dict[str, str]]:
    """Yield a bar for each period with one attitude; none for periods in which the stakeholder was not there."""
    nexts = [*(stance["date"] for stance in each["stances"][1:]), (end + timedelta(days=1)).isoformat()]
    for stance, until in zip(each["stances"], nexts, strict=True):
        if stance["there"]:
            attitude = in_a_word(stance["attitude"])
            yield {
                "who": clean(who),
                "from": stance["date"],
                "to": until,
                "attitude": attitude,
                "word": signed(stance["attitude"]),
            }


def signed(attitude: int | None) -> str:
    return "" if attitude is None else f"{attitude:+d}".replace("-", "−").replace("+0", "0")


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
    states = [state for state in PENETRATIONS if state != "na" and any(cells.get(state) for _, cells in named)]
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
