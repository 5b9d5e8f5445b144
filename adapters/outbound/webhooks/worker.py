"""The webhook worker: finds events that are due and sends them. Any number of workers share the work.

Plans and endpoints are served in parallel; the events of one plan go to one endpoint one after the other.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Thread
from time import monotonic
from typing import NamedTuple, ParamSpec, Protocol, TypeVar

import structlog
from eventsourcing.persistence import Notification

from adapters.observability.outages import Outages, Work
from adapters.outbound.webhooks.delivery import WebhookSender
from application.aggregates.ports import StoreUnavailable
from application.webhooks.attempts import Outcome
from application.webhooks.lanes import DigestDue, Lane, Lanes, MayReceive
from application.webhooks.retries import Random, held_until, next_attempt

MOST_LANES = 256
"""The number of lanes that a worker holds at once."""
MOST_IN_A_ROW = 100
"""The number of events of a lane that are sent before other lanes have their turn."""
SECONDS_TO_END = 3.5
THREADS = 4
"""The number of threads that access the store."""
POLL = 1.0
"""Seconds between two looks when nobody reports new work."""
SHORTEST_PAUSE = 0.005
SECONDS_BETWEEN_SWEEPS = 15.0
SECONDS_WITHOUT_A_WORD = 60.0
"""Seconds for which deliveries may be late before the log says so, and between two such log entries."""

logger = structlog.get_logger("plantrail.webhooks")

P = ParamSpec("P")
T = TypeVar("T")
Body = Callable[[Lane, Notification | DigestDue], bytes | None]
"""Returns the body for a stored event in a lane, or for the digest; None if there is nothing to send. The store is read
only if the lane takes data from it."""


class DeliveryMetrics(Protocol):
    """The metrics that a worker reports."""

    def delivered(self, outcome: str, milliseconds: int) -> None: ...

    def waiting(self, lanes: int, seconds: float) -> None: ...


class NoMetrics:
    """Metrics that nobody collects."""

    def delivered(self, outcome: str, milliseconds: int) -> None: ...

    def waiting(self, lanes: int, seconds: float) -> None: ...


class Worker:
    """Sends events. An instance belongs to one event loop; the store is accessed in threads."""

    def __init__(
        self,
        lanes: Lanes[Notification],
        sender: WebhookSender,
        body: Body,
        may_receive: MayReceive,
        now: Callable[[], datetime],
        random: Random,
        metrics: DeliveryMetrics,
        outages: Outages | None = None,
    ) -> None:
        self._lanes = lanes
        self._courier = sender
        self._body = body
        self._may_receive = may_receive
        self._now = now
        self._random = random
        self._numbers = metrics
        self._threads = ThreadPoolExecutor(THREADS, "webhooks")
        self._told_at = -SECONDS_WITHOUT_A_WORD
        self._at_work: dict[asyncio.Task[None], Lane] = {}
        self._ending = asyncio.Event()
        self._woken = asyncio.Event()
        self._turning = Work(outages, "webhooks stand still", "webhooks go on", "nothing is pushed to any endpoint")
        self._sweeping = Work(
            outages,
            "webhooks are not looked after",
            "webhooks are looked after again",
            "endpoints whose owners have no key any more are not paused",
        )

    # Main loop

    async def run(self) -> None:
        """Work until `end` is called, then complete deliveries in progress within some seconds."""
        swept_at = -SECONDS_BETWEEN_SWEEPS
        while not self._ending.is_set():
            if monotonic() - swept_at >= SECONDS_BETWEEN_SWEEPS:
                await self._told(self.sweep, self._sweeping)
                swept_at = monotonic() if self._sweeping.cause is None else swept_at
            await self._rest(SHORTEST_PAUSE if await self._told(self.turn, self._turning) else POLL)
        await self._finish()

    async def _told(self, do: Callable[[], Awaitable[T]], work: Work) -> T | None:
        """Do one step. If it fails, log that and return None. It is tried again, so nothing is skipped."""
        try:
            result = await do()
            work.done()
            return result
        except Exception as error:  # noqa: BLE001
            work.failed(error)
            return None

    def end(self) -> None:
        self._ending.set()
        self.wake()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(SHORTEST_PAUSE)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    async def _finish(self) -> None:
        """Wait for deliveries in progress. A delivery that is cut off keeps its lane until the lease ends, because
        nobody knows what the endpoint does with the event."""
        if self._at_work:
            _, late = await asyncio.wait(self._at_work, timeout=SECONDS_TO_END)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.close()

    async def close(self) -> None:
        await self._courier.close()
        self._threads.shutdown(wait=False)

    async def _ask(self, question: Callable[P, T], *values: P.args, **more: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: question(*values, **more))

    # Finding work

    async def turn(self) -> bool:
        """Search the next part of the log, and start on lanes that are due. Returns False if there was nothing of
        either."""
        looked = await self._ask(self._lanes.look_through, self._now())
        busy = Counter(lane.endpoint_id for lane in self._at_work.values())
        lanes = await self._ask(self._lanes.claim, self._now(), MOST_LANES - len(self._at_work), busy)
        for lane in lanes:
            task = asyncio.create_task(self._serve(lane))
            self._at_work[task] = lane
            task.add_done_callback(self._served)
        return looked or bool(lanes)

    async def work_off(self) -> None:
        """Work until nothing is due."""
        while await self.turn() or self._at_work:
            if self._at_work:
                await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)

    async def sweep(self) -> None:
        now = self._now()
        for endpoint_id in await self._ask(self._lanes.sweep, now):
            logger.warning("webhook disabled: for days nothing arrived", webhook=str(endpoint_id))
        await self._pause_those_that_may_not()
        await self._ask(self._lanes.begin_digests, now)
        lanes, since = await self._ask(self._lanes.waiting)
        seconds = (now - since).total_seconds() if since else 0.0
        self._numbers.waiting(lanes, seconds)
        if min(seconds, monotonic() - self._told_at) >= SECONDS_WITHOUT_A_WORD:
            self._told_at = monotonic()
            logger.warning("webhooks wait", lanes=lanes, seconds=round(seconds))

    async def _pause_those_that_may_not(self) -> None:
        for endpoint_id in await self._ask(self._lanes.pause_those_that_may_not, self._may_receive, self._now()):
            logger.warning("webhook paused: its owner has no key for it any more", webhook=str(endpoint_id))

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._at_work[task]
        self.wake()

    # Serving a lane

    async def _serve(self, lane: Lane) -> None:
        try:
            await self._send_in_order(lane)
            await self._ask(self._lanes.let_go, lane)
        except StoreUnavailable as error:
            logger.warning("webhook left to its lease", webhook=str(lane.endpoint_id), error=type(error).__name__)
        except Exception:
            logger.exception("webhook not served", webhook=str(lane.endpoint_id), plan_id=str(lane.plan_id))

    async def _send_in_order(self, lane: Lane) -> None:
        sent = 0
        while not lane.done and sent < MOST_IN_A_ROW:
            for row in await self._ask(self._lanes.next_events, lane):
                if self._ending.is_set() or monotonic() + self._courier.longest > lane.held_until:
                    return
                if not await self._send(lane, row):
                    return
                sent += 1

    async def _send(self, lane: Lane, row: Notification | DigestDue) -> bool:
        """Send an event or a digest. Returns whether to continue with the next event of the lane."""
        body = await self._ask(self._body, lane, row) if lane.takes_from_the_store else self._body(lane, row)
        event_id = f"{row.originator_id}:{row.originator_version}"
        if not self._may_receive(lane.owner, lane.plans, lane.personal_data):
            await self._pause_those_that_may_not()
            return False
        if body is None:
            return await self._ask(self._lanes.passed_over, lane, row.originator_version)
        outcome = await self._courier.send(lane.url, lane.secrets, event_id, body, lane.format)
        self._numbers.delivered(outcome.kind, outcome.milliseconds)
        if outcome.arrived:
            return await self._ask(self._lanes.arrived, lane, row.originator_version, event_id, outcome, self._now())
        await self._failed(lane, event_id, outcome)
        return False

    async def _failed(self, lane: Lane, event_id: str, outcome: Outcome) -> None:
        now = self._now()
        hold = held_until(outcome.held, now)
        again = next_attempt(lane.attempts + 1, now, self._random)
        due_at = max(again, hold) if again and hold else again
        if due_at is None:
            logger.warning("webhook parks a plan", webhook=str(lane.endpoint_id), plan_id=str(lane.plan_id))
        await self._ask(self._lanes.failed, lane, event_id, outcome, now, due_at, hold)


class AtWork(NamedTuple):
    """Controls a worker that runs in another thread."""

    loop: asyncio.AbstractEventLoop
    worker: Worker

    def wake(self) -> None:
        self.loop.call_soon_threadsafe(self.worker.wake)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.worker.end)


@contextmanager
def at_work(make: Callable[[], Worker]) -> Iterator[AtWork]:
    """Run a worker in its own thread for the length of the context. It ends within five seconds."""
    loop = asyncio.new_event_loop()

    async def made() -> Worker:
        return make()

    there = AtWork(loop, loop.run_until_complete(made()))
    thread = Thread(target=loop.run_until_complete, args=(there.worker.run(),), name="webhooks", daemon=True)
    thread.start()
    try:
        yield there
    finally:
        there.end()
        thread.join(timeout=SECONDS_TO_END + 1)
        if not thread.is_alive():
            loop.close()
