"""What a list is asked for in its address, and the addresses of the same list asked for otherwise."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from adapters.web.errors import PageAskedWrongly

Q = TypeVar("Q", bound=BaseModel)
NOTHING: Mapping[str, object] = MappingProxyType({})


def query_in(
    model: type[Q], request: Request, repeated: Collection[str] = (), otherwise: Mapping[str, object] = NOTHING
) -> Q:
    """The query that stands in an address; an empty parameter asks for nothing, and one that no list has is left out.

    `repeated` are those that may be said several times, `otherwise` holds what is asked for where nothing is said.
    Raises `PageAskedWrongly`.
    """
    asked, known = request.query_params, {field.alias or name for name, field in model.model_fields.items()}
    given: dict[str, object] = {name: value for name, value in asked.items() if value and name in known}
    given |= {name: list(filter(None, asked.getlist(name))) for name in repeated if name in given}
    try:
        return model.model_validate({**otherwise, **given})
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"])
        raise PageAskedWrongly(f"The address asks for something there cannot be: look at {names}.") from None


def address(path: str, given: Mapping[str, str], **but: str | None) -> str:
    """A page with the parameters it was asked for, but for these; None leaves one out."""
    parameters = {name: value for name, value in {**given, **but}.items() if value}
    return f"{path}?{urlencode(parameters)}" if parameters else path
