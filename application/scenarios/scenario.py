"""Scenarios: histories written as commands, one JSON object per line, the oldest first.

A line is `{"at": instant, "by": actor, "plan": account id or plan id, "command": name, "body": {…}}`. A line without
`plan` is a command to the program.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails, from_json

from domain.account_plan import COMMANDS as PLAN_COMMANDS
from domain.calendar import Instant
from domain.duplicate_keys import DuplicateKey, check_keys
from domain.language import AccountId, Command, PersonId, shortened
from domain.mistakes import ended, nearest, place, predicate
from domain.program import PROGRAM

COMMANDS = {**PLAN_COMMANDS, **PROGRAM.commands}

MOST_MISTAKES = 3
"""How many mistakes of a line are reported at once."""


class ScenarioRefused(Exception):
    """What is wrong with a scenario, where, and what to do. Nothing of it was recorded."""

    def __init__(self, place: "Place", what: str) -> None:
        super().__init__(f"{place}: {what} Nothing was loaded.")


class Place(NamedTuple):
    """The file and line of a command."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


@dataclass(frozen=True)
class Line:
    """A command of a scenario."""

    place: Place
    at: datetime
    by: str
    plan: str | None
    """The plan's id; None if the command is to the program."""
    command: Command


class Told(BaseModel):
    """The fields of a line."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: Instant
    by: PersonId
    command: Annotated[str, StringConstraints(max_length=64)]
    body: Command


def told(files: Iterable[tuple[str, bytes]]) -> list[Line]:
    """Read several files, each with its name, as one history. Each file is in the order of time; they are merged in
    that order.

    Raises `ScenarioRefused`.
    """
    lines = [line for file, content in files for line in read(file, content)]
    return sorted(lines, key=attrgetter("at"))


def read(file: str, content: bytes) -> list[Line]:
    """Read every line of a file. Raises `ScenarioRefused`."""
    written = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines = [line_of(Place(file, number), text) for number, text in enumerate(written, 1) if text.strip()]
    if not lines:
        raise ScenarioRefused(Place(file, 1), "The file holds no command; put one JSON object on each line.")
    for before, line in pairwise(lines):
        if line.at < before.at:
            raise ScenarioRefused(
                line.place,
                f"{line.at.isoformat()} is before line {before.place.number} ({before.at.isoformat()});"
                " put the lines in order, oldest first.",
            )
    return lines


def line_of(place: Place, text: bytes) -> Line:
    try:
        written = from_json(text)
    except ValueError as error:
        raise ScenarioRefused(place, f"This is not JSON{in_this_line(error)}. Correct the line.") from None
    try:
        check_keys(text)
    except DuplicateKey as error:
        raise ScenarioRefused(place, str(error)) from None
    name = written.get("command") if isinstance(written, dict) else None
    if name is None:
        raise ScenarioRefused(
            place, 'This is no command; a line is {"at": …, "by": …, "plan": …, "command": …, "body": {…}}.'
        )
    if not isinstance(name, str) or name not in COMMANDS:
        raise ScenarioRefused(place, f"There is no command “{shortened(name)}”{perhaps(name, COMMANDS)}.")
    try:
        line = shape_of(name).model_validate_json(text)
        return Line(place, line.at, line.by, getattr(line, "plan", None), line.body)
    except ValidationError as error:
        raise ScenarioRefused(place, " ".join(mistakes(error, name))) from None


FIELDS = (*Told.model_fields, "plan")


@cache
def shape_of(command: str) -> type[Told]:
    body: Any = (COMMANDS[command], ...)
    if command in PROGRAM.commands:
        return create_model(f"Told {command}", __base__=Told, body=body)
    return create_model(f"Told {command}", __base__=Told, plan=(AccountId, ...), body=body)


def in_this_line(error: ValueError) -> str:
    """Return where the parser failed, such as ` from column 4 on`; an empty text if that is unknown."""
    column = re.search(r"column (\d+)", str(error))
    return f" from column {column[1]} on" if column else ""


def mistakes(error: ValidationError, command: str) -> Iterator[str]:
    """Yield a sentence for each mistake in the fields of a line."""
    found = error.errors(include_url=False)
    for each in found[:MOST_MISTAKES]:
        pointer = "".join(f"/{part}" for part in place(each["loc"]))
        yield ended(f"“{shortened(pointer)}” {matter(each, command)}")
    if len(found) > MOST_MISTAKES:
        yield f"And {len(found) - MOST_MISTAKES} more of the kind."


def matter(mistake: ErrorDetails, command: str) -> str:
    match mistake["type"], mistake["loc"]:
        case "extra_forbidden", (name,):
            return f"is not a field of a line{perhaps(name, FIELDS)}"
        case "extra_forbidden", ("body", name):
            return f"is not a field of {command}{perhaps(name, COMMANDS[command].model_fields)}"
        case "missing", _:
            return "is required"
        case _:
            return predicate(mistake, shape_of(command))


def perhaps(word: object, known: Iterable[str]) -> str:
    """Return a suggestion of the name that was probably meant; an empty text if there is none."""
    close = nearest(word, known)
    return f" (did you mean “{close}”?)" if close else ""
