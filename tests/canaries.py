"""A stakeholder about whom everything is recorded that can be, in words that occur nowhere else."""

from collections.abc import Callable, Iterator
from itertools import count
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.account_plan import COMMANDS, EVENTS
from domain.markers import Sealed, marked
from tests.contract import ENTRIES
from tests.everything import SAID

WHO = "vip"
NAME, MAIL, SENTENCE = "Zelda Quandtner", "zelda.quandtner", "would rather fight windmills"
NEEDLES = ("quandtner", "canary.example", "windmills")
"""Each of these words, in any place, reveals her."""

Body = dict[str, Any]


def told() -> Iterator[tuple[str, str, Body]]:
    """Return the history of `tests.everything` with her in every field that may contain text: day, command, body.

    Where text is sealed for other people, it is sealed for her too.
    """
    number = count(1)
    for when, command, body in SAID:
        if command == "merge-plan":  # takes another plan beside hers: see tests/application/mergers
            continue
        if command == "correct-plan":  # the first of them: she is there before anybody speaks of her
            yield when, "add-stakeholder", {"id": WHO, "level": "executive"} | filled("add-stakeholder", number)
        if command == "correct-stakeholder":  # what is said of a departure can be corrected once there was one
            left = {"id": WHO, "left_on": when} | filled("record-departure", number)
            yield when, "record-departure", left
        personal = any(marker.always for _, marker in sealed_fields(command))
        if personal and command != "add-stakeholder":
            yield when, command, body | {"id": WHO} | filled(command, number)
        if command == "correct-stakeholder":
            yield when, "return-stakeholder", {"id": WHO, "returned_on": when, "reason": sentence(next(number))}
        words = {} if personal else filled(command, number)
        yield when, command, body | words | {"reason": sentence(next(number)), "about": [WHO]}


def sealed_fields(command: str) -> tuple[tuple[str, Sealed], ...]:
    return marked(EVENTS[ENTRIES[command].event], Sealed)


def expected() -> set[tuple[str, str]]:
    """Return every event, with each of its fields that can contain text about a person, according to the models."""
    return {(name, field) for name, event in EVENTS.items() for field, _ in marked(event, Sealed)}


def filled(command: str, number: Iterator[int]) -> Body:
    """Return the fields of a command that can contain text about a person, with hers in them."""
    fields = COMMANDS[command].model_fields
    return {
        name: canary(Annotated[fields[name].annotation, *fields[name].metadata, None], number)
        for name, _ in sealed_fields(command)
        if name in fields
    }


def sentence(number: int) -> str:
    return f"{number}: {NAME} <{MAIL}{number}@canary.example> {SENTENCE}"


def canary(annotation: Any, number: Iterator[int]) -> Any:
    """Return a value of a type, with her in every text of it."""
    if get_origin(annotation) is Annotated:
        inner = get_args(annotation)[0]
        return canary(inner, number) if structured(inner) else fitting(annotation, number)
    if get_origin(annotation) is tuple:
        return [canary(get_args(annotation)[0], number)]
    if options := [option for option in get_args(annotation) if option is not NoneType]:
        return canary(options[0], number) if get_origin(annotation) is not Literal else options[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {
            name: canary(Annotated[field.annotation, *field.metadata, None], number)
            for name, field in annotation.model_fields.items()
        }
    return fitting(annotation, number)


def structured(annotation: Any) -> bool:
    return bool(get_args(annotation)) or (isinstance(annotation, type) and issubclass(annotation, BaseModel))


MADE: tuple[Callable[[int], Any], ...] = (
    sentence,
    lambda number: f"{MAIL}{number}@canary.example",
    lambda number: f"https://canary.example/{MAIL}/{number}",
    str,
    lambda number: number % 5 + 1,
    lambda _: "2026-01-05",
)


def fitting(annotation: Any, number: Iterator[int]) -> Any:
    """Return the first value that the type accepts."""
    own = next(number)
    for make in MADE:
        try:
            TypeAdapter(annotation).validate_json(TypeAdapter(Any).dump_json(make(own)), strict=True)
        except ValidationError:
            continue
        return make(own)
    raise AssertionError(f"say in MADE what {annotation} looks like")
