"""The rows of the portfolio as stored JSON, from which the projector continues."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import GenericAlias
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from application.portfolio.row import KEPT, KeptPlan, PortfolioRow
from domain.account_plan.language import Section
from domain.things import Thing


def _shape(name: str, fields: Mapping[str, Any]) -> Any:
    return TypedDict(name, fields, total=False)  # type: ignore[operator]


def _by_id(kind: type[Thing]) -> Any:
    fields = {name: kind.model_fields[name].annotation for name in KEPT[kind]}
    return GenericAlias(dict, (str, _shape(kind.__name__, fields)))


_STORED = {
    "plan_id": UUID,
    "version": int,
    "position": int,
    "last_event_at": datetime,
    "refreshed_at": dict[Section, datetime],
    "things": _shape("Things", {kind.noun: _by_id(kind) for kind in KEPT}),
}
_read: Callable[[str | bytes], Any] = TypeAdapter(_shape("Row", _STORED)).validate_json


def to_store(row: PortfolioRow) -> dict[str, Any]:
    """Return the values that are stored as JSON and from which `read_row` restores the row."""
    values, version, *_ = row.plan.parts()
    return {
        "plan_id": row.plan_id,
        "version": version,
        "position": row.position,
        "last_event_at": row.last_event_at,
        "refreshed_at": row.refreshed_at,
        "things": {kind.noun: things for kind, things in values.items()},
    }


def read_row(stored: str | bytes) -> PortfolioRow:
    """Return a row from its JSON. Raises `pydantic.ValidationError` for JSON of another shape."""
    read = _read(stored)
    things = {kind: read["things"][kind.noun] for kind in KEPT if kind.noun in read["things"]}
    plan = KeptPlan(things, read["version"])
    return PortfolioRow(read["plan_id"], read["position"], read["last_event_at"], read["refreshed_at"], plan)
