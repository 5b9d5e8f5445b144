"""Markers in annotations: what is true of a field, said where the field is declared, so that one mechanism enforces
each rule for every command and event."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function, nullable_schema


@dataclass(frozen=True)
class Refers:
    """The field names things of this kind, which must be there and not be over."""

    kind: str


@dataclass(frozen=True)
class Happened:
    """The day says when something happened: it may not lie after today, where the plan lives."""


@dataclass(frozen=True)
class Due:
    """The day is a promise: it may not lie before the plan was opened."""


@dataclass(frozen=True)
class Sealed:
    """The field does not stand in clear in the record: `always`, or when the command says whom it speaks of."""

    always: bool


SPEECH = Sealed(always=False)
PERSONAL = Sealed(always=True)


class NeverEmptied:
    """The field may be left out of a command, which leaves it as it was, but a null may not empty it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._not_null, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        options = [option for option in described.get("anyOf", []) if option != {"type": "null"}]
        return options[0] if len(options) == 1 else described

    @staticmethod
    def _not_null(value: Any) -> Any:
        if value is None:
            raise ValueError("may be left out, but not be emptied")
        return value


class NullIsEmpty:
    """A null for the list says that it is now empty."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # After, not before: a validator before a strict tuple would make it refuse JSON arrays.
        return no_info_after_validator_function(lambda items: items or (), nullable_schema(handler(source)))


Marker = TypeVar("Marker", Refers, Happened, Due, Sealed)


def marked(model: type[BaseModel], marker: type[Marker]) -> tuple[tuple[str, Marker], ...]:
    """The fields of a model whose annotation carries a marker, however deep in it, and the marker."""
    found: tuple[tuple[str, Marker], ...] = _marked(model, cast(Any, marker))
    return found


@cache
def _marked(model: type[BaseModel], marker: Any) -> tuple[tuple[str, Any], ...]:
    annotations = {
        name: Annotated[field.annotation, *field.metadata, None] for name, field in model.model_fields.items()
    }
    return tuple((name, found) for name, said in annotations.items() if (found := _find(marker, said)))


def _find(marker: Any, annotation: Any) -> Any:
    for part in getattr(annotation, "__metadata__", ()):
        if isinstance(part, marker):
            return part
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return next((found for _, found in _marked(annotation, marker)), None)
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        parts = parts[:1]
    return next((found for part in parts if (found := _find(marker, part))), None)


def references(said: BaseModel) -> Iterator[tuple[str, str, str]]:
    """What a command or an event names beside its own thing: kind, id, and where it is named (RFC 6901)."""
    for field, marker in marked(type(said), Refers):
        value = getattr(said, field)
        if isinstance(value, tuple):
            yield from ((marker.kind, id, f"/{field}/{place}") for place, id in enumerate(value))
        elif value is not None:
            yield marker.kind, value, f"/{field}"
