"""The current versions of aggregates, read in one query for all requests that ask at the same time."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from adapters.postgres.arrays import UUID_OID, array
from adapters.postgres.datastore import Datastore
from adapters.postgres.loop_connection import LoopConnection, Statement
from application.aggregates.ports import StoreUnavailable

HEADS = Statement.of(
    "SELECT (SELECT id FROM plantrail.log), array_agg(coalesce(("
    "  SELECT originator_version FROM plantrail.stored_events e WHERE e.originator_id = asked.plan"
    "  ORDER BY originator_version DESC LIMIT 1), 0) ORDER BY asked.place)"
    " FROM unnest(%b::uuid[]) WITH ORDINALITY AS asked (plan, place)"
)
HEAD_QUERY_TIMEOUT_SECONDS = 5.0
NO_PLAN = UUID(int=0)


class PostgresHeads:
    """The current versions (`application.aggregates.ports.Heads`), with one connection in the event loop.

    A question that arrives while a query is running waits for the next query, so that no answer is older than its
    question.
    """

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._asked: list[tuple[asyncio.Future[Any], tuple[UUID, ...], bool]] = []
        """Who waits, for the versions of which aggregates, and whether for all of them as a tuple."""
        self._answering: asyncio.Task[None] | None = None
        self._connection: LoopConnection | None = None
        self._log: UUID | None = None
        self._seen: tuple[bytes, int | None] | None = None
        """The id of the log as it is on record, and the timeline of the server."""
        self._timeline: int | None = None
        self._told: list[Callable[[], object]] = []

    @property
    def seen_log(self) -> UUID | None:
        return self._log

    def when_another_log(self, tell: Callable[[], object]) -> None:
        self._told.append(tell)

    async def log(self) -> UUID:
        await self.version(NO_PLAN)
        assert self._log
        return self._log

    async def version(self, plan_id: UUID) -> int:
        return await self.ask(plan_id)

    def ask(self, plan_id: UUID) -> "asyncio.Future[int]":
        return self._ask((plan_id,), together=False)

    def ask_together(self, *ids: UUID) -> "asyncio.Future[tuple[int, ...]]":
        return self._ask(ids, together=True)

    def _ask(self, ids: tuple[UUID, ...], together: bool) -> "asyncio.Future[Any]":
        answer = asyncio.get_running_loop().create_future()
        self._asked.append((answer, ids, together))
        if self._answering is None or self._answering.done():
            self._answering = asyncio.create_task(self._answer())
        return answer

    async def _answer(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, []
            plans = list(dict.fromkeys(id for _, ids, _ in asked for id in ids))
            try:
                versions = dict(zip(plans, await self._versions(plans), strict=True))
            except (psycopg.Error, OSError):
                await self.close()
                versions = {}
            for answer, ids, together in asked:
                if answer.done():
                    continue
                if not versions:
                    answer.set_exception(StoreUnavailable(StoreUnavailable.__doc__))
                elif together:
                    answer.set_result(tuple(versions[id] for id in ids))
                else:
                    answer.set_result(versions[ids[0]])

    async def _versions(self, plans: list[UUID]) -> list[int]:
        try:
            return await self._queried(plans)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            # The connection may have died while it was idle, so a new one is tried once.
            await self.close()
            return await self._queried(plans)

    async def _queried(self, plans: list[UUID]) -> list[int]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._datastore.open_in_loop()
            self._timeline = self._datastore.timeline.seen
        asked = [array(UUID_OID, [plan.bytes for plan in plans])]
        found = await self._connection.run(HEADS, asked, HEAD_QUERY_TIMEOUT_SECONDS)
        log, versions = found.get_value(0, 0), found.get_value(0, 1)
        if log is None or versions is None:
            raise psycopg.DataError("There is no log.")
        if self._seen != (log, self._timeline):
            self._seen = log, self._timeline
            self._found(self._datastore.timeline.named(UUID(log.decode())))
        return [int(version) for version in versions[1:-1].split(b",")]

    def _found(self, log: UUID) -> None:
        before, self._log = self._log, log
        if before not in (None, log):
            for tell in self._told:
                tell()

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
