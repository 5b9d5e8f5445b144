"""The columns of the Parquet files, and the conversion of rows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
from pydantic_core import from_json, to_json

from adapters.events.cloud_events import type_of
from adapters.events.stored_format import event_from_data
from adapters.exchange.tables.columns import Column
from domain.language import FORGOTTEN, kebab_case

INSTANT = pa.timestamp("us", tz="UTC")
AMOUNT = pa.decimal128(38, 9)
TYPES: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    Decimal: AMOUNT,
    date: pa.date32(),
    datetime: INSTANT,
}
"""The Arrow type for each Python type; everything else is text."""

EVENTS = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("plan_id", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("section", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("recorded_at", INSTANT, nullable=False),
        pa.field("actor", pa.string(), nullable=False),
        pa.field("on_behalf_of", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("correlation_id", pa.string(), nullable=False),
        pa.field("data", pa.string(), nullable=False),
    ]
)
"""`data` is the payload as JSON. Sealed text is in neither `data` nor `reason`, because these files are never
rewritten, so nobody could be forgotten in them."""

MEASURES = pa.schema(
    [
        pa.field("measure", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("account_id", pa.string()),
        pa.field("account_name", pa.string()),
        pa.field("key", pa.string()),
        pa.field("currency", pa.string()),
        pa.field("converted", pa.bool_(), nullable=False),
        pa.field("value", AMOUNT),
        pa.field("provisional", pa.bool_(), nullable=False),
    ]
)


class StoredEvent(Protocol):
    """An event in its stored form."""

    @property
    def id(self) -> int: ...
    @property
    def originator_id(self) -> Any: ...
    @property
    def originator_version(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def state(self) -> bytes: ...


def event_row(stored: StoredEvent) -> dict[str, Any]:
    """Return an event as a row of `EVENTS`, without sealed text. Raises `UnreadableEvent`."""
    said = from_json(stored.state)
    meta, data = said["meta"], said["data"]
    event = event_from_data(stored.topic, data)
    return {
        "position": stored.id,
        "event_id": f"{stored.originator_id}:{stored.originator_version}",
        "plan_id": str(stored.originator_id),
        "version": stored.originator_version,
        "type": type_of(stored.topic),
        "name": kebab_case(type(event).__name__),
        "section": event.refreshes(),
        "kind": event.noun,
        "id": event.subject(),
        "recorded_at": datetime.fromisoformat(meta["recorded_at"]),
        "actor": meta["actor"],
        "on_behalf_of": meta.get("on_behalf_of"),
        "source": meta["source"],
        "reason": meta.get("reason"),
        "correlation_id": meta["correlation_id"],
        "data": to_json(data).decode(),
    }


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    return pa.schema([pa.field(name_of(column), type_of_column(column)) for column in columns])


def name_of(column: Column) -> str:
    return column.name.replace(".", "_")


def type_of_column(column: Column) -> pa.DataType:
    return TYPES.get(column.of, pa.string()) if isinstance(column.of, type) else pa.string()


def rows_of(columns: Iterable[Column], items: Iterable[Any]) -> list[dict[str, Any]]:
    """Return items of JSON as rows. Forgotten text becomes null."""
    fields = [(name_of(column), column, READ_AS.get(type_of_column(column))) for column in columns]
    return [{name: value_of(column.cell(item), read) for name, column, read in fields} for item in items]


READ_AS: Mapping[pa.DataType, Callable[[Any], Any]] = {
    AMOUNT: Decimal,
    INSTANT: datetime.fromisoformat,
    pa.date32(): date.fromisoformat,
    pa.string(): str,
}
"""What makes a value of these types of its form in JSON; the others have the same."""


def value_of(cell: Any, read: Callable[[Any], Any] | None) -> Any:
    if cell is None or cell == FORGOTTEN:
        return None
    return read(cell) if read else cell
