"""The headers of a request."""

from collections.abc import Mapping

from starlette.types import Scope

Head = Mapping[str, str]
"""The headers of a request by their names in small letters; of those that are given twice, the first."""


def head_in(scope: Scope) -> Head:
    """Return the headers of a request, which are read once: to look for one after the other takes longer."""
    head: Head | None = scope.get("head")
    if head is None:
        headers = reversed(scope["headers"])
        head = scope["head"] = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return head
