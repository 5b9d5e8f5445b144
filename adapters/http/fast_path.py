"""The fast path: it answers the most frequent requests before the framework sees them, and commands without a thread.

It handles views with valid parameters, and single commands on a plan or program that is open, by a caller who has the
right, if the cached state is enough to decide them. It hands every other request on to the application behind it, which
then answers it from the beginning; only the request is not counted a second time. The application says what is wrong
with a request, refuses commands, and handles lost races and repeated requests. Where both paths do the same, they call
the same functions.
"""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from inspect import iscoroutinefunction, signature
from typing import Any, NamedTuple, get_args, get_type_hints
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.commands import CommandEndpoints
from adapters.http.guard import NEEDS, Guard, Needed
from adapters.http.permission import PermissionEnded
from adapters.http.problems import Rejected
from adapters.http.request_headers import headers_of
from adapters.http.requests import MOST_BYTES, check_body, check_media_type
from adapters.http.reusable_answers import ReusableAnswers
from adapters.http.whole_answers import answer_with
from application.aggregates.access import Right
from domain.language import Command

NAMED = "{plan}"
TAKES_JSON = frozenset({"*/*", "application/json"})
"""Of `Accept`, what asks for no other form."""

Pattern = tuple[str, ...]
"""The parts of a path; `NAMED` stands for the name of a plan."""


class CommandRoute(NamedTuple):
    """The route of one command."""

    desk: CommandEndpoints
    name: str
    model: type[Command]
    right: Right
    path: str


class ViewRoute(NamedTuple):
    """The route of one view."""

    endpoint: Callable[..., Awaitable[Response]]
    asked: type[BaseModel] | None
    """The parameters of its query."""
    right: Right
    name: str
    path: str


