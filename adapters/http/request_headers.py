"""The headers of a request."""

from collections.abc import Mapping

from starlette.types import Scope

Head = Mapping[str, str]
"""The headers of a request by their names in small letters. Of those that are given twice it is the first; what is a
list is the whole list."""

LISTS = ("accept", "if-match", "if-none-match")
"""Headers that are lists, which may come in several lines (RFC 9110, section 5.3)."""


def headers_of(scope: Scope) -> Head:
    """Return the headers of a request as a dictionary. It is built once for each request, because searching the list
    again for each header is slower."""
    head: Head | None = scope.get("head")
    if head is None:
        headers = reversed(scope["headers"])
        head = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        if len(head) < len(scope["headers"]):
            head |= {name: whole_list(scope, name) for name in LISTS if name in head}
        scope["head"] = head
    return head


def whole_list(scope: Scope, name: str) -> str:
    return ", ".join(value.decode("latin-1") for each, value in scope["headers"] if each == name.encode())
