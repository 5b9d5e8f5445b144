"""The section of a report about trends: charts over the reviews, and their figures."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from adapters.rendering.document import Block, Cell, Chart, Column, Figure, Sentence, Table, clean, of
from adapters.rendering.wording import OUTCOMES, Json, day, percent, value
from adapters.rendering.words import amount, counted, short_amount
from domain.account_plan.standing import in_a_word

FEWEST_POINTS = 3
"""A chart with fewer distinct points than this is replaced by a sentence."""
FEWEST_ATTITUDES = 2
NARROWEST_LABEL = 0.05
"""The smallest share of the whole period for which an attitude must have lasted to be labelled in the chart."""
MOST_BARS = 12
"""The number of reviews in a chart: the latest ones. The tables contain all."""


def trend(report: Json) -> Iterator[Block]:
    scored = [*report["trend"], report]
    yield outcomes_block(scored)
    yield rates_block(scored)
    yield stances_block(report["series"], report["to"]["date"])
    yield arr_block(report["series"])


def has_a_shape(points: Sequence[object]) -> bool:
    """Return whether a chart of these points shows more than a sentence would."""
    return len(set(points)) >= FEWEST_POINTS


def one_by_one(caption: str, told: Sequence[tuple[str, str]], empty: str) -> Sentence:
    """Return the points of a chart as a sentence, each with the day from which it holds."""
    runs = [(value, [label for label, _ in each]) for value, each in groupby(told, key=lambda point: point[1])]
    words = [
        f"{value} on {days[0]}" if len(days) == 1 else f"{value} each time from {days[0]} to {days[-1]}"
        for value, days in runs
    ]
    return Sentence(f"{caption}: {'; '.join(words)}." if words else empty, "" if words else "quiet")


def labels(cuts: Sequence[Json]) -> list[str]:
    """Return the days of the cuts as labels, made distinct where two are on one day."""
    days = [day(cut["date"]) for cut in cuts]
    return [
        f"{known} ({cut['cut'].rpartition(':')[2]})" if days.count(known) > 1 else known
        for known, cut in zip(days, cuts, strict=True)
    ]


def by_label(scored: Sequence[Json]) -> list[tuple[str, Json]]:
    return list(zip(labels([each["to"] for each in scored]), (each["score"] for each in scored), strict=True))


def outcomes_block(scored: Sequence[Json]) -> Block:
    named, caption = by_label(scored), "Outcomes per review"
    points = [(label, outcomes_told(score)) for label, score in named if any(score[part] for part in OUTCOMES)]
    if not has_a_shape([told for _, told in points]):
        return one_by_one(caption, points, "Nothing was said that could be scored, at any review.")
    rows = [
        {"label": label, "part": part, "number": score[part]}
        for label, score in named[-MOST_BARS:]
        for part in OUTCOMES
        if score[part]
    ]
    table = Table(
        caption,
        [Column("Up to", 2), *(Column(words, right=True) for words in OUTCOMES.values())],
        [[Cell(label), *(Cell(f"{score[part]:,}") for part in OUTCOMES)] for label, score in named],
        "",
    )
    return Figure(caption, "What became of the promises, review by review.", Chart("outcomes", rows), table)


def outcomes_told(score: Json) -> str:
    return ", ".join(f"{score[part]:,} {part}" for part in OUTCOMES if score[part])


def rates_block(scored: Sequence[Json]) -> Block:
    named, caption = by_label(scored), "Keep rate over time"
    there = [(label, score) for label, score in named if score["keep_rate"] is not None]
    points = [
        (label, f"{percent(score['keep_rate'])} kept in time, {percent(score['done_rate'])} done at all")
        for label, score in there
    ]
    if not has_a_shape([told for _, told in points]):
        return one_by_one(caption, points, "No promise was due yet, so that there is no keep rate.")
    rows = [
        {
            "label": label,
            "what": what,
            "rate": score[rate],
            "words": percent(score[rate]) if rate == "keep_rate" else "",
        }
        for label, score in there[-MOST_BARS:]
        for what, rate in (("kept in time", "keep_rate"), ("done at all", "done_rate"))
    ]
    table = Table(
        caption,
        [Column("Up to", 2), Column("Kept in time", 1, right=True), Column("Done at all", 1, right=True)],
        [[Cell(label), Cell(percent(score["keep_rate"])), Cell(percent(score["done_rate"]))] for label, score in named],
        "",
    )
    description = "The share of the promises that were kept in time, and of those that were done at all."
    return Figure(caption, description, Chart("rates", rows), table)


def stances_block(series: Json, until: str) -> Block:
    end = date.fromisoformat(until)
    people = told_apart(series["sentiments"])
    rows = [bar for who, each in people for bar in stance_bars(who, each, end)]
    if len({bar["attitude"] for bar in rows}) < FEWEST_ATTITUDES:
        return unmoved(rows)
    begin = min((date.fromisoformat(bar["from"]) for bar in rows), default=end)
    shown = [
        {**bar, "word": bar["word"] if lasts(bar) > NARROWEST_LABEL * ((end - begin).days or 1) else ""} for bar in rows
    ]
    caption = "Sentiment of each stakeholder over time"
    table = Table(
        caption,
        [Column("Who", 2), Column("From when on", 5)],
        [
            [
                Cell(who, of=said("name")),
                Cell(", ".join(map(stance_told, each["stances"])), ours=True, of=said("attitude")),
            ]
            for who, each in people
            for said in [of("stakeholder", each["stakeholder"])]
        ],
        "",
    )
    description = "A line for each stakeholder: what they thought of us, from blocker (−2) to champion (+2)."
    return Figure(caption, description, Chart("stances", shown), table)


def unmoved(bars: Sequence[Mapping[str, str]]) -> Sentence:
    """Return the sentence that replaces a chart in which every line has the same colour from end to end."""
    if not bars:
        return Sentence("There are no stakeholders on record.", "quiet")
    who = counted(len({bar["who"] for bar in bars}), "stakeholder")
    return Sentence(f"Sentiment of {who} over time: {bars[0]['attitude']} all along, as far as it is on record.")


def told_apart(sentiments: Sequence[Json]) -> list[tuple[str, Json]]:
    """Return the sentiments by stakeholder name, with the id if the name is unknown or not unique."""
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
    """Yield a bar for each period with one attitude; none for periods in which the stakeholder was away."""
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


def arr_block(series: Json) -> Block:
    named = list(zip(labels(series["standings"]), (each["arr"] for each in series["standings"]), strict=True))
    currency = series["currency"]
    there = [(label, Decimal(arr)) for label, arr in named if arr is not None]
    caption = f"ARR at the reviews, in {currency}"
    if not has_a_shape([arr for _, arr in there]):
        points = [(label, amount(arr, currency)) for label, arr in there]
        return one_by_one("ARR at the reviews", points, "There was no contract on record.")
    rows = [{"label": label, "amount": float(arr), "words": short_amount(arr)} for label, arr in there[-MOST_BARS:]]
    table = Table(
        caption,
        [Column("At", 2), Column(f"ARR ({currency})", 1, right=True)],
        [[Cell(label), Cell(value(arr, "arr"))] for label, arr in named],
        "",
    )
    return Figure(caption, "Bars: the annual recurring revenue of the contract.", Chart("amounts", rows), table)
