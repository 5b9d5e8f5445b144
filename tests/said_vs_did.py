"""Reports of written histories, and their rows."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json, to_json

from application.reports.outcomes import PromiseOutcome
from application.reports.said_vs_did import Report, said_vs_did
from tests.histories import History


def report(history: History, a: str = "review:R1", b: str = "review:R2", now: str | None = None) -> Report:
    return said_vs_did(history.known, history.cut(a, now), history.cut(b, now))


def rows_of(found: Report) -> Iterator[tuple[str, PromiseOutcome]]:
    for name in ("said", "carried", "added"):
        yield from ((name, row) for row in getattr(found, name))


def row(found: Report, id: str = "pilot") -> PromiseOutcome:
    (only,) = (row for _, row in rows_of(found) if row.id == id)
    return only


def outcomes_by_id(found: Report) -> dict[str, tuple[str, str]]:
    """Return the list and the outcome of each promise, by id."""
    return {row.id: (name, row.outcome) for name, row in rows_of(found)}


def as_json(found: Report) -> Any:
    return from_json(to_json(found, by_alias=True))
