"""The JSON twin of a page: what says the same to a program, named in a `Link` header and in the page.

A page of what is on record names the operation of the API that answers with the same. A page that no operation is like,
such as that of one's own sessions, is its own twin: at the address with `as=json`, the values that it shows are the
answer.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

AS, JSON = "as", "json"


def asks_for_json(request: Request) -> bool:
    return request.query_params.get(AS) == JSON


def own_twin(request: Request) -> str:
    """Return the address of a page's own values, with everything that the page was asked for."""
    asked = [*request.query_params.multi_items(), (AS, JSON)]
    return f"{quote(request.scope['path'])}?{urlencode(asked)}"


def link_to(twin: str) -> str:
    return f'<{twin}>; rel="alternate"; type="application/json"'


def page_as_json(values: Mapping[str, Any], status: int) -> Response:
    """Return what a template would show. It shows a view, or plain values."""
    shown = to_jsonable_python(values.get("view", values), bytes_mode="hex")
    return JSONResponse(shown, status)
