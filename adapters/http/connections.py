"""Limits on connections before the caller is known: their number, and the size and duration of requests.

A request that exceeds a limit is answered with a problem where HTTP allows it, and the connection is closed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.http.joined_writes import JoinedWrites
from adapters.http.middleware import SECURITY
from adapters.http.problems import PROBLEM_JSON, RETRY_AFTER, problem_document
from adapters.http.whole_answers import WHOLE, WholeAnswers
from adapters.observability.metrics import Metrics

SECONDS_TO_READ_A_REFUSAL = 2.0
"""Seconds before a refused connection is closed. If it were closed while the caller still sends, the refusal would not
be read."""
SPARE_FOR_REFUSALS = 100
"""Connections beyond the maximum that are still told why they are refused; further ones are closed at once."""
MOST_WAITING_FOR_ANSWERS = 16
"""Pipelined requests of one connection. Beyond this number nothing is read until answers were sent."""

EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}
"""The extensions of ASGI that this server offers."""

logger = structlog.get_logger("plantrail.http")


@dataclass(frozen=True)
class Limits:
    """The limits on one connection."""

    head_bytes: int = 64 * 1024
    """The size in bytes of request line and headers."""
    head_seconds: float = 10.0
    body_seconds: float = 60.0
    """Seconds for a whole body to arrive."""
    idle_seconds: int = 75
    """Seconds between two requests of a connection, and seconds for which a caller may stop reading an answer."""
    of_one_address: int = 500
    """Connections from one address at once; for IPv6, from one /64 network."""
    in_all: int = 2_000


class Refusal(NamedTuple):
    """The reason for refusing a connection."""

    status: HTTPStatus
    type: str
    detail: str


MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "malformed-http", "What came is not a request of HTTP/1.1.")
TOO_LONG_A_HEAD = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "head-too-large",
    "Request line and headers may have 64 KiB together: send fewer or shorter ones.",
)
TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "request-timeout", "The request did not arrive in time: send it again.")
TOO_MANY_OF_ONE_ADDRESS = Refusal(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too-many-connections",
    "Your address has as many connections open as one may have: close one, or send several requests over each.",
)
TOO_MANY = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, "too-many-connections", "All connections there can be are taken: try again."
)


class Connections:
    """The open connections of a service, counted by address."""

    def __init__(self, limits: Limits, metrics: Metrics, make_id: Callable[[], str]) -> None:
        self.limits = limits
        self._metrics = metrics
        self._make_id = make_id
        self._of = Counter[str]()
        self._all = 0
        metrics.connections.set_function(lambda: self._all)

    def enter(self, address: str) -> Refusal | None:
        """Count a connection. Returns the reason if it is refused, else None. Every connection that enters must
        `leave`, a refused one too."""
        self._of[address] += 1
        self._all += 1
        if self._of[address] > self.limits.of_one_address:
            return TOO_MANY_OF_ONE_ADDRESS
        return TOO_MANY if self._all > self.limits.in_all else None

    def leave(self, address: str) -> None:
        self._all -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]

    @property
    def is_overloaded(self) -> bool:
        """Whether so many connections are open that a refused one is closed without an answer."""
        return self._all > self.limits.in_all + SPARE_FOR_REFUSALS

    def answer_to(self, refusal: Refusal) -> bytes:
        """Return the complete HTTP answer for a refusal, and log it like any other answer."""
        request_id = self._make_id()
        status = refusal.status
        document = problem_document("/", request_id, status, refusal.type, refusal.detail)
        logger.info("refused", status=int(status), error=refusal.type, request_id=request_id)
        self._metrics.requests.answered("OTHER", "unknown", int(status), None)
        headers = {
            "Content-Type": PROBLEM_JSON,
            "Content-Length": len(document),
            "X-Request-Id": request_id,
            "Connection": "close",
            **SECURITY,
            **(RETRY_AFTER if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) else {}),
            "Cache-Control": "no-store",
        }
        lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + document


class BoundedProtocol(HttpToolsProtocol):
    """The protocol of one connection. A subclass names the `Connections` that count it."""

    among: Connections

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_bytes: int | None = 0
        """The bytes of an unfinished head so far; None while a body arrives."""
        self._refused = False
        self._address = ""
        self._late: asyncio.TimerHandle | None = None
        """The timer of what is still to arrive."""
        self._stalled: asyncio.TimerHandle | None = None
        """The timer that runs while the caller does not read the answer."""
        self._idle_since: float | None = None
        """When the last answer was complete; None while a request is in progress."""
        self._idle: asyncio.TimerHandle | None = None
        """The timer of an idle connection. It goes on during requests, because setting it for each would cost more."""

    # Called by asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._writes = JoinedWrites(transport, self.loop)
        self.transport = cast(asyncio.Transport, self._writes)
        self._address = network_of(self.client[0]) if self.client else ""
        refusal = self.among.enter(self._address)
        if refusal is None:
            self._allow(self.among.limits.head_seconds)
        elif self.among.is_overloaded:
            self._refused = True
            transport.abort()
        else:
            self._refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        self.among.leave(self._address)
        self._has_arrived()
        if self._idle:
            self._idle.cancel()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        most = self.among.limits.head_bytes
        while data and not self._refused:
            if self._head_bytes is not None and self._head_bytes >= most:
                self._refuse(TOO_LONG_A_HEAD)
                return
            room = most - (self._head_bytes or 0)
            piece, data = data[:room], data[room:]
            if self._head_bytes is not None:
                self._head_bytes += len(piece)
            super().data_received(piece)
        if self._refused:
            return
        if self._head_bytes:
            self._allow(self.among.limits.head_seconds)
        elif self._head_bytes is None:
            self._allow(self.among.limits.body_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(self.among.limits.idle_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    # Called by the parser

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_WAITING_FOR_ANSWERS:
            raise ValueError("too many requests without waiting for answers")
        super().on_message_begin()
        self._head_bytes = self._head_bytes or 1

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        self._has_arrived()
        self.scope["extensions"] = EXTENSIONS
        super().on_headers_complete()
        # The server asks for it when the request is begun, which is after this.
        cast(Any, self.cycle).send = WholeAnswers(self.cycle, self._writes)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self._has_arrived()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request that came meanwhile, or let the connection be idle. It replaces the server's own,
        which sets a timer after each answer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._has_been_idle)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _has_been_idle(self) -> None:
        """Close the connection if it has been idle for long enough; otherwise look again when it may have been."""
        since = self._idle_since
        left = self.timeout_keep_alive if since is None else since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self._idle = None
            self.timeout_keep_alive_handler()
        else:
            self._idle = self.loop.call_later(left, self._has_been_idle)

    def send_400_response(self, _msg: str) -> None:
        self._refuse(MALFORMED)

    # Limits

    def _allow(self, seconds: float) -> None:
        """Give the rest of the request this many seconds, counted from the moment since which it is awaited."""
        self._late = self._late or self.loop.call_later(seconds, self._is_late)

    def _has_arrived(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _is_late(self) -> None:
        self._late = None
        if self._head_bytes == 0:
            self.transport.close()  # A connection without any request is closed without an answer.
        elif self._head_bytes and self._is_answering:
            self._allow(self.among.limits.head_seconds)
        else:
            self._refuse(TOO_SLOW)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse the connection. Nothing further is read from it."""
        self._refused = True
        self._has_arrived()
        self._unset_keepalive_if_required()
        if self._is_answering and not self.cycle.more_body:
            # An earlier request on the connection is still answered before it is closed.
            self.cycle.keep_alive = False
            return
        if self._is_answering and (self.cycle.response_started or self.pipeline):
            self.transport.abort()
            return
        if self._is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        self.transport.write(self.among.answer_to(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._late = self.loop.call_later(SECONDS_TO_READ_A_REFUSAL, self.transport.abort)


def network_of(address: str) -> str:
    """Return the address itself for IPv4, and the /64 network for IPv6, which usually belongs to one caller."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
