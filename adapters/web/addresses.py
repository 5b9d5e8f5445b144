"""Parses the query in the address of a list page, and builds addresses of the same list with other parameters."""

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
    """Return the query in an address. Empty parameters and parameters that no list has are left out.

    `repeated` names parameters that may occur several times, `otherwise` contains default values. Raises
    `PageAskedWrongly`.
    """
    asked, known = request.query_params, {field.alias or name for name, field in model.model_fields.items()}
    given: dict[str, object] = {name: value for name, value in asked.items() if value and name in known}
    given |= {name: list(filter(None, asked.getlist(name))) for name in repeated if name in given}
    try:
        return model.model_validate({**otherwise, **given})
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"])
        raise PageAskedWrongly(f"The address asks for something there cannot be: look at {names}.") from None


def same_query(path: str, model: type[BaseModel], request: Request, **but: str) -> str:
    """Return the address of another form of a list, with those parameters of this address that the list has."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    given = [(name, value) for name, value in request.query_params.multi_items() if value and name in known]
    asked = [*(each for each in given if each[0] not in but), *but.items()]
    return f"{path}?{urlencode(asked)}" if asked else path


def address(path: str, given: Mapping[str, str], **but: str | None) -> str:
    """Return the address of a page with its parameters, changed by `other`; None removes one."""
    parameters = {name: value for name, value in {**given, **but}.items() if value}
    return f"{path}?{urlencode(parameters)}" if parameters else path
