"""The columns of a view as a table. They are derived from the view's model, so they are the same with and without rows.

A field with subfields becomes a column for each of them, such as `actor.name`; a list is in one cell.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

Type = Literal["text", "number", "day", "instant", "yes_or_no"]
TYPES: Mapping[type, Type] = {
    bool: "yes_or_no",
    int: "number",
    float: "number",
    Decimal: "number",
    datetime: "instant",
    date: "day",
}


@dataclass(frozen=True)
class Column:
    """A column, and where in a row of JSON its cells are."""

    path: tuple[str, ...]
    type: Type
    of: Any = str
    """The Python type of its values; for lists and objects, the declared type."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def cell(self, row: Any) -> Any:
        """Return the cell of a row as JSON; a list or an object as text; None if it is empty."""
        for name in self.path:
            if not isinstance(row, dict):
                return None
            row = row.get(name)
        if isinstance(row, list):
            return "; ".join(map(as_text, row)) or None
        return json.dumps(row, ensure_ascii=False) if isinstance(row, dict) else row


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def columns_of(model: type) -> Sequence[Column]:
    """Return the columns of a table whose rows are of this model."""
    return tuple(_columns(model, (), ()))


def _columns(model: type, path: tuple[str, ...], inside: tuple[type, ...]) -> Iterator[Column]:
    for name, annotation in _fields(model).items():
        inner = plain_type(annotation)
        # A model inside itself is not expanded any further, because that would never end.
        if is_record(inner) and inner not in (*inside, model):
            yield from _columns(inner, (*path, name), (*inside, model))
        else:
            yield Column((*path, name), _type(inner), inner)


def is_record(annotation: Any) -> bool:
    """Return whether a type is a JSON object with known fields: a model, a data class or a named tuple."""
    return isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or is_dataclass(annotation) or hasattr(annotation, "_fields")
    )


def _fields(model: type) -> dict[str, Any]:
    """Return the types of the fields, by their names in JSON."""
    if not issubclass(model, BaseModel):
        return get_type_hints(model, include_extras=True)
    fields = {
        field.serialization_alias or field.alias or name: field.annotation
        for name, field in model.model_fields.items()
        if not field.exclude
    }
    return fields | {name: field.return_type for name, field in model.model_computed_fields.items()}


def plain_type(annotation: Any) -> Any:
    """Return the type without annotations, and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            parts = [part for part in get_args(annotation) if part is not NoneType]
            if len(parts) != 1:
                return annotation
            annotation = parts[0]
        else:
            return annotation


def _type(annotation: Any) -> Type:
    return TYPES.get(annotation, "text") if isinstance(annotation, type) else "text"
