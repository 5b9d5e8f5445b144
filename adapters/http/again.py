"""Answers that are asked for again: found by the request itself, if what they depend on is as it was.

Most views are asked for many times before anything happens. What such an answer depends on is written down when it is
given: the versions of the plan and of the program, the log, who asked, and the day it is where the plan lives. The
same request is then answered by asking for two versions, and no plan is looked at.
"""

from asyncio import gather
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from weakref import ReferenceType, ref

from fastapi import Request, Response
from starlette.types import Scope

from adapters.http.conditional import Answer, Written, is_known
from adapters.http.requests import NoteRead, caller_of
from application.aggregates.access import Caller
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.ports import Heads
from domain.program.charter import PROGRAM_ID
from domain.time_zones import time_zone

MOST_ANSWERS = 5_000
OF_UNCHANGED = frozenset({b"etag", b"vary", b"cache-control"})
"""The headers of an answer that are sent as well where the caller has it already."""

Asked = tuple[str, str, bytes]
"""Who asked, the path and the query."""


class Grounds(NamedTuple):
    """What an answer depends on."""

    plan_id: UUID
    version: int
    program: int | None
    """The version of the program, if the plan was judged by it."""
    log: UUID | None
    since: datetime
    until: datetime
    """When the next day begins where the plan lives."""
    cut: str
    """Up to where it was read, as it is put on record."""
    tag: str
    answer: "ReferenceType[Answer]"
    """What was answered, for as long as that is kept: what is dropped there is gone here too."""


class Kept(NamedTuple):
    """An answer that was given, and to whom."""

    caller: Caller
    grounds: Grounds
    headers: Sequence[tuple[bytes, bytes]]


def grounds(
    known: LoadedAggregate[Any], log: UUID | None, now: datetime, cut: str, tag: str, answer: Answer, scope: Scope
) -> Grounds:
    """Return what an answer depends on that depends on nothing but a plan, the day, and the program by which that was
    `judged_by`, if it was."""
    zone = time_zone(known.type.card(known.state).timezone)
    until = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    return Grounds(known.id, known.version, scope.get("judged_by"), log, now, until, cut, tag, ref(answer))


class AnswersAgain:
    """Keeps on what answers depend that were given, those given most recently, and gives them again."""

    def __init__(self, heads: Heads, now: Callable[[], datetime], note_read: NoteRead) -> None:
        self._heads = heads
        self._now = now
        self._note_read = note_read
        self._kept: OrderedDict[Asked, Kept] = OrderedDict()

    def given(self, request: Request) -> Kept | None:
        """Return the answer that this request was given before, which may hold no longer."""
        kept = self._kept.get(asked(request))
        return kept if kept and kept.caller == caller_of(request) else None

    async def still(self, request: Request, kept: Kept) -> Response | None:
        """Return the answer if it holds still. Raises `StoreUnavailable`, `AccessLogFull`."""
        _, found, headers = kept
        if found.program is None:
            versions: Sequence[int | None] = (await self._heads.ask(found.plan_id), None)
        else:
            versions = await gather(self._heads.ask(found.plan_id), self._heads.ask(PROGRAM_ID))
        answer = found.answer()
        if (
            answer is None
            or (found.version, found.program) != tuple(versions)
            or found.log != self._heads.seen_log
            or not found.since <= self._now() < found.until
        ):
            return None
        self._kept.move_to_end(asked(request))
        self._note_read(request, found.plan_id, found.cut)
        request.scope["spoken_of"] |= {"plan_id": str(found.plan_id)}
        if is_known(request, found.tag):
            return Written(b"", [header for header in headers if header[0] in OF_UNCHANGED], 304)
        return Written(answer.content, [header for header in headers if header[0] != b"content-length"])

    def keep(self, request: Request, response: Response) -> None:
        """Keep an answer that was just given, if it says on what it depends."""
        found: Grounds | None = request.scope.get("grounds")
        if found is None or response.status_code != 200:
            return
        key = asked(request)
        self._kept[key] = Kept(caller_of(request), found, response.raw_headers)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)


def asked(request: Request) -> Asked:
    scope = request.scope
    return caller_of(request).actor, scope["path"], scope["query_string"]
