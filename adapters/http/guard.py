"""The guard before every route: who is calling, and whether they may. A route that names no right is open to nobody."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.access.callers import Callers
from adapters.http.limits import Buckets
from application.aggregates.access import CallerNotAllowed, Right, check_right

Needed = Right | Literal["anybody"]
NEEDS = "x-right"
"""The extension of the OpenAPI document that names the right an operation requires."""

NOBODYS = "Nobody may do this: the service does not say which right it takes."

R = TypeVar("R", bound=Route)


def needs(right: Needed) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that requires this right."""
    return {NEEDS: right, "security": []} if right == "anybody" else {NEEDS: right}


class Guard:
    """Guards routes. `find` raises if the caller may not know of the plan; without `limits` callers are not limited."""

    def __init__(
        self, callers: Callers, find: Callable[[Request, str], Awaitable[object]], limits: Buckets | None = None
    ) -> None:
        self._callers = callers
        self._find = find
        self._limits = limits

    def before(self, route: R, right: Needed | None) -> R:
        """Return the route guarded by a right."""
        route.app = Guarded(route.app, right, self)
        return route

    def before_all(self, *routers: APIRouter) -> Iterator[BaseRoute]:
        """Yield the routes of the routers, each guarded by the right that its `openapi_extra` names."""
        for route in (route for router in routers for route in router.routes):
            assert isinstance(route, APIRoute), route
            yield self.before(route, (route.openapi_extra or {}).get(NEEDS))

    async def check(self, scope: Scope, receive: Receive, right: Right | None) -> None:
        """Check a request. Raises `CallerUnknown`, `TooManyRequests`, `CallerNotAllowed`, and `PlanNotOpen` if the
        caller may not know of the plan."""
        request = Request(scope, receive)
        caller = await self._callers.identify(request.headers)
        scope["caller"] = caller
        scope["spoken_of"] = {"actor": caller.actor}
        if self._limits:
            self._limits.take(caller.actor)
        if right is None:
            raise CallerNotAllowed(NOBODYS)
        if not caller.may(right):
            if "plan" in request.path_params:
                await self._find(request, request.path_params["plan"])
            check_right(caller.role, right)


@dataclass(frozen=True)
class Guarded:
    """The guarded ASGI app of a route."""

    app: ASGIApp
    right: Needed | None
    guard: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.right != "anybody":
            await self.guard.check(scope, receive, self.right)
        await self.app(scope, receive, send)
