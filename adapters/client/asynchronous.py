"""The asynchronous client, for asyncio and trio."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, Self, TypeVar

import anyio
import httpx

from adapters.client import calls
from adapters.client.answers import CommandAnswer, CommandsAnswer, ProgramAnswer
from adapters.client.calls import Call, Page
from adapters.client.feed_event import FeedEvent
from adapters.client.retries import Wait, attempts
from application.findings.across import PlanFinding
from application.findings.judging import FindingsView
from application.portfolio.promises import PlanPromise
from application.portfolio.row import PortfolioItem
from application.reports.said_vs_did import Report
from application.views.current_plan import CurrentPlan
from application.views.diff import Diff
from application.views.history import Entry
from application.views.pages import BlameList, ReviewList
from domain.language import Command

T = TypeVar("T")
Item = TypeVar("Item")


class AsyncClient:
    """An asynchronous client of the running service: for coroutines what `Client` is for threads.

    It takes the same parameters as `Client`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        actor: str | None = None,
        patience: float = calls.PATIENCE_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=url, headers=calls.caller(key, actor), timeout=calls.TIMEOUT, trust_env=False, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    # Commands

    async def open(
        self, command: Command, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> CommandAnswer:
        """Open the plan of an account."""
        return await self.do("", command, dry_run=dry_run, idempotency_key=idempotency_key)

    async def do(
        self,
        plan: str,
        command: Command,
        *,
        seen: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
    ) -> CommandAnswer:
        """Carry out a command on a plan, named by its account id or its plan id.

        `seen` is the version you decided by: where the same thing was changed since, the command is refused as
        `version-conflict`. Under one `idempotency_key` a command is carried out once, though your program be started
        again; without it, once for each call.
        """
        headers = calls.once(seen, idempotency_key, correlation_id)
        return await self._ask(calls.command_on_plan(plan, command, headers, dry_run))

    async def do_all(
        self,
        plan: str,
        commands: Iterable[Command],
        *,
        seen: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
    ) -> CommandsAnswer:
        """Carry out all of the commands on a plan, at most 100, or none."""
        headers = calls.once(seen, idempotency_key, correlation_id)
        return await self._ask(calls.commands_on_plan(plan, commands, headers, dry_run))

    async def do_in_program(
        self, command: Command, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> ProgramAnswer:
        """Carry out a command on the program."""
        return await self._ask(calls.command_on_program(command, calls.once(idempotency_key=idempotency_key), dry_run))

    # Views of one plan

    async def plan(self, plan: str, as_of: str = "now") -> CurrentPlan:
        """Return a plan as it stood at a cut: `review:m-2026-02`, `version:12`, `2026-03-31`."""
        return await self._ask(calls.plan(plan, as_of))

    async def findings_of(self, plan: str, as_of: str = "now") -> FindingsView:
        """Return what is wrong with a plan, and what ends each of it."""
        return await self._ask(calls.findings_of(plan, as_of))

    async def reviews(self, plan: str, as_of: str = "now") -> ReviewList:
        return await self._ask(calls.reviews(plan, as_of))

    async def blame(self, plan: str, as_of: str = "now", **wanted: Any) -> BlameList:
        """Return who set each value, when and why; `section`, `kind` and `id` narrow it."""
        return await self._ask(calls.blame(plan, as_of, wanted))

    async def diff(self, plan: str, from_: str | None = None, to: str | None = None) -> Diff:
        """Return what differs between two cuts; without `from_`, since the last review."""
        return await self._ask(calls.diff(plan, from_, to))

    async def said_vs_did(self, plan: str, from_: str | None = None, to: str | None = None) -> Report:
        """Return what was said and what was done; without cuts, between the last two reviews of one kind."""
        return await self._ask(calls.said_vs_did(plan, from_, to))

    # Lists. Each page is requested when it is reached

    def history(self, plan: str, **wanted: Any) -> AsyncIterator[Entry]:
        """Yield who did what when; `section`, `type`, `actor`, `entity`, `from_` and `to` narrow it."""
        return self._items(calls.history(plan, wanted))

    def plans(self, **wanted: Any) -> AsyncIterator[PortfolioItem]:
        """Yield the portfolio; the filters are the parameters of `GET /v1/plans`."""
        return self._items(calls.plans(wanted))

    def promises(self, **wanted: Any) -> AsyncIterator[PlanPromise]:
        """Yield the open promises of all plans; the filters are the parameters of `GET /v1/promises`."""
        return self._items(calls.promises(wanted))

    def findings(self, **wanted: Any) -> AsyncIterator[PlanFinding]:
        """Yield what is wrong, across plans; the filters are the parameters of `GET /v1/findings`."""
        return self._items(calls.findings(wanted))

    async def events(
        self, after: str = "0", *, types: Iterable[str] = (), plan: str | None = None, follow: bool = False
    ) -> AsyncIterator[FeedEvent]:
        """Yield the events after a cursor in the order in which they were recorded, each at least once.

        The cursor is the `cursor` of the last event you have dealt with, `0` or `now`. With `follow` it waits for
        further ones, for ever.
        """
        types = tuple(types)
        while True:
            page = await self._ask(calls.events(after, types, plan, follow))
            for event in page.events:
                yield event
            if not follow and page.next == after:
                return
            after = page.next

    async def _items(self, first: Call[Page[Item]]) -> AsyncIterator[Item]:
        page = await self._ask(first)
        for item in page.items:
            yield item
        while page.next is not None:
            page = await self._ask(first.at(page.next))
            for item in page.items:
                yield item

    async def _ask(self, call: Call[T]) -> T:
        steps = attempts(call.request_by(self._http), self._patience)
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._taken(step))
        except StopIteration as answered:
            return call.read(answered.value)

    async def _taken(self, step: httpx.Request | Wait) -> httpx.Response | httpx.RequestError | None:
        """Do a step, and return its result."""
        if isinstance(step, Wait):
            await anyio.sleep(step.seconds)
            return None
        try:
            return await self._http.send(step)
        except httpx.RequestError as error:
            return error
