"""Answers that are given again to the same request, as long as the conditions hold under which they were made.

Most views are requested many times before anything changes. When such a view is answered, the conditions on which the
answer depends are kept with it. The same request of the same caller then gets the same answer after a check of these
conditions: for a view of a plan, two versions; for a page of a table, the state of the table.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple, Protocol, Self
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


class Conditions(Protocol):
    """What an answer depends on beside the request."""

    @property
    def tag(self) -> str:
        """The ETag of the answer."""

    @property
    def answer(self) -> "ReferenceType[Answer]":
        """A weak reference to the answer: it is gone once the cache of views has dropped it."""

    async def hold(self) -> bool:
        """Return whether all conditions still hold. Raises `StoreUnavailable`."""

    def note_read(self, request: Request) -> None:
        """Record in the access log what the caller reads with this answer. Raises `AccessLogFull`."""


class RestsOn(NamedTuple):
    """The state when an answer was begun, noted before anything was read for it. The conditions of the answer are never
    later than this, however long it takes to make: midnight may pass, or the log may be replaced meanwhile."""

    since: datetime
    log: UUID | None


@dataclass(frozen=True)
class PlanConditions:
    """The conditions of a view that depends only on the plan, the current day in its time zone, and the program by
    which it is judged."""

    heads: Heads
    now: Callable[[], datetime]
    note: NoteRead
    field: str
    """The field of the log that names it: the program has such views too."""
    id_text: str
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

    @classmethod
    def with_answer(
        cls,
        heads: Heads,
        now: Callable[[], datetime],
        note: NoteRead,
        known: LoadedAggregate[Any],
        cut: str,
        tag: str,
        answer: Answer,
        scope: Scope,
    ) -> Self:
        since, log = scope["rests_on"]
        zone = time_zone(known.type.card(known.state).timezone)
        until = datetime.combine(since.astimezone(zone).date() + timedelta(days=1), time(), zone)
        which = f"{known.type.noun}_id", str(known.id), known.id, known.version, scope.get("judged_by"), log
        return cls(heads, now, note, *which, since, until, cut, tag, ref(answer))

    async def hold(self) -> bool:
        if not self.since <= self.now() < self.until:
            return False
        if self.program is None:
            same = await self.heads.ask(self.plan_id) == self.version
        else:
            same = await self.heads.ask_together(self.plan_id, PROGRAM_ID) == (self.version, self.program)
        return same and self.log == self.heads.seen_log

    def note_read(self, request: Request) -> None:
        self.note(request, self.plan_id, self.cut)
        request.scope["log_fields"][self.field] = self.id_text


@dataclass(frozen=True)
class TableConditions:
    """The conditions of a page of a table."""

    ask: Callable[[], Awaitable[Hashable]]
    state: Hashable
    tag: str
    answer: "ReferenceType[Answer]"

    @classmethod
    def with_answer(cls, ask: Callable[[], Awaitable[Hashable]], state: Hashable, tag: str, answer: Answer) -> Self:
        return cls(ask, state, tag, ref(answer))

    async def hold(self) -> bool:
        return await self.ask() == self.state

    def note_read(self, _request: Request) -> None:
        """Do nothing: reads of lists are not recorded."""


Headers = Sequence[tuple[bytes, bytes]]


class Kept(NamedTuple):
    """An answer, and the caller to whom it was given."""

    asked: Asked
    caller: Caller
    grounds: Conditions
    headers: Headers
    of_unchanged: Headers
    """The headers for a caller who has the answer already."""


class ReusableAnswers:
    """Keeps the most recent answers with their conditions, and gives them again while these hold."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Asked, Kept] = OrderedDict()

    def given(self, request: Request) -> Kept | None:
        """Return the answer that was given to this request before. Its conditions may no longer hold."""
        caller: Caller = request.scope["caller"]
        kept = self._kept.get((caller.actor, request.scope["path"], request.scope["query_string"]))
        return kept if kept and (kept.caller is caller or kept.caller == caller) else None

    async def still(self, request: Request, kept: Kept) -> Response | None:
        """Return the answer if its conditions still hold. Raises `StoreUnavailable`, `AccessLogFull`."""
        grounds = kept.grounds
        answer = grounds.answer()
        if answer is None or not await grounds.hold():
            return None
        grounds.note_read(request)
        self._kept[kept.asked] = kept
        self._kept.move_to_end(kept.asked)
        if is_known(request, grounds.tag):
            return Written(b"", kept.of_unchanged, 304)
        return Written(answer.content, kept.headers)

    def keep(self, request: Request, response: Response) -> None:
        """Keep an answer that was just given, if its conditions are known."""
        grounds: Conditions | None = request.scope.get("grounds")
        if grounds is None or response.status_code != 200:
            return
        caller, headers = caller_of(request), response.raw_headers
        key = caller.actor, request.scope["path"], request.scope["query_string"]
        self._kept.pop(key, None)
        of_unchanged = [header for header in headers if header[0] in OF_UNCHANGED]
        self._kept[key] = Kept(key, caller, grounds, headers, of_unchanged)
        if len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)
