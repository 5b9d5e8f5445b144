"""The guard before every route: it finds out who is calling and whether they may. Nobody may call a route that names no
right."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.access.callers import Callers
from adapters.access.tickets import Tickets
from adapters.http.limits import Buckets
from adapters.http.permission import LastingAnswers, Permission, PermissionEnded
from adapters.http.request_headers import headers_of
from application.aggregates.access import Caller, CallerNotAllowed, Right, check_right

Needed = Right | Literal["anybody"]
NEEDS = "x-right"
"""The extension of the OpenAPI document that names the right an operation requires."""

STREAM_PATH = "/v1/events/stream"
"""The one path on which a ticket may identify the caller."""

NOBODYS = "Nobody may do this: the service does not say which right it takes."

R = TypeVar("R", bound=Route)


def needs(right: Needed) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that requires this right."""
    return {NEEDS: right, "security": []} if right == "anybody" else {NEEDS: right}


class Guard:
    """Guards routes. `find` raises if the caller may not know that a plan exists. Without `limits`, callers are not
    limited."""

    def __init__(
        self,
        callers: Callers,
        find: Callable[[Request, str], Awaitable[object]],
        limits: Buckets | None = None,
        tickets: Tickets | None = None,
    ) -> None:
        self._callers = callers
        self._find = find
        self._limits = limits
        self._tickets = tickets
        self._lasting = LastingAnswers(callers)

    def before(self, route: R, right: Needed | None) -> R:
        """Return the route guarded by a right."""
        route.app = Guarded(route.app, right, self)
        return route

    def before_all(self, *routers: APIRouter) -> Iterator[BaseRoute]:
        """Yield the routes of the routers, each guarded by the right that its `openapi_extra` names."""
        for route in (route for router in routers for route in router.routes):
            assert isinstance(route, APIRoute), route
            yield self.before(route, (route.openapi_extra or {}).get(NEEDS))

    async def check(self, scope: Scope, receive: Receive, right: Right | None) -> Permission:
        """Check a request and return the permission that lets it in.

        Raises `CallerUnknown`, `TooManyRequests`, `CallerNotAllowed`, and the type's `not_open` if the caller may not
        know that the plan exists.
        """
        return await self.check_request(Request(scope, receive), right)

    async def check_request(self, request: Request, right: Right | None) -> Permission:
        """Do the same for a request that was made of the scope already."""
        caller = await self.identified(request)
        if right is None:
            raise CallerNotAllowed(NOBODYS)
        if not caller.may(right):
            if "plan" in request.path_params:
                await self._find(request, request.path_params["plan"])
            check_right(caller.role, right)
        permission = request.scope["permission"] = Permission(self._lasting, self.headers(request), caller, right)
        return permission

    def headers(self, request: Request) -> Mapping[str, str]:
        """Return the headers that identify the caller; where a ticket is allowed, those that the ticket stands for.
        Raises `CallerUnknown`."""
        if "headers_of_caller" not in request.scope:
            ticket = request.query_params.get("ticket") if request.scope["path"] == STREAM_PATH else None
            headers: Mapping[str, str] = headers_of(request.scope)
            if ticket is not None and self._tickets:
                headers = self._tickets.headers(ticket, headers)
            request.scope["headers_of_caller"] = headers
        found: Mapping[str, str] = request.scope["headers_of_caller"]
        return found

    async def identified(self, request: Request) -> Caller:
        """Return the caller, and count the request against their limit once. Raises `CallerUnknown`,
        `CallerNotAllowed`, `TooManyRequests`, `StoreUnavailable`."""
        if "counted" in request.scope:
            counted: Caller = request.scope["caller"]
            return counted
        caller = await self._callers.identify(self.headers(request))
        request.scope["caller"] = caller
        request.scope["log_fields"] = {"actor": caller.actor}
        if self._limits:
            self._limits.take(caller)
        request.scope["counted"] = True
        return caller


@dataclass(frozen=True)
class Guarded:
    """The ASGI app of a route behind the guard."""

    app: ASGIApp
    right: Needed | None
    guard: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.right == "anybody":
            await self.app(scope, receive, send)
            return
        permission = await self.guard.check(scope, receive, self.right)
        # A command that was carried out is always answered, even if the caller's permission has just ended.
        send = permission.before_every_part(send) if scope["method"] == "GET" else send
        try:
            await self.app(scope, receive, send)
        except PermissionEnded as ended:
            raise ended.problem or ended from None
