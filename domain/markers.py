"""Markers in annotations: what is true of a field, said where the field is declared, so that one mechanism enforces
each rule for every command and event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Protocol, TypeVar, cast, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function, nullable_schema


@dataclass(frozen=True)
class Refers:
    """The field names things of this kind, which must be there, over or not."""

    kind: str
    part_of: bool = False
    """Whether the field makes one thing a part of the other, which then must not be over."""


@dataclass(frozen=True)
class Ours:
    """The field names people of ours."""


@dataclass(frozen=True)
class Happened:
    """The day says when something happened: it may not lie after today, where the plan lives."""

    may_be_long_ago: bool = False
    """Whether nobody wonders about a day years ago, such as the one on which somebody joined their company."""
    ends_a_promise: bool = False
    """Whether it says when what had been promised was done."""


@dataclass(frozen=True)
class Due:
    """The day is a promise: it may not lie more than a year before the plan was opened."""


@dataclass(frozen=True)
class Belongs:
    """The field is only for things of these kinds, as the go-between is for introductions."""

    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Sealed:
    """The field is not stored in clear: `always`, or if the command says whom it is about."""

    always: bool
    may_name_others: bool = field(default=False, compare=False)
    """Whether what is always sealed for one person may speak of others too: then it is sealed for them as well."""


SPEECH = Sealed(always=False)
PERSONAL = Sealed(always=True)
PERSONAL_SPEECH = Sealed(always=True, may_name_others=True)


@dataclass(frozen=True)
class FreeText:
    """The field contains text that somebody typed and that may name one of the customer's people."""


@dataclass(frozen=True)
class Checkable:
    """The field says what will be the case, so that a review can tell whether it came true."""


@dataclass(frozen=True)
class Identifies:
    """The field says who somebody is. It is sealed for that person, and does not name anybody else."""


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


Marker = TypeVar("Marker", Refers, Ours, Happened, Due, Belongs, Sealed, FreeText, Checkable, Identifies)


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
    return next((found for part in get_args(annotation) if (found := _find(marker, part))), None)


class _Marked(Protocol):
    def __call__(self, model: type[BaseModel], marker: type[Marker], /) -> tuple[tuple[str, Marker], ...]: ...


marked = cast(_Marked, _marked)
"""Return the fields of a model whose annotation carries a marker, however deep in it, and the marker."""


def texts_of(said: BaseModel) -> Iterator[tuple[str, str]]:
    """Yield the free text of a command, each with its JSON pointer (RFC 6901)."""
    identifying = {name for name, _ in marked(type(said), Identifies)}
    yield from ((pointer, text) for pointer, text in strings_of(said, FreeText) if pointer[1:] not in identifying)


def strings_of(said: BaseModel, marker: type[Marker], within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in the fields of a command or an event that carry a marker, each with its JSON pointer (RFC
    6901)."""
    for name, _ in marked(type(said), marker):
        yield from _strings_in(getattr(said, name), marker, f"{within}/{name}")


def _strings_in(value: Any, marker: type[Marker], pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, BaseModel):
        yield from strings_of(value, marker, pointer)
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _strings_in(each, marker, f"{pointer}/{place}")


def references(said: BaseModel) -> Iterator[tuple[str, str, str]]:
    """Yield what a command or an event names beside its own thing: the kind, the id, and the JSON pointer (RFC
    6901)."""
    for name, marker in marked(type(said), Refers):
        value = getattr(said, name)
        if not value:
            continue
        if isinstance(value, tuple):
            yield from ((marker.kind, id, f"/{name}/{place}") for place, id in enumerate(value))
        else:
            yield marker.kind, value, f"/{name}"


def misplaced(said: BaseModel, kind: str | None) -> dict[str, str]:
    """Return the fields of a command that do not belong to things of this kind, each with the reason."""
    given = said.model_fields_set
    return {
        field: f"belongs to {' and '.join(marker.kinds)} only, and this is of kind {kind}: leave it out"
        for field, marker in marked(type(said), Belongs)
        if field in given and kind not in (None, *marker.kinds) and getattr(said, field) not in (None, False)
    }


def check_fields(said: BaseModel, wrong: Mapping[str, str]) -> None:
    """Raise a `ValidationError` that says what is wrong with each of these fields."""
    if wrong:
        details = [
            InitErrorDetails(
                type=PydanticCustomError("wrong_field", "{detail}", {"detail": detail}),
                loc=(field,),
                input=getattr(said, field),
            )
            for field, detail in wrong.items()
        ]
        raise ValidationError.from_exception_data(type(said).__name__, details)
