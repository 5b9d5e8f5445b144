"""Live pages: the browser learns that a plan has a new version, and requests the changes with the reader's current
rights.

One connection serves all tabs of a browser. It carries only ids and versions of plans that the reader may see; text is
requested separately.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from adapters.http.app import Rooms
from adapters.http.event_stream import HEARTBEAT, LONGEST_STREAM
from adapters.http.live import Live, TooManyWaiting
from adapters.http.subscribers import Subscribers
from adapters.rendering.words import spaced
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.pages import PlanPages
from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import NOW, CursorGone
from application.feed.ports import ALL
from application.views.history import since

MOST_AT_ONCE = 200
MOST_TOLD = 5
"""The number of changes that are described one by one; of more, only the number is shown."""


def routes(rooms: Rooms, subscribers: Subscribers, plans: PlanPages, guard: PageGuard) -> list[Route]:
    async def stream(request: Request) -> Response:
        caller = visitor_of(request).caller
        return StreamingResponse(
            told(request, subscribers.live(caller), caller),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            media_type="text/event-stream",
        )

    async def told(request: Request, live: Live, caller: Caller) -> AsyncIterator[bytes]:
        """Yield the latest version of each changed plan, until the session, the service or the hour ends, or it cannot
        be followed for the moment: the browser comes again in three seconds."""
        yield b"retry: 3000\n: \n\n"
        with suppress(CursorGone, StoreUnavailable, TooManyWaiting):
            async for line in versions(request, live, caller):
                yield line

    async def versions(request: Request, live: Live, caller: Caller) -> AsyncIterator[bytes]:
        """Raises `CursorGone`, `StoreUnavailable`, `TooManyWaiting`."""
        until = monotonic() + LONGEST_STREAM
        with live.subscribed(caller.actor):
            part = await live.part(NOW, ALL, MOST_AT_ONCE)
            while not live.over and monotonic() < until:
                moved = await live.moved(part.next, HEARTBEAT)
                visitor = await guard.visitor(request)
                if visitor is None or visitor.caller != caller:
                    return
                if not moved:
                    yield b": \n\n"
                    continue
                part = await live.part(part.next, ALL, MOST_AT_ONCE)
                latest = {UUID(str(row.originator_id)): row.originator_version for row in part.rows}
                for id, version in await seen(caller, latest):
                    yield b"event: version\ndata: %b\n\n" % to_json({"plan": str(id), "version": version})

    async def seen(caller: Caller, versions: dict[UUID, int]) -> Sequence[tuple[UUID, int]]:
        """Return those plans that the caller may see."""
        found = []
        for id, version in versions.items():
            known = await rooms.plans.standing(id)
            if known.records and known.type is rooms.plans.resource.of and caller.sees(known, rooms.plans.now()):
                found.append((id, version))
        return found

    async def changes(request: Request) -> Response:
        """Return who changed what after a version, in words."""
        asked = await plans.asked(request)
        after = request.query_params.get("after", "")
        version = int(after) if after.isdecimal() and len(after) < 10 else asked.known.version

        def lines() -> list[str]:
            say, entries = asked.say, list(since(asked.known, asked.known.records[version:]))
            told = [
                say("{actor}: {what}", actor=entry.actor, what=say(spaced(entry.type))) for entry in entries[:MOST_TOLD]
            ]
            rest = len(entries) - len(told)
            return [*told, say.counted("and {number} more", "and {number} more", rest)] if rest else told

        content = {"version": asked.known.version, "lines": await run_in_threadpool(lines)}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    return [
        guard.page("/live", stream, "view", "live"),
        guard.page("/plans/{plan}/since", changes, "view", "plan-since"),
    ]
