"""How events are sent: a page as a JSON array, a stream as server-sent events."""

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Self

from anyio import create_task_group, sleep
from eventsourcing.persistence import Notification
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.events.cloud_events import type_of
from adapters.http.conditional import CACHING
from adapters.http.live import Live, Part
from adapters.http.permission import Permission, PermissionEnded
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import Cursor, CursorGone
from application.feed.ports import EventFilter

STREAM = "text/event-stream"
MOST_STREAMED = 32
"""The number of events that a stream loads into memory at a time."""
MOST_SENT = 64 * 1024
"""The number of bytes, or one event, that a stream hands to its socket at a time."""
HEARTBEAT = 15.0
LONGEST_STREAM = 3600.0
"""Seconds after which a stream ends and must be requested again, so that a subscriber who lost the right to it
notices."""
RETRY_MILLISECONDS = 3_000
RETRY_STORE = 1.0


async def pulled(
    live: Live, permission: Permission, after: Cursor, wanted: EventFilter, most: int, seconds: float
) -> Part:
    """Return the next page, as soon as it has an event or the time is over.

    Raises `CursorGone`, `TooManyWaiting`, `StoreUnavailable`, and what `Permission.check` raises where it ends.
    """
    deadline = monotonic() + seconds
    part = await live.part(after, wanted, most)
    if part.documents or not seconds:
        return part
    with live.subscribed(permission.caller.actor), permission.lasting() as scope:
        while not part.documents and monotonic() < deadline and not live.over:
            if part.is_last:
                await live.moved(part.next, deadline - monotonic())
            part = await live.part(part.next, wanted, most)
    if scope.cancelled_caught:
        await permission.check()
    return part


class EventStream(Response):
    """Server-sent events, sent no faster than they are read. At most a page is held in memory for a subscriber."""

    media_type = STREAM

    @classmethod
    async def after(cls, after: Cursor, live: Live, permission: Permission, wanted: EventFilter) -> Self:
        """Return the stream of events after a cursor. Raises `CursorGone`, `StoreUnavailable`."""
        return cls(live, permission, await live.part(after, wanted, MOST_STREAMED), wanted)

    def __init__(self, live: Live, permission: Permission, first: Part, wanted: EventFilter) -> None:
        super().__init__(headers=CACHING | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._permission = permission
        self._first = [first]
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.subscribed(self._permission.caller.actor):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if not scope["head_only"]:
                # Whoever has lost the right to it asks again, and is told.
                with self._permission.lasting():
                    await self._send_all(receive, send)
        await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, receive: Receive, send: Send) -> None:
        async with create_task_group() as group:

            async def end_when_gone() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(end_when_gone)
            with suppress(PermissionEnded):
                async for text in self._texts():
                    await send({"type": "http.response.body", "body": text, "more_body": True})
            group.cancel_scope.cancel()

    async def _texts(self) -> AsyncIterator[bytes]:
        part, until = self._first.pop(), monotonic() + LONGEST_STREAM
        yield b"retry: %d\n: \n\n" % RETRY_MILLISECONDS
        told = part.next
        while True:
            position, is_last, told = part.next, part.is_last, part.next if part.documents else told
            pieces = deque(texts(part))
            del part  # only its pieces are kept while they are sent, however slowly
            while pieces:
                yield pieces.popleft()
            if is_last and not await self._live.moved(position, HEARTBEAT):
                # With the new position, the subscriber does not have the same events searched again.
                yield b": \n\n" if told == position else b": \nid: %020d\n\n" % position
                told = position
            if self._live.over or monotonic() > until:
                return
            try:
                part = await self._live.part(position, self._wanted, MOST_STREAMED)
            except CursorGone:
                return
            except StoreUnavailable:
                await sleep(RETRY_STORE)
                part = Part([], [], position, position + 1)


def batch(documents: Sequence[bytes]) -> bytes:
    """Return a JSON array. It is joined at once, because copying a long page would take longer than making it."""
    if not documents:
        return b"[]"
    first, *others = documents
    if not others:
        return b"[%b]" % first
    return b",".join((b"[" + first, *others[:-1], others[-1] + b"]"))


def texts(part: Part) -> Iterator[bytes]:
    """Yield events in their server-sent form, in pieces."""
    waiting, size = [], 0
    for row, document in zip(part.rows, part.documents, strict=True):
        waiting.append(server_sent(row, document))
        size += len(waiting[-1])
        if size >= MOST_SENT:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def server_sent(row: Notification, document: bytes) -> bytes:
    return b"id: %020d\nevent: %b\ndata: %b\n\n" % (row.id, type_line(row.topic), document)


@cache
def type_line(topic: str) -> bytes:
    return type_of(topic).encode()
