"""Random commands, mostly sensible, made from the types of their fields. A new command needs no line here."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from domain.account_plan import COMMANDS
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.language import Command
from domain.markers import Due, Happened, NeverEmptied, Refers, marked

TEXTS = ("Rework on line B", "Jane Doe", "Line lead", "25", "Deepen the relationship", " e\u0301 ", "二人")
PATTERNED = (
    "x1",
    "x2",
    "x3",
    "x4",
    "ann",
    "ben",
    "2026-Q1",
    "2026-Q2",
    "EUR",
    "jane@example.com",
    "https://example.com",
    "0" * 64,
    "f" * 64,
)


@dataclass(frozen=True)
class Scene:
    """The plan and the time at which a command is made, and the source of randomness."""

    random: Random
    plan: AccountPlan
    today: date

    @cached_property
    def going_on(self) -> dict[str, list[str]]:
        """The open things by kind."""
        return self._things(over=False)

    @cached_property
    def over(self) -> dict[str, list[str]]:
        return self._things(over=True)

    def _things(self, over: bool) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for kind, things in self.plan.kinds().items():
            found[kind.noun] = [id for id, thing in things.items() if (thing.ending is not None) == over]
        return found


Maker = Callable[[Scene], Any]
"""Makes a value."""


def somebodys_command(scene: Scene) -> Command:
    """Return a random command. Raises `ValidationError` if it happens to be malformed."""
    names = list(COMMANDS) if scene.random.random() < 0.1 else sensible(scene)
    return made_up(scene.random.choice(names), scene)


def made_up(name: str, scene: Scene) -> Command:
    command = COMMANDS[name]
    body = MAKERS[name](scene)
    if "id" in body and command.needs in ("open", "over", "any"):
        body["id"] = scene.random.choice(subjects(command, scene) or ["x1"])
    return command.model_validate(body)


def sensible(scene: Scene) -> list[str]:
    """Return the commands for which the plan has something to change."""
    archived = the_plan(scene.plan).archived
    return [
        name
        for name, command in COMMANDS.items()
        if command.on_archived
        or (
            not archived
            and (command.needs in ("new", "nothing") or subjects(command, scene))
            and all(scene.going_on[kind] for kind in NAMES[name])
        )
    ]


def subjects(command: type[Command], scene: Scene) -> list[str]:
    """Return the things that a command may change."""
    going_on, over = scene.going_on[command.noun], scene.over[command.noun]
    return {"open": going_on, "over": over}.get(command.needs, going_on + over)


NAMES = {
    name: [mark.kind for field, mark in marked(command, Refers) if command.model_fields[field].is_required()]
    for name, command in COMMANDS.items()
}
"""The kinds of things that a command needs."""


# Values for every type in a command


def fields_of(model: type[BaseModel]) -> Maker:
    makers = {name: values(field.annotation, *field.metadata) for name, field in model.model_fields.items()}
    always = {name for name, field in model.model_fields.items() if field.is_required() or name == "id"}

    def make(scene: Scene) -> dict[str, Any]:
        said = [name for name in makers if name in always or scene.random.random() < 0.4]
        return {name: makers[name](scene) for name in said}

    return make


def values(annotation: Any, *metadata: Any) -> Maker:
    """Return a function that makes values of an annotated type."""
    marks = [mark for each in metadata for mark in (each.metadata if isinstance(each, FieldInfo) else [each])]
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return values(inner, *more, *marks)
    if get_origin(annotation) in (Union, UnionType):
        options = get_args(annotation)
        often_null = 0.2 if NoneType in options and not any(isinstance(mark, NeverEmptied) for mark in marks) else 0
        return one_of([values(option, *marks) for option in options if option is not NoneType], often_null)
    if get_origin(annotation) is tuple:
        fewest = next((mark.min_length for mark in marks if isinstance(mark, MinLen)), 0)
        return several(values(get_args(annotation)[0]), fewest)
    if get_origin(annotation) is Literal:
        return one_of_these(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return fields_of(annotation)
    return PLAIN[annotation](marks)


def one_of(makers: list[Maker], often_null: float) -> Maker:
    return lambda scene: None if scene.random.random() < often_null else scene.random.choice(makers)(scene)


def one_of_these(these: tuple[Any, ...]) -> Maker:
    return lambda scene: scene.random.choice(these)


def several(maker: Maker, fewest: int) -> Maker:
    def make(scene: Scene) -> tuple[Any, ...]:
        made = (maker(scene) for _ in range(scene.random.randint(fewest, 3)))
        return tuple(each for each in made if each is not None)

    return make


def words(marks: list[Any]) -> Maker:
    kind = next((mark.kind for mark in marks if isinstance(mark, Refers)), None)
    if kind:
        return lambda scene: scene.random.choice(scene.going_on[kind] or [None])
    pattern = next((mark.pattern for mark in marks if isinstance(mark, StringConstraints) and mark.pattern), None)
    fitting = tuple(text for text in PATTERNED if pattern and re.search(pattern, text))
    assert fitting or not pattern, f"say in PATTERNED what a text of the pattern {pattern} looks like"
    return one_of_these(fitting or TEXTS)


def days(marks: list[Any]) -> Maker:
    first = 0 if any(isinstance(mark, Due) for mark in marks) else -10
    last = 0 if any(isinstance(mark, Happened) for mark in marks) else 60
    return lambda scene: scene.today + timedelta(days=scene.random.randint(first, last))


def whole_numbers(marks: list[Any]) -> Maker:
    least = next((mark.ge for mark in marks if isinstance(mark, Ge)), 0)
    most = next((mark.le for mark in marks if isinstance(mark, Le)), 3)
    return lambda scene: scene.random.randint(int(least), int(min(most, least + 100)))


def tenths(marks: list[Any]) -> Maker:
    whole = whole_numbers(marks)
    return lambda scene: Decimal(whole(scene)) / (1 if scene.random.random() < 0.5 else 10)


PLAIN: dict[Any, Callable[[list[Any]], Maker]] = {
    str: words,
    date: days,
    bool: lambda _: one_of_these((True, False)),
    int: whole_numbers,
    Decimal: tenths,
}
MAKERS = {name: fields_of(command) for name, command in COMMANDS.items()}
