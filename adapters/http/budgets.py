"""Budgets of work: how much of what takes long is done at once, for how many, and how much for one caller.

Three classes of work are told apart. What is cheap, as the views of most plans, is done as it comes. Folding, which is
views of plans with many events and reports across plans, and rendering are done in turn: each caller has a line of
their own, lines take turns, and whoever asks for more than a line holds is told to come again. All work shares one
interpreter, so more of it at once would end no sooner, and keep everybody else waiting.
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

Work = Literal["folding", "rendering"]

FEW_EVENTS = 1_000
"""Views of as many events are cheap: they take some ten milliseconds."""

T = TypeVar("T")


class TooMuchAtOnce(TooManyRequests):
    """More of what takes long is being done, for you or for all, than can be in good time; wait as long as Retry-After
    says."""


@dataclass(frozen=True)
class Budget:
    """How much work of one class there may be."""

    at_once: int
    in_all: int
    """Requests that are being worked on or wait."""
    of_one: int
    """As many of one caller."""
    seconds: float
    """How long one takes, as a rule: after so long somebody may come again."""


BUDGETS: Mapping[Work, Budget] = {
    "folding": Budget(at_once=1, in_all=64, of_one=8, seconds=1.0),
    "rendering": Budget(at_once=1, in_all=16, of_one=4, seconds=3.0),
}


class Lines:
    """The lines of callers for one class of work. They belong to one event loop."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._of = Counter[str]()
        self._under_way = 0
        self._waiting: OrderedDict[str, deque[Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def counted(self, who: str) -> AsyncIterator[None]:
        """Count a request while it lasts. Raises `TooMuchAtOnce`."""
        if self._of[who] >= self._budget.of_one or self._of.total() >= self._budget.in_all:
            raise TooMuchAtOnce(self._budget.seconds * max(1, self._of[who]))
        self._of[who] += 1
        try:
            yield
        finally:
            self._of -= Counter({who: 1})

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for a caller's turn, and have it while the context lasts."""
        if self._under_way < self._budget.at_once:
            self._under_way += 1
        else:
            await self._called(who)
        try:
            yield
        finally:
            self._pass_on()

    async def _called(self, who: str) -> None:
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
        """Give the turn to the first of the line that waits longest for one; that line waits longest no more."""
        if not self._waiting:
            self._under_way -= 1
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


def given_back(work: Callable[[], T]) -> T:
    """Do some work and give its memory back to the system, which the C library would keep otherwise."""
    try:
        return work()
    finally:
        if TRIM:
            TRIM(0)


TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of the GNU C library alone."""


class Budgets:
    """The lines for each class of work."""

    def __init__(self, budgets: Mapping[Work, Budget] = BUDGETS) -> None:
        self._lines = {work: Lines(budget) for work, budget in budgets.items()}

    async def do(self, work: Work, who: str, what: Callable[[], T]) -> T:
        """Do something in a thread when it is the caller's turn. Raises `TooMuchAtOnce`."""
        lines = self._lines[work]
        async with lines.counted(who), lines.turn(who):
            return await to_thread.run_sync(given_back, what)

    async def parts(self, work: Work, who: str, parts: Iterator[T]) -> AsyncIterator[T]:
        """Yield the parts of something long, each made when it is the caller's turn. Raises `TooMuchAtOnce`."""
        lines = self._lines[work]
        async with lines.counted(who):
            while True:
                async with lines.turn(who):
                    made = await to_thread.run_sync(lambda: list(islice(parts, 1)))
                if not made:
                    return
                yield made[0]


def budgets_of(request: Request) -> Budgets:
    """Return the budgets of the service that a request was sent to."""
    budgets: Budgets = request.app.state.budgets
    return budgets


async def in_turn(request: Request | None, events: int, what: Callable[[], T], work: Work = "folding") -> T:
    """Do something in a thread with as many events: if they are few, or nobody in particular asks, at once. Raises
    `TooMuchAtOnce`."""
    if request is None or (work == "folding" and events <= FEW_EVENTS):
        return await to_thread.run_sync(what)
    caller: Caller = request.scope["caller"]
    return await budgets_of(request).do(work, caller.actor, what)
