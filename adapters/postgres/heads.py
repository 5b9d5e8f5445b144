"""The current versions of plans, read in one query for everybody who asks at the same time.

Every read of a plan asks for its version before cached state is used, so nothing stale is shown.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from adapters.postgres.datastore import SESSION
from application.aggregates.ports import StoreUnavailable

HEADS = (
    "SELECT asked.plan, coalesce(("
    "  SELECT originator_version FROM plantrail.stored_events e WHERE e.originator_id = asked.plan"
    "  ORDER BY originator_version DESC LIMIT 1), 0), log.id"
    " FROM unnest(%s::uuid[]) AS asked (plan), plantrail.log"
)
HEAD_QUERY_TIMEOUT_SECONDS = 5.0
NO_PLAN = UUID(int=0)


class PostgresHeads:
    """The current versions: see `application.aggregates.ports.Heads`. It has one connection in the event loop it is
    used in.

    A question that comes while a query is under way waits for the next one, so an answer is never older than its
    question.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._asked: dict[UUID, asyncio.Future[int]] = {}
        self._answering: asyncio.Task[None] | None = None
        self._connection: AsyncConnection[Any] | None = None
        self._log: UUID | None = None
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
        if plan_id not in self._asked:
            self._asked[plan_id] = asyncio.get_running_loop().create_future()
        answer = self._asked[plan_id]
        if self._answering is None or self._answering.done():
            self._answering = asyncio.create_task(self._answer())
        return asyncio.shield(answer)

    async def _answer(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                async with asyncio.timeout(HEAD_QUERY_TIMEOUT_SECONDS):
                    versions = await self._versions(list(asked))
            except (psycopg.Error, TimeoutError):
                await self.close()
                versions = {}
            for plan_id, answer in asked.items():
                if answer.cancelled():
                    continue
                if plan_id in versions:
                    answer.set_result(versions[plan_id])
                else:
                    answer.set_exception(StoreUnavailable(StoreUnavailable.__doc__))

    async def _versions(self, plans: list[UUID]) -> dict[UUID, int]:
        try:
            return await self._queried(plans)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            # The connection may have died while it was idle, so a new one is tried once.
            await self.close()
            return await self._queried(plans)

    async def _queried(self, plans: list[UUID]) -> dict[UUID, int]:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=3)
            await self._connection.execute(*SESSION)
        cursor = await self._connection.execute(HEADS, (plans,), prepare=True)
        found = await cursor.fetchall()
        self._found(found[0][2])
        return {plan_id: version for plan_id, version, _ in found}

    def _found(self, log: UUID) -> None:
        before, self._log = self._log, log
        if before not in (None, log):
            for tell in self._told:
                tell()

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()
