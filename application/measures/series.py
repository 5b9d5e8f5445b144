"""Measures over months and across plans: grouped, added up, and compared with the previous month."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pydantic import BaseModel, Field

from application.aggregates.access import Caller
from application.measures.exchange import MonthRates, rates_at
from application.measures.measure import ALL, Measure, MeasureName, Parts, Unit, added, value_of
from application.measures.month_end import GroupBy, Summed
from application.measures.ports import MonthEnds
from application.measures.query import MeasuresQuery, months_asked
from application.measures.registry import MEASURES
from application.reports.months import Month
from domain.language import bare

CENT = Decimal("0.01")

Number = Decimal | int | float
"""An amount is a decimal, a count an integer, a ratio a float."""


class Point(BaseModel):
    """The value of one month."""

    month: str
    value: Number | None = Field(description="Null: there is nothing to reckon it from, or no rate to convert it at.")
    change: Number | None = Field(description="The value less that of the month before; null where one is missing.")
    plans: int = Field(description="The plans that have a figure.")
    policy_versions: list[int] = Field(description="The versions of the policy they were judged by.")
    provisional: bool = Field(description="Whether the month goes on in some plan's time zone.")


class Series(BaseModel):
    """The values of one group by month."""

    group: str | None = Field(description="The account id, owner, tier, territory or segment; null: all, or without.")
    name: str | None = Field(description="Of a plan, the account's name.")
    key: str | None = Field(description="What the measure tells apart, such as the source of what was won.")
    currency: str | None = Field(description="Of amounts, and of shares of amounts.")
    converted: bool = Field(description="Whether it adds up all currencies, converted into this one: see `rates`.")
    points: list[Point]


class MeasureSeries(BaseModel):
    """One measure."""

    measure: MeasureName
    unit: Unit
    definition: str
    told_apart_by: str | None
    series: list[Series]


class MeasuresView(BaseModel):
    """Measures over months. Amounts in different currencies are added only if they were converted."""

    from_: str = Field(serialization_alias="from")
    to: str
    by: GroupBy
    rates: list[MonthRates] = Field(description="What amounts were converted at, by month; none without a program.")
    items: list[MeasureSeries]


class Of(NamedTuple):
    """The measure, group and currency for which figures are added up."""

    group: str | None
    key: str
    currency: str | None = None
    converted: bool = False

    @property
    def place(self) -> tuple[bool, str, str, bool, str]:
        """The position of a series in the view."""
        return self.group is None, self.group or "", self.key, self.converted, self.currency or ""


@dataclass(slots=True)
class Sum:
    """The figures of one group in one month."""

    parts: list[Parts] = field(default_factory=list)
    plans: int = 0
    policies: set[int] = field(default_factory=set)
    provisional: bool = False
    without_rate: bool = False


@dataclass
class Totals:
    """Adds up figures in any order."""

    rates: Mapping[date, MonthRates]
    """The rates, by the first day of the month."""
    _sums: dict[MeasureName, dict[Of, dict[date, Sum]]] = field(default_factory=dict)
    _months: dict[str | None, set[date]] = field(default_factory=lambda: defaultdict(set))
    """The months in which each group had plans."""
    _names: dict[str | None, str | None] = field(default_factory=dict)

    def add(self, figure: Summed) -> None:
        if figure.measure is None:
            self._months[figure.group].add(figure.month)
            self._names[figure.group] = figure.name
            return
        sums = self._sums.setdefault(figure.measure, {})
        for of, parts in self._parts(figure, MEASURES[figure.measure]):
            total = sums.setdefault(of, {}).setdefault(figure.month, Sum())
            total.plans += figure.plans
            total.policies.add(figure.policy_version)
            total.provisional |= figure.provisional
            total.without_rate |= parts is None
            total.parts.append(parts or ())

    def _parts(self, figure: Summed, measure: Measure) -> Iterator[tuple[Of, Parts | None]]:
        """Yield the parts unchanged and converted; None for the latter if there is no rate."""
        of = Of(figure.group, figure.key)
        if not measure.of_money:
            yield of, figure.parts
            return
        yield of._replace(currency=figure.currency), figure.parts
        rates = self.rates.get(figure.month)
        if rates is None:
            return
        rate = rates.of(figure.currency)
        if rate is None and figure.currency not in rates.missing:
            rates.missing = sorted([*rates.missing, figure.currency])
        nothing = not any(figure.parts)
        converted = figure.parts if nothing else tuple(part * rate for part in figure.parts) if rate else None
        yield of._replace(currency=rates.currency, converted=True), converted

    def of_measure(self, name: MeasureName, months: Sequence[Month]) -> MeasureSeries:
        measure, sums = MEASURES[name], self._sums.get(name, {})
        currencies: defaultdict[tuple[str | None, str], set[str | None]] = defaultdict(set)
        for of in sums:
            if not of.converted:
                currencies[of.group, of.key].add(of.currency)
        # If everything is in the program's currency, nothing needs to be converted.
        told = (of for of in sums if not of.converted or currencies[of.group, of.key] != {of.currency})
        named = {str(month): month.first for month in months}
        return MeasureSeries.model_construct(
            measure=name,
            unit=measure.unit,
            definition=measure.definition,
            told_apart_by=measure.by,
            series=[self._series(measure, of, sums[of], named) for of in sorted(told, key=lambda each: each.place)],
        )

    def _series(self, measure: Measure, of: Of, sums: Mapping[date, Sum], months: Mapping[str, date]) -> Series:
        series = {
            "group": of.group,
            "name": self._names.get(of.group),
            "key": None if of.key == ALL else of.key,
            "currency": of.currency,
            "converted": of.converted,
            "points": self._points(measure, of, sums, months),
        }
        return bare(Series, series)

    def _points(self, measure: Measure, of: Of, sums: Mapping[date, Sum], months: Mapping[str, date]) -> list[Point]:
        points: list[Point] = []
        before: Decimal | None = None
        for name, month in months.items():
            total = sums.get(month)
            value = self._value(measure, of, total, month)
            change = value - before if value is not None and before is not None else None
            point = {
                "month": name,
                "value": shown(measure, value),
                "change": shown(measure, change),
                "plans": total.plans if total else 0,
                "policy_versions": sorted(total.policies) if total else [],
                "provisional": bool(total and total.provisional),
            }
            points.append(bare(Point, point))
            before = value
        return points

    def _value(self, measure: Measure, of: Of, total: Sum | None, month: date) -> Decimal | None:
        if total is None:
            # This key does not occur in this month.
            is_nothing = measure.by and measure.adding == "sum" and month in self._months[of.group]
            return Decimal(0) if is_nothing else None
        return None if total.without_rate else value_of(measure.adding, added(measure.adding, total.parts))


def shown(measure: Measure, value: Decimal | None) -> Number | None:
    if value is None:
        return None
    if measure.unit == "money":
        whole = value.to_integral_value()
        return whole.quantize(Decimal(1)) if whole == value else value.quantize(CENT, ROUND_HALF_UP)
    return int(value) if measure.adding == "sum" else float(value)


def measures_view(query: MeasuresQuery, ends: MonthEnds, now: datetime, caller: Caller | None = None) -> MeasuresView:
    """Return the measures of a query. Raises what `months_asked` raises, and `StoreUnavailable`."""
    months, program = months_asked(query, now), ends.program()
    rates = {month.first: found for month in months if (found := rates_at(program, month, now))}
    names, totals = list(dict.fromkeys(query.measure)), Totals(rates)
    for figure in ends.sums(months, names, query.by, now, caller, query.currency):
        totals.add(figure)
    return MeasuresView.model_construct(
        from_=str(months[0]),
        to=str(months[-1]),
        by=query.by,
        items=[totals.of_measure(name, months) for name in names],
        rates=list(rates.values()),
    )
