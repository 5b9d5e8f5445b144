"""Budgets of slow work: how much of it runs at once, how many requests may wait for it, and how many of one caller.

There are four classes of work. Cheap work, such as the views of most plans, runs at once. Folding (views of plans with
many events, and reports across plans), rendering and gathering (what reads many plans, one after the other) run one
after the other: each caller has a queue, the queues take turns, and a request beyond the limits is refused with 429.
All work shares one Python interpreter, so running more of it at once would not finish it sooner and would delay
everybody else.
"""

import asyncio
import ctypes
from asyncio import Future
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

from anyio import to_thread
from fastapi import Request

from adapters.http.limits import TooManyRequests
from application.aggregates.access import Caller

Work = Literal["folding", "rendering", "gathering"]

FEW_EVENTS = 1_000
"""Up to this many events, a view is cheap: it takes some ten milliseconds."""

T = TypeVar("T")


class TooMuchAtOnce(TooManyRequests):
    """Too much slow work is waiting, yours or everybody's; wait as long as Retry-After says."""


@dataclass(frozen=True)
class Budget:
    """The limits of one class of work."""

    concurrent: int
    most: int
    """Requests that run or wait, of all callers together."""
    most_per_caller: int
    """Requests that run or wait, of one caller."""
    seconds: float
    """The usual duration of one piece of work. It determines `Retry-After`."""


BUDGETS: Mapping[Work, Budget] = {
    "folding": Budget(concurrent=1, most=64, most_per_caller=8, seconds=1.0),
    "rendering": Budget(concurrent=1, most=16, most_per_caller=4, seconds=3.0),
    "gathering": Budget(concurrent=2, most=64, most_per_caller=8, seconds=2.0),
}


class FairQueue:
    """The queues of callers for one class of work. An instance belongs to one event loop."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._of = Counter[str]()
        self._running = 0
        self._waiting: OrderedDict[str, deque[Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def counted(self, who: str) -> AsyncIterator[None]:
        """Count a request of this caller for the length of the context. Raises `TooMuchAtOnce` beyond the budget."""
        if self._of[who] >= self._budget.most_per_caller or self._of.total() >= self._budget.most:
            raise TooMuchAtOnce(self._budget.seconds * max(1, self._of[who]))
        self._of[who] += 1
        try:
            yield
        finally:
            self._of -= Counter({who: 1})

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait until it is the caller's turn, and hold the turn for the length of the context."""
        if self._running < self._budget.concurrent:
            self._running += 1
        else:
            await self._wait_for_turn(who)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait_for_turn(self, who: str) -> None:
        """Wait in the caller's queue. A caller who is cancelled leaves the queue, or passes the turn on if it came just
        then."""
        called: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(called)
        try:
            await called
        except BaseException:
            if called.done() and not called.cancelled():
                self._pass_on()
            else:
                self._leave(who, called)
            raise

    def _pass_on(self) -> None:
        """Give the turn to the first request of the queue that has waited longest; that queue then goes to the end."""
        if not self._waiting:
            self._running -= 1
            return
        who, line = self._waiting.popitem(last=False)
        called = line.popleft()
        if line:
            self._waiting[who] = line
        called.set_result(None)

    def _leave(self, who: str, called: Future[None]) -> None:
        line = self._waiting[who]
        line.remove(called)
        if not line:
            del self._waiting[who]


def releasing_memory(work: Callable[[], T]) -> T:
    """Run `work`, then return freed memory to the operating system, which the C library would otherwise keep."""
    try:
        return work()
    finally:
        if TRIM:
            TRIM(0)


TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""`malloc_trim` of the GNU C library; None with other C libraries."""


class Budgets:
    """The queues of each class of work."""

    def __init__(self, budgets: Mapping[Work, Budget] = BUDGETS) -> None:
        self._lines = {work: FairQueue(budget) for work, budget in budgets.items()}

    async def do(self, work: Work, who: str, what: Callable[[], T]) -> T:
        """Run `what` in a thread when it is the turn of the caller `who`. Raises `TooMuchAtOnce`."""
        lines = self._lines[work]
        async with lines.counted(who), lines.turn(who):
            return await to_thread.run_sync(releasing_memory, what)

    async def parts(self, work: Work, who: str, parts: Iterator[T]) -> AsyncIterator[T]:
        """Yield the parts of a long answer. Each part is made in a thread when it is the caller's turn. Raises
        `TooMuchAtOnce`."""
        lines = self._lines[work]
        async with lines.counted(who):
            while True:
                async with lines.turn(who):
                    made = await to_thread.run_sync(lambda: list(islice(parts, 1)))
                if not made:
                    return
                yield made[0]


def budgets_of(request: Request) -> Budgets:
    """Return the budgets of the service that received the request."""
    budgets: Budgets = request.app.state.budgets
    return budgets


async def in_turn(request: Request | None, events: int, what: Callable[[], T], work: Work = "folding") -> T:
    """Run `what` in a thread and return its result. `events` is how many events it folds.

    Folding few events, and work without a request, starts at once; the rest waits for the caller's turn. Raises
    `TooMuchAtOnce`.
    """
    if request is None or (work == "folding" and events <= FEW_EVENTS):
        return await to_thread.run_sync(what)
    caller: Caller = request.scope["caller"]
    return await budgets_of(request).do(work, caller.actor, what)
