"""What takes long is answered elsewhere: by another process of the same service, to which the request is passed on.

All work of one process shares one interpreter: while a view of ten thousand events is made, everybody else waits. The
other process serves the same application on a socket of its own, knows callers by the same headers, and takes requests
in turn as `adapters.http.budgets` says. Without one, or while it is away, the request is answered here.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import structlog
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.budgets import FEW_EVENTS

SECONDS_TO_CONNECT = 2.0
SECONDS_OF_SILENCE = 120.0
"""How long nothing may come before it is given up: many may have their turn first."""
MOST_PASSED_ON = 200
OF_THIS_CONNECTION = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server", b"x-request-id"}
"""Headers of an answer that are not passed on: this process sets its own."""

logger = structlog.get_logger("plantrail.http")


class TakesLong(Exception):
    """The request is to be answered elsewhere."""


class Elsewhere:
    """Where requests that take long are passed on to."""

    def __init__(self, path: str, is_there: Callable[[], bool]) -> None:
        """`path` is that of a Unix socket."""
        self._is_there = is_there
        limits = httpx.Limits(max_connections=MOST_PASSED_ON, max_keepalive_connections=0)
        # On this machine: no certificates are read, and no proxy is asked for.
        transport = httpx.AsyncHTTPTransport(uds=path, limits=limits, verify=False, trust_env=False)
        timeout = httpx.Timeout(SECONDS_OF_SILENCE, connect=SECONDS_TO_CONNECT)
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False)

    def takes(self, request: Request) -> bool:
        return request.method == "GET" and self._is_there() and not request.scope.get("answered_here")

    @asynccontextmanager
    async def answering(self, scope: Scope) -> AsyncIterator[httpx.Response]:
        """Pass a request on, and yield the answer as it comes. Raises `httpx.HTTPError`."""
        query = scope["query_string"]
        target = scope.get("raw_path") or scope["path"].encode()
        url = httpx.URL("http://localhost", raw_path=target.partition(b"?")[0] + (b"?" + query if query else b""))
        headers = [(name, value) for name, value in scope["headers"] if name not in (b"connection", b"x-request-id")]
        headers.append((b"x-request-id", scope["request_id"].encode()))
        request = httpx.Request(scope["method"], url, headers=headers)
        answer = await self._client.send(request, stream=True)
        try:
            yield answer
        finally:
            await answer.aclose()

    async def close(self) -> None:
        await self._client.aclose()


class PassedOn(Response):
    """An answer that comes from elsewhere; while nobody is there, from here."""

    def __init__(self, elsewhere: Elsewhere, here: ASGIApp) -> None:
        super().__init__()
        self._elsewhere = elsewhere
        self._here = here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            async with self._elsewhere.answering(scope) as answer:
                headers = [each for each in answer.headers.raw if each[0].lower() not in OF_THIS_CONNECTION]
                begun = True
                await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
                async for part in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except httpx.HTTPError as error:
            if begun:
                raise
            logger.warning("answered here", error=type(error).__name__, request_id=scope["request_id"])
            scope["answered_here"] = True
            await self._here(scope, receive, send)


def of_the_app(request: Request) -> Elsewhere | None:
    found: Elsewhere | None = getattr(request.app.state, "elsewhere", None)
    return found


def pass_on_if_long(request: Request | None, events: int) -> None:
    """Raises `TakesLong` where a view of so many events is better made elsewhere."""
    if request is not None and events > FEW_EVENTS:
        pass_on(request)


def pass_on(request: Request) -> None:
    """Raises `TakesLong` if there is somebody elsewhere to answer."""
    elsewhere = of_the_app(request)
    if elsewhere and elsewhere.takes(request):
        raise TakesLong


def pass_on_what_takes_long(app: FastAPI, elsewhere: Elsewhere, here: ASGIApp) -> None:
    """Have what raises `TakesLong` answered elsewhere; `here` answers it if nobody is there."""
    app.state.elsewhere = elsewhere

    @app.exception_handler(TakesLong)
    async def passed_on(_request: Request, _error: TakesLong) -> Response:
        return PassedOn(elsewhere, here)
