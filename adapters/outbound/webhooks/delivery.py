"""One delivery attempt: an event is posted, and the status of the answer alone decides the outcome."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import perf_counter

import h11

from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.connections import (
    Broken,
    Connection,
    ConnectionPool,
    Headers,
    Origin,
    ParsedUrl,
    parse_url,
)
from application.webhooks.attempts import ATTEMPT_TIMEOUT_SECONDS, Failure, Outcome
from application.webhooks.formats import CONTENT_TYPES, Format
from application.webhooks.ports import TargetRefused
from application.webhooks.signatures import signed

MOST_READ = 64 * 1024
"""The number of bytes of an answer that are read, so that the connection can be reused. The body of the answer is
ignored."""
SECONDS_TO_READ = 1.0


class WebhookSender:
    """Posts events. An instance belongs to one event loop."""

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
        """The longest duration of an attempt in seconds."""
        self._lines = ConnectionPool(targets, trust)

    async def send(
        self, url: str, secrets: Sequence[bytes], id: str, body: bytes, format: Format = "cloudevents"
    ) -> Outcome:
        signatures = signed(secrets, id, self._now(), body).items()
        headers = [("Content-Type", CONTENT_TYPES[format]), ("User-Agent", "plantrail"), *signatures]
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
        """Post on a kept connection if there is one. If it was closed meanwhile, a new one is used."""
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
        """Return the connection for reuse, or close it if the answer is too long."""
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
