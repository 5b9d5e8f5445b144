"""The short way of commands: in front of the framework, and without a thread for each.

It takes what comes most often: one command on something that is open, by a caller who may, decided on what is cached.
Everything else goes on to the application behind it, as if it had not been looked at: refusals, lost races, repeated
requests and malformed ones are told there. What both ways do alike, they do by the same functions.
"""

from asyncio import CancelledError
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.commands import CommandDesk
from adapters.http.guard import Guard
from adapters.http.middleware import RequestRecord, request_id_of, with_common_headers
from adapters.http.problems import Rejected
from adapters.http.requests import MOST_BYTES, check_body, check_media_type
from application.aggregates.access import Right
from domain.language import Command


class CommandRoute(NamedTuple):
    """Where one command is sent."""

    desk: CommandDesk
    name: str
    model: type[Command]
    right: Right
    path: str
    """The pattern of its path."""


class ShortWay:
    """ASGI middleware that carries out commands itself where nothing stands in the way."""

    def __init__(
        self,
        app: ASGIApp,
        desks: Iterable[CommandDesk],
        guard: Guard,
        record: RequestRecord,
        make_id: Callable[[], UUID],
    ) -> None:
        self._app = app
        self._guard = guard
        self._record = record
        self._make_id = make_id
        self._routes = {desk.resource.path.split("/")[2]: routes_of(desk) for desk in desks}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._found(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
        else:
            await self._tried(*found, scope, receive, send)

    def _found(self, scope: Scope) -> tuple[CommandRoute, str] | None:
        """Return the route, and what its path names."""
        parts = scope["path"].split("/")
        if len(parts) not in (4, 5) or scope["query_string"] or scope["root_path"]:
            return None
        route = self._routes.get(parts[2], {}).get(parts[-1])
        if route is None or route.path != "/".join((*parts[:3], *(["{plan}"] if len(parts) == 5 else []), parts[-1])):
            return None
        return route, parts[3]

    async def _tried(self, route: CommandRoute, named: str, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        seen = {**scope, "request_id": request_id_of(scope, self._make_id)}
        request = Request(seen, receive)
        try:
            check_media_type(request)
            if not fits(request.headers.get("content-length", "")):
                raise Rejected(413, "", "")
            caller = await self._guard.identified(request)
        except Exception:  # noqa: BLE001 - it is told there
            await self._app(scope, receive, send)
            return
        body = await received(receive)
        if body is None:
            return
        again = Again(body, receive)
        if not caller.may(route.right):
            await self._app(seen, again, send)
            return
        try:
            check_body(body)
            command = route.model.model_validate_json(body)
            answered = await route.desk.soon(request, route.name, command, {"plan": named})
        except (Rejected, ValidationError):
            answered = None
        except (Exception, CancelledError) as error:  # noqa: BLE001 - it is raised there
            # Whether it was recorded may be unknown: it must not be tried a second time.
            seen["foregone"] = error
            answered = None
        if answered is None:
            await self._app(seen, again, send)
            return
        await send(with_common_headers(seen, answered.status_code, answered.raw_headers))
        await send({"type": "http.response.body", "body": answered.body})
        self._record.tell(seen, "POST", route.path, answered.status_code, perf_counter() - began)


def routes_of(desk: CommandDesk) -> Mapping[str, CommandRoute]:
    resource = desk.resource
    return {
        name: CommandRoute(desk, name, model, resource.right_needed_for(name), resource.path_of(name))
        for name, model in resource.listable.items()
    }


def fits(length: str) -> bool:
    return length.isdecimal() and len(length) <= 12 and int(length) <= MOST_BYTES


async def received(receive: Receive) -> bytes | None:
    """Return the whole body; None if the caller has gone."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)


class Again:
    """Gives a body that was received once more, then whatever comes."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._first: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Any:
        if self._first:
            message, self._first = self._first, None
            return message
        return await self._receive()