class FastPath:
    """ASGI middleware that answers views and carries out commands itself where nothing stands in the way."""

    def __init__(
        self, behind: ASGIApp, app: FastAPI, desks: Iterable[CommandEndpoints], guard: Guard, again: ReusableAnswers
    ) -> None:
        self._app = behind
        told = {kind: handler for kind, handler in app.exception_handlers.items() if kind not in (500, Exception)}
        self._told = ExceptionMiddleware(failed, told)
        self._guard = guard
        self._again = again
        self._commands = {pattern(each.path): each for desk in desks for each in command_routes(desk)}
        self._views = {pattern(each.path): each for each in view_routes(app.routes)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        here = scope["type"] == "http" and not scope.get("root_path")
        parts: list[str] = scope["path"].split("/") if here else []
        if len(parts) < 3:
            await self._app(scope, receive, send)
            return
        named = parts[3] if parts[2] == "plans" and len(parts) > 3 else None
        key = (*parts[1:3], NAMED, *parts[4:]) if named else tuple(parts[1:])
        if scope["method"] == "POST" and not scope["query_string"] and (command := self._commands.get(key)):
            await self._carried_out(command, named, scope, receive, send)
        elif (
            scope["method"] == "GET"
            and not scope["head_only"]
            and (view := self._views.get(key))
            and headers_of(scope).get("accept", "*/*") in TAKES_JSON
        ):
            await self._shown(view, named, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _shown(self, view: ViewRoute, named: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        scope["path_params"], scope["route"] = {"plan": named} if named else {}, view
        try:
            permission = await self._guard.check_request(request, view.right)
            kept = self._again.given(request)
            arguments = [] if kept else self._arguments(view, named, scope)
        except Exception:  # noqa: BLE001 - it is told there
            await self._app(scope, receive, send)
            return
        try:
            response = await self._again.still(request, kept) if kept else None
            if response is None:
                response = await view.endpoint(request, *(arguments or self._arguments(view, named, scope)))
                self._again.keep(request, response)
        except Exception as error:  # noqa: BLE001 - it is told as any other
            scope["failed"] = error
            await self._told(scope, receive, send)
            return
        try:
            await answer_with(response, scope, receive, permission.before_every_part(send))
        except Exception as error:
            if "status" in scope:  # the answer has begun
                raise
            scope["failed"] = error.problem or error if isinstance(error, PermissionEnded) else error
            await self._told(scope, receive, send)

    def _arguments(self, view: ViewRoute, named: str | None, scope: Scope) -> list[Any]:
        """Return the parameters of a view. Raises `ValidationError`, and `Unfit` if the view takes no such
        parameters.
        """
        if scope["query_string"] and not view.asked:
            raise Unfit
        asked = [view.asked.model_validate(parameters(scope["query_string"]))] if view.asked else []
        return [named, *asked] if named else asked

    async def _carried_out(
        self, route: CommandRoute, named: str | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        request = Request(scope, receive)
        try:
            check_media_type(request)
            if not fits(headers_of(scope).get("content-length", "")):
                raise Unfit
            caller = await self._guard.identified(request)
        except Exception:  # noqa: BLE001 - it is told there
            await self._app(scope, receive, send)
            return
        body = await received(receive)
        if body is None:
            return
        response = None
        if caller.may(route.right):
            try:
                check_body(body)
                command = route.model.model_validate_json(body)
                response = await route.desk.carry_out_async(
                    request, route.name, command, {"plan": named} if named else {}
                )
            except (Rejected, ValidationError):
                pass
            except (Exception, CancelledError) as error:  # noqa: BLE001 - it is raised there
                # Whether it was recorded may be unknown: it must not be tried a second time.
                scope["foregone"] = error
        if response is None:
            await self._app(scope, Again(body, receive), send)
            return
        scope["route"] = route
        await answer_with(response, scope, receive, send)


async def failed(scope: Scope, _receive: Receive, _send: Send) -> None:
    """Raise the error that a view ended with."""
    raise scope["failed"]


class Unfit(Exception):
    """The request cannot take the fast path: for example, its body is too large or of unknown size."""


def pattern(path: str) -> Pattern:
    return tuple(path.split("/")[1:])


def command_routes(desk: CommandEndpoints) -> Iterator[CommandRoute]:
    resource = desk.resource
    for name, model in resource.of.commands.items():
        if name in resource.composed or model is resource.opening:
            continue
        yield CommandRoute(desk, name, model, resource.right_needed_for(name), resource.path_of(name))


def view_routes(routes: Iterable[BaseRoute]) -> Iterator[ViewRoute]:
    """Yield the routes that take only the name of a plan and a query, and that need nothing else of the framework."""
    for route in routes:
        if not isinstance(route, APIRoute) or route.methods != {"GET"} or not iscoroutinefunction(route.endpoint):
            continue
        right: Needed = (route.openapi_extra or {}).get(NEEDS, "anybody")
        hints = get_type_hints(route.endpoint, include_extras=True)
        taken = {name: hints.get(name) for name in signature(route.endpoint).parameters}
        if right == "anybody" or hints.get("return") is not Response or taken.pop("request", None) is not Request:
            continue
        named = ["plan"] if taken.pop("plan", None) else []
        models = [model for each in taken.values() if (model := query_model(each))]
        if list(route.param_convertors) == named and len(models) == len(taken) <= 1:
            yield ViewRoute(route.endpoint, models[0] if models else None, right, route.name, route.path)


def query_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model of all parameters of a query, if the annotation is one."""
    if not (get_args(annotation) and any(isinstance(each, Query) for each in get_args(annotation)[1:])):
        return None
    model = get_args(annotation)[0]
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def parameters(query: bytes) -> Mapping[str, str]:
    """Return the parameters of a query. Raises `Unfit` for those that are given twice or are empty."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = dict(pairs)
    if len(found) < len(pairs) or "" in found.values():
        raise Unfit
    return found


def fits(length: str) -> bool:
    return length.isdecimal() and len(length) <= 12 and int(length) <= MOST_BYTES


async def received(receive: Receive) -> bytes | None:
    """Return the whole body, or None if the caller has disconnected."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


class Again:
    """Replays a body that was received already, and then passes on what the server sends."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._first: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Any:
        if self._first:
            message, self._first = self._first, None
            return message
        return await self._receive()
