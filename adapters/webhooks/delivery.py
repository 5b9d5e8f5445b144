"""One attempt: an event is posted, and what comes back is judged by its status alone."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from time import perf_counter
from typing import Literal

import httpcore
import httpx

from adapters.webhooks.addresses import CheckedConnections, TargetRefused, Targets
from adapters.webhooks.signatures import signed

PATIENCE = 15.0
"""Seconds in which name, connection, TLS, request and status must be through."""
MOST_READ = 64 * 1024
"""Bytes of an answer that are taken off the line, so that the connection can be used again; more are not wanted."""
SECONDS_TO_READ = 1.0
LONGEST_IDLE = 5.0
"""Seconds a connection is kept for the next event."""
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
    "timed-out": f"it did not answer within {PATIENCE:.0f} seconds",
    "address-refused": "its name leads into a network that is not public",
    "tls-failed": "its certificate does not prove its name",
    "unreachable": "no connection came about",
    "disconnected": "the connection broke before there was an answer",
}


@cache
def public_authorities() -> ssl.SSLContext:
    """Those that browsers trust.  It takes a while the first time."""
    return httpx.create_ssl_context(trust_env=False)


class Courier:
    """Posts events, belonging to the event loop it is used in.  No redirects, no proxies, no cookies."""

    def __init__(
        self,
        targets: Targets,
        now: Callable[[], datetime],
        trust: ssl.SSLContext,
        patience: float = PATIENCE,
    ) -> None:
        self._now = now
        self._patience = patience
        self.longest = patience + SECONDS_TO_READ + 1
        """Seconds an attempt takes at most."""
        self._connections = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=None,
            keepalive_expiry=LONGEST_IDLE,
            network_backend=CheckedConnections(targets),
        )

    async def send(self, url: str, secrets: Sequence[bytes], id: str, body: bytes) -> Outcome:
        signatures = signed(secrets, id, self._now(), body).items()
        headers = [("Content-Type", CONTENT_TYPE), ("User-Agent", "plantrail"), *signatures]
        began = perf_counter()

        def after(status: int | None = None, error: Failure | None = None, retry_after: str | None = None) -> Outcome:
            return Outcome(round((perf_counter() - began) * 1000), status, error, retry_after)

        try:
            async with asyncio.timeout(self._patience) as deadline:
                async with self._connections.stream("POST", url, headers=headers, content=body) as response:
                    outcome = after(response.status, retry_after=_header(response, b"retry-after"))
                    deadline.reschedule(None)
                    await _drain(response)
                    return outcome
        except (TimeoutError, httpcore.TimeoutException):
            return after(error="timed-out")
        except TargetRefused:
            return after(error="address-refused")
        except httpcore.ConnectError as error:
            return after(error="tls-failed" if isinstance(error.__context__, ssl.SSLError) else "unreachable")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return after(error="disconnected")

    async def close(self) -> None:
        await self._connections.aclose()


async def _drain(response: httpcore.Response) -> None:
    """What is not read by then goes down with the connection."""
    left = MOST_READ
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(SECONDS_TO_READ), aclosing(_chunks(response)) as chunks:
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return


async def _chunks(response: httpcore.Response) -> AsyncGenerator[bytes, None]:
    async for chunk in response.aiter_stream():
        yield chunk


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for each, value in response.headers if each.lower() == name), None)
