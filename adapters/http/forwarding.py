"""Forwards slow requests to another process of the same service.

All requests to one process share one interpreter: while it computes a view of ten thousand events, all others wait. The
other process serves the same application on a Unix socket, identifies callers by the same headers, and takes requests
in the order that `adapters.http.budgets` describes. If there is no other process, or it does not answer, this process
answers the request.
"""

import asyncio
from asyncio import IncompleteReadError, StreamReader
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Request, Response
from httptools import HttpParserError, HttpResponseParser
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.budgets import FEW_EVENTS

SECONDS_TO_CONNECT = 2.0
SECONDS_OF_SILENCE = 120.0
"""How long nothing may come before it is given up: many may have their turn first."""
MAX_FORWARDED_REQUESTS = 200
BYTES_AT_ONCE = 256 * 1024
CONNECTION_HEADERS = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server", b"x-request-id"}
"""Headers of an answer that are not passed on: this process sets its own."""
BODY_HEADERS = {b"content-length", b"expect", b"te", b"trailer", b"upgrade"}
"""Headers of a request that speak of its body or of another protocol, of which nothing is passed on."""

logger = structlog.get_logger("plantrail.http")


class SlowRequest(Exception):
    """The request is to be answered by another process."""


class Forwarder:
    """Sends slow requests to another process."""

    def __init__(self, path: str, is_there: Callable[[], bool]) -> None:
        """`path` is the path of a Unix socket. `is_there` says whether the other process listens on it."""
        self._is_there = is_there
        self._path = path
        self._room = asyncio.Semaphore(MAX_FORWARDED_REQUESTS)

    def takes(self, request: Request) -> bool:
        return request.method == "GET" and self._is_there() and not request.scope.get("answered_here")

    @asynccontextmanager
    async def answering(self, scope: Scope) -> AsyncIterator["Answering"]:
        """Forward a request, and yield the answer once its headers have come. Raises `NotAnswered`."""
        async with self._room:
            try:
                async with asyncio.timeout(SECONDS_TO_CONNECT):
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=BYTES_AT_ONCE)
            except (OSError, TimeoutError) as error:
                raise NotAnswered(type(error).__name__) from error
            try:
                writer.write(serialized_request(scope))
                answer = Answering(reader)
                await answer.begin()
                yield answer
            finally:
                writer.transport.abort()  # the rest of an answer that was abandoned is not read


class NotAnswered(Exception):
    """The other process cannot be reached, or ended the answer too early."""


class Answering:
    """An answer of the other process while it arrives."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._has_begun = self._is_whole = False
        self.headers: list[tuple[bytes, bytes]] = []

    @property
    def status(self) -> int:
        code: int = self._parser.get_status_code()
        return code

    async def begin(self) -> None:
        while not self._has_begun:
            await self._read()

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body in parts as they arrive. Raises `NotAnswered` if the answer ends too early."""
        while True:
            if self._parts:
                part, self._parts = b"".join(self._parts), []
                yield part
            if self._is_whole:
                return
            await self._read()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(SECONDS_OF_SILENCE):
                data = await self._reader.read(BYTES_AT_ONCE)
            if not data:
                raise IncompleteReadError(b"", None)
            self._parser.feed_data(data)
        except (OSError, EOFError, TimeoutError, HttpParserError) as error:
            raise NotAnswered(type(error).__name__) from error

    # Called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._has_begun = True

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        self._is_whole = True


def serialized_request(scope: Scope) -> bytes:
    """Return a request without a body as HTTP/1.1 bytes."""
    path, query = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0], scope["query_string"]
    dropped = CONNECTION_HEADERS | BODY_HEADERS
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    headers += [(b"x-request-id", scope["request_id"].encode()), (b"connection", b"close")]
    target = path + (b"?" + query if query else b"")
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target), *map(b": ".join, headers), b"", b""]
    return b"\r\n".join(lines)


class ForwardedAnswer(Response):
    """The answer of the other process. If that cannot be reached, this process answers."""

    def __init__(self, forwarder: Forwarder, here: ASGIApp) -> None:
        super().__init__()
        self._forwarder = forwarder
        self._here = here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            async with self._forwarder.answering(scope) as answer:
                headers = [each for each in answer.headers if each[0] not in CONNECTION_HEADERS]
                begun = True
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                async for part in answer.parts():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except NotAnswered as error:
            if begun:
                raise
            logger.warning("answered here", error=str(error), request_id=scope["request_id"])
            scope["answered_here"] = True
            await self._here(scope, receive, send)


def forwarder_of_app(request: Request) -> Forwarder | None:
    found: Forwarder | None = getattr(request.app.state, "forwarder", None)
    return found


def forward_if_slow(request: Request | None, events: int) -> None:
    """Raise `SlowRequest` if another process should make a view of this many events."""
    if request is not None and events > FEW_EVENTS:
        forward(request)


def forward(request: Request) -> None:
    """Raise `SlowRequest` if another process can answer the request."""
    forwarder = forwarder_of_app(request)
    if forwarder and forwarder.takes(request):
        raise SlowRequest


def forward_slow_requests(app: FastAPI, forwarder: Forwarder, here: ASGIApp) -> None:
    """Forward requests that raise `SlowRequest`. The application `here` answers them if the other process does not."""
    app.state.forwarder = forwarder

    @app.exception_handler(SlowRequest)
    async def forwarded(_request: Request, _error: SlowRequest) -> Response:
        return ForwardedAnswer(forwarder, here)
