"""One attempt: an event is posted, and what comes back is judged by its status alone."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Literal

import h11

from adapters.outbound.webhooks.addresses import TargetRefused, Targets
from adapters.outbound.webhooks.connections import (
    Broken,
    Connection,
    ConnectionPool,
    Headers,
    Origin,
    ParsedUrl,
    parse_url,
)
from adapters.outbound.webhooks.signatures import signed

ATTEMPT_TIMEOUT_SECONDS = 15.0
"""Seconds in which name, connection, TLS, request and status must be through."""
MOST_READ = 64 * 1024
"""Bytes of an answer that are taken off the line, so that the connection can be used again; more are not wanted."""
SECONDS_TO_READ = 1.0
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

Failure = Literal["timed-out", "address-refused", "tls-failed", "unreachable", "disconnected"]


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: a status, or why there is none."""

    milliseconds: int
    status: int | None = None
    error: Failure | None = None
    retry_after: str | None = None

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The endpoint says that it wants nothing any more."""
        return self.status == 410

    @property
    def held(self) -> str | None:
        """What it says of when to come back, if it may."""
        return self.retry_after if self.status in (429, 503) else None

    @property
    def kind(self) -> str:
        """One word for the operator's numbers."""
        return self.error or ("arrived" if self.arrived else "refused")

    @property
    def told(self) -> str:
        return f"it answered {self.status}" if self.status else REASONS[self.error or "disconnected"]


REASONS: dict[Failure, str] = {
    "timed-out": f"it did not answer within {ATTEMPT_TIMEOUT_SECONDS:.0f} seconds",
    "address-refused": "its name leads into a network that is not public",
    "tls-failed": "its certificate does not prove its name",
    "unreachable": "no connection came about",
    "disconnected": "the connection broke before there was an answer",
}


class WebhookSender:
    """Posts events, belonging to the event loop it is used in."""

    def __init__(
        self,
        targets: Targets,
        now: Callable[[], datetime],
        trust: ssl.SSLContext,
        patience: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self._now = now
        self._patience = patience
        self.longest = patience + SECONDS_TO_READ + 1
        """Seconds an attempt takes at most."""
        self._lines = ConnectionPool(targets, trust)

    async def send(self, url: str, secrets: Sequence[bytes], id: str, body: bytes) -> Outcome:
        signatures = signed(secrets, id, self._now(), body).items()
        headers = [("Content-Type", CONTENT_TYPE), ("User-Agent", "plantrail"), *signatures]
        began = perf_counter()
        status: int | None = None
        retry_after: str | None = None
        error: Failure | None = None
        try:
            async with asyncio.timeout(self._patience):
                line, response = await self._posted(parse_url(url), headers, body)
            status, retry_after = response.status_code, _header(response, b"retry-after")
        except TimeoutError:
            error = "timed-out"
        except TargetRefused:
            error = "address-refused"
        except ssl.SSLError:
            error = "tls-failed"
        except Broken:
            error = "disconnected"
        except OSError:
            error = "unreachable"
        outcome = Outcome(round((perf_counter() - began) * 1000), status, error, retry_after)
        if status is not None:
            await self._done_with(line, parse_url(url).origin)
        return outcome

    async def _posted(self, place: ParsedUrl, headers: Headers, body: bytes) -> tuple[Connection, h11.Response]:
        """A connection that was kept may have ended without our knowing: then a new one is tried."""
        line = self._lines.kept(place.origin)
        if line:
            with suppress(Broken):
                return line, await self._answered(line, place, headers, body)
        line = await self._lines.open(place.origin)
        return line, await self._answered(line, place, headers, body)

    async def _answered(self, line: Connection, place: ParsedUrl, headers: Headers, body: bytes) -> h11.Response:
        try:
            return await line.post(place, headers, body)
        except BaseException:
            line.end()
            raise

    async def _done_with(self, line: Connection, origin: Origin) -> None:
        """What is not read by then goes down with the connection."""
        again = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS_TO_READ):
                    again = await line.skip(MOST_READ)
        finally:
            if again:
                self._lines.keep(origin, line)
            else:
                line.end()

    async def close(self) -> None:
        await self._lines.close()


def _header(response: h11.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for each, value in response.headers if each == name), None)
