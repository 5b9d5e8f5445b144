"""Answers that are sent as one message and written at once.

ASGI sends the start of an answer and its body as two messages, and every layer handles both. Most answers are whole
when they are sent. Where the server offers the extension `WHOLE`, such an answer passes all layers as one message.
"""

from typing import Any, cast

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from adapters.http.conditional import Written
from adapters.http.joined_writes import JoinedWrites

WHOLE = "plantrail.response.whole"
"""The name of the extension, and the type of its message: `status`, `headers` and `body`."""
BEGINS = frozenset({"http.response.start", WHOLE})
"""The types of messages with which an answer begins."""


async def answer_with(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response, as one message if it is written already and the server takes it."""
    if isinstance(response, Written) and WHOLE in scope.get("extensions", ()):
        await send(
            {"type": WHOLE, "status": response.status_code, "headers": response.raw_headers, "body": response.body}
        )
        return
    await response(scope, receive, send)


class WholeAnswers:
    """The `send` of one request. It takes whole answers too; every other message is handled by the server."""

    def __init__(self, cycle: RequestResponseCycle, transport: JoinedWrites) -> None:
        self._cycle = cycle
        self._transport = transport

    async def __call__(self, message: Message) -> None:
        cycle = self._cycle
        if message["type"] != WHOLE:
            await RequestResponseCycle.send(cycle, cast(Any, message))
            return
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        if cycle.response_started:
            raise RuntimeError("An answer was sent already.")
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._transport.write_whole(self._encoded(message))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def _encoded(self, message: Message) -> bytes:
        """Return the answer as it is sent. Its headers are ours and encoded: they hold no line ends."""
        parts = [STATUS_LINE[message["status"]]]
        for name, value in (*self._cycle.default_headers, *message["headers"]):
            parts += name, b": ", value, b"\r\n"
        parts.append(b"\r\n" if self._cycle.keep_alive else b"connection: close\r\n\r\n")
        if self._cycle.scope["method"] != "HEAD":
            parts.append(message["body"])
        return b"".join(parts)
