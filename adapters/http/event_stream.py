"""How events are sent: a page as a JSON array, or a stream of server-sent events."""

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
    """Return the next page as soon as it has an event, or an empty one after `seconds`.

    Raises `CursorGone`, `TooManyWaiting`, `StoreUnavailable`, and what `Permission.check` raises when the permission
    ends.
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
    """A stream of server-sent events, sent no faster than the subscriber reads. At most a page of it is in memory."""

    media_type = STREAM

    @classmethod
    async def after(cls, after: Cursor, live: Live, permission: Permission, wanted: EventFilter) -> Self:
        """Return the stream of the events after a cursor. Raises `CursorGone`, `StoreUnavailable`."""
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
                # A stream whose permission ends is cut off. The subscriber reconnects and is told why.
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
            del part  # While the pieces are sent, which may be slow, only they are kept in memory.
            while pieces:
                yield pieces.popleft()
            if is_last and not await self._live.moved(position, HEARTBEAT):
                # The new position spares a subscriber who reconnects a second search of the same events.
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
    """Return a JSON array of the documents. It is joined at once, because copying a long page would take longer than
    that."""
    if not documents:
        return b"[]"
    first, *others = documents
    if not others:
        return b"[%b]" % first
    return b",".join((b"[" + first, *others[:-1], others[-1] + b"]"))


def texts(part: Part) -> Iterator[bytes]:
    """Yield events in the format of server-sent events, joined to pieces of about `MOST_SENT` bytes."""
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
