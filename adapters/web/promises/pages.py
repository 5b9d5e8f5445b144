"""The page of a plan's promises: the list of open ones, in which each can be completed, moved or dropped in its row."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.commands import CommandEndpoints
from adapters.web.forms.form import FormData
from adapters.web.forms.sending import NotRecorded, send
from adapters.web.guard import MOST_FIELDS, PageGuard, visitor_of
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.promises.presenter import NOTHING, Typed, promises_view
from adapters.web.review.typed import Mistake, commands_of, promises

AT_FIRST = 100
"""The number of promises shown before the reader asks for all, because browsers are slow with thousands of forms."""


@dataclass(frozen=True)
class Sent:
    """The outcome of what was typed in a row."""

    asked: PlanRequest
    typed: Typed
    """What could not be recorded, and why; `NOTHING` if everything was recorded."""
    status: int


class PromisePages:
    def __init__(self, pages: PlanPages, desk: CommandEndpoints, make_id: Callable[[], UUID]) -> None:
        self._pages = pages
        self._desk = desk
        self._make_id = make_id

    async def list(self, request: Request) -> Response:
        return await run_in_threadpool(self._shown, await self._pages.asked(request))

    async def record(self, request: Request) -> Response:
        """Record the outcome of one promise. If it cannot be recorded, its row says why and keeps what was typed."""
        sent = await self.sent(request)
        if sent.typed is NOTHING:
            return RedirectResponse(f"{sent.asked.path}/promises", 303)
        return await run_in_threadpool(self._shown, sent.asked, sent.typed, sent.status)

    async def sent(self, request: Request) -> Sent:
        """Record what was typed in a row."""
        asked = await self._pages.asked(request)
        form = await request.form(max_fields=MOST_FIELDS)
        data = FormData([(name, str(value)) for name, value in form.multi_items()])
        typed = list(promises(data, asked.cut.date))
        commands, mistakes = commands_of(typed, asked.say)
        if mistakes:
            return Sent(asked, Typed(data, mistakes), 422)
        if commands:
            try:
                await send(self._desk, request, "commands", commands, data, asked.say)
            except NotRecorded as error:
                wrong = [Mistake(typed[0].prefix, sentence) for sentence in error.sentences]
                return Sent(await self._pages.asked(request), Typed(data, wrong), error.status)
        return Sent(asked, NOTHING, 200)

    def _shown(self, asked: PlanRequest, typed: Typed = NOTHING, status: int = 200) -> Response:
        may_change = visitor_of(asked.request).caller.may("command")
        shows_all = typed is not NOTHING or "all" in asked.request.query_params
        at_most = None if shows_all else AT_FIRST
        view = promises_view(asked.known, asked.cut, asked.say, str(self._make_id()), may_change, typed, at_most)
        return self._pages.rendered(asked, "promises/page.html", view, status)


def routes(pages: PromisePages, guard: PageGuard) -> list[Route]:
    return [
        guard.page("/plans/{plan}/promises", pages.list, "view", "promises-page"),
        guard.page("/plans/{plan}/promises", pages.record, "command", "promise-recorded", "POST"),
    ]
