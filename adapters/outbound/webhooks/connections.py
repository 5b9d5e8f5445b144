"""Connections to endpoints: only to allowed addresses, kept for a few seconds for reuse, one request at a time.

There are no redirects, proxies, cookies or compression.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import h11
from pydantic import AnyHttpUrl

from adapters.outbound.webhooks.addresses import HTTPS, Targets

LONGEST_IDLE = 5.0
"""Seconds for which a connection is kept for the next event."""
CHUNK = 16 * 1024

Headers = Sequence[tuple[str, str]]


class Broken(Exception):
    """The connection broke, or the answer is not HTTP."""


class Origin(NamedTuple):
    """The scheme, host and port of a connection."""

    tls: bool
    host: str
    port: int


class ParsedUrl(NamedTuple):
    """A URL as its origin and the target of the request."""

    origin: Origin
    host_header: str
    target: str


@lru_cache(maxsize=1_000)
def parse_url(url: str) -> ParsedUrl:
    """Parse a URL, with the same parser that checked it."""
    parsed = AnyHttpUrl(url)
    tls, host, port = parsed.scheme == "https", parsed.host or "", parsed.port or HTTPS
    usual = port == (HTTPS if tls else 80)
    query = f"?{parsed.query}" if parsed.query is not None else ""
    origin = Origin(tls, host.strip("[]"), port)
    return ParsedUrl(origin, host if usual else f"{host}:{port}", f"{parsed.path or '/'}{query}")


class Connection:
    """A connection to an endpoint."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = h11.Connection(h11.CLIENT)
        self.idle: asyncio.TimerHandle | None = None
        """The timer that closes an unused connection; None while it is in use."""

    async def post(self, place: ParsedUrl, headers: Headers, body: bytes) -> h11.Response:
        """Post a body and return the head of the answer. Raises `Broken`."""
        told = [("Host", place.host_header), ("Content-Length", str(len(body))), *headers]
        request = h11.Request(method="POST", target=place.target, headers=told)
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        try:
            self._writer.write(b"".join(self._protocol.send(event) or b"" for event in events))
            # An endpoint may answer and close before it has read everything. Its answer is still read.
            with suppress(ConnectionError):
                await self._writer.drain()
            while not isinstance(event := await self._next(), h11.Response):
                pass
            return event
        except (OSError, h11.RemoteProtocolError) as error:
            raise Broken(Broken.__doc__) from error

    async def skip(self, most: int) -> bool:
        """Read the rest of the answer, up to `most` bytes. Returns whether the connection can be reused."""
        try:
            while most >= 0 and not isinstance(event := await self._next(), h11.EndOfMessage):
                most -= len(event.data) if isinstance(event, h11.Data) else 0
            self._protocol.start_next_cycle()
        except (OSError, h11.ProtocolError):
            return False
        return True

    async def _next(self) -> h11.Event:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(CHUNK))
        if isinstance(event, h11.Event):
            return event
        raise h11.RemoteProtocolError("the other side does not speak HTTP any more")

    @property
    def is_fresh(self) -> bool:
        """Return whether the other side has not closed the connection, as far as is known."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    def end(self) -> None:
        self._writer.transport.abort()


class ConnectionPool:
    """The connections of an event loop."""

    def __init__(self, targets: Targets, trust: ssl.SSLContext) -> None:
        self._targets = targets
        self._trust = trust
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)

    def kept(self, origin: Origin) -> Connection | None:
        """Return a kept connection; None if there is none."""
        while self._idle[origin]:
            line = self._idle[origin].pop()
            if line.idle:
                line.idle.cancel()
            if line.is_fresh:
                return line
            line.end()
        return None

    def keep(self, origin: Origin, line: Connection) -> None:
        self._idle[origin].append(line)
        line.idle = asyncio.get_running_loop().call_later(LONGEST_IDLE, self._end, origin, line)

    def _end(self, origin: Origin, line: Connection) -> None:
        self._idle[origin].remove(line)
        line.end()

    async def open(self, origin: Origin) -> Connection:
        """Open a connection.

        Raises `TargetRefused` and `OSError`; `ssl.SSLError`, which is one, if the certificate does not prove the name.
        """
        failure = OSError("no address")
        for address in await self._targets.addresses(origin.host, origin.port):
            tls, name = (self._trust, origin.host) if origin.tls else (None, None)
            try:
                return Connection(*await asyncio.open_connection(address, origin.port, ssl=tls, server_hostname=name))
            except OSError as error:
                failure = error
        raise failure

    async def close(self) -> None:
        for line in (line for lines in self._idle.values() for line in lines):
            if line.idle:
                line.idle.cancel()
            line.end()
        self._idle.clear()
        await asyncio.sleep(0)
