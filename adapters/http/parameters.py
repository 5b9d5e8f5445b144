"""Query parameters that would be ignored are refused: unknown ones, and the second value of one that takes a single
value. Whoever mistypes `?dryrun=true` does not want anything recorded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.guard import Guarded
from adapters.http.problems import FieldError, Rejected, not_a_parameter, pointer_to


def guard(routes: Iterable[BaseRoute]) -> None:
    """Let every guarded route of the API refuse parameters that it would ignore. Unknown ones are left to a query model
    that forbids them, because it names all that is wrong."""
    for route in routes:
        if not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
            continue
        if isinstance(route.app, Guarded):
            taken = None if _is_strict(route) else _taken(route)
            route.app = replace(route.app, app=KnownParameters(route.app.app, taken, frozenset(_lists(route))))


def _is_strict(route: APIRoute) -> bool:
    return any(getattr(model, "model_config", {}).get("extra") == "forbid" for model in _models(route))


def _models(route: APIRoute) -> Iterator[Any]:
    """Yield the types of a route's parameters, including those of its dependencies."""
    asked = [route.dependant]
    while asked:
        dependant = asked.pop()
        asked += dependant.dependencies
        yield from (each.field_info.annotation for each in dependant.query_params)


def _taken(route: APIRoute) -> Sequence[str]:
    documented = (route.openapi_extra or {}).get("parameters", ())
    beside = [each["name"] for each in documented if each.get("in") == "query"]
    return [*(each.alias for each in route.dependant.query_params), *beside]


def _lists(route: APIRoute) -> Iterator[str]:
    """Yield the parameters of a route that take several values."""
    asked = [route.dependant]
    while asked:
        dependant = asked.pop()
        asked += dependant.dependencies
        for each in dependant.query_params:
            fields = getattr(each.field_info.annotation, "model_fields", {each.alias: each.field_info})
            yield from (field.alias or name for name, field in fields.items() if _is_list(field.annotation))


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return True
    return get_origin(annotation) in (Annotated, Union, UnionType) and any(map(_is_list, get_args(annotation)))


@dataclass(frozen=True)
class KnownParameters:
    """The app of a route that refuses parameters that it would ignore."""

    app: ASGIApp
    taken: Sequence[str] | None
    """The names of its parameters; None if the route itself refuses others."""
    lists: AbstractSet[str] = frozenset()
    """Those that take several values."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            check_parameters(scope, self.taken, self.lists)
        await self.app(scope, receive, send)


def check_parameters(scope: Scope, taken: Sequence[str] | None, lists: AbstractSet[str] = frozenset()) -> None:
    """Check that a query has no parameters but those taken, and no parameter twice but `lists`. Raises `Rejected`."""
    asked = Counter(name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    wrong = [not_a_parameter(name, taken) for name in asked if taken is not None and name not in taken]
    wrong += [
        FieldError(
            pointer=pointer_to([name]), detail=f"“{name}” takes one value, and there are {times}.", where="query"
        )
        for name, times in asked.items()
        if times > 1 and name not in lists and (taken is None or name in taken)
    ]
    if wrong:
        raise Rejected(422, "invalid-parameters", "Some parameters are wrong; see errors.", wrong)
