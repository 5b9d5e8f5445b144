"""Lists of commands as they are sent, and the messages about what is wrong in them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapters.http.problems import FieldError, pointer_to, rejected_body
from adapters.http.resources import Resource
from domain.language import Command, shortened
from domain.mistakes import did_you_mean, nearest, sentence


def listed_commands(resource: Resource, body: bytes) -> list[Command]:
    """Return the commands of a list. Raises `Rejected`, with a JSON pointer to every mistake in it."""
    try:
        return [each.body for each in resource.listed.validate_json(body)]
    except ValidationError as error:
        raise rejected_body(error, partial(_in_the_list, resource)) from None


def _in_the_list(resource: Resource, error: ErrorDetails) -> FieldError:
    """Return one mistake with a pointer into the body. pydantic names the command in the location of a mistake, as a
    level that the body does not have."""
    place, *rest = error["loc"] or ("",)
    if error["type"] == "union_tag_invalid":
        opens = error["ctx"]["tag"] == resource.opening.called()
        tag = str(error["ctx"]["tag"])
        near = did_you_mean(tag, resource.listable) or "."
        detail = (
            f"{resource.called} is opened by POST {resource.opened_at}."
            if opens
            else f"“{shortened(tag)}” is not a command of {resource.called}{near}"
        )
        return FieldError(pointer=f"/{place}/command", detail=detail[0].upper() + detail[1:])
    if error["type"] == "union_tag_not_found":
        held = error["input"] if isinstance(error["input"], Mapping) else {}
        instead = nearest("command", set(held) - set(Listed.model_fields))
        meant = f" Is it “{shortened(instead)}” that is meant?" if instead else ""
        return FieldError(pointer=f"/{place}/command", detail=f"“command” is missing.{meant}")
    # The pointer leaves out the level that names the command. Inside `body`, the fields are those of the command.
    inside = rest[2:] if rest[1:2] == ["body"] else None
    model = resource.listable.get(str(rest[0])) if inside and rest else Listed
    detail = sentence({**error, "loc": tuple(inside or rest[1:])}, model)
    return FieldError(pointer=pointer_to((place, *rest[1:])) if error["loc"] else "", detail=detail)


class Listed(BaseModel):
    """An item of a list of commands, whichever command it is."""

    command: str
    body: dict[str, Any]
