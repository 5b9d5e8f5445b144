"""The command that shows measures of plans over months."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import RenderableType
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli.asking import AsJson
from adapters.cli.tables import QUIET, WARNING, named, table, text
from adapters.cli.terminal import out, print_json, print_lines, tell
from adapters.rendering.measures import as_csv
from adapters.rendering.words import amount, counted, share, spaced
from application.measures.exchange import MonthRates
from application.measures.measure import Unit
from application.measures.month_end import GroupBy
from application.measures.query import MeasuresQuery
from application.measures.series import MeasureSeries, MeasuresView, Number, Series, measures_view
from domain.mistakes import sentence

MOST_COLUMNS = 6
"""The number of months that are shown side by side."""


def add_to(app: typer.Typer) -> None:
    app.command("measures")(measures)


def measures(
    measure: Annotated[
        list[str], typer.Option(metavar="MEASURE", help="Which measure, such as arr_won; repeat it for more.")
    ],
    by: Annotated[GroupBy, typer.Option(help="How plans are grouped, as they were at each month's end.")] = "total",
    from_: Annotated[
        str | None, typer.Option("--from", metavar="MONTH", help="The first month; default: a year up to the last.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="MONTH", help="The last month; default: the last that is over.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Only plans in this currency.")] = None,
    as_json: AsJson = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values, for spreadsheets.")] = False,
) -> None:
    """Measure plans over months: what was won, kept, covered, and how that changes."""
    query, now = asked_for(measure=measure, by=by, from_=from_, to=to, currency=currency), utc_now()
    with open_store(Settings()) as store:
        store.month_ends.catch_up(utc_now)
        view = measures_view(query, store.month_ends, now)
    if csv:
        print_lines([as_csv(view)])
    elif as_json:
        print_json(view)
    else:
        show(view)


def asked_for(**said: Any) -> MeasuresQuery:
    try:
        return MeasuresQuery(**said)
    except ValidationError as error:
        (first, *_) = error.errors()
        raise typer.BadParameter(sentence(first, MeasuresQuery)) from None


def show(view: MeasuresView) -> None:
    terminal = out()
    for each in view.items:
        terminal.print(measure_table(each, view))
        terminal.print(Text(each.definition, QUIET))
    if any(series.converted for each in view.items for series in each.series):
        for line in rates_told(view.rates[-1:]):
            terminal.print(Text(line, QUIET))
    left_out = max((len(series.points) for each in view.items for series in each.series), default=0) - MOST_COLUMNS
    if left_out > 0:
        tell(f"{counted(left_out, 'earlier month')} left out here: --csv and --json have all.", "dim")


def measure_table(each: MeasureSeries, view: MeasuresView) -> RenderableType:
    months = [point.month for point in each.series[0].points][-MOST_COLUMNS:] if each.series else []
    apart = [f"*{each.told_apart_by.capitalize()}"] if each.told_apart_by else []
    money = ["!Currency"] if any(series.currency for series in each.series) else []
    columns = [f"**{view.by.capitalize()}", *apart, *money, *(f">{month}" for month in months), ">Change"]
    rows = [row(series, each, view.by) for series in each.series]
    title = titled(each.measure)
    return table(title, columns, rows) or Text(f"{title}: there is no figure of these months.", WARNING)


def titled(measure: str) -> str:
    words = spaced(measure).replace("arr", "ARR")
    return words[:1].upper() + words[1:]


def row(series: Series, of: MeasureSeries, by: GroupBy) -> Sequence[Text]:
    points = series.points[-MOST_COLUMNS:]
    group = series.group or ("all plans" if by == "total" else None)
    going_on = any(point.provisional for point in points)
    currency = f"all in {series.currency}" if series.converted else series.currency
    return (
        named(series.name, series.group or "") if series.name else text(group),
        *([text(series.key)] if of.told_apart_by else []),
        *([text(currency)] if series.currency else []),
        *(text(told(point.value, of.unit), QUIET if point.provisional else "") for point in points),
        text(told(points[-1].change, of.unit, signed=True), QUIET if going_on else ""),
    )


def told(value: Number | None, unit: Unit, signed: bool = False) -> str | None:
    if value is None:
        return None
    sign = "+" if signed and value > 0 else ""
    match unit:
        case "money":
            return sign + amount(Decimal(value))
        case "share":
            return sign + share(Decimal(str(value)))
    return f"{sign}{value:,}" if isinstance(value, int) else f"{sign}{value:,.2f}"


def rates_told(rates: Sequence[MonthRates]) -> Iterator[str]:
    for each in rates:
        if each.as_of_on:
            told = ", ".join(f"1 {name} = {rate} {each.currency}" for name, rate in sorted(each.rates.items()))
            yield f"Converted for {each.month} at the rates of {each.as_of_on}: {told}."
        if each.missing:
            yield f"For {each.month} there is no rate of {', '.join(each.missing)}: set it with set-exchange-rates."
