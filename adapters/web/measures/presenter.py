"""Measures over months: a chart for each series, with a table that says the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import get_args
from urllib.parse import quote, urlencode

from adapters.rendering.words import NOTHING, spaced
from adapters.web.addresses import address
from adapters.web.figures import LineChart, line_chart, says_something
from adapters.web.languages import Speech
from adapters.web.plan.presenter import Value
from application.measures.measure import MEASURE_NAMES, MeasureName, Unit
from application.measures.month_end import GroupBy
from application.measures.query import MeasuresQuery
from application.measures.series import MeasureSeries, MeasuresView, Number, Series
from application.reports.months import Month

PATH = "/measures"
AT_FIRST: Sequence[MeasureName] = (
    "arr", "net_retention", "arr_won", "pipeline_open", "on_schedule", "contacts_engaged", "multi_threaded",
    "whitespace_converted", "executive_meetings", "hygiene", "exposure", "findings",
)  # fmt: skip
"""The measures that are shown before the reader chooses."""

MOST_CHARTS = 12
"""The number of groups with a chart; the table contains all."""


@dataclass(frozen=True)
class Option:
    value: str
    word: str
    chosen: bool


@dataclass(frozen=True)
class ChartShown:
    """The chart of one series."""

    title: str
    latest: str
    change: str
    chart: LineChart | None
    """The chart; None if there are too few points."""
    first_month: str
    last_month: str
    greatest: str
    words: str
    """A description of the chart for readers who do not see it."""


@dataclass(frozen=True)
class TableRow:
    name: str
    values: Sequence[Value]


@dataclass(frozen=True)
class MeasureShown:
    """One measure: its definition, its charts and its table."""

    name: str
    title: str
    definition: str
    charts: Sequence[ChartShown]
    rows: Sequence[TableRow]
    left_out: int
    """The number of groups that only the table contains."""


@dataclass(frozen=True)
class MeasuresPage:
    measures: Sequence[MeasureShown]
    months: Sequence[str]
    names: Sequence[Option]
    groupings: Sequence[Option]
    from_month: str
    to_month: str
    currency: str
    csv: str
    twin: str
    rates: Sequence[str]
    is_chosen: bool


def measures_page(view: MeasuresView, query: MeasuresQuery, given: Mapping[str, str], say: Speech) -> MeasuresPage:
    chosen = given.get("measure", "")
    asked = {"measure": query.measure, "by": view.by, "from": view.from_, "to": view.to}
    if query.currency:
        asked["currency"] = query.currency
    api = f"/v1/measures?{urlencode(asked, doseq=True)}"
    latest = view.rates[-1:] or []
    return MeasuresPage(
        measures=[_measure(each, view.by, say) for each in view.items],
        months=[month_in_words(each, say) for each in _months(view)],
        names=sorted(
            (Option(name, say(spaced(name)), name == chosen) for name in MEASURE_NAMES), key=lambda each: each.word
        ),
        groupings=[Option(each, say(spaced(each)), each == view.by) for each in get_args(GroupBy)],
        from_month=view.from_,
        to_month=view.to,
        currency=query.currency or "",
        csv=f"{api}&format=csv",
        twin=api,
        rates=[
            say("Amounts are converted into {currency} at the rates of {day}.", currency=each.currency,
                day=say.day(each.as_of_on))
            for each in latest
        ],
        is_chosen=bool(chosen),
    )  # fmt: skip


def address_of(name: str, given: Mapping[str, str]) -> str:
    """Return the address of the page of one measure, for the same months."""
    return address(PATH, given, measure=name)


def month_in_words(month: str, say: Speech) -> str:
    """Return “2026-03” in the reader's language."""
    return say.month_of(date.fromisoformat(f"{month}-01"))


def _months(view: MeasuresView) -> Sequence[str]:
    return next(([point.month for point in each.points] for item in view.items for each in item.series), [])


def _measure(item: MeasureSeries, by: GroupBy, say: Speech) -> MeasureShown:
    rows = [TableRow(_name(each, by, say), list(_values(each, item.unit, by, say))) for each in item.series]
    return MeasureShown(
        name=item.measure,
        title=say(spaced(item.measure)),
        definition=say.about(item.definition),
        charts=[_chart(each, item.unit, by, say) for each in islice(item.series, MOST_CHARTS)],
        rows=rows,
        left_out=max(0, len(rows) - MOST_CHARTS),
    )


def _name(series: Series, by: GroupBy, say: Speech) -> str:
    """Return the name of the group of a series."""
    group = series.name or (say(spaced(series.group)) if by in ("tier", "segment") and series.group else series.group)
    of = group or (say("all plans") if by == "total" else say("not said"))
    parts = (of, say(spaced(series.key)) if series.key else "", series.currency if series.currency else "")
    return " · ".join(filter(None, (*parts, say("converted") if series.converted else "")))


def in_unit(value: Number | None, unit: Unit, currency: str | None, say: Speech) -> str:
    if value is None:
        return NOTHING
    match unit:
        case "money":
            return say.amount(Decimal(value), currency or "")
        case "share":
            return say.share(value)
        case "days":
            return say.counted("{number} day", "{number} days", value)
        case _:
            return say.number(value)


def _values(series: Series, unit: Unit, by: GroupBy, say: Speech) -> Iterator[Value]:
    """Return the figures. Those of one plan lead to the plan as it stood at the end of the month."""
    for point in series.points:
        value, plan = in_unit(point.value, unit, series.currency, say), ""
        if by == "plan" and series.group and point.value is not None:
            last = Month.of(date.fromisoformat(f"{point.month}-01")).last.isoformat()
            plan = address(f"/plans/{quote(series.group, safe='')}", {} if point.provisional else {"as_of": last})
        yield Value(say("{value}, so far", value=value) if point.provisional and value != NOTHING else value, plan)


def _chart(series: Series, unit: Unit, by: GroupBy, say: Speech) -> ChartShown:
    values = [None if point.value is None else float(point.value) for point in series.points]
    last, name = series.points[-1], _name(series, by, say)
    chart = line_chart(values) if says_something(values) else None
    latest = in_unit(None if last.value is None else _whole(last.value, unit), unit, series.currency, say)
    first = month_in_words(series.points[0].month, say)
    until = month_in_words(last.month, say)
    moved = last.change or 0
    size = moved if moved > 0 else -moved
    change = (
        say.counted("{number} point", "{number} points", round(float(size) * 100, 1))
        if unit == "share"
        else in_unit(_whole(size, unit), unit, series.currency, say)
    )
    heights = [_whole(mark.value, unit) for mark in chart.marks] if chart else []
    greatest = in_unit(heights[-1], unit, series.currency, say) if heights else ""
    return ChartShown(
        title=name,
        latest=latest,
        change=f"{'▲' if moved > 0 else '▼'} {change}" if moved else "",
        chart=chart,
        first_month=first,
        last_month=until,
        greatest=greatest,
        words=say(
            "{name}, from {first} to {last}: last {latest}. The table says each month.",
            name=name,
            first=first,
            last=until,
            latest=latest,
        ),
    )


def _whole(value: Number, unit: Unit) -> Number:
    """Return an amount without cents, which do not matter in a chart."""
    return Decimal(str(value)).quantize(Decimal(1)) if unit == "money" else value
