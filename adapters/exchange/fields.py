"""The fields of commands as inputs of a form: the type of each input, and its meaning."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.types import StringConstraints

from domain.account_plan import EVENTS
from domain.glossary import MeaningMissing, meaning
from domain.language import LONGEST_TEXT, Command, Event, PersonId
from domain.markers import Refers

Input = Literal["line", "text", "day", "number", "yes_or_no", "choice", "thing", "person", "pairs", "group"]


@dataclass(frozen=True)
class Kind:
    """One input: what is typed or chosen, and whether it may have several values."""

    input: Input
    several: bool = False
    choices: tuple[str, ...] = ()
    """The words to choose from."""
    refers_to: str = ""
    """The kind of thing to choose."""
    model: type[BaseModel] | None = None
    """The model that a group of fields makes."""


@cache
def kind_of(model: type[BaseModel], name: str) -> Kind:
    """Return the kind of input for a field of a command, or of a part of one."""
    field: FieldInfo = model.model_fields[name]
    return _kind(Annotated[field.annotation, *field.metadata, None])


def _kind(annotation: Any) -> Kind:
    extra: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            extra += more
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not NoneType)
        else:
            break
    if get_origin(annotation) is tuple:
        each = _kind(get_args(annotation)[0])
        return Kind(each.input, True, each.choices, each.refers_to, each.model)
    if get_origin(annotation) is dict or annotation is dict:
        return Kind("pairs")
    if get_origin(annotation) is Literal:
        return Kind("choice", choices=tuple(str(word) for word in get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Kind("group", model=annotation)
    refers = next((each for each in extra if isinstance(each, Refers)), None)
    if refers:
        return Kind("thing", refers_to=refers.kind)
    if annotation is bool:
        return Kind("yes_or_no")
    if annotation is date:
        return Kind("day")
    if annotation in (int, Decimal):
        return Kind("number")
    return _words(extra)


def _words(extra: list[Any]) -> Kind:
    if any(each in extra for each in get_args(PersonId)[1:]):
        return Kind("person")
    longest = [_longest(each) for each in extra]
    return Kind("text" if LONGEST_TEXT in longest else "line")


def _longest(constraint: Any) -> int | None:
    if isinstance(constraint, StringConstraints | MaxLen):
        return constraint.max_length
    return next((_longest(each) for each in getattr(constraint, "metadata", ())), None)


def meaning_of(command: type[Command], model: type[BaseModel], name: str) -> str:
    """Return the meaning of a field of a command, or of a part of one; empty if its name is enough."""
    if description := model.model_fields[name].description:
        return description
    events = (event for event in EVENTS.values() if name in event.model_fields and event.noun == command.noun)
    try:
        return meaning(name, command.noun, next(events, Event).__name__, model.__name__)
    except MeaningMissing:
        return ""
