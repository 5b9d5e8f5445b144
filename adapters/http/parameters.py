"""Unknown query parameters are refused, not ignored: whoever mistypes `?dryrun=true` does not want anything
recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.guard import Guarded
from adapters.http.problems import Rejected, not_a_parameter


def guard(routes: Iterable[BaseRoute]) -> None:
    """Let every guarded route of the API refuse unknown parameters, except routes whose query model already forbids
    them."""
    for route in routes:
        if not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
            continue
        if isinstance(route.app, Guarded) and not _is_strict(route):
            route.app = replace(route.app, app=KnownParameters(route.app.app, _taken(route)))


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


@dataclass(frozen=True)
class KnownParameters:
    """The app of a route that refuses all parameters but these."""

    app: ASGIApp
    taken: Sequence[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_parameters(scope, self.taken)
        await self.app(scope, receive, send)


def check_parameters(scope: Scope, taken: Sequence[str]) -> None:
    """Check that a query has no parameters but these. Raises `Rejected`."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    wrong = [not_a_parameter(name, taken) for name in dict(asked) if name not in taken]
    if wrong:
        raise Rejected(422, "invalid-parameters", "Some parameters are wrong; see errors.", wrong)
