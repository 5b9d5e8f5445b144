"""Before every route: who calls, and whether they may.  A route that does not say what it takes is for nobody."""

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
"""Where the OpenAPI document says which right an operation takes."""

NOBODYS = "Nobody may do this: the service does not say which right it takes."

R = TypeVar("R", bound=Route)


def needs(right: Needed) -> dict[str, Any]:
    """What a route says of itself in `openapi_extra`."""
    return {NEEDS: right, "security": []} if right == "anybody" else {NEEDS: right}


class Guard:
    """Stands before routes.  `find` raises where the caller has no such plan; without `limits` nobody calls too
    often."""

    def __init__(
        self, callers: Callers, find: Callable[[Request, str], Awaitable[object]], limits: Buckets | None = None
    ) -> None:
        self._callers = callers
        self._find = find
        self._limits = limits

    def before(self, route: R, right: Needed | None) -> R:
        """The same route, for those who have the right."""
        route.app = Guarded(route.app, right, self)
        return route

    def before_all(self, *routers: APIRouter) -> Iterator[BaseRoute]:
        """Their routes, each for those who have the right that it says it takes in `openapi_extra`."""
        for route in (route for router in routers for route in router.routes):
            assert isinstance(route, APIRoute), route
            yield self.before(route, (route.openapi_extra or {}).get(NEEDS))

    async def check(self, scope: Scope, receive: Receive, right: Right | None) -> None:
        """Raises `CallerUnknown`, `TooManyRequests`, `CallerNotAllowed`, and `PlanNotOpen` where the plan is not the
        caller's to know of."""
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
    """ASGI app of a route."""

    app: ASGIApp
    right: Needed | None
    guard: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.right != "anybody":
            await self.guard.check(scope, receive, self.right)
        await self.app(scope, receive, send)
