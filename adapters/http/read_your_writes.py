"""Reading your own writes: an answer waits until its table includes the position of a command.

Requests that wait hold no thread and no connection: one task polls for all of them.
"""

import asyncio
from asyncio import Future, Task
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, Field

from application.aggregates.ports import ProjectionLag
from application.feed.cursors import MOST_POSITION

SECONDS_TO_WAIT = 2.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 0.05
"""Seconds between two looks; the pause grows while nobody's position is reached."""

Includes = Callable[[int], bool]
"""Returns whether a table includes a position. Raises `BeyondTheLog`, `StoreUnavailable`."""


class RecentEnough(BaseModel):
    """How recent a list across plans must be."""

    at_least: int | None = Field(
        None,
        ge=0,
        le=MOST_POSITION,
        description="The `position` of a command: wait up to 2 s until the list includes what follows from it.",
    )


class PositionWaiter:
    """Lets the requests of one event loop wait until a table includes a position of the log."""

    def __init__(self, includes: Includes) -> None:
        self._includes = includes
        self._waiting: dict[Future[None], int] = {}
        self._looking: Task[None] | None = None
        self._thread = CapacityLimiter(1)

    async def of(self, position: int | None, seconds: float = SECONDS_TO_WAIT) -> None:
        """Wait up to `seconds` until the table includes a position. Raises `ProjectionLag`, `BeyondTheLog`,
        `StoreUnavailable`."""
        if position is None or await to_thread.run_sync(self._includes, position):
            return
        included: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[included] = position
        self._looking = self._looking or asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await included
        except TimeoutError:
            raise ProjectionLag(ProjectionLag.__doc__) from None
        finally:
            del self._waiting[included]

    async def _look(self) -> None:
        pause = SHORTEST_PAUSE
        while self._waiting:
            await asyncio.sleep(pause)
            pause = SHORTEST_PAUSE if await self._looked() else min(2 * pause, LONGEST_PAUSE)
        self._looking = None

    async def _looked(self) -> bool:
        """Wake the requests whose position is included by now. Returns whether there were any."""
        found = False
        for position in sorted(set(self._waiting.values())):
            try:
                is_included = await to_thread.run_sync(self._includes, position, limiter=self._thread)
            except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
                self._tell(position, error)
                continue
            if not is_included:
                break
            self._tell(position)
            found = True
        return found

    def _tell(self, position: int, error: Exception | None = None) -> None:
        for included, wanted in self._waiting.items():
            if wanted == position and not included.done():
                included.set_exception(error) if error else included.set_result(None)
