"""Which route a request is for."""

from collections.abc import Iterable

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class RoutesByName(BaseRoute):
    """Routes by how their paths end: one look-up, where a list of routes would be tried a hundred in turn."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {_last(route.path): route for route in routes}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        route = self._routes.get(_last(scope["path"]))
        if route is None:
            return Match.NONE, {}
        match, found = route.matches(scope)
        return match, {**found, "route": route}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def methods_allowed(app: FastAPI, scope: Scope) -> list[str]:
    """What may be done at a path, by whichever route; nothing where there is none."""
    found = {"OPTIONS"}
    for route in app.router.routes:
        match, matched = route.matches({**scope, "root_path": ""})
        if match is not Match.NONE:
            found |= getattr(matched.get("route", route), "methods", None) or {"GET"}
    return sorted(found | {"HEAD"} if "GET" in found else found)
