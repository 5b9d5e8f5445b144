"""Measures as comma-separated values (RFC 4180), one line for each group and month."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from application.measures.series import MeasuresView

COLUMNS = (
    *("measure", "unit", "by", "group", "name", "key", "currency", "converted"),
    *("month", "value", "change", "plans", "policy_versions", "provisional"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The characters with which spreadsheet programs recognise a formula."""


def as_csv(view: MeasuresView) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([COLUMNS, *_lines(view)])
    return text.getvalue().encode()


def _lines(view: MeasuresView) -> Iterator[Sequence[Any]]:
    for each in view.items:
        for series in each.series:
            names = map(_harmless, (series.group, series.name, series.key))
            of = (each.measure, each.unit, view.by, *names, series.currency, _yes(series.converted))
            for point in series.points:
                figures = (point.month, point.value, point.change, point.plans)
                yield (*of, *figures, _joined(point.policy_versions), _yes(point.provisional))


def _harmless(words: str | None) -> str | None:
    """Return text of users so that spreadsheet programs do not take it for a formula."""
    return f"'{words}" if words and words.startswith(FORMULA) else words


def _yes(said: bool) -> str:
    return "yes" if said else "no"


def _joined(versions: Iterable[int]) -> str:
    return " ".join(map(str, versions))
